/** Chunks of remote read: golden bytes (test/differential/remote-read compares more of them with a Prometheus), and round trips through a decoder that knows nothing of the encoders. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/encoding/crc32c.js';
import type { Histogram } from '../../src/model/histogram.js';
import { putStale } from '../../src/model/stale-nan.js';
import { HistogramChunkEncoder } from '../../src/wire/histogram-chunk.js';
import { XorChunkEncoder } from '../../src/wire/xor-chunk.js';
import { exponentialOf } from '../model/histogram-arbitrary.js';
import { decodeHistogramChunk, decodeXorChunk } from '../support/chunk-decoder.js';
import { checksum } from '../support/remote-read-client.js';

function encodeFloats(times: readonly number[], values: Float64Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const encoder = new XorChunkEncoder();
  times.forEach((t, i) => encoder.append(t, words[2 * i]!, words[2 * i + 1]!));
  return encoder.finish();
}

function hexOf(values: Float64Array): string[] {
  return Array.from(new BigUint64Array(values.buffer, values.byteOffset, values.length), (bits) => bits.toString(16).padStart(16, '0'));
}

const steps = fc.array(fc.oneof(
  fc.constant(15_000), fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 2 ** 40 }),
), { minLength: 1, maxLength: 130 });

describe('XOR chunk', () => {
  it('any times and any doubles come back, bit by bit', () => {
    fc.assert(fc.property(steps, fc.integer({ min: -1e12, max: 2e12 }), fc.infiniteStream(fc.double()), (deltas, start, stream) => {
      let t = start;
      const times = deltas.map((delta) => (t += delta));
      const values = Float64Array.from(deltas, () => stream.next().value);
      if (values.length > 3) putStale(values, 2);
      const expected = hexOf(values);
      expect(decodeXorChunk(encodeFloats(times, values))).toEqual(times.map((time, i) => ({ t: time, bits: expected[i] })));
    }));
  });

  it('takes every size of a change of step, at its borders', () => {
    const borders = [13, 16, 19].flatMap((bits) => [2 ** bits, 2 ** bits + 1, 1 - 2 ** bits, -(2 ** bits)]);
    let [t, delta] = [0, 0];
    const times = [0, (delta = 10_000_000)];
    t = delta;
    for (const dod of borders) {
      delta += dod;
      times.push((t += delta));
    }
    expect(decodeXorChunk(encodeFloats(times, new Float64Array(times.length))).map((sample) => sample.t)).toEqual(times);
  });

  it('is written as Prometheus writes it', () => {
    const bytes = encodeFloats([1_700_000_000_000, 1_700_000_015_000, 1_700_000_030_000, 1_700_000_045_007], Float64Array.of(1, 2, 2, -0.5));
    expect(Buffer.from(bytes).toString('hex')).toBe('000480a0abfef9623ff00000000000009875c25fff2001f017ffc0');
  });
});

function roundTrip(times: readonly number[], histograms: readonly Histogram[]): void {
  const encoder = new HistogramChunkEncoder();
  histograms.forEach((histogram, i) => encoder.append(times[i]!, histogram));
  const [first] = histograms;
  const decoded = decodeHistogramChunk(encoder.finish(), first!.float);
  const span = ({ offset, length }: { offset: number; length: number }): [number, number] => [offset, length];
  expect(decoded).toEqual({
    header: [0, 0x80, 0x40, 0xc0][first!.resetHint],
    schema: first!.schema,
    zeroThreshold: first!.zeroThreshold,
    positiveSpans: first!.positiveSpans.map(span),
    negativeSpans: first!.negativeSpans.map(span),
    customValues: first!.customValues,
    samples: histograms.map((histogram, i) => ({
      t: times[i], count: histogram.count, zeroCount: histogram.zeroCount, sum: hexOf(Float64Array.of(histogram.sum))[0],
      buckets: [...histogram.positiveBuckets, ...histogram.negativeBuckets],
    })),
  });
}

describe('histogram chunk', () => {
  const counts = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 }));
  it.each([['integers', false], ['floats', true]] as const)('%s come back', (_name, float) => {
    const increments = fc.array(counts, { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(exponentialOf(counts, float), increments, steps, (histogram, grow, deltas) => {
      let t = 1_700_000_000_000;
      const times: number[] = [];
      const list: Histogram[] = [];
      let current = { ...histogram, sum: 0 };
      for (let i = 0; i < Math.min(grow.length, deltas.length); i++) {
        times.push((t += deltas[i]!));
        list.push(current);
        current = { ...current, count: current.count + grow[i]!, zeroCount: current.zeroCount + grow[i]!, sum: current.sum + 0.1 };
      }
      roundTrip(times, list);
    }));
  });

  const custom: Histogram = {
    float: false, schema: -53, zeroThreshold: 0, zeroCount: 0, count: 6, sum: 1.5, positiveSpans: [{ offset: 0, length: 3 }],
    negativeSpans: [], positiveBuckets: [1, 2, 3], negativeBuckets: [], customValues: [0.005, 1 / 3], resetHint: 0,
  };

  it('custom bounds come back, thousandths and others', () => roundTrip([10, 20], [custom, { ...custom, count: 9, positiveBuckets: [1, 2, 6] }]));

  it.each<[string, Partial<Histogram>, boolean]>([
    ['a growing one follows', { count: 7, positiveBuckets: [1, 2, 4] }, true],
    ['a falling bucket is a reset', { count: 6, positiveBuckets: [2, 1, 3] }, false],
    ['a falling count is a reset', { count: 5 }, false],
    ['a reset that is said', { resetHint: 1 }, false],
    ['a gauge does not follow a counter', { resetHint: 3 }, false],
    ['another kind', { float: true }, false],
    ['other bounds', { customValues: [0.005, 0.5] }, false],
    ['other spans', { positiveSpans: [{ offset: 1, length: 3 }] }, false],
  ])('ends where readers would overlook something: %s', (_name, change, expected) => {
    const encoder = new HistogramChunkEncoder();
    encoder.append(10, custom);
    expect(encoder.takes({ ...custom, ...change })).toBe(expected);
  });

  it('is written as Prometheus writes it', () => {
    const encoder = new HistogramChunkEncoder();
    const first: Histogram = {
      float: false, schema: 3, zeroThreshold: 2 ** -128, zeroCount: 1, count: 6, sum: 10.5, positiveSpans: [{ offset: 0, length: 2 }, { offset: 1, length: 1 }],
      negativeSpans: [], positiveBuckets: [1, 3, 1], negativeBuckets: [], customValues: [], resetHint: 0,
    };
    encoder.append(1_700_000_000_000, first);
    encoder.append(1_700_000_015_000, { ...first, count: 9, sum: 20.25, positiveBuckets: [2, 4, 2] });
    expect(Buffer.from(encoder.finish()).toString('hex')).toBe('000200749ca48c5fc0003179fcad00168a0128000000000004656f83a989b58f1620');
  });
});

describe('CRC-32C', () => {
  it('of the usual check text', () => expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283));
  it('equals the definition for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc32c(bytes) === checksum(bytes)));
  });
});
