/**
 * What became of one sample. Small numbers, because they travel in columns next to the samples (no exception and no
 * string per sample); the names are stable and appear in answers, metrics and the reject ledger.
 * Rules and wording: Prometheus, see the time rules of its TSDB (`tsdb/head_append.go`).
 */
export const AppendStatus = {
  /** Stored. */
  ok: 0,
  /** The identical sample was there already: accepted, nothing to do. */
  duplicate: 1,
  /** Older than the newest sample of its series, no out-of-order window. */
  outOfOrder: 2,
  /** Outside the out-of-order window. */
  tooOld: 3,
  /** Outside the range that the store accepts at all (no window: more than an hour behind the newest sample). */
  outOfBounds: 4,
  /** More than the tolerated time ahead of the server's clock. */
  farFuture: 5,
  /** Another value at the same timestamp. */
  conflict: 6,
  /** Labels that cannot be a series: no name, repeated name, invalid UTF-8, … */
  invalidLabels: 7,
  /** A native histogram that contradicts itself. */
  invalidHistogram: 8,
  /** A new series above a series limit. */
  seriesLimit: 9,
  /** The memory budget of the heads is used up. */
  outOfMemory: 10,
  /** Metric or point that cannot be translated (temporality, scale, no data, …). */
  untranslatable: 11,
  /** A delta that ends before the newest sample of its series: what is stored cannot be changed any more. */
  deltaLate: 12,
  /** A warning, no refusal: a delta that begins before the one before it ended was added all the same. */
  deltaOverlap: 13,
} as const;
export type AppendStatus = (typeof AppendStatus)[keyof typeof AppendStatus];

/** Name of each status, by number: `REASON[2] === 'out_of_order'`. */
export const REASON = [
  'ok', 'duplicate', 'out_of_order', 'too_old', 'out_of_bounds', 'far_future', 'conflict',
  'invalid_labels', 'invalid_histogram', 'series_limit', 'out_of_memory', 'untranslatable', 'delta_late', 'delta_overlap',
] as const;

/** Sentence for people, in Prometheus' words where it has any. */
export const REASON_TEXT: readonly string[] = [
  'ok', 'duplicate sample', 'out of order sample', 'too old sample', 'out of bounds',
  'timestamp too far in the future', 'duplicate sample for timestamp',
  'invalid labels', 'invalid native histogram', 'series limit reached', 'head memory budget used up', 'metric cannot be translated',
  'late delta', 'overlapping delta',
];

export function isAccepted(status: number): boolean {
  return status <= AppendStatus.duplicate;
}
