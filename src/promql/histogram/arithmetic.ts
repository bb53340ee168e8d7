/** Operators and aggregations on histograms. Arguments are never changed; `notes` are bits of `HistogramNote`. */
import { ResetHint, type BucketSpan, type Histogram } from '../../model/histogram.js';
import { spanIndexes } from '../../model/histogram-spans.js';
import { FloatHistogram } from './float-histogram.js';
import { HistogramNote } from './notes.js';
import { sameIndexes } from './sides.js';

export interface HistogramResult {
  /** undefined if there is none; `notes` say why. */
  readonly histogram: Histogram | undefined;
  readonly notes: number;
}

/** `a + b`. Notes: mixedSchemas, resetCollision, reconciledAddition. */
export function addHistograms(a: Histogram, b: Histogram): HistogramResult {
  const sum = FloatHistogram.from(a);
  const notes = sum.add(FloatHistogram.from(b));
  return { histogram: notes === HistogramNote.mixedSchemas ? undefined : sum.compact().toHistogram(), notes };
}

/** `a - b`, always a gauge. Notes: mixedSchemas, resetCollision, reconciledSubtraction. */
export function subHistograms(a: Histogram, b: Histogram): HistogramResult {
  const difference = FloatHistogram.from(a);
  const notes = difference.sub(FloatHistogram.from(b));
  if (notes === HistogramNote.mixedSchemas) return { histogram: undefined, notes };
  difference.resetHint = ResetHint.gauge;
  return { histogram: difference.compact().toHistogram(), notes };
}

/** `h * factor`; -1 for the unary minus. */
export function mulHistogram(h: Histogram, factor: number): Histogram {
  return FloatHistogram.from(h).mul(factor).compact().toHistogram();
}

/** `h / divisor`; by 0 leaves the totals only, infinite or NaN. */
export function divHistogram(h: Histogram, divisor: number): Histogram {
  return FloatHistogram.from(h).div(divisor).compact().toHistogram();
}

/** Without empty buckets, with the fewest spans. The results of aggregations are compacted, those of _over_time are not. */
export function compactHistogram(h: Histogram): Histogram {
  return FloatHistogram.from(h).compact().toHistogram();
}

/**
 * `a == b`: the same layout and the same numbers, empty buckets included (results of operators are compact anyway). A
 * NaN equals itself, 0 does not equal -0, hints are not compared: what matters is equality of data.
 */
export function equalHistograms(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameIndexes(a.customValues, b.customValues) &&
    sameSide(a.positiveSpans, a.positiveBuckets, b.positiveSpans, b.positiveBuckets) &&
    sameSide(a.negativeSpans, a.negativeBuckets, b.negativeSpans, b.negativeBuckets)
  );
}

function sameSide(
  spansA: readonly BucketSpan[], bucketsA: readonly number[], spansB: readonly BucketSpan[], bucketsB: readonly number[],
): boolean {
  if (bucketsA.length !== bucketsB.length) return false;
  for (let i = 0; i < bucketsA.length; i++) if (!Object.is(bucketsA[i], bucketsB[i])) return false;
  return spansA === spansB || sameIndexes(spanIndexes(spansA), spanIndexes(spansB));
}

/**
 * What sums and means have in common. After a mix of exponential and custom buckets there is no result, whatever comes.
 * Hints are looked at on the inputs: of three, two may collide although the sum on the way has lost its hint.
 */
abstract class Accumulator {
  private sawReset = false;
  private sawNoReset = false;
  private otherNotes = 0;

  /** Bits: mixedSchemas, resetCollision, reconciledAddition (the caller says "aggregation"). */
  get notes(): number {
    return this.otherNotes | (this.sawReset && this.sawNoReset ? HistogramNote.resetCollision : 0);
  }

  /** The engine stops at a mix: the notes then are that alone. */
  protected get failed(): boolean {
    return this.otherNotes === HistogramNote.mixedSchemas;
  }

  protected seen(hint: ResetHint): void {
    if (hint === ResetHint.reset) this.sawReset = true;
    if (hint === ResetHint.noReset) this.sawNoReset = true;
  }

  /** @returns false if there can be no result any more */
  protected took(notes: number): boolean {
    if (notes === HistogramNote.mixedSchemas) {
      this.otherNotes = notes;
      this.sawReset = this.sawNoReset = false;
      return false;
    }
    this.otherNotes |= notes & HistogramNote.reconciledAddition;
    return true;
  }
}

/** `sum` and `sum_over_time`: a compensated sum. Add one histogram or more, then take the result once. */
export class HistogramSum extends Accumulator {
  private sum: FloatHistogram | undefined;

  add(h: Histogram): void {
    if (this.failed) return;
    this.seen(h.resetHint);
    if (this.sum === undefined) this.sum = FloatHistogram.from(h).compensated();
    else this.took(this.sum.add(FloatHistogram.from(h)));
  }

  result(): Histogram | undefined {
    return this.failed ? undefined : this.sum?.toHistogram();
  }
}

/**
 * `avg` and `avg_over_time`: sum and divide; from the histogram on that would overflow a number of the sum, keep the
 * mean instead.
 */
export class HistogramMean extends Accumulator {
  private count = 0;
  /** Sum of `count` histograms, or their mean. */
  private total: FloatHistogram | undefined;
  private incremental = false;

  add(h: Histogram): void {
    if (this.failed) return;
    this.seen(h.resetHint);
    this.count++;
    const next = FloatHistogram.from(h);
    if (this.total === undefined) {
      this.total = next.compensated();
      return;
    }
    if (!this.incremental) {
      const sum = this.total.copy();
      if (!this.took(sum.add(next))) return;
      if (!sum.hasOverflow()) {
        this.total = sum;
        return;
      }
      this.incremental = true;
      this.total.div(this.count - 1);
    }
    this.total.mul((this.count - 1) / this.count);
    this.took(this.total.add(next.div(this.count)));
  }

  result(): Histogram | undefined {
    if (this.failed || this.total === undefined) return undefined;
    if (!this.incremental) this.total.div(this.count);
    return this.total.toHistogram();
  }
}
