import { expect, test } from 'vitest';
import { PageCache } from '../../../src/tsdb/block/page-cache.js';

const page = (name: string) => ({ name });

test('keeps what is used, within its bytes', () => {
  const cache = new PageCache(5 * 1000);
  const shelf = cache.shelf();
  for (let id = 0; id < 4; id++) shelf.add(id, page(`p${id}`), 1000);
  expect(shelf.get(1)).toEqual(page('p1'));
  expect(cache.usedBytes).toBeGreaterThan(4000);
  shelf.add(4, page('p4'), 1000);
  expect(cache.usedBytes).toBeLessThanOrEqual(5000);
  expect(shelf.get(0)).toBeUndefined();
  expect(shelf.get(1)).toEqual(page('p1'));
  expect(shelf.get(4)).toEqual(page('p4'));
});

test('shelves have ids of their own, and a shelf that is cleared takes no room', () => {
  const cache = new PageCache(10_000);
  const [one, other] = [cache.shelf(), cache.shelf()];
  one.add(7, page('one'), 100);
  other.add(7, page('other'), 100);
  expect(one.get(7)).toEqual(page('one'));
  one.clear();
  expect(one.get(7)).toBeUndefined();
  expect(other.get(7)).toEqual(page('other'));
  other.clear();
  expect(cache.usedBytes).toBe(0);
});

test('a page larger than the cache is not kept', () => {
  const cache = new PageCache(1000);
  const shelf = cache.shelf();
  shelf.add(1, page('large'), 2000);
  expect(shelf.get(1)).toBeUndefined();
  expect(cache.usedBytes).toBe(0);
});

test('any sequence stays within the bytes and gives back what was put', () => {
  const cache = new PageCache(20_000);
  const shelves = [cache.shelf(), cache.shelf(), cache.shelf()];
  let seed = 1;
  const next = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 20_000; i++) {
    const number = next(3);
    const shelf = shelves[number]!;
    const id = next(60);
    const found = shelf.get(id);
    if (found === undefined) shelf.add(id, page(`${number}/${id}`), next(1500));
    else expect(found).toEqual(page(`${number}/${id}`));
    if (next(500) === 0) shelf.clear();
    expect(cache.usedBytes).toBeLessThanOrEqual(20_000);
  }
});
