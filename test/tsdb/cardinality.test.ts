/** Figures of /status/tsdb against the same figures counted one series at a time. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareUtf8, METRIC_NAME } from '../../src/model/labels.js';
import type { NamedCount } from '../../src/storage/cardinality.js';
import { LargestCounts } from '../../src/tsdb/head/largest-counts.js';
import { append, HOUR, labels, openStore, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openStore);
let store: OpenStore;
beforeEach(async () => {
  store = await stores.open();
});
afterEach(() => stores.closeAll());

const noPoll = (): void => {};

function fleet(count: number, t: number) {
  return Array.from({ length: count }, (_, i) => {
    const point: Point = [t, i];
    return [labels(`metric_${i % 7}`, { pod: `pod-${i % 31}`, job: i % 3 === 0 ? 'a' : 'bb', path: `/${i}` }), [point]] as const;
  });
}

function naive(all: readonly { names: readonly string[]; values: readonly string[] }[], limit: number) {
  const byPair = new Map<string, number>();
  const values = new Map<string, Set<string>>();
  for (const { names, values: texts } of all) {
    names.forEach((name, i) => {
      byPair.set(`${name}=${texts[i]}`, (byPair.get(`${name}=${texts[i]}`) ?? 0) + 1);
      values.set(name, (values.get(name) ?? new Set()).add(texts[i]!));
    });
  }
  const top = (counts: Iterable<[string, number]>): NamedCount[] => [...counts].map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name)).slice(0, limit);
  const prefix = `${METRIC_NAME}=`;
  return {
    seriesByMetricName: top([...byPair].filter(([pair]) => pair.startsWith(prefix)).map(([pair, n]) => [pair.slice(prefix.length), n])),
    valuesByLabelName: top([...values].map(([name, set]) => [name, set.size])),
    bytesByLabelName: top([...values].map(([name, set]) => [name, [...set].join('').length])),
    seriesByLabelPair: top(byPair),
  };
}

test.each([1, 10, 5000])('one head, limit %i', async (limit) => {
  const entries = fleet(500, T0);
  await append(store, entries);
  expect(store.heads.cardinality(limit, noPoll)).toEqual({
    head: { numSeries: 500, numLabelPairs: 7 + 31 + 2 + 500, chunkCount: 500, minTimeMs: T0, maxTimeMs: T0 },
    ...naive(entries.map(([one]) => one), limit),
  });
});

test('series that live through several heads count once', async () => {
  const before = fleet(100, T0);
  const after = fleet(120, T0 + 2 * HOUR);
  await append(store, before);
  await append(store, after);
  expect(store.heads.cardinality(10, noPoll)).toEqual({
    head: { numSeries: 120, numLabelPairs: 7 + 31 + 2 + 120, chunkCount: 220, minTimeMs: T0, maxTimeMs: T0 + 2 * HOUR },
    ...naive(after.map(([one]) => one), 10),
  });
});

test('an empty store', () => {
  expect(store.heads.cardinality(10, noPoll)).toEqual({
    head: { numSeries: 0, numLabelPairs: 0, chunkCount: 0, minTimeMs: undefined, maxTimeMs: undefined },
    seriesByMetricName: [], valuesByLabelName: [], bytesByLabelName: [], seriesByLabelPair: [],
  });
});

test('counting can be stopped', async () => {
  await append(store, fleet(10, T0));
  expect(() => store.heads.cardinality(10, () => {
    throw new Error('stop');
  })).toThrow('stop');
});

test('the largest of many, without keeping all', () => {
  const largest = new LargestCounts(3, (id) => `n${String(id).padStart(6, '0')}`);
  for (let id = 0; id < 100_000; id++) largest.add(id, id % 1000 === 0 ? 7 : id % 5);
  largest.add(500_000, 9);
  expect(largest.list()).toEqual([{ name: 'n500000', value: 9 }, { name: 'n000000', value: 7 }, { name: 'n001000', value: 7 }]);
});
