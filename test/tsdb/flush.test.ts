/** Flushing: everything becomes blocks now, ingest goes on, and no sample is lost or read twice. */
import { afterEach, expect, it } from 'vitest';
import type { Labels } from '../../src/model/labels.js';
import { filesOf, openSealing, sealHere, type SealingSetup } from '../support/sealing-store.js';
import { SimClock } from '../support/sim-clock.js';
import { append, HOUR, labels, readAll, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

/** Later than all samples. */
const openLate = (directory: string, setup: SealingSetup = {}): Promise<OpenStore> => openSealing(directory, { clock: new SimClock(T0 + 48 * HOUR), ...setup });
const stores = new Stores(openLate);
afterEach(() => stores.closeAll());

const MIN = 60_000;
const up = (job: string): Labels => labels('up', { job });

/** Samples every minute of [fromMin, toMin) after T0 of two series; adds them to `written`. */
async function fill(s: OpenStore, written: Record<string, Point[]>, fromMin: number, toMin: number): Promise<void> {
  for (let i = fromMin; i < toMin; i++) {
    for (const job of ['a', 'b']) {
      const point: Point = [T0 + i * MIN, i + (job === 'b' ? 0.5 : 0)];
      await append(s, [[up(job), [point]]]);
      (written[`up{job="${job}"}`] ??= []).push(point);
    }
  }
}

it('leaves blocks only, with every sample, also for the next start', async () => {
  const s = await stores.open();
  const written: Record<string, Point[]> = {};
  await fill(s, written, 0, 150);
  await s.db.administration.flush();
  expect([filesOf(s, 'heads'), filesOf(s, 'blocks').length, s.db.stats().heads]).toEqual([[], 2, 0]);
  expect(readAll(s)).toEqual(written);
  const again = await stores.reopen(s);
  expect(again.db.openReport.samples).toBe(0);
  expect(readAll(again)).toEqual(written);
});

it('of an empty store does nothing', async () => {
  const s = await stores.open();
  await s.db.administration.flush();
  expect(filesOf(s, 'blocks')).toEqual([]);
});

it('goes on beside ingest, which continues in a new head; late samples still come in', async () => {
  const s = await stores.open();
  const written: Record<string, Point[]> = {};
  await fill(s, written, 0, 60);
  const flushed = s.db.administration.flush();
  await fill(s, written, 60, 65);
  await flushed;
  await fill(s, written, 65, 70);
  expect((await append(s, [[up('a'), [[T0 + 50 * MIN + 1, 7], [T0 + 50 * MIN, 50]]]])).samples).toBe(2);
  written['up{job="a"}']!.splice(51, 0, [T0 + 50 * MIN + 1, 7]);
  expect(readAll(s)).toEqual(written);
  await s.db.administration.flush();
  expect(filesOf(s, 'heads')).toEqual([]);
  expect(readAll(s)).toEqual(written);
});

it('does the compaction that is due, and no other', async () => {
  const s = await stores.open({ compacts: true, options: { maxBlockMs: 6 * HOUR } });
  const written: Record<string, Point[]> = {};
  const start = T0 % (6 * HOUR) === 0 ? 0 : (6 * HOUR - (T0 % (6 * HOUR))) / MIN;
  await fill(s, written, start, start + 10 * 60);
  await s.db.administration.flush();
  // Six hours are over; the last four may still get late samples.
  expect(filesOf(s, 'blocks').length).toBe(3);
  expect(readAll(s)).toEqual(written);
});

it('says why a head did not become a block, serves it, and succeeds when it is asked again', async () => {
  let fail = true;
  const s = await stores.open({ sealer: async (head, file) => {
    if (fail) throw new Error('no space left');
    return sealHere(head, file);
  } });
  const written: Record<string, Point[]> = {};
  await fill(s, written, 0, 10);
  await expect(s.db.administration.flush()).rejects.toThrow(/^1 of 1 heads did not become blocks yet: .*no space left/);
  expect(readAll(s)).toEqual(written);
  fail = false;
  await s.db.administration.flush();
  expect(filesOf(s, 'heads')).toEqual([]);
  expect(readAll(s)).toEqual(written);
});
