// The PromQL engine alone, over columns in memory: what windows, functions, joins and aggregations cost.
// Operator terms: a fleet of hosts with per-core counters, gauges and a classic histogram, scraped every 15 s for 24 h.
// Expected: copying a sample 1 ns, finding resets 1 ns, moving the cursors 1 ns; an output point 20 ns. So the rate of 320
// counters over 24 h in 5-minute windows: 1.8 M samples and 92,000 points, about 8 ms.
//   npm run build && node bench/query/engine.mjs [--smoke] [filter]
import { createEngine } from '../../dist/promql/engine/engine.js';
import { header, rounds } from '../lib/report.mjs';
import { INTERVAL_MS, columnsStorage } from './columns-storage.mjs';

const smoke = process.argv.includes('--smoke');
const filter = process.argv.slice(2).find((arg) => !arg.startsWith('--')) ?? '';
const hosts = smoke ? 2 : 10;
const cores = smoke ? 2 : 4;
const samples = smoke ? 480 : 5761;
const wide = smoke ? 200 : 10_000;

const MODES = ['idle', 'user', 'system', 'iowait', 'irq', 'nice', 'softirq', 'steal'];
const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];

function fleet() {
  const series = [];
  for (let host = 0; host < hosts; host++) {
    const base = { instance: `node-${host}:9100`, job: 'node', region: `r${host % 3}` };
    for (let cpu = 0; cpu < cores; cpu++) {
      MODES.forEach((mode, m) => series.push({
        labels: { ...base, __name__: 'cpu_seconds_total', cpu: String(cpu), mode },
        value: (i) => Math.round(((i % 4000) * (m + 1) * 0.37 + host) * 100) / 100,
      }));
    }
    series.push({ labels: { ...base, __name__: 'load' }, value: (i) => Math.round(Math.abs(Math.sin(i / 50 + host)) * 100) / 100 });
    series.push({ labels: { ...base, __name__: 'memory_bytes' }, value: (i) => 1e9 + ((i * 4096 * (host + 1)) % 1e8) });
    series.push({ labels: { ...base, __name__: 'uname_info', nodename: `n${host}` }, value: () => 1 });
    for (const handler of ['/a', '/b', '/c', '/d']) {
      BOUNDS.forEach((le, b) => series.push({
        labels: { ...base, __name__: 'latency_bucket', handler, le }, value: (i) => i * (b + 1),
      }));
    }
  }
  return series;
}

const end = (samples - 1) * INTERVAL_MS;
const day = { startMs: 3_600_000 % end, endMs: end, stepMs: 300_000 };
const hour = { startMs: Math.max(0, end - 3_600_000), endMs: end, stepMs: 15_000 };
const sixHours = { startMs: Math.max(0, end - 21_600_000), endMs: end, stepMs: 60_000 };
const now = { startMs: end, endMs: end, stepMs: 0 };

const cases = [
  ['rate by mode 24h/5m', day, 'sum by (mode) (rate(cpu_seconds_total[5m]))'],
  ['rate by mode 1h/15s', hour, 'sum by (mode) (rate(cpu_seconds_total[5m]))'],
  ['rate, no aggregation 1h/15s', hour, 'rate(cpu_seconds_total[5m])'],
  ['avg_over_time 24h/5m', day, 'avg_over_time(load[1h])'],
  ['max_over_time 24h/5m', day, 'max_over_time(load[1h])'],
  ['quantile_over_time 6h/60s', sixHours, 'quantile_over_time(0.9, load[15m])'],
  ['gauge sum 24h/5m', day, 'sum by (region) (memory_bytes)'],
  ['group_left 1h/15s', hour, 'memory_bytes * on (instance) group_left (nodename) uname_info'],
  ['ratio 6h/60s', sixHours, '1 - memory_bytes / memory_bytes'],
  ['histogram_quantile 24h/5m', day, 'histogram_quantile(0.95, sum by (le, handler) (rate(latency_bucket[5m])))'],
  ['topk 24h/5m', day, 'topk(3, rate(cpu_seconds_total[5m]))'],
  ['rate by mode, instant', now, 'sum by (mode) (rate(cpu_seconds_total[5m]))'],
  ['subquery, instant', now, 'max_over_time(sum by (instance) (rate(cpu_seconds_total[5m]))[1h:1m])'],
  ['wide count, instant', now, 'count(wide)', true],
  ['wide count by name, instant', now, 'count by (__name__) ({__name__!=""})', true],
  ['wide topk of sums, instant', now, 'topk(5, sum by (instance) (wide))', true],
  ['wide sum 1h/60s', { ...hour, stepMs: 60_000 }, 'sum by (region) (wide)', true],
];

const engine = createEngine({
  lookbackDeltaMs: 300_000, maxSamples: 50_000_000, maxSeries: 0, defaultEvaluationIntervalMs: 60_000,
  enableDelayedNameRemoval: false, enableExperimentalFunctions: false,
});
const ask = (storage, text, times) => engine.query(storage, { text, ...times, lookbackDeltaMs: 0, stopRequested: () => undefined });

/** A range query must say at some steps what instant queries say there. */
function check(storage, text, times) {
  const full = ask(storage, text, times);
  if (times.stepMs === 0) return full;
  const steps = Math.floor((times.endMs - times.startMs) / times.stepMs) + 1;
  for (const step of [0, Math.floor(steps / 2), steps - 1]) {
    const at = times.startMs + step * times.stepMs;
    const single = ask(storage, text, { startMs: at, endMs: at, stepMs: 0 }).result.series;
    const expected = new Map(single.map((one) => [one.labels.key(), one.values[0]]));
    for (const { labels, timestamps, values } of full.result.series) {
      const value = values[timestamps.indexOf(at)];
      if (!Object.is(value, expected.get(labels.key()))) throw new Error(`${text} at ${at}: ${value} is not ${expected.get(labels.key())}`);
    }
  }
  return full;
}

header(`engine over columns: ${hosts} hosts, ${samples} samples a series, ${wide} series in the wide cases`);
const narrowStorage = columnsStorage(fleet(), samples);
const wideStorage = columnsStorage(Array.from({ length: wide }, (_, i) => ({
  labels: {
    __name__: 'wide', cluster: 'eu-1', device: `d${i % 97}`, instance: `node-${i % 50}:9100`, job: 'node', region: `r${i % 3}`,
    unit: `u${i}`,
  },
  value: (n) => n * (i % 7),
})), Math.min(samples, 300));
const wideEnd = (Math.min(samples, 300) - 1) * INTERVAL_MS;

for (const [label, given, text, isWide] of cases) {
  if (!label.includes(filter)) continue;
  const shift = isWide ? end - wideEnd : 0;
  const times = { ...given, startMs: Math.max(0, given.startMs - shift), endMs: given.endMs - shift };
  const storage = isWide ? wideStorage : narrowStorage;
  const { result } = check(storage, text, times);
  if (result.series.length === 0) throw new Error(`${text} gives nothing`);
  await rounds(label, smoke ? 1 : 7, 'ms', () => {
    const begun = performance.now();
    ask(storage, text, times);
    return performance.now() - begun;
  });
}
