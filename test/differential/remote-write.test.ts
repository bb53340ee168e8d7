/**
 * A real Prometheus scrapes itself and a node_exporter and sends everything here by remote write. The same questions must then get
 * the same answers there and here, series by series and point by point.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, Server, sleep } from '../e2e/support/server.js';
import { PeerProcess, peersMissing, peersNote, startPrometheus } from './peers.js';

const SCRAPE_SECONDS = 1;
const RUN_SECONDS = 25;

const INSTANT = [
  'up', 'count({__name__=~".+"})', 'count by (__name__) ({__name__!=""})', 'node_load1', '{job="node", mode="idle"}',
  'sum by (mode) (rate(node_cpu_seconds_total[10s]))', 'topk(3, node_cpu_seconds_total)', 'avg_over_time(go_goroutines[10s])',
  'histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[15s])))',
  'node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes', 'process_resident_memory_bytes offset 5s',
  'max_over_time(sum by (job) (rate(process_cpu_seconds_total[5s]))[10s:1s])', 'node_uname_info * on (instance) group_left (release) up',
  'label_replace(up, "host", "$1", "instance", "(.*):.*")', 'absent(nonexistent)', 'scalar(sum(up)) + 1', 'irate(node_context_switches_total[10s])',
  'delta(node_memory_MemFree_bytes[10s])', 'quantile_over_time(0.5, node_load1[10s])', 'up == bool 1', 'node_load1 > 0 or up', 'prometheus_build_info',
  'sum without (cpu, mode) (node_cpu_seconds_total)', 'changes(process_open_fds[15s])', 'up{job!~"pro.*"}', 'count_values("v", up)', 'stddev(go_gc_duration_seconds)',
];
const RANGE = INSTANT.filter((text) => !text.startsWith('topk'));

interface Result {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

async function ask(base: string, endpoint: string, form: Record<string, string>): Promise<Map<string, string>> {
  const response = await fetch(`${base}/api/v1/${endpoint}`, { method: 'POST', body: new URLSearchParams(form) });
  const envelope = (await response.json()) as { status: string; error?: string; data: { resultType: string; result: Result[] } };
  expect(envelope.status, `${base} ${endpoint} ${form['query']}: ${envelope.error}`).toBe('success');
  if (envelope.data.resultType === 'scalar') return new Map([['scalar', JSON.stringify(envelope.data.result)]]);
  return new Map(envelope.data.result.map((series) => [JSON.stringify(series.metric), JSON.stringify(series.value ?? series.values)]));
}

/** Equal texts, or numbers within 1e-9: sums over series depend on their order. */
function close(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [a, b].map((text) => (text.match(/"[^"]*"|[\d.eE+-]+/g) ?? []).map((token) => Number(token.replaceAll('"', ''))));
  return x!.length === y!.length && x!.every((value, i) => value === y![i] || Math.abs(value - y![i]!) <= 1e-9 * Math.abs(value));
}

describe.skipIf(peersMissing)(`remote write from a real Prometheus${peersNote}`, () => {
  it.each(['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'])('%s: the same answers there and here', async (message) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-differential-'));
    onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
    const narthex = await Server.start();
    onTestFinished(() => narthex.remove());
    const [nodePort, prometheusPort] = [await freePort(), await freePort()];
    const node = new PeerProcess('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${nodePort}`], directory);
    onTestFinished(() => node.stop());
    const { url: base, process: prometheus } = await startPrometheus(directory, 'prometheus', {
      global: { scrape_interval: `${SCRAPE_SECONDS}s` },
      scrape_configs: [
        { job_name: 'prometheus', static_configs: [{ targets: [`127.0.0.1:${prometheusPort}`] }] },
        { job_name: 'node', static_configs: [{ targets: [`127.0.0.1:${nodePort}`] }] },
      ],
      remote_write: [{
        url: `${narthex.url}/api/v1/write`, protobuf_message: message, send_exemplars: true, send_native_histograms: true,
        queue_config: { batch_send_deadline: '500ms' }, metadata_config: { send_interval: '5s' },
      }],
    }, { port: prometheusPort, flags: ['--enable-feature=exemplar-storage,native-histograms,metadata-wal-records'] });
    onTestFinished(() => prometheus.stop());
    await sleep(RUN_SECONDS * 1000);

    // Far enough back that everything up to it has been sent.
    const end = Math.floor(Date.now() / 1000) - 5;
    let answered = 0;
    const compare = async (endpoint: string, form: Record<string, string>): Promise<void> => {
      const [there, here] = [await ask(base, endpoint, form), await ask(narthex.url, endpoint, form)];
      if (there.size > 0) answered++;
      expect([...here.keys()].sort(), `${endpoint} ${form['query']}`).toEqual([...there.keys()].sort());
      for (const [series, points] of there) {
        if (!close(points, here.get(series)!)) expect(here.get(series), `${endpoint} ${form['query']} ${series}`).toBe(points);
      }
    };
    for (const query of INSTANT) for (const time of [end, end - 7.5]) await compare('query', { query, time: String(time) });
    for (const query of RANGE) await compare('query_range', { query, start: String(end - 12), end: String(end), step: '1' });
    // Nearly every question has an answer, so that equality means something.
    expect(answered).toBeGreaterThan(0.9 * (2 * INSTANT.length + RANGE.length));
    expect(prometheus.log).not.toMatch(/remote.*(level=ERROR|non-recoverable|Failed to send)/i);

    const metadata = (await (await fetch(`${narthex.url}/api/v1/metadata?metric=node_load1`)).json()) as { data: Record<string, { type: string }[]> };
    expect(metadata.data['node_load1']?.[0]?.type).toBe('gauge');
  });
});
