/** All threads together, as main wires them: a store that is written to here, read by built query workers. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiEndpoint } from '../../src/api/contract.js';
import { CATALOGUE_FILE } from '../../src/catalogue/connection.js';
import { DEFAULT_CATALOGUE_LIMITS } from '../../src/catalogue/catalogue-writer.js';
import { DEFAULT_QUEUE_LIMITS } from '../../src/threads/catalogue-queue.js';
import { MaintenanceClient } from '../../src/threads/maintenance-client.js';
import { queryMemory, ThreadMemory } from '../../src/threads/query-memory.js';
import { QueryPool } from '../../src/threads/query-pool.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { metadata } from '../catalogue/fixture.js';
import { append, HOUR, labels, openStore, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { built } from './fixtures/built.js';
import { QUERY_SETTINGS } from './fixtures/settings.js';

let directory: string;
let store: OpenStore;
let maintenance: MaintenanceClient;
let pool: QueryPool;
/** 1 MiB for each of three threads, 3 for all. */
const memory = queryMemory(6 << 20, 3);
/** The reader slot of no query worker. */
const OTHER_SLOT = 15;

beforeEach(async () => {
  directory = tempDirectory();
  const catalogueFile = path.join(directory, CATALOGUE_FILE);
  const onError = (error: Error): void => expect.fail(error.message);
  // This order, because query workers read the catalogue and do not create it.
  maintenance = await MaintenanceClient.start({
    catalogueFile, catalogueLimits: DEFAULT_CATALOGUE_LIMITS, queueLimits: DEFAULT_QUEUE_LIMITS, batchDelayMs: 5, onError,
    entry: built('threads/maintenance-worker.js'),
  });
  pool = await QueryPool.start({
    workers: 2, shortWorkers: 1, maxConcurrent: 20, maxQueued: 20,
    settings: { ...QUERY_SETTINGS, kernels: loadKernelModule(), catalogueFile, memory },
    heapMib: 256, stopGraceMs: 5_000, onWorkerLost: onError,
    modules: { entry: built('threads/query-worker.js'), runtimeUrl: built('threads/engine-runtime.js').href },
  });
  store = await openStore(directory);
  store.db.announceHeads((heads) => pool.setHeads(heads), (id) => pool.whenReleased(id));
});

afterEach(async () => {
  await pool.close(1_000);
  await store.db.close();
  await maintenance.close(1_000);
  fs.rmSync(directory, { recursive: true, force: true });
});

async function ask(endpoint: ApiEndpoint, params: string, signal = new AbortController().signal): Promise<string> {
  const deadlineMs = Date.now() + 30_000;
  const reply = await pool.run({ endpoint, params, pathArgument: '', nowMs: T0 + HOUR, deadlineMs }, signal);
  return `${reply.status} ${new TextDecoder().decode(reply.body)}`;
}

test('what was appended is in the next answer, in either worker, whatever head it lies in', async () => {
  const at = (ms: number) => `query=sum(m)&time=${ms / 1000}`;
  const vector = (ms: number, value: string) =>
    `200 {"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[${ms / 1000},"${value}"]}]}}`;
  await append(store, [[labels('m', { i: '1' }), [[T0, 1]]], [labels('m', { i: '2' }), [[T0, 2]]]]);
  expect(await Promise.all([ask('query', at(T0)), ask('query', at(T0))])).toEqual([vector(T0, '3'), vector(T0, '3')]);
  // A second series in the head that the workers have, then a head that they do not have yet.
  const later = T0 + 2 * HOUR;
  await append(store, [[labels('m', { i: '3' }), [[T0, 4]]]]);
  await append(store, [[labels('m', { i: '1' }), [[later, 8]]]]);
  expect(await Promise.all([ask('query', at(T0)), ask('query', at(later))])).toEqual([vector(T0, '7'), vector(later, '8')]);
});

test('all queries share their memory', async () => {
  await append(store, Array.from({ length: 100 }, (_, i) => [labels('m', { i: String(i) }), [[T0, i]]] as const));
  const range = (seconds: number) => `query=last_over_time(m[1h])&start=${T0 / 1000}&end=${T0 / 1000 + seconds}&step=1&nocache=1`;
  expect(await ask('query_range', range(600))).toMatch(/^200 .*"99"/);
  // 100 series with 1,000 points: 1.6 MB, and as much as text. That is more than the thread's own part.
  const other = new ThreadMemory(memory, OTHER_SLOT);
  other.take(4 << 20);
  const refused = await ask('query_range', range(1_000));
  expect(refused).toMatch(/^503 .*"errorType":"unavailable","error":"the memory for queries is used up: .* \(half of query.max_memory\)"/);
  expect(await ask('query', `query=count(m)&time=${T0 / 1000}`)).toMatch(/^200 .*"100"/);
  other.end();
  expect(await ask('query_range', range(1_000))).toMatch(/^200 .*"99"/);
  expect(await ask('query_range', range(3_600))).toMatch(/^422 .*"errorType":"execution","error":"the query needs more memory than one query may have: /);
  expect(pool.stats().memoryBytes).toBe(0);
});

test('metadata that ingest hands over is answered once it is flushed', async () => {
  maintenance.metadata([metadata('m', 'What m counts.')]);
  await maintenance.flush();
  expect(await ask('metadata', 'metric=m'))
    .toBe('200 {"status":"success","data":{"m":[{"type":"counter","help":"What m counts.","unit":""}]}}');
});

test('a long evaluation stops when the client goes', async () => {
  await append(store, Array.from({ length: 200 }, (_, i) => [labels('m', { i: String(i) }), [[T0, i]]] as const));
  const abort = new AbortController();
  const range = `query=sum(max_over_time(sum(m)[1h:100ms]))&start=${T0 / 1000}&end=${T0 / 1000 + 7200}&step=1`;
  const reply = ask('query_range', range, abort.signal);
  await new Promise((resolve) => setTimeout(resolve, 150));
  abort.abort();
  expect(await reply).toMatch(/^499 .*"errorType":"canceled"/);
});
