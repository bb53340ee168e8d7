/** `rate`, `increase`, `delta`, `irate`, `idelta` over histograms. `notes` are bits of `HistogramNote`. */
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type Histogram } from '../../model/histogram.js';
import { hasStartTimeOverlap, isStartTimeReset, startsInside } from '../functions/start-time.js';
import { extrapolationFactor } from '../functions/window-stats.js';
import type { HistogramResult } from './arithmetic.js';
import { FloatHistogram } from './float-histogram.js';
import { HistogramNote } from './notes.js';
import { detectReset } from './reset.js';

/** Columns of one series. `histograms[i]` belongs to `timestamps[i]`, undefined where the sample is a float. */
export interface HistogramColumns {
  readonly timestamps: Float64Array;
  readonly histograms: readonly (Histogram | undefined)[];
  /** ms, 0 = unknown; undefined where start timestamps are not in use. */
  readonly starts?: Float64Array | undefined;
}

/**
 * The extrapolated rate, increase or delta over samples [lo, hi), which the range (rangeStartMs, rangeEndMs] selected;
 * as `extrapolatedRate` of floats, the total count deciding where the zero point is. The result is a gauge.
 *
 * No result: fewer than two samples (one is enough for a counter that started inside the range); a float among them
 * (mixedFloats); exponential next to custom buckets (mixedSchemas).
 */
export function extrapolatedHistogramRate(
  columns: HistogramColumns,
  lo: number,
  hi: number,
  rangeStartMs: number,
  rangeEndMs: number,
  isCounter: boolean,
  isRate: boolean,
): HistogramResult {
  const { timestamps, histograms, starts } = columns;
  for (let i = lo; i < hi; i++) {
    if (histograms[i] === undefined) return { histogram: undefined, notes: HistogramNote.mixedFloats };
  }
  const first = histograms[lo]!;
  const startMs = isCounter && starts !== undefined ? starts[lo]! : 0;
  const startKnown = startsInside(startMs, timestamps[lo]!, rangeStartMs);
  if (hi - lo < 2 && !startKnown) return { histogram: undefined, notes: 0 };
  let notes = 0;
  let increase: FloatHistogram | undefined;
  if (hi - lo >= 2) {
    const difference = increaseOver(columns, lo, hi, isCounter);
    notes = difference.notes;
    if (difference.increase === undefined) return { histogram: undefined, notes };
    increase = difference.increase;
  }
  if (startKnown) {
    if (increase === undefined) {
      increase = FloatHistogram.from(first);
    } else {
      const added = increase.add(FloatHistogram.from(first));
      notes |= added & ~HistogramNote.resetCollision;
      if (added === HistogramNote.mixedSchemas) return { histogram: undefined, notes };
    }
  }
  const zeroShare = isCounter && increase!.count > 0 && first.count >= 0 ? first.count / increase!.count : NaN;
  const factor = extrapolationFactor(
    timestamps[lo]!, timestamps[hi - 1]!, hi - lo, rangeStartMs, rangeEndMs, isRate, startMs, zeroShare,
  );
  return { histogram: increase!.mul(factor).toHistogram(), notes };
}

/** Last minus first, with what was there before each counter reset added back. At least two samples, all histograms. */
function increaseOver(
  columns: HistogramColumns, lo: number, hi: number, isCounter: boolean,
): { readonly increase: FloatHistogram | undefined; readonly notes: number } {
  const { histograms } = columns;
  const first = histograms[lo]!;
  const last = histograms[hi - 1]!;
  const mixed = { increase: undefined, notes: HistogramNote.mixedSchemas };
  let notes = 0;
  if (isCounter && (isGauge(first) || isGauge(last))) notes |= HistogramNote.notCounter;
  // A reset after the first sample makes its contents irrelevant, its layout too.
  const ignoreFirst = isCounter && isResetAt(columns, lo + 1);
  const base = ignoreFirst ? histograms[lo + 1]! : first;
  const custom = isCustom(base);
  if (isCustom(last) !== custom) return { increase: undefined, notes: notes | HistogramNote.mixedSchemas };
  let schema = Math.min(last.schema, base.schema);
  if (isCounter) {
    for (let i = lo + 1; i < hi - 1; i++) {
      const h = histograms[i]!;
      if (isGauge(h)) notes |= HistogramNote.notCounter;
      if (isCustom(h) !== custom) return mixed;
      schema = Math.min(schema, h.schema);
    }
  } else if (!isGauge(first) || !isGauge(last)) {
    notes |= HistogramNote.notGauge;
  }
  const increase = FloatHistogram.from(last).reduceTo(schema);
  const subtrahend = ignoreFirst ? FloatHistogram.emptyLike(base) : FloatHistogram.from(first);
  // Hints may collide here on purpose: resets are dealt with below.
  notes |= increase.sub(subtrahend) & ~HistogramNote.resetCollision;
  if (isCounter) {
    if (columns.starts && hasStartTimeOverlap(columns.timestamps, columns.starts, lo, hi)) notes |= HistogramNote.startTimeOverlap;
    for (let i = ignoreFirst ? lo + 2 : lo + 1; i < hi; i++) {
      if (isResetAt(columns, i)) notes |= increase.add(FloatHistogram.from(histograms[i - 1]!)) & ~HistogramNote.resetCollision;
    }
  }
  increase.resetHint = ResetHint.gauge;
  return { increase: increase.compact(), notes };
}

/** `irate` (isRate) and `idelta`: the last two samples of a window, i - 1 and i, both histograms. */
export function instantHistogramRate(columns: HistogramColumns, i: number, isRate: boolean): HistogramResult {
  const previous = columns.histograms[i - 1]!;
  const last = columns.histograms[i]!;
  let notes = 0;
  if (isRate && (isGauge(last) || isGauge(previous))) notes |= HistogramNote.notCounter;
  if (!isRate && (!isGauge(last) || !isGauge(previous))) notes |= HistogramNote.notGauge;
  const result = FloatHistogram.from(last);
  if (!isRate || !isResetAt(columns, i)) {
    const subtracted = result.sub(FloatHistogram.from(previous));
    notes |= subtracted & ~HistogramNote.resetCollision;
    if (subtracted === HistogramNote.mixedSchemas) return { histogram: undefined, notes };
  }
  result.resetHint = ResetHint.gauge;
  result.compact();
  if (isRate) result.div((columns.timestamps[i]! - columns.timestamps[i - 1]!) / 1000);
  return { histogram: result.toHistogram(), notes };
}

/** True if the counter was reset between samples i - 1 and i. */
export function isResetAt(columns: HistogramColumns, i: number): boolean {
  const { timestamps, histograms, starts } = columns;
  if (starts && isStartTimeReset(starts[i - 1]!, timestamps[i - 1]!, starts[i]!, timestamps[i]!)) return true;
  return detectReset(histograms[i]!, histograms[i - 1]!);
}

function isGauge(h: Histogram): boolean {
  return h.resetHint === ResetHint.gauge;
}

function isCustom(h: Histogram): boolean {
  return h.schema === CUSTOM_BUCKETS_SCHEMA;
}
