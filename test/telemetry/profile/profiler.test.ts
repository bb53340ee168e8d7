/** Profiles of the process that the tests run in. */
import zlib from 'node:zlib';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { cpuProfile, heapProfile, threadProfile } from '../../../src/telemetry/profile/profiler.js';
import { readProfile } from '../../support/pprof.js';

const never = new AbortController().signal;
const read = (bytes: Uint8Array) => readProfile(zlib.gzipSync(bytes));

/** A thread that works until the test ends. */
async function busyThread(): Promise<Worker> {
  const worker = new Worker('const { parentPort } = require("node:worker_threads"); parentPort.postMessage("begun"); '
    + 'function burn() { for (let i = 0; i < 1e6; i++) Math.sqrt(i); setImmediate(burn); } burn();', { eval: true });
  onTestFinished(() => void worker.terminate());
  await new Promise((resolve) => worker.once('message', resolve));
  return worker;
}

it('samples a thread by what it does', async () => {
  await busyThread();
  const { samples } = read(await cpuProfile(1, never));
  expect(samples.some(({ stack, labels }) => labels['thread'] !== 'main' && stack.some((frame) => frame.startsWith('burn ')))).toBe(true);
});

it('does without threads that end or begin meanwhile', async () => {
  const ends = await busyThread();
  const profile = cpuProfile(1, never);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await Promise.all([ends.terminate(), busyThread(), busyThread()]);
  expect(read(await profile).types).toEqual(['samples/count', 'cpu/nanoseconds']);
  expect(read(await threadProfile('goroutine')).samples.length).toBeGreaterThanOrEqual(3);
});

it('ends when it is told to', async () => {
  const gone = new AbortController();
  const profile = heapProfile('heap', 3600, gone.signal);
  gone.abort();
  expect(read(await profile).types).toEqual(['inuse_space/bytes']);
});
