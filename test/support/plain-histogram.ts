import { ResetHint, type Histogram } from '../../src/model/histogram.js';

/** An integer histogram with one bucket, told apart by its count. */
export function plainHistogram(count: number): Histogram {
  return {
    float: false, schema: 0, zeroThreshold: 0.001, zeroCount: 0, count, sum: count * 2, positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [count], negativeSpans: [], negativeBuckets: [], customValues: [], resetHint: ResetHint.unknown,
  };
}
