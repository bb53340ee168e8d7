/** Samples that are stored one by one, and the log of their head. */
import { expect, it } from 'vitest';
import { Head } from '../../src/tsdb/head/head.js';
import { timeRules } from '../../src/tsdb/head/time-rules.js';
import { replayHead } from '../../src/tsdb/head/replay-head.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { LogWriteError } from '../../src/tsdb/log/log-error.js';
import { DIRECTORY, IDENTITY, newLog } from '../support/log-fixture.js';
import { SimDisk } from '../support/sim-disk.js';
import { labels } from '../support/store-fixture.js';

const { mint, maxt } = IDENTITY;
const OPTIONS = { mint, maxt, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: true };
const module = loadKernelModule();

it('wait in the log, all of them, when the first record of several cannot be written', async () => {
  const disk = new SimDisk();
  const log = newLog(disk);
  const head = new Head(module, IDENTITY.headId, OPTIONS, log);
  const ref = head.inBatch(() => head.resolve(labels('up')));
  head.logDictionary();
  const t = mint + 1000;
  head.putColumn(0, ref, t, new Uint32Array(new Float64Array([7]).buffer), 0, mint);
  expect(head.appendRow(0, timeRules(t, 3_600_000, t, 600_000), -Infinity, 0)).toBe(0);
  disk.fail('write', 'ENOSPC');
  expect(() => head.flushSingles()).toThrow(LogWriteError);
  // What the next request does first.
  log.flushPending();
  await log.close();
  const again = new Head(module, IDENTITY.headId, OPTIONS, undefined);
  await replayHead(disk, DIRECTORY, again);
  expect(again.arena.sampleCount).toBe(1);
});
