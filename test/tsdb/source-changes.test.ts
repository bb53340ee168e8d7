import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random } from '../support/random.js';
import { append, HOUR, labels, openStore, type OpenStore, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openStore);
let store: OpenStore;
beforeEach(async () => {
  store = await stores.open();
});
afterEach(() => stores.closeAll());

const put = (t: number): Promise<unknown> => append(store, [[labels('up'), [[t, 1]]]]);
const changed = (mark: number): number => store.heads.changes.firstChange(mark, T0 - 24 * HOUR, T0 + 24 * HOUR);

test('nothing changes by itself, and a new head changes its range', async () => {
  await put(T0 + 1);
  const mark = store.heads.changes.mark();
  expect(changed(mark)).toBe(Infinity);
  expect(store.heads.changes.mark()).toBe(mark);
  await put(T0 + 2 * HOUR);
  expect(changed(mark)).toBe(T0 + 2 * HOUR);
});

test('a sample changes what lies at its time and after it, not long before', async () => {
  await put(T0 + 1);
  await put(T0 + HOUR);
  const before = store.heads.changes.mark();
  await put(T0 + HOUR + 1000);
  const after = store.heads.changes.mark();
  expect(changed(before)).toBeLessThanOrEqual(T0 + HOUR + 1000);
  expect(changed(before)).toBeGreaterThan(T0 + HOUR - 60_000);
  expect(store.heads.changes.firstChange(before, T0, T0 + HOUR - 60_000)).toBe(Infinity);
  expect(store.heads.changes.firstChange(before, T0 + HOUR + 500, T0 + 2 * HOUR)).toBeGreaterThanOrEqual(T0 + HOUR + 500);
  expect(changed(after)).toBe(Infinity);
});

test('a late sample changes its own time', async () => {
  await put(T0 + HOUR);
  const mark = store.heads.changes.mark();
  await put(T0 + HOUR - 600_000);
  store.heads.changes.mark();
  expect(changed(mark)).toBeLessThanOrEqual(T0 + HOUR - 600_000);
  expect(changed(mark)).toBeGreaterThan(T0 + HOUR - 660_000);
});

test('what was there already is no change', async () => {
  await put(T0 + HOUR);
  const mark = store.heads.changes.mark();
  await put(T0 + HOUR);
  store.heads.changes.mark();
  expect(changed(mark)).toBe(Infinity);
});

test('of any samples in any order, each is found at its time or before', async () => {
  const random = new Random(7);
  let newest = T0 + HOUR;
  await put(newest);
  for (let i = 0; i < 200; i++) {
    const mark = store.heads.changes.mark();
    newest += random.below(60_000);
    const times = [newest, newest - random.below(HOUR / 2 - 1), newest - random.below(1000)].slice(0, 1 + random.below(3)).filter((t) => t >= T0);
    await append(store, times.map((t, j) => [labels('m', { s: `${random.below(4)}`, j: `${j}` }), [[t, i]]] as const));
    store.heads.changes.mark();
    expect(changed(mark)).toBeLessThanOrEqual(Math.min(...times));
  }
});

test('a head that goes is a change of its range', async () => {
  await put(T0 + 1);
  const mark = store.heads.changes.mark();
  store.heads.update([]);
  expect(changed(mark)).toBe(T0);
});
