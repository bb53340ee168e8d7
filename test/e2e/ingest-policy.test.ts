/** Relabelling and HA pairs through the whole server, whatever protocol; the state of pairs survives a restart. */
import fs from 'node:fs';
import path from 'node:path';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { write, type WriteSeries } from '../support/remote-write-client.js';
import { query } from './support/query.js';
import { Server } from './support/server.js';

const CONFIG = {
  ingest: {
    ha: { enabled: true, failover_timeout: '10m', update_timeout: '1s' },
    relabel_configs: [
      { source_labels: ['__name__'], regex: 'debug_.*', action: 'drop' },
      { regex: 'pod_.*', action: 'labeldrop' },
      { source_labels: ['env'], regex: 'production', target_label: 'env', replacement: 'prod' },
      { source_labels: ['__name__'], regex: 'nameless', target_label: '__name__', replacement: '' },
    ],
  },
};

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-policy-'));
const file = path.join(directory, 'narthex.yml');
let server: Server;

beforeAll(async () => {
  fs.writeFileSync(file, JSON.stringify(CONFIG));
  server = await Server.start({ flags: [`--config.file=${file}`] });
});
afterAll(async () => {
  await server.remove();
  fs.rmSync(directory, { recursive: true, force: true });
});

let now = Date.now() - 60_000;
const one = (labels: Record<string, string>, value = 1): WriteSeries => ({ labels, samples: [{ timestampMs: (now += 1), value }] });

describe.each([1, 2] as const)('remote write %i', (version) => {
  it('rules change and drop series; the sender of a dropped one is content', async () => {
    const sent = [
      one({ __name__: 'x', env: 'production', pod_id: '7', v: String(version) }), one({ __name__: 'debug_y', v: String(version) }),
      one({ __name__: 'x', env: 'test', v: String(version) }),
    ];
    for (let i = 0; i < 2; i++) {
      const answer = await write(server.url, version, sent);
      expect([answer.status, answer.text]).toEqual([204, '']);
      if (version === 2) expect(answer.headers.get('x-prometheus-remote-write-samples-written')).toBe('3');
    }
    const stored = await query(server.url, `last_over_time({__name__=~".+",v="${version}"}[5m])`);
    expect(stored.map(({ labels }) => labels)).toEqual([
      { __name__: 'x', env: 'prod', v: String(version) }, { __name__: 'x', env: 'test', v: String(version) },
    ]);
  });

  it('a series that loses its name is refused', async () => {
    const { status } = await write(server.url, version, [one({ __name__: 'nameless', v: 'none' })]);
    expect(status).toBe(version === 1 ? 204 : 400);
    expect(await query(server.url, 'last_over_time({v="none"}[5m])')).toEqual([]);
  });

  it('of a pair one replica is stored, without its label', async () => {
    const pair = (replica: string, value: number) => [one({ __name__: 'ha', cluster: `c${version}`, __replica__: replica }, value)];
    expect((await write(server.url, version, pair('a', 1))).status).toBe(204);
    expect((await write(server.url, version, pair('b', 2))).status).toBe(204);
    const stored = await query(server.url, `ha{cluster="c${version}"}`);
    expect(stored.map(({ labels, points }) => [labels, points[0]![1]])).toEqual([[{ __name__: 'ha', cluster: `c${version}` }, '1']]);
  });
});

it('what was passed over is counted', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/^narthex_ingest_dropped_samples_total\{protocol="remote_write_v1",reason="relabel"\} 2$/m);
  expect(text).toMatch(/^narthex_ingest_dropped_samples_total\{protocol="remote_write_v2",reason="ha_replica"\} 1$/m);
  expect(text).toMatch(/^narthex_ha_clusters 2$/m);
});

it('after a restart the elected replica is still the one', async () => {
  expect(await server.stop()).toBe(0);
  server = await server.again();
  const pair = (replica: string, value: number) => [one({ __name__: 'ha', cluster: 'c1', __replica__: replica }, value)];
  await write(server.url, 1, pair('b', 3));
  await write(server.url, 1, pair('a', 4));
  expect((await query(server.url, 'ha{cluster="c1"}')).map(({ points }) => points[0]![1])).toEqual(['4']);
});
