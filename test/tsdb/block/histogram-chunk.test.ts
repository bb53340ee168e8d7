/** Chunks of native histograms: every bit comes back in both forms, and a series of neighbours is small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/encoding/byte-writer.js';
import { encodeHistogram, histogramEncodedSizeMax } from '../../../src/model/histogram-codec.js';
import { spansOf } from '../../../src/model/histogram-spans.js';
import type { Histogram } from '../../../src/model/histogram.js';
import { ColumnCodec } from '../../../src/tsdb/block/column-codec.js';
import { decodeHistogramChunk, encodeHistogramChunk } from '../../../src/tsdb/block/histogram-chunk.js';
import { loadCodecModule } from '../../../src/tsdb/kernel-loader.js';
import { anyHistogram } from '../../model/histogram-arbitrary.js';
import { Random } from '../../support/random.js';

const codec = new ColumnCodec(loadCodecModule());

function record(h: Histogram): string {
  const bytes = new Uint8Array(histogramEncodedSizeMax(h));
  return Buffer.from(bytes.subarray(0, encodeHistogram(h, bytes, 0))).toString('hex');
}

/** Encodes, decodes and compares; returns the chunk. */
function check(histograms: readonly Histogram[]): Uint8Array {
  let smallest: Uint8Array | undefined;
  for (const name of ['P', 'R'] as const) {
    const out = new ByteWriter();
    encodeHistogramChunk(histograms, codec, name, out);
    const chunk = out.copy();
    const n = histograms.length;
    expect(decodeHistogramChunk(chunk, 0, chunk.length, 0, n, n, codec).map(record)).toEqual(histograms.map(record));
    const [from, to] = [n >> 2, n - (n >> 2)];
    expect(decodeHistogramChunk(chunk, 0, chunk.length, from, to, n, codec).map(record)).toEqual(histograms.slice(from, to).map(record));
    if (smallest === undefined || chunk.length < smallest.length) smallest = chunk;
  }
  return smallest!;
}

/** Request times of a service: more and more buckets as rare values occur. */
function requestTimes(count: number, float: boolean): Histogram[] {
  const random = new Random(4);
  const buckets = new Map<number, number>();
  let total = 0;
  let sum = 0;
  return Array.from({ length: count }, () => {
    for (let n = random.below(40); n > 0; n--) {
      const index = Math.floor(20 + 6 * (random.below(1000) + random.below(1000) + random.below(1000)) / 1000 - 9);
      buckets.set(index, (buckets.get(index) ?? 0) + 1);
      total++;
      sum += Math.round(random.below(1e6)) / 1e6;
    }
    const indexes = [...buckets.keys()].sort((a, b) => a - b);
    return {
      float, schema: 3, zeroThreshold: 2 ** -128, zeroCount: 0, count: total, sum, positiveSpans: spansOf(indexes), negativeSpans: [],
      positiveBuckets: indexes.map((index) => buckets.get(index)!), negativeBuckets: [], customValues: [], resetHint: 0,
    };
  });
}

describe('a chunk of histograms', () => {
  it('gives back any histograms', () => {
    fc.assert(fc.property(fc.array(anyHistogram, { minLength: 1, maxLength: 12 }), (list) => void check(list)), { numRuns: 300 });
  });

  it('gives back neighbours whose spans, hints and thresholds change', () => {
    fc.assert(fc.property(fc.infiniteStream(fc.record({ hint: fc.constantFrom(0, 1, 2, 3), threshold: fc.constantFrom(0, 0.001, 2 ** -128) })), (stream) => {
      check(requestTimes(60, false).map((h, i) => {
        const { hint, threshold } = i % 20 === 0 ? stream.next().value : { hint: 0, threshold: 0.001 };
        return { ...h, resetHint: hint as Histogram['resetHint'], zeroThreshold: threshold };
      }));
    }), { numRuns: 30 });
  });

  it.each([false, true])('takes a few bytes a histogram (float: %s)', (float) => {
    const histograms = requestTimes(480, float);
    const records = histograms.reduce((sum, h) => sum + record(h).length / 2 + 1, 0);
    const chunk = check(histograms);
    expect(chunk[0]).toBe(1);
    expect(chunk.length).toBeLessThan(records / 3);
  });

  it('keeps records where buckets contradict spans', () => {
    const [one] = requestTimes(1, false);
    const odd = { ...one!, positiveBuckets: [...one!.positiveBuckets, 7] };
    expect(check(Array.from({ length: 50 }, () => odd))[0]).toBe(0);
  });

  it('survives damaged bytes', () => {
    const good = check(requestTimes(100, false));
    const random = new Random(9);
    for (let round = 0; round < 500; round++) {
      const bytes = good.slice();
      for (let k = random.below(4); k >= 0; k--) bytes[random.below(bytes.length)] = random.below(256);
      try {
        expect(decodeHistogramChunk(bytes, 0, bytes.length, 0, 100, 100, codec).length).toBe(100);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
