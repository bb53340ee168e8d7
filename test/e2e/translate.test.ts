/** The dry run of a running server knows its series; the command line is the same without a server, and no flag of one. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from './support/query.js';
import { Server } from './support/server.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const at = (minutes: number): string => `${Date.now() - minutes * 60_000}000000`;
const body = (minutes = 0) => JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
  { name: 'queue.size', unit: 'By', gauge: { dataPoints: [{ timeUnixNano: at(minutes), asDouble: 1, attributes: [{ key: 'q', value: { stringValue: 'a' } }] }] } },
] }] }] });

describe('server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(async () => server?.remove());
  const post = async (text: string, search = '?dry_run=1') => {
    const response = await fetch(`${server.url}/v1/metrics${search}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
    return response.json() as Promise<{ totals: { newSeries: number; rejected: number }; rejects: { reason: string }[] }>;
  };

  it('stores nothing, and knows what is new', async () => {
    expect((await post(body())).totals).toMatchObject({ newSeries: 1, rejected: 0 });
    expect(await query(server.url, 'queue_size_bytes')).toEqual([]);
    await post(body(), '');
    expect(await query(server.url, 'queue_size_bytes')).toHaveLength(1);
    expect((await post(body())).totals).toMatchObject({ newSeries: 0, rejected: 0 });
  });

  it('knows what time forbids', async () => {
    expect(await post(body(300))).toMatchObject({ totals: { rejected: 1 }, rejects: [{ reason: 'too_old' }] });
    expect(await post(body(-60))).toMatchObject({ totals: { rejected: 1 }, rejects: [{ reason: 'far_future' }] });
  });
});

describe('command', () => {
  const run = (args: readonly string[], input?: string) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', ...(input === undefined ? {} : { input }) });

  it('translates a file, and standard input', () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-translate-'));
    const file = path.join(directory, 'request.json');
    fs.writeFileSync(file, body());
    const { status, stdout } = run(['translate', file]);
    fs.rmSync(directory, { recursive: true });
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { totals: { series: 1 }, metrics: [{ prometheusNames: ['queue_size_bytes'] }] }]);
    expect(run(['translate', '-'], body()).status).toBe(0);
  });

  it('says what is wrong', () => {
    expect(run(['translate', '/does/not/exist'])).toMatchObject({ status: 1, stderr: expect.stringContaining('no such file') });
    expect(run(['translate', '--no-such-flag', '-'], '{}')).toMatchObject({ status: 2, stderr: expect.stringContaining('--no-such-flag') });
    expect(run(['translate'])).toMatchObject({ status: 2, stdout: expect.stringContaining('usage: narthex translate') });
  });

  it('other words are still no arguments of the server', () => {
    expect(run(['translat'])).toMatchObject({ status: 2, stderr: expect.stringContaining('unexpected argument') });
  });
});
