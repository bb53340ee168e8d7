/** The histogram right before a range, where several heads and blocks have samples of the series there. */
import { afterEach, describe, expect, it } from 'vitest';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { plainHistogram } from '../support/plain-histogram.js';
import { Random } from '../support/random.js';
import { openSealing } from '../support/sealing-store.js';
import { SimClock } from '../support/sim-clock.js';
import { HOUR, labels, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openSealing);
afterEach(() => stores.closeAll());

/** Histograms at seconds after T0 with that second as their count; with `floats`, floats. */
async function write(s: OpenStore, seconds: readonly number[], floats = false): Promise<void> {
  const batch = new SampleBatch();
  const series = batch.addSeries(labels('h'));
  for (const second of seconds) {
    if (floats) batch.addFloat(series, T0 + second * 1000, second, batch.length);
    else batch.addHistogram(series, T0 + second * 1000, plainHistogram(second), batch.length);
  }
  const report = await s.db.appendBatch(batch, new Uint8Array(batch.length));
  expect([report.samples + report.histograms, report.rejects.size]).toEqual([seconds.length, 0]);
}

/** Seconds of the histogram before [from, …] and of the first sample. */
function before(s: OpenStore, from: number): [number | undefined, number] {
  const columns = new SampleColumns();
  const [series] = s.heads.select([], T0 + from * 1000, T0 + 2 * HOUR);
  series!.read(columns, T0 + from * 1000, T0 + 2 * HOUR);
  return [columns.histogramBefore?.count, (columns.timestamps[0]! - T0) / 1000];
}

const open = (): Promise<OpenStore> => stores.open({ clock: new SimClock(T0 + 48 * HOUR) });

describe('the histogram before a range', () => {
  it('is that of the source with the latest one', async () => {
    const s = await open();
    await write(s, [10, 20, 30, 40]);
    await s.db.administration.flush();
    await write(s, [15, 33]);
    expect(before(s, 20)).toEqual([15, 20]);
    expect(before(s, 16)).toEqual([15, 20]);
    expect(before(s, 30)).toEqual([20, 30]);
    expect(before(s, 31)).toEqual([30, 33]);
    expect(before(s, 34)).toEqual([33, 40]);
  });

  it('is none where another source has a float in between', async () => {
    const s = await open();
    await write(s, [10, 20, 30]);
    await s.db.administration.flush();
    await write(s, [25], true);
    expect(before(s, 30)).toEqual([undefined, 30]);
    expect(before(s, 20)).toEqual([10, 20]);
  });

  it('is never a wrong one, however samples are spread', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const s = await open();
      const all: number[] = [];
      const floats = new Set<number>();
      for (let part = 0; part < 4; part++) {
        const seconds = Array.from({ length: 30 }, () => random.below(200)).filter((n) => !all.includes(n));
        const own = [...new Set(seconds)].sort((a, b) => a - b);
        const isFloat = part === 2;
        await write(s, own, isFloat);
        all.push(...own);
        if (isFloat) for (const n of own) floats.add(n);
        if (part < 3) await s.db.administration.flush();
      }
      all.sort((a, b) => a - b);
      for (let i = 1; i < all.length; i++) {
        const [found, first] = before(s, all[i]!);
        expect(first).toBe(all[i]);
        const previous = all[i - 1]!;
        if (floats.has(first)) continue;
        // Blocks know the one before within a chunk only, and what ends before the range is not read.
        if (found !== undefined) expect([seed, found], `before ${all[i]}`).toEqual([seed, floats.has(previous) ? undefined : previous]);
      }
    }
  });
});
