/** Deltas become totals whose only state is what is stored. Times are seconds after T0 in the tables. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Histogram } from '../../src/model/histogram.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { REASON } from '../../src/storage/append-status.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { labels, openStore, readAll, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

/** As after kill -9: another process finds the files as they are at this moment. */
function killed(one: OpenStore, options: Partial<DbOptions> = {}): Promise<OpenStore> {
  return stores.openIn(stores.copyOf(one), options);
}

/** (start, end, delta); start -1: unknown. 'stale' is a stale marker. */
type Delta = readonly [start: number, end: number, delta: number | Histogram | 'stale'];
const at = (second: number): number => T0 + second * 1000;
const SERIES = labels('c_total', { job: 'a' });

interface Sent {
  readonly statuses: string[];
  readonly samples: number;
  readonly rejects: Record<string, number>;
}

async function send(one: OpenStore, deltas: readonly Delta[], maxIdleS = 3600, series = SERIES): Promise<Sent> {
  const batch = new SampleBatch();
  batch.deltaMaxIdleMs = maxIdleS * 1000;
  const index = batch.addSeries(series);
  for (const [start, end, delta] of deltas) {
    const startMs = start < 0 ? 0 : at(start);
    if (delta === 'stale') batch.addStale(index, at(end), batch.length);
    else if (typeof delta === 'number') batch.markDelta(batch.addFloat(index, at(end), delta, batch.length, startMs));
    else batch.markDelta(batch.addHistogram(index, at(end), delta, batch.length, startMs));
  }
  const sent = batch.length;
  const statuses = new Uint8Array(sent);
  const report = await one.db.appendBatch(batch, statuses);
  expect(batch.length, 'the zeros are not in the batch of the caller').toBe(sent);
  return {
    statuses: [...statuses].map((status) => REASON[status]!),
    samples: report.samples + report.histograms,
    rejects: Object.fromEntries([...report.rejects.values()].map(({ status, count }) => [REASON[status]!, count])),
  };
}

/** `0=0 10=5`, seconds and values. */
function stored(one: OpenStore): string {
  return Object.values(readAll(one)).flat().map(([t, v]) => `${(t - T0) / 1000}=${v}`).join(' ');
}

describe('one series', () => {
  it.each<[rule: string, requests: Delta[][], stored: string, last: Partial<Sent>]>([
    ['begins with a zero at the start of the first', [[[0, 10, 5]]], '0=0 10=5', { statuses: ['ok'], samples: 1 }],
    ['adds what follows', [[[0, 10, 5]], [[10, 20, 3]], [[20, 30, 0]]], '0=0 10=5 20=8 30=8', { statuses: ['ok'] }],
    ['several in one request', [[[0, 10, 5], [10, 20, 3], [20, 30, 1]]], '0=0 10=5 20=8 30=9', { samples: 3 }],
    ['with a gap between them too', [[[0, 10, 5], [15, 20, 3], [40, 50, 1]]], '0=0 10=5 20=8 50=9', { samples: 3 }],
    ['no zero if the start is not known', [[[-1, 10, 5]], [[-1, 20, 3]]], '10=5 20=8', {}],
    ['a gap changes nothing', [[[0, 10, 5]], [[100, 110, 3]]], '0=0 10=5 110=8', { rejects: {} }],
    ['a repeated request is accepted once', [[[0, 10, 5]], [[0, 10, 5]]], '0=0 10=5', { statuses: ['duplicate'], samples: 1, rejects: {} }],
    ['an older repeated request too', [[[0, 10, 5]], [[10, 20, 3]], [[20, 30, 1]], [[10, 20, 3]]], '0=0 10=5 20=8 30=9', { statuses: ['duplicate'] }],
    ['repeated with something new', [[[0, 10, 5]], [[0, 10, 5], [10, 20, 2]]], '0=0 10=5 20=7', { statuses: ['duplicate', 'ok'], samples: 2 }],
    ['repeated inside one request', [[[0, 10, 5], [0, 10, 5]]], '0=0 10=5', { statuses: ['ok', 'duplicate'] }],
    ['two different ones with one end', [[[0, 10, 5], [0, 10, 6]]], '0=0 10=5', { statuses: ['ok', 'conflict'] }],
    ['another one with the end of the last', [[[0, 10, 5]], [[0, 10, 6]]], '0=0 10=5', { statuses: ['conflict'], rejects: { conflict: 1 } }],
    ['a late one is refused', [[[0, 10, 5]], [[20, 30, 1]], [[10, 20, 3]]], '0=0 10=5 30=6', { statuses: ['delta_late'], rejects: { delta_late: 1 } }],
    ['an overlapping one is added and reported', [[[0, 10, 5]], [[5, 15, 3]]], '0=0 10=5 15=8', { statuses: ['ok'], samples: 1, rejects: { delta_overlap: 1 } }],
    ['goes on behind a stale marker', [[[0, 10, 5]], [[0, 20, 'stale']], [[20, 30, 3]]], '0=0 10=5 20=NaN 30=8', {}],
    ['does not overlap with a stale marker behind the last one', [[[0, 10, 5]], [[0, 12, 'stale']], [[10, 20, 3]]], '0=0 10=5 12=NaN 20=8', { rejects: {} }],
    ['begins behind a stale marker, with a refused one', [[[0, 10, 'stale']], [[0, 10, 1], [0, 20, 3]]], '10=NaN 10.001=0 20=3', { statuses: ['conflict', 'ok'] }],
    ['zero deltas are samples', [[[0, 10, 0]], [[10, 20, 0]]], '0=0 10=0 20=0', {}],
    ['a gauge may fall', [[[0, 10, 5]], [[10, 20, -7]]], '0=0 10=5 20=-2', {}],
    ['the same total can be two deltas', [[[0, 10, 5]], [[10, 20, 0]], [[10, 20, 0]]], '0=0 10=5 20=5', { statuses: ['duplicate'] }],
  ])('%s', async (_rule, requests, expected, last) => {
    const one = await stores.open();
    let sent: Sent | undefined;
    for (const request of requests) sent = await send(one, request);
    expect(stored(one)).toBe(expected);
    expect(sent).toMatchObject(last);
    expect(stored(await killed(one))).toBe(expected);
  });

  it('starts over after a long silence, with a zero that tells the reset', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, 5]], 60);
    expect((await send(one, [[80, 90, 7]], 60)).rejects).toEqual({});
    expect(stored(one)).toBe('0=0 10=5 80=0 90=7');
    // Repeated: measured against the new beginning.
    expect((await send(one, [[80, 90, 7]], 60)).statuses).toEqual(['duplicate']);
    await send(one, [[10, 200, 1]], 60);
    // The interval reaches back to the old total: the zero goes behind it.
    expect(stored(one)).toBe('0=0 10=5 80=0 90=7 90.001=0 200=1');
  });

  it('silence inside one request too', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, 5], [80, 90, 7], [95, 100, 1]], 60);
    expect(stored(one)).toBe('0=0 10=5 80=0 90=7 100=8');
  });

  it('no zero for a delta that is refused', async () => {
    const one = await stores.open({ maxFutureMs: 60_000, outOfOrderWindowMs: 60_000 });
    const now = Math.floor(Date.now() / 1000) - T0 / 1000;
    await send(one, [[now - 10, now, 5]], 60, labels('other'));
    expect((await send(one, [[now - 4000, now - 3900, 5], [now, now + 90, 1]])).statuses).toEqual(['too_old', 'far_future']);
    expect(readAll(one)[SERIES.toString()]).toBeUndefined();
  });

  it('goes on in the next head, and finds repeated ones in the one before', async () => {
    const one = await stores.open();
    await send(one, [[7100, 7190, 5], [7190, 7210, 3], [7210, 7300, 1]]);
    expect(one.heads.heads.length).toBe(2);
    expect((await send(one, [[7100, 7190, 5], [7190, 7210, 3]])).statuses).toEqual(['duplicate', 'duplicate']);
    await send(one, [[14_390, 14_410, 2]], 10_000);
    expect(stored(one)).toBe('7100=0 7190=5 7210=8 7300=9 14410=11');
  });

  it('is late in the store, but not in its series: added', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, 5]]);
    await send(one, [[8000, 8010, 1]], 3600, labels('other_total'));
    expect((await send(one, [[6900, 7100, 3]], 8000)).statuses).toEqual(['ok']);
    expect(readAll(one)[SERIES.toString()]).toEqual([[at(0), 0], [at(10), 5], [at(7100), 8]]);
  });

  it('a delta outside the window is refused, unless it is a repeated one', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, 5]]);
    await send(one, [[20_000, 20_010, 1]]);
    const sent = await send(one, [[0, 10, 5], [10, 20, 3]]);
    expect(sent.statuses).toEqual(['duplicate', 'too_old']);
  });

  it('a series that a request names twice has one total', async () => {
    const one = await stores.open();
    const batch = new SampleBatch();
    for (const [start, end, delta] of [[10, 20, 3], [0, 10, 5], [20, 30, 1]] as const) {
      batch.markDelta(batch.addFloat(batch.addSeries(SERIES), at(end), delta, batch.length, at(start)));
    }
    await one.db.appendBatch(batch, new Uint8Array(batch.length));
    expect(stored(one)).toBe('0=0 10=5 20=8 30=9');
  });

  it('a refused delta is in no total', async () => {
    const one = await stores.open({ maxFutureMs: 10 });
    const far = (Date.now() - T0) / 1000 + 10_000;
    expect((await send(one, [[0, 10, 5], [10, far, 100]])).statuses).toEqual(['ok', 'far_future']);
    await send(one, [[10, 20, 1]]);
    expect(stored(one)).toBe('0=0 10=5 20=6');
  });
});

describe('native histograms', () => {
  const exponential = (schema: number, first: number, buckets: number[], zeroCount = 0): Histogram => ({
    float: false, schema, zeroThreshold: 1e-128, zeroCount, count: buckets.reduce((a, b) => a + b, zeroCount), sum: buckets.length,
    positiveSpans: buckets.length > 0 ? [{ offset: first, length: buckets.length }] : [], negativeSpans: [],
    positiveBuckets: buckets, negativeBuckets: [], customValues: [], resetHint: 0,
  });
  const custom = (bounds: number[], buckets: number[]): Histogram => ({
    ...exponential(0, 0, buckets), schema: -53, zeroThreshold: 0, customValues: bounds,
  });

  function histograms(one: OpenStore): [number, Histogram][] {
    const columns = new SampleColumns();
    for (const series of one.heads.select([], T0, T0 + 1e9)) series.read(columns, T0, T0 + 1e9);
    return Array.from({ length: columns.length }, (_, i) => [(columns.timestamps[i]! - T0) / 1000, columns.histograms![i]!]);
  }

  it('are added, in the coarser of two schemas', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, exponential(1, 1, [1, 2, 3], 1)]]);
    await send(one, [[10, 20, exponential(0, 1, [10])]]);
    const again = await killed(one);
    expect((await send(again, [[10, 20, exponential(0, 1, [10])]])).statuses).toEqual(['duplicate']);
    expect((await send(again, [[10, 20, exponential(0, 1, [11])]])).statuses).toEqual(['conflict']);
    await send(again, [[20, 30, exponential(3, 100, [1])]]);
    const found = histograms(again);
    expect(found.map(([t, h]) => [t, h.schema, h.count, h.sum])).toEqual([[0, 1, 0, 0], [10, 1, 7, 3], [20, 0, 17, 4], [30, 0, 18, 5]]);
    expect(found[3]![1]).toMatchObject({ zeroCount: 1, positiveSpans: [{ offset: 1, length: 2 }, { offset: 10, length: 1 }], positiveBuckets: [13, 3, 1] });
  });

  it('custom buckets: the same bounds are added, others begin anew', async () => {
    const one = await stores.open();
    await send(one, [[0, 10, custom([1, 2], [1, 2, 3])], [10, 20, custom([1, 2], [1, 1, 1])], [20, 30, custom([1, 5], [7, 0, 0])]]);
    expect(histograms(one).map(([t, h]) => [t, h.positiveBuckets])).toEqual([[0, [0, 0, 0]], [10, [1, 2, 3]], [20, [2, 3, 4]], [30, [7, 0, 0]]]);
  });
});

describe('any sender', () => {
  it('the increase of a total is the sum of the accepted deltas, over repetitions, gaps, heads and kills', async () => {
    const step = fc.record({
      gapS: fc.constantFrom(0, 0, 0, 1, 600), lengthS: fc.integer({ min: 1, max: 900 }), delta: fc.integer({ min: 0, max: 1000 }),
      after: fc.constantFrom('next', 'next', 'next', 'repeat', 'repeat older', 'kill', 'late'),
    });
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      let one = await stores.open({ outOfOrderWindowMs: 86_400_000 });
      const sent: Delta[] = [];
      let accepted = 0;
      let end = 0;
      for (const { gapS, lengthS, delta, after } of steps) {
        const start = end + gapS;
        end = start + lengthS;
        sent.push([start, end, delta]);
        const outcome = await send(one, [[start, end, delta]]);
        if (outcome.statuses[0] === 'ok') accepted += delta;
        if (after === 'kill') one = await killed(one, { outOfOrderWindowMs: 86_400_000 });
        if (after === 'repeat') expect((await send(one, [sent.at(-1)!])).statuses).toEqual(['duplicate']);
        if (after === 'repeat older') expect((await send(one, [sent[Math.floor(sent.length / 2)]!])).statuses).toEqual(['duplicate']);
        if (after === 'late' && lengthS > 1) expect((await send(one, [[start, end - 1, delta]])).statuses).toEqual(['delta_late']);
      }
      const points = Object.values(readAll(one)).flat();
      expect(points.at(-1)![1] - points[0]![1]).toBe(accepted);
      expect(accepted).toBe(sent.reduce((sum, [, , delta]) => sum + (delta as number), 0));
      expect(points.every(([, v], i) => i === 0 || v >= points[i - 1]![1])).toBe(true);
      await stores.closeAll();
    }), { numRuns: 15 });
  });
});
