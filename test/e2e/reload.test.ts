/**
 * What a reload takes while requests go on: rules of relabelling, limits, pairs of senders, the `otlp:` section. A file that cannot be
 * taken changes nothing, and says what is wrong with it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { post, write, type WriteSeries } from '../support/remote-write-client.js';
import { get, query } from './support/query.js';
import { Server, sleep } from './support/server.js';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-reload-'));
const file = path.join(directory, 'narthex.yml');
let server: Server;

beforeAll(async () => {
  fs.writeFileSync(file, '{}');
  server = await Server.start({ flags: [`--config.file=${file}`, '--web.enable-lifecycle'] });
});
afterAll(async () => {
  await server.remove();
  fs.rmSync(directory, { recursive: true, force: true });
});

interface Runtime {
  readonly reloadConfigSuccess: boolean;
  readonly lastConfigTime: string;
}

const runtime = (): Promise<Runtime> => get<Runtime>(server.url, 'status/runtimeinfo');

/** Puts a configuration in the file and makes the server read it. */
async function reload(config: object, by: 'post' | 'signal' = 'post'): Promise<void> {
  fs.writeFileSync(file, JSON.stringify(config));
  if (by === 'post') {
    const answer = await fetch(`${server.url}/-/reload`, { method: 'POST' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    return;
  }
  const before = (await runtime()).lastConfigTime;
  await sleep(2);
  process.kill(server.pid, 'SIGHUP');
  await eventually('SIGHUP is heard', async () => (await runtime()).lastConfigTime !== before);
}

let now = Date.now() - 120_000;
const one = (name: string, labels: Record<string, string> = {}, timestampMs = (now += 1)): WriteSeries =>
  ({ labels: { __name__: name, ...labels }, samples: [{ timestampMs, value: 1 }] });
const names = async (): Promise<string[]> =>
  (await query(server.url, 'count by (__name__) (last_over_time({__name__=~".+"}[1h]))')).map(({ labels }) => labels['__name__']!);

describe.each(['post', 'signal'] as const)('by %s', (by) => {
  it('rules of relabelling hold for known series too', async () => {
    const series = () => one(`rule_${by}`, { pod: 'p' });
    await write(server.url, 1, [series()]);
    await reload({ ingest: { relabel_configs: [{ regex: 'pod', action: 'labeldrop' }] } }, by);
    await write(server.url, 1, [series()]);
    await reload({ ingest: { relabel_configs: [{ source_labels: ['__name__'], regex: 'rule_.*', action: 'drop' }] } }, by);
    await write(server.url, 1, [series()]);
    await reload({}, by);
    const stored = await query(server.url, `count_over_time(rule_${by}[1h])`);
    expect(stored.map(({ labels, points }) => [labels, points[0]![1]])).toEqual([[{ pod: 'p' }, '1'], [{}, '1']]);
  });

  it('limits of series: new ones are refused from now on, known ones and other metrics go on', async () => {
    const series = (n: number) => one(`limited_${by}`, { n: String(n), job: `job_${by}` });
    const statuses = async (...all: number[]) => {
      const answers: number[] = [];
      for (const n of all) answers.push((await write(server.url, 2, [series(n)])).status);
      return answers;
    };
    expect(await statuses(1, 2, 3)).toEqual([204, 204, 204]);
    await reload({ limits: { max_series_per_metric: 3 } }, by);
    const refused = await write(server.url, 2, [series(4), series(1), one(`other_${by}`)]);
    expect([refused.status, refused.headers.get('x-prometheus-remote-write-samples-written')]).toEqual([400, '2']);
    expect(refused.text).toMatch(/series_limit: 1 sample not stored.*limits.max_series_per_metric is 3.*label "n" has 3 values/);
    await reload({ limits: { max_series_per_sender: 3 } }, by);
    expect((await write(server.url, 2, [series(5)])).text).toContain('limits.max_series_per_sender is 3');
    await reload({ limits: { max_series_per_metric: 4, max_series_per_sender: 9 } }, by);
    expect(await statuses(4, 5, 1)).toEqual([204, 400, 204]);
    await reload({}, by);
    expect(await statuses(5, 6)).toEqual([204, 204]);
  });

  it('times: how far ahead and how late a sample may be', async () => {
    const ahead = () => one(`ahead_${by}`, {}, Date.now() + 60_000);
    await reload({ limits: { max_future: '30s' } }, by);
    expect((await write(server.url, 1, [ahead()])).text).toContain('far_future');
    await reload({ limits: { max_future: 0 } }, by);
    expect((await write(server.url, 1, [ahead()])).status).toBe(204);
    const late = () => one('late', {}, now - 600_000);
    await write(server.url, 1, [one('late')]);
    await reload({ storage: { tsdb: { out_of_order_time_window: '5m' } } }, by);
    expect((await write(server.url, 1, [late()])).text).toContain('too_old');
    await reload({}, by);
    expect((await write(server.url, 1, [late()])).status).toBe(204);
  });

  it('pairs of senders: who is elected stays elected', async () => {
    const send = async (replica: string) => void await write(server.url, 1, [one(`pair_${by}`, { cluster: by, __replica__: replica })]);
    const counts = async () => (await query(server.url, `count_over_time(pair_${by}[1h])`)).map(({ labels, points }) => [labels, points[0]![1]]);
    await reload({ ingest: { ha: { enabled: true, failover_timeout: '10m' } } }, by);
    for (const replica of ['a', 'b']) await send(replica);
    await reload({ ingest: { ha: { enabled: true, failover_timeout: '20m' } } }, by);
    for (const replica of ['b', 'a']) await send(replica);
    expect(await counts()).toEqual([[{ cluster: by }, '2']]);
    await reload({}, by);
    await send('b');
    expect(await counts()).toEqual([[{ __replica__: 'b', cluster: by }, '1'], [{ cluster: by }, '2']]);
  });

  it('the otlp section, for points that are known too', async () => {
    const send = async (aggregationTemporality = 2) => (await post(`${server.url}/v1/metrics`, JSON.stringify({ resourceMetrics: [{
      resource: { attributes: [{ key: 'cloud.region', value: { stringValue: 'north' } }] },
      scopeMetrics: [{ metrics: [{ name: `calls.${by}`, unit: 's', sum: { isMonotonic: true, aggregationTemporality, dataPoints: [
        { timeUnixNano: `${now += 1}000000`, asDouble: 1 },
      ] } }] }],
    }] }), { 'content-type': 'application/json' })).text;
    await send();
    await reload({ otlp: { translation_strategy: 'NoTranslation', promote_resource_attributes: ['cloud.region'], delta_temporality: 'reject' } }, by);
    await send();
    expect(await send(1)).toContain('"rejectedDataPoints":"1"');
    await reload({}, by);
    expect(await send(1)).toBe('{}');
    const stored = await query(server.url, `last_over_time({__name__=~"calls.${by}.*"}[1h])`);
    expect(stored.map(({ labels }) => labels)).toEqual([
      { __name__: `calls.${by}`, 'cloud.region': 'north' }, { __name__: `calls_${by}_seconds_total` },
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['no YAML', 'otlp: [', /narthex\.yml/],
    ['a key that does not exist', '{"ingest": {"relabel_config": []}}', /ingest\.relabel_config\b.*relabel_configs/s],
    ['a rule that cannot be', '{"ingest": {"relabel_configs": [{"action": "replace", "regex": "("}]}}', /relabel_configs.*regex/s],
    ['settings that exclude each other', '{"otlp": {"promote_all_resource_attributes": true, "promote_resource_attributes": ["a"]}}', /promote/],
    ['pairs that would never be told apart', '{"ingest": {"ha": {"enabled": true, "update_timeout": "1m", "failover_timeout": "30s"}}}', /failover_timeout|update_timeout/],
  ])('%s: named, and the old one stays', async (_what, text, message) => {
    await reload({ ingest: { relabel_configs: [{ source_labels: ['__name__'], regex: 'unwanted', action: 'drop' }] } });
    const { lastConfigTime } = await runtime();
    fs.writeFileSync(file, text);
    if (by === 'post') {
      const answer = await fetch(`${server.url}/-/reload`, { method: 'POST' });
      expect(answer.status).toBe(500);
      expect(await answer.text()).toMatch(message);
    } else {
      process.kill(server.pid, 'SIGHUP');
      await eventually('SIGHUP is heard', async () => !(await runtime()).reloadConfigSuccess);
      const complaint = (): string => server.log.slice(server.log.lastIndexOf('the configuration was not reloaded'));
      await eventually('a complaint', () => message.test(complaint()), () => server.log);
    }
    expect(await runtime()).toMatchObject({ reloadConfigSuccess: false, lastConfigTime });
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^prometheus_config_last_reload_successful 0$/m);
    const text1 = await get<{ yaml: string }>(server.url, 'status/config');
    expect(text1.yaml).toContain('unwanted');
    await write(server.url, 1, [one('unwanted'), one('wanted')]);
    expect(await names()).not.toContain('unwanted');
    await reload({});
    expect(await runtime()).toMatchObject({ reloadConfigSuccess: true });
  });
});

it('what needs a restart is named in the log', async () => {
  await reload({ limits: { max_series_per_metric: 5, max_body_size: '1MiB' }, log: { format: 'json' } });
  await eventually('a notice', () => /limits.*log/.test(server.log.match(/.*take effect at the next start.*/g)?.at(-1) ?? ''), () => server.log);
  await reload({});
});
