/** Which samples of a request are passed over in silence, because the store had one for their time that an earlier row found. */
import { expect, it } from 'vitest';
import { FoundSamples } from '../../src/tsdb/found-samples.js';
import { labels, T0 } from '../support/store-fixture.js';

const [a, b] = [labels('up', { job: 'a' }), labels('up', { job: 'b' })];

it('those of the same series and time, unless both are deltas', () => {
  const found = new FoundSamples();
  expect(found.has(a, T0, false)).toBe(false);
  found.note(a, T0, false);
  found.note(b, T0, true);
  expect([found.has(a, T0, false), found.has(a, T0, true), found.has(b, T0, false), found.has(b, T0, true)]).toEqual([true, true, true, false]);
  expect([found.has(a, T0 + 1, false), found.has(labels('up'), T0, false)]).toEqual([false, false]);
});

it('the first one found decides', () => {
  const found = new FoundSamples();
  found.note(a, T0, false);
  // The repetition of a delta, behind a sample that was none.
  found.note(a, T0, true);
  expect(found.has(a, T0, true)).toBe(true);
});
