/**
 * Native histograms in the one form that everything inside uses: absolute bucket counts as doubles, whatever the
 * wire had (integer histograms of remote write come as deltas). `float` remembers which kind it was.
 *
 * Schema s in -4..8: bucket i of the positive side covers (2^((i-1)/2^s), 2^(i/2^s)].
 * Schema -53 ("custom buckets", NHCB): `customValues` are the upper bounds, the last bucket is +Inf.
 */
export interface BucketSpan {
  /** First span: index of its first bucket. Later spans: gap to the end of the span before. */
  readonly offset: number;
  readonly length: number;
}

export const CUSTOM_BUCKETS_SCHEMA = -53;

/** Counter reset hints, numbered as on the wire. */
export const ResetHint = { unknown: 0, reset: 1, noReset: 2, gauge: 3 } as const;
export type ResetHint = (typeof ResetHint)[keyof typeof ResetHint];

export interface Histogram {
  /** True if the sender sent a float histogram. */
  readonly float: boolean;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly BucketSpan[];
  readonly negativeSpans: readonly BucketSpan[];
  /** Absolute counts, one per bucket of the spans. */
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds of custom buckets, empty for exponential schemas. */
  readonly customValues: readonly number[];
  readonly resetHint: ResetHint;
}
