// How soon a query stops that is told to, at any moment of its life: each query runs once to its end, then again and again, cancelled
// at moments spread over that time. Printed is the time from the cancellation until the thread has answered, over a million series (or
// --series=N) in one head; the goal is 50 ms, whatever it is doing.
//   npm run build && node bench/query/cancel.mjs [--series=100000] [--times=40] [--only=sort] [--smoke]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CatalogueWriter } from '../../dist/catalogue/catalogue-writer.js';
import { Labels } from '../../dist/model/labels.js';
import { SampleBatch } from '../../dist/model/sample-batch.js';
import { QueryPool } from '../../dist/threads/query-pool.js';
import { loadCodecModule, loadKernelModule } from '../../dist/tsdb/kernel-loader.js';
import { MemoryHeads } from '../../dist/tsdb/memory-heads.js';
import { header, quantile } from '../lib/report.mjs';

const { values: options } = parseArgs({
  options: { series: { type: 'string' }, times: { type: 'string' }, only: { type: 'string' }, smoke: { type: 'boolean', default: false } },
});
const series = Number(options.series ?? (options.smoke ? 2_000 : 1_000_000));
const times = Number(options.times ?? (options.smoke ? 2 : 25));
const RANGE_MS = 7_200_000;
const START_MS = RANGE_MS * 240_000;
const SECONDS = START_MS / 1000 + 60;

const instant = (query) => ['query', `query=${encodeURIComponent(query)}&time=${SECONDS}`];
const range = (query, steps) =>
  ['query_range', `query=${encodeURIComponent(query)}&start=${SECONDS}&end=${SECONDS + steps - 1}&step=1&nocache=1`];
const match = (selector) => `match[]=${encodeURIComponent(selector)}`;
const QUERIES = {
  'regular expression': instant('count(m{id=~".*(7|8|9)[0-9]*.*1.*"})'),
  'negative expression': instant('count(m{id!~".*(7|8|9)[0-9]*.*1.*"})'),
  'large pattern, long value': instant('count(long{text=~"(?:.*a.){400}b"})'),
  'all series': instant('m'),
  sort: instant('sort(m)'),
  sort_by_label: instant('sort_by_label(m, "id")'),
  topk: instant('topk(10, m)'),
  count_values: instant('count_values("v", m)'),
  'sum by id': instant('sum by (id) (m)'),
  'sum without': instant('sum without (job) (m)'),
  quantile: instant('quantile(0.9, m)'),
  'one to one': instant('m / m'),
  or: instant('m or m'),
  label_replace: instant('label_replace(m, "x", "$1", "id", "(.*)0")'),
  'rate, 10 steps': range('rate(m[1m])', 10),
  'label values': ['label_values', match('m{id=~".*[13579]x?.*"}'), 'id'],
  'label names': ['labels', match('m{id=~".*[13579]x?.*"}')],
  'all label values': ['label_values', '', 'id'],
  series: ['series', match('m')],
};

header(`query/cancel: ${series} series, each query cancelled ${times} times`);
const module = loadKernelModule();
const heads = new MemoryHeads(module, RANGE_MS);
for (let at = 0; at < series; at += 20_000) {
  const batch = new SampleBatch();
  for (let i = at; i < Math.min(series, at + 20_000); i++) {
    const id = `id-${(i * 2_654_435_761 % 4_294_967_296).toString(10)}`;
    batch.addFloat(batch.addSeries(Labels.fromObject({ __name__: 'm', id, job: `job-${i % 10}` })), START_MS + 30_000, i % 1000);
  }
  heads.append(batch);
}
const batch = new SampleBatch();
batch.addFloat(batch.addSeries(Labels.fromObject({ __name__: 'long', text: 'ab'.repeat(10_000) })), START_MS + 30_000, 1);
heads.append(batch);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
const catalogueFile = path.join(directory, 'catalogue.sqlite');
CatalogueWriter.open(catalogueFile).close();
const pool = await QueryPool.start({
  workers: 1, shortWorkers: 0, maxConcurrent: 1, maxQueued: 1, heapMib: 4096, stopGraceMs: 60_000,
  onWorkerLost: (error) => console.error(error.message),
  settings: {
    kernels: module, blocks: { codec: loadCodecModule(), cacheBytes: 1 << 20 }, catalogueFile, externalLabels: {},
    limits: { maxPointsPerSeries: 11_000, maxResponseBytes: 2 ** 30, readSampleLimit: 1e6, readFrameBytes: 1 << 20 },
    engine: {
      lookbackDeltaMs: 300_000, maxSamples: 50_000_000, maxSeries: 0, defaultEvaluationIntervalMs: 60_000,
      enableDelayedNameRemoval: false, enableExperimentalFunctions: true,
    },
  },
});
pool.setHeads(heads.descriptors());

/** [status, ms from the cancellation to the answer] */
async function run([endpoint, params, pathArgument = ''], cancelAfterMs) {
  const abort = new AbortController();
  let cancelledAt = 0;
  const timer = setTimeout(() => {
    cancelledAt = performance.now();
    abort.abort();
  }, cancelAfterMs);
  const nowMs = SECONDS * 1000;
  const { status } = await pool.run({ endpoint, params, pathArgument, nowMs, deadlineMs: Date.now() + 600_000 }, abort.signal);
  clearTimeout(timer);
  return [status, performance.now() - cancelledAt];
}

let worst = 0;
for (const [name, query] of Object.entries(QUERIES)) {
  if (options.only !== undefined && !name.includes(options.only)) continue;
  const begin = performance.now();
  const [status] = await run(query, 2 ** 30);
  const wholeMs = performance.now() - begin;
  const took = [];
  let ended = 0;
  for (let i = 0; i < times; i++) {
    const [answer, ms] = await run(query, wholeMs * ((i + 0.5) / times));
    if (answer === 499) took.push(ms);
    else ended++;
  }
  took.sort((a, b) => a - b);
  const at = (q) => quantile(took, q).toFixed(1);
  worst = Math.max(worst, took.at(-1) ?? 0);
  const whole = `${status}, whole ${wholeMs.toFixed(0)} ms`;
  console.log(`  ${name.padEnd(25)} ${whole.padEnd(22)} stopped after p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms; ${ended} had ended`);
}
console.log(`worst: ${worst.toFixed(1)} ms`);
await pool.close(0);
fs.rmSync(directory, { recursive: true });
