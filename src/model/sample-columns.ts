import type { Histogram } from './histogram.js';

/**
 * Decoded samples of one series in rising time, as columns. The caller owns it and hands it to readers, which
 * append. `values` keeps stale markers bit-exact; a histogram sample has its histogram in `histograms[i]` (and a
 * quiet NaN in `values[i]`); a stale marker of either kind is a stale NaN in `values[i]` without a histogram.
 */
export class SampleColumns {
  timestamps: Float64Array;
  values: Float64Array;
  /** Sparse: only set at indexes that hold histograms; undefined while the series has none. */
  histograms: (Histogram | undefined)[] | undefined;
  /**
   * The histogram right before the first sample, if that was a histogram and the reader knows it: whether a counter was reset
   * between the two cannot be told from the samples of the range alone.
   */
  histogramBefore: Histogram | undefined;
  /** Time of that one, ms; means nothing without it. */
  histogramBeforeMs = 0;
  /** Start timestamps in ms, 0 where unknown; undefined while no sample has one. */
  startTimestamps: Float64Array | undefined;
  /** Whether readers shall look start timestamps up: most queries do not use them. */
  wantsStarts = true;
  length = 0;
  /** Outlives `clear`, so that reading series after series allocates nothing. */
  private starts: Float64Array | undefined;

  constructor(capacity = 256) {
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
  }

  clear(): void {
    this.length = 0;
    this.histograms = undefined;
    this.histogramBefore = undefined;
    this.startTimestamps = undefined;
  }

  /** Makes room for `extra` more samples. Views taken before the call may be stale afterwards. */
  reserve(extra: number): void {
    const need = this.length + extra;
    if (need <= this.timestamps.length) return;
    const capacity = Math.max(need, this.timestamps.length * 2);
    const timestamps = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    timestamps.set(this.timestamps.subarray(0, this.length));
    values.set(this.values.subarray(0, this.length));
    this.timestamps = timestamps;
    this.values = values;
    if (this.startTimestamps) {
      const starts = new Float64Array(capacity);
      starts.set(this.startTimestamps.subarray(0, this.length));
      this.startTimestamps = this.starts = starts;
    }
  }

  /** Gives the samples from `first` on these start timestamps, as many; without an argument none. For readers, after each part. */
  setStarts(first: number, source?: Float64Array): void {
    if (source === undefined) {
      this.startTimestamps?.fill(0, first, this.length);
      return;
    }
    if (this.startTimestamps === undefined) {
      if (this.starts === undefined || this.starts.length < this.timestamps.length) this.starts = new Float64Array(this.timestamps.length);
      this.startTimestamps = this.starts.fill(0, 0, first);
    }
    this.startTimestamps.set(source, first);
  }

  pushFloat(timestampMs: number, value: number): void {
    this.reserve(1);
    this.timestamps[this.length] = timestampMs;
    this.values[this.length] = value;
    this.length++;
  }

  pushHistogram(timestampMs: number, histogram: Histogram): void {
    this.pushFloat(timestampMs, NaN);
    (this.histograms ??= [])[this.length - 1] = histogram;
  }
}

/** Removes the samples in [from, to] among those from index `start` on, whose times rise. */
export function cutInterval(columns: SampleColumns, start: number, from: number, to: number): void {
  const { timestamps, values, startTimestamps, histograms } = columns;
  const first = firstAtLeast(timestamps, start, columns.length, from);
  const end = firstAtLeast(timestamps, first, columns.length, to + 1);
  if (first === end) return;
  // Typed arrays move bits: stale markers stay what they are.
  timestamps.copyWithin(first, end, columns.length);
  values.copyWithin(first, end, columns.length);
  startTimestamps?.copyWithin(first, end, columns.length);
  const length = columns.length - (end - first);
  if (histograms) {
    for (let i = first; i < length; i++) histograms[i] = histograms[i + end - first];
    if (histograms.length > length) histograms.length = length;
  }
  columns.length = length;
}

/** First index of [low, high) whose time is not below `t`; `high` if there is none. */
function firstAtLeast(timestamps: Float64Array, low: number, high: number, t: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}
