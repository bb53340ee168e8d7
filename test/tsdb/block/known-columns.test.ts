import { expect, it } from 'vitest';
import { KnownColumns } from '../../../src/tsdb/block/known-columns.js';

it('the newest columns are remembered, and those that are asked for again', () => {
  const known = new KnownColumns(100);
  for (let i = 0; i < 1000; i++) {
    known.set(`k${i}`, i);
    expect(known.get('k0')).toBe(0);
    for (let back = 0; back < Math.min(i, 40); back++) expect(known.get(`k${i - back}`)).toBe(i - back);
  }
  const left = Array.from({ length: 1000 }, (_, i) => known.get(`k${i}`)).filter((id) => id !== undefined);
  expect(left.length).toBeLessThanOrEqual(101);
});
