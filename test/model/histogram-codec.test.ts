import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Histogram } from '../../src/model/histogram.js';
import { decodeHistogram, encodeHistogram, histogramEncodedSizeMax } from '../../src/model/histogram-codec.js';
import { anyHistogram, exponentialOf } from './histogram-arbitrary.js';

const simple: Histogram = {
  float: false,
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 3,
  sum: 2.5,
  positiveSpans: [{ offset: 0, length: 2 }],
  negativeSpans: [],
  positiveBuckets: [1, 2],
  negativeBuckets: [],
  customValues: [],
  resetHint: 0,
};

function encode(h: Histogram): Uint8Array {
  const out = new Uint8Array(histogramEncodedSizeMax(h) + 3);
  return out.subarray(3, encodeHistogram(h, out, 3));
}

const decode = (bytes: Uint8Array): Histogram => decodeHistogram(bytes, 0, bytes.length);

describe('encoding a histogram', () => {
  test('the example of the layout', () => {
    expect(Buffer.from(encode(simple)).toString('hex')).toBe('020000000000000004400301000202' + '0102');
  });

  test('round trip, within the announced size', () => {
    fc.assert(fc.property(anyHistogram, (h) => {
      const bytes = encode(h);
      expect(bytes.length).toBeLessThanOrEqual(histogramEncodedSizeMax(h));
      expect(decode(bytes)).toStrictEqual(h); // toStrictEqual compares numbers as Object.is: -0 and NaN are seen
    }));
  });

  test('counts of any bits', () => {
    const any = fc.double().filter((x) => x === x);
    fc.assert(fc.property(exponentialOf(any, true), (h) => {
      expect(decode(encode(h))).toStrictEqual(h);
    }));
  });

  const edges: [string, Partial<Histogram>][] = [
    ['empty', { positiveSpans: [], positiveBuckets: [] }],
    ['negative zero counts', { count: -0, zeroCount: -0, positiveBuckets: [-0, 0] }],
    ['the largest varint', { count: 2 ** 53 - 1 }],
    ['beyond the largest varint', { count: 2 ** 64 }],
    ['infinite sum', { sum: -Infinity }],
    ['NaN sum', { sum: NaN }],
    ['extreme spans', { positiveSpans: [{ offset: -(2 ** 31), length: 2 }, { offset: 2 ** 31 - 1, length: 0 }] }],
    ['custom', { schema: -53, customValues: [-Infinity, -0, 1e300] }],
    ['hints', { resetHint: 3, schema: -4 }],
  ];
  test.each(edges)('%s', (_, part) => {
    const h = { ...simple, ...part };
    expect(decode(encode(h))).toStrictEqual(h);
  });

  test('shared memory', () => {
    const bytes = encode(simple);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect(decode(shared)).toStrictEqual(simple);
  });

  test('a torn or padded record is refused', () => {
    fc.assert(fc.property(anyHistogram, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (h, part) => {
      const bytes = encode(h);
      expect(() => decode(bytes.subarray(0, Math.floor(part * bytes.length)))).toThrow(/histogram record: /);
      expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(/1 bytes to spare/);
    }));
  });

  test('random bytes never allocate much or crash otherwise', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_histogram_record' });
      }
    }));
  });
});
