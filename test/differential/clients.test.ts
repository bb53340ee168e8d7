/** Real programs as clients of the API: promtool asks, a Prometheus federates from here and sends exemplars. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Server } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { peer, type PeerProcess, peersMissing, peersNote, startPrometheus } from './peers.js';
import { ScrapeTarget } from './scrape-target.js';

const run = promisify(execFile);

async function data(base: string, endpoint: string, form: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${base}/api/v1/${endpoint}?${new URLSearchParams(form)}`);
  return ((await response.json()) as { data: unknown }).data;
}

async function until<T>(what: string, ask: () => Promise<T>, enough: (found: T) => boolean): Promise<T> {
  let found: T | undefined;
  await eventually(what, async () => {
    found = await ask().catch(() => undefined);
    return found !== undefined && enough(found);
  }, () => JSON.stringify(found));
  return found!;
}

describe.skipIf(peersMissing)(`clients${peersNote}`, () => {
  let server: Server;
  let directory: string;
  const peers: PeerProcess[] = [];
  const start = async (name: string, config: object, ...flags: readonly string[]): Promise<string> => {
    const { url, process } = await startPrometheus(directory, name, config, { flags });
    peers.push(process);
    return url;
  };
  const federation = (params: object): object => ({
    job_name: 'federate', honor_labels: true, metrics_path: '/federate', scrape_interval: '1s', params,
    static_configs: [{ targets: [`127.0.0.1:${server.port}`] }],
  });
  const promtool = (...args: string[]) => run(peer('promtool')!, args).then(({ stdout, stderr }) => stdout + stderr);
  const nowMs = Date.now();

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-clients-'));
    server = await Server.start();
    await write(server.url, 1, [
      { labels: { __name__: 'http.req', job: 'web' }, samples: [{ timestampMs: nowMs, value: 7 }] },
      { labels: { __name__: 'up', job: 'api' }, samples: [{ timestampMs: nowMs, value: 1 }] },
    ]);
  });
  afterAll(async () => {
    await Promise.all(peers.map((one) => one.stop()));
    await server.remove();
    fs.rmSync(directory, { recursive: true, force: true });
  });

  it('promtool checks, queries and pushes', async () => {
    const { url } = server;
    expect(await promtool('check', 'healthy', `--url=${url}`)).toContain('Prometheus Server is Healthy.');
    expect(await promtool('check', 'ready', `--url=${url}`)).toContain('Prometheus Server is Ready.');
    expect(await promtool('query', 'instant', url, 'up + 0')).toMatch(/^\{job="api"\} => 1 @\[/);
    const from = String(Math.floor(nowMs / 1000));
    expect(await promtool('query', 'range', `--start=${from}`, `--end=${Number(from) + 2}`, '--step=1s', url, 'up')).toMatch(/^up\{job="api"\} =>\n1 @\[/);
    expect(await promtool('query', 'series', '--match=up', url)).toBe('{__name__="up", job="api"}\n');
    expect(await promtool('query', 'labels', url, 'job')).toBe('api\nweb\n');
    const file = path.join(directory, 'metrics.txt');
    fs.writeFileSync(file, '# TYPE pushed_total counter\npushed_total{a="b"} 3\n# TYPE lat histogram\nlat_bucket{le="1"} 1\nlat_bucket{le="+Inf"} 2\nlat_sum 3\nlat_count 2\n');
    expect(await promtool('push', 'metrics', '--label=job=pt', `${url}/api/v1/write`, file)).toContain('SUCCESS');
    expect(await promtool('query', 'instant', url, 'pushed_total')).toMatch(/^pushed_total\{a="b", job="pt"\} => 3 @\[/);
    expect(await promtool('query', 'analyze', `--server=${url}`, '--type=histogram', '--duration=10m', '--match=lat_bucket')).toContain('Aggregated bucket stats');
  });

  it('promtool collects what it collects for debugging, profiles in a form that it can read', async () => {
    // It asks for a CPU profile of 30 s and reads every profile before it writes it.
    const { stdout, stderr } = await run(peer('promtool')!, ['debug', 'all', server.url], { cwd: directory });
    expect(stdout + stderr).toContain('Compiling debug information complete');
    const { stdout: names } = await run('tar', ['tzf', path.join(directory, 'debug.tar.gz')]);
    expect(names.trim().split('\n').sort()).toEqual([
      'block.pb', 'cpu.pb', 'goroutine.pb', 'heap.pb', 'metrics.txt', 'mutex.pb', 'threadcreate.pb', 'trace.pb',
    ]);
  });

  it('a Prometheus federates: names, labels, values and times as they are here', async () => {
    const url = await start('federate', { scrape_configs: [federation({ 'match[]': ['up', '{"http.req"}'] })] });
    const query = { query: 'timestamp({__name__=~"up|http.req", job=~"api|web"})' };
    type Vector = { result: { metric: Record<string, string>; value: [number, string] }[] };
    const there = await until('two series', () => data(url, 'query', query) as Promise<Vector>, ({ result }) => result.length === 2);
    const strip = ({ result }: Vector) => result.map(({ metric, value }) => [metric['job'], Number(value[1])]).sort();
    expect(strip(there)).toEqual(strip(await data(server.url, 'query', query) as Vector));
    const names = await data(url, 'series', { 'match[]': '{job="web"}' });
    expect(names).toEqual([{ __name__: 'http.req', job: 'web' }]);
  });

  it('a Prometheus federates native histograms', async () => {
    const labels = { __name__: 'latency', job: 'native' };
    const histogram = { timestamp: nowMs, schema: 1, sum: 3, countInt: 3, zeroThreshold: 0.001, zeroCountInt: 1, positiveSpans: [{ offset: 0, length: 2 }], positiveDeltas: [1, 0] };
    await write(server.url, 1, [{ labels, samples: [], histograms: [histogram] }]);
    const protocols = { scrape_protocols: ['PrometheusProto', 'PrometheusText0.0.4'] };
    const config = { scrape_configs: [{ ...federation({ 'match[]': ['latency'] }), ...protocols }] };
    const url = await start('native', config, '--enable-feature=native-histograms');
    const query = { query: 'latency' };
    type Vector = { result: { histogram?: [number, unknown] }[] };
    const there = await until('a histogram', () => data(url, 'query', query) as Promise<Vector>, ({ result }) => result.length === 1);
    const here = await data(server.url, 'query', query) as Vector;
    expect(there.result[0]!.histogram![1]).toEqual(here.result[0]!.histogram![1]);
  });

  it('exemplars that a Prometheus sends are found here as they are there', async () => {
    // They change with every scrape.
    const target = await ScrapeTarget.start((scrape) => [
      '# TYPE work counter', `work_total{kind="a"} ${scrape} # {trace_id="t${scrape}"} ${scrape}.5 ${(Date.now() / 1000).toFixed(3)}`, '# EOF\n',
    ].join('\n'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    onTestFinished(() => target.stop());
    const url = await start('exemplars', {
      scrape_configs: [{ job_name: 'app', scrape_interval: '1s', static_configs: [{ targets: [target.address] }] }],
      remote_write: [{ url: `${server.url}/api/v1/write`, send_exemplars: true, queue_config: { batch_send_deadline: '200ms' } }],
    }, '--enable-feature=exemplar-storage');
    const query = { query: 'rate(work_total[5m])' };
    type Found = { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string>; value: string; timestamp: number }[] }[];
    const here = await until('exemplars', () => data(server.url, 'query_exemplars', query) as Promise<Found>, (found) => (found[0]?.exemplars.length ?? 0) >= 3);
    const there = await data(url, 'query_exemplars', query) as Found;
    expect(here.map((one) => one.seriesLabels)).toEqual(there.map((one) => one.seriesLabels));
    expect(here[0]!.exemplars).toEqual(there[0]!.exemplars.slice(0, here[0]!.exemplars.length));
    // And after a crash.
    await server.kill();
    server = await server.again();
    const again = await data(server.url, 'query_exemplars', query) as Found;
    expect(again[0]!.exemplars.slice(0, here[0]!.exemplars.length)).toEqual(here[0]!.exemplars);
  });
});
