/**
 * Deltas become totals here, where the totals are: what a stream has accumulated is its newest stored sample, and the end of its
 * last delta is that sample's time. There is no other state, so nothing else has to survive a kill, to expire or to be capped.
 *
 *   stored   ... (t0, v0)
 *   delta    (start, t1], d, t1 > t0    stored as (t1, v0 + d), whether start is before t0, at it or after it
 *   again    (start, t1], d, t1 <= t0   a sample is at t1, and it is the one before plus d: a repeated delta, accepted
 *   late     (start, t1], d, t1 < t0    refused: the samples after t1 would all have to change
 *
 * A series without a value, or without one for longer than the batch allows, begins at 0 (`zero-rows`). Source: OpenTelemetry data
 * model, "Sums: delta-to-cumulative"; gaps and overlaps as in the collector's deltatocumulative processor, which adds both.
 */
import { addHistograms } from '../model/histogram-add.js';
import { isSameHistogram } from '../model/histogram-codec.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { Amount, SeriesTail, TimedAmount } from './series-tail.js';

interface Total {
  /** Newest sample of the series, stale markers included; -Infinity: none that matters. */
  newest: number;
  last: TimedAmount | undefined;
  /** The delta of this batch that was added last. */
  lastDelta: Amount | undefined;
}

export class DeltaRows {
  /** By the first index in `batch.series`. */
  private readonly totals = new Map<number, Total>();

  /** @param first see `firstOfEqual` */
  constructor(readonly tail: SeriesTail, private readonly batch: SampleBatch, private readonly first: Uint32Array) {}

  isDelta(row: number): boolean {
    return this.batch.delta[row] === 1;
  }

  /** True if this delta is the first of a total, or of a new one after a long silence. */
  begins(row: number): boolean {
    const total = this.total(row);
    return this.batch.timestamps[row]! > total.newest && total.lastDelta === undefined && this.lastToContinue(total, row) === undefined;
  }

  newestOf(row: number): number {
    return this.total(row).newest;
  }

  /**
   * Replaces the delta in the batch by the total, which is to be stored right away (rows of a series in rising time). `ok` and
   * `deltaOverlap`: done; anything else: not to be stored.
   */
  settle(row: number): AppendStatus {
    const { batch } = this;
    const total = this.total(row);
    const t = batch.timestamps[row]!;
    const delta = this.amountOf(row);
    if (t <= total.newest) return this.judgeOld(row, t, delta, total);
    const last = this.lastToContinue(total, row);
    const amount = add(last?.amount, delta);
    if (typeof amount === 'number') batch.values[row] = amount;
    else batch.histograms.set(row, amount);
    const startMs = batch.startTimestamps[row]!;
    // With the last delta, and not with a stale marker behind it, which may be in this request.
    const overlaps = last !== undefined && startMs > 0 && startMs < last.timeMs;
    total.newest = t;
    total.last = { timeMs: t, amount };
    total.lastDelta = delta;
    return overlaps ? AppendStatus.deltaOverlap : AppendStatus.ok;
  }

  /** `duplicate` if exactly this delta was added before; else why a delta that is not newer than its series is refused. */
  judgeStored(row: number): AppendStatus {
    const labels = this.labelsOf(row);
    const t = this.batch.timestamps[row]!;
    const stored = this.tail.at(labels, t);
    if (stored === undefined) return t === this.newestOf(row) ? AppendStatus.conflict : AppendStatus.deltaLate;
    const before = this.tail.lastBefore(labels, t - this.batch.deltaMaxIdleMs, t)?.amount;
    return isSame(add(before, this.amountOf(row)), stored) ? AppendStatus.duplicate : AppendStatus.conflict;
  }

  private judgeOld(row: number, t: number, delta: Amount, total: Total): AppendStatus {
    // The sample at this time may not be in the store yet.
    if (t === total.newest && total.lastDelta !== undefined) {
      return isSame(total.lastDelta, delta) ? AppendStatus.duplicate : AppendStatus.conflict;
    }
    return this.judgeStored(row);
  }

  private lastToContinue({ last }: Total, row: number): TimedAmount | undefined {
    return last !== undefined && this.batch.timestamps[row]! - last.timeMs <= this.batch.deltaMaxIdleMs ? last : undefined;
  }

  private total(row: number): Total {
    const series = this.first[this.batch.seriesIndex[row]!]!;
    let total = this.totals.get(series);
    if (total === undefined) {
      const labels = this.labelsOf(row);
      const since = this.batch.timestamps[row]! - this.batch.deltaMaxIdleMs;
      total = { ...this.tail.end(labels, since), lastDelta: undefined };
      this.totals.set(series, total);
    }
    return total;
  }

  private labelsOf(row: number): SampleBatch['series'][number] {
    return this.batch.series[this.batch.seriesIndex[row]!]!;
  }

  private amountOf(row: number): Amount {
    return this.batch.histograms.get(row) ?? this.batch.values[row]!;
  }
}

/** What cannot be added (a float to a histogram, custom buckets with other bounds) begins anew. */
function add(total: Amount | undefined, delta: Amount): Amount {
  if (typeof delta === 'number') return typeof total === 'number' ? total + delta : delta;
  if (total === undefined || typeof total === 'number') return delta;
  return addHistograms(total, delta) ?? delta;
}

function isSame(a: Amount, b: Amount): boolean {
  if (typeof a === 'number' || typeof b === 'number') return Object.is(a, b);
  return isSameHistogram(a, b);
}
