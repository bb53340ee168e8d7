/** `rate`, `increase`, `delta` of histograms with the modifiers `anchored` and `smoothed`; see `functions/extended-rate`. */
import { invariant } from '../../invariant.js';
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type Histogram } from '../../model/histogram.js';
import { anchorIndex, firstAtOrAfter } from '../functions/extended-rate.js';
import { rangeSeconds } from '../functions/start-time.js';
import type { HistogramResult } from './arithmetic.js';
import { FloatHistogram } from './float-histogram.js';
import { HistogramNote } from './notes.js';
import type { HistogramColumns } from './rate.js';
import { detectReset } from './reset.js';

const NONE: HistogramResult = { histogram: undefined, notes: 0 };

/**
 * @param lo window [lo, hi), histograms only, at least one, with the samples around the range too
 * @returns no histogram if none is after the start of the range (or, smoothed, before its end), or with `mixedSchemas`
 */
export function extendedHistogramRate(
  columns: HistogramColumns,
  lo: number,
  hi: number,
  rangeStartMs: number,
  rangeEndMs: number,
  isCounter: boolean,
  isRate: boolean,
  smoothed: boolean,
): HistogramResult {
  const { timestamps } = columns;
  const first = anchorIndex(timestamps, lo, hi, rangeStartMs);
  const last = smoothed ? firstAtOrAfter(timestamps, lo, hi - 1, rangeEndMs) : hi - 1;
  if (timestamps[last]! <= rangeStartMs || (smoothed && timestamps[first]! > rangeEndMs)) return NONE;
  const increase = new ExtendedIncrease(columns, isCounter);
  const histogram = increase.compute(
    first, last,
    smoothed && timestamps[first]! < rangeStartMs ? rangeStartMs : undefined,
    smoothed && last > lo && timestamps[last]! > rangeEndMs ? rangeEndMs : undefined,
  );
  if (histogram === undefined) return { histogram: undefined, notes: increase.notes };
  if (isRate) histogram.div(rangeSeconds(rangeEndMs - rangeStartMs));
  histogram.resetHint = ResetHint.gauge;
  return { histogram: histogram.compact().toHistogram(), notes: increase.notes };
}

/**
 * The histogram at `atMs` between samples i and i + 1, for smoothed instant selectors (not as a counter). No histogram
 * with `mixedSchemas`.
 */
export function interpolateHistogramAt(columns: HistogramColumns, i: number, atMs: number, isCounter: boolean): HistogramResult {
  const { timestamps, histograms } = columns;
  const share = (atMs - timestamps[i]!) / (timestamps[i + 1]! - timestamps[i]!);
  const [result, notes] = interpolate(histograms[i]!, histograms[i + 1]!, share, isCounter);
  return { histogram: result?.toHistogram(), notes };
}

/** a + (b - a) * share; after a counter reset b is taken to have risen from nothing. */
function interpolate(a: Histogram, b: Histogram, share: number, isCounter: boolean): [FloatHistogram | undefined, number] {
  const result = FloatHistogram.from(b);
  if (isCounter && detectReset(b, a)) return [result.mul(share), 0];
  const from = FloatHistogram.from(a);
  const subtracted = result.sub(from);
  if (subtracted === HistogramNote.mixedSchemas) return [undefined, subtracted];
  const notes = subtracted | result.mul(share).add(from);
  return [result, notes & ~HistogramNote.resetCollision];
}

class ExtendedIncrease {
  notes = 0;

  constructor(
    private readonly columns: HistogramColumns,
    private readonly isCounter: boolean,
  ) {}

  /** `leftMs`, `rightMs`: where to interpolate after `first` and before `last`, undefined for the samples themselves. */
  compute(first: number, last: number, leftMs: number | undefined, rightMs: number | undefined): FloatHistogram | undefined {
    if (!this.check(first, last)) return undefined;
    const left = leftMs === undefined ? FloatHistogram.from(this.at(first)) : this.interpolate(first, leftMs);
    const right = rightMs === undefined ? FloatHistogram.from(this.at(last)) : this.interpolate(last - 1, rightMs);
    if (!this.isCounter && (left.resetHint !== ResetHint.gauge || right.resetHint !== ResetHint.gauge)) {
      this.notes |= HistogramNote.notGauge;
    }
    const increase = right.copy();
    this.note(increase.sub(left));
    if (this.isCounter) {
      const before = this.lostInResets(first, last, left.toHistogram(), right.toHistogram(), leftMs !== undefined);
      if (before !== undefined) this.note(increase.add(before));
    }
    return increase;
  }

  private at(i: number): Histogram {
    return this.columns.histograms[i]!;
  }

  private note(notes: number): void {
    this.notes |= notes & ~HistogramNote.resetCollision;
  }

  private check(first: number, last: number): boolean {
    const custom = this.at(first).schema === CUSTOM_BUCKETS_SCHEMA;
    for (let i = first; i <= last; i++) {
      if ((this.at(i).schema === CUSTOM_BUCKETS_SCHEMA) !== custom) {
        this.notes |= HistogramNote.mixedSchemas;
        return false;
      }
      if (this.isCounter && this.at(i).resetHint === ResetHint.gauge) this.notes |= HistogramNote.notCounter;
    }
    return true;
  }

  /** Both samples have passed the check. */
  private interpolate(i: number, atMs: number): FloatHistogram {
    const { timestamps } = this.columns;
    const share = (atMs - timestamps[i]!) / (timestamps[i + 1]! - timestamps[i]!);
    const [result, notes] = interpolate(this.at(i), this.at(i + 1), share, this.isCounter);
    invariant(result !== undefined, 'interpolation between checked histograms');
    this.note(notes);
    return result;
  }

  /** Sum of what was there before each reset between the ends; undefined if there was none. */
  private lostInResets(
    first: number, last: number, left: Histogram, right: Histogram, leftInterpolated: boolean,
  ): FloatHistogram | undefined {
    let prev = left;
    let from = first + 1;
    if (leftInterpolated && detectReset(this.at(first + 1), this.at(first))) {
      // That reset is in the interpolated left end already.
      prev = this.at(first + 1);
      from++;
    }
    // The right end stands for sample `last`, whose hint it has: going over both would find one reset twice.
    if (from > last) return undefined;
    let lost: FloatHistogram | undefined;
    for (let i = from; i <= last; i++) {
      const current = i === last ? right : this.at(i);
      if (detectReset(current, prev)) {
        if (lost === undefined) lost = FloatHistogram.from(prev);
        else this.note(lost.add(FloatHistogram.from(prev)));
      }
      prev = current;
    }
    return lost;
  }
}
