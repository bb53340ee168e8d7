/** Pages as they are kept: what a cache counts is what they take. */
import { expect, it } from 'vitest';
import { packPage, unpackPage } from '../../../src/tsdb/block/block-format.js';

it.each([100, 5_000, 14_000, 16_384, 20_000, 65_536])('a page of %i bytes takes at most a quarter more', (length) => {
  const raw = Uint8Array.from({ length }, (_, i) => i & 15);
  const page = unpackPage(packPage(raw));
  expect(Buffer.compare(page, raw)).toBe(0);
  expect(page.buffer.byteLength).toBeLessThanOrEqual(length * 1.25);
});
