/** Tables of an arena grow a step with each entry: no request pays for all of it. */
import { describe, expect, it } from 'vitest';
import * as layout from '../../src/kernel/layout.js';
import { Head } from '../../src/tsdb/head/head.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { labels } from '../support/store-fixture.js';

const OPTIONS = { mint: 0, maxt: 3_600_000, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: false };
const TABLES = { pair: layout.HDR_PAIR_TABLE, series: layout.HDR_SERIES_TABLE };
const STEP = 64;

const series = (i: number) => labels('up', { instance: `node-${i}` });
const newHead = (): Head => new Head(loadKernelModule(), 1, OPTIONS, undefined);

function add(head: Head, i: number): void {
  head.inBatch(() => expect(head.resolve(series(i))).toBe(i));
}

describe.each(Object.entries(TABLES))('the table of each %s', (_, table) => {
  it('grows by 64 slots with an entry, and is never more than half full', () => {
    const head = newHead();
    const { arena } = head;
    const slots = (): number => arena.field(table + 4) + 1;
    const moved = (): number => (arena.field(table + layout.HDR_GROWTH) === 0 ? 0 : arena.field(table + layout.HDR_GROWTH + 4));
    let steps = 0;
    let takenOver = 0;
    for (let i = 0; i < 3000; i++) {
      const [slotsBefore, movedBefore] = [slots(), moved()];
      add(head, i);
      const movedNow = slots() === slotsBefore ? moved() : slotsBefore;
      // The first series brings two pairs.
      if (i > 0) expect(movedNow - movedBefore).toBeLessThanOrEqual(STEP);
      if (movedNow > movedBefore) steps++;
      if (slots() > slotsBefore) takenOver++;
      expect(i * 2).toBeLessThanOrEqual(slots());
    }
    expect([takenOver, slots()]).toEqual([5, 8192]);
    expect(steps).toBe((256 + 512 + 1024 + 2048 + 4096) / STEP);
  });
});

it('every series is found while tables grow', () => {
  const head = newHead();
  for (let i = 0; i < 1100; i++) {
    add(head, i);
    const isGrowing = head.arena.field(layout.HDR_SERIES_TABLE + layout.HDR_GROWTH) !== 0;
    if (isGrowing || i % 100 === 99) for (let known = 0; known <= i; known++) expect(head.find(series(known))).toBe(known);
  }
  expect(head.find(series(1100))).toBe(-1);
});
