/**
 * Chunks of native histograms as Prometheus sends them (`tsdb/chunkenc/histogram.go`, `float_histogram.go`): a byte for the
 * counter reset, the layout of the buckets once, then samples as differences of differences (integers) or XOR (floats).
 */
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type BucketSpan, type Histogram } from '../model/histogram.js';
import { bitsOf } from '../model/stale-nan.js';
import { BitWriter } from './bit-writer.js';
import { putVarbitInt, putVarbitUint } from './varbit.js';
import { XorValue } from './xor-value.js';

/** The two highest bits of the header, by the hint of the first histogram. */
const HEADER_OF_HINT: Readonly<Record<ResetHint, number>> = {
  [ResetHint.unknown]: 0, [ResetHint.reset]: 0x80, [ResetHint.noReset]: 0x40, [ResetHint.gauge]: 0xc0,
};
/** A zero threshold that is a power of two in this range is one byte. */
const ZERO_EXPONENT_MIN = -242;
const ZERO_EXPONENT_MAX = 11;
const ZERO_EXPONENT_BIAS = 243;
/** Custom bounds that are whole when multiplied by 1000, up to here, are varbit numbers. */
const BOUND_MAX = 33554430;

export class HistogramChunkEncoder {
  private readonly out = new BitWriter();
  private previous: Histogram | undefined;
  private time = 0;
  private timeDelta = 0;
  private count = 0;
  /** For integers: count, zero count and buckets (themselves differences along the buckets), and how they changed last. */
  private integers = new Float64Array(0);
  private changes = new Float64Array(0);
  private readonly sum = new XorValue();
  /** For floats: count, zero count, sum, buckets. */
  private floats: XorValue[] = [];

  get length(): number {
    return this.count;
  }

  /**
   * True if the histogram can follow in the chunk: of the same kind and layout and without a counter reset. A reader takes
   * everything behind the first histogram of a chunk as "no reset" without looking.
   */
  takes(histogram: Histogram): boolean {
    const before = this.previous;
    return before !== undefined && sameLayout(before, histogram) && follows(before, histogram);
  }

  append(timestampMs: number, histogram: Histogram): void {
    const { out } = this;
    if (this.count === 0) {
      out.reset();
      out.bits(0, 16);
      out.bits(HEADER_OF_HINT[histogram.resetHint], 8);
      putLayout(out, histogram);
      putVarbitInt(out, timestampMs);
      this.timeDelta = 0;
    } else {
      const delta = timestampMs - this.time;
      putVarbitInt(out, delta - this.timeDelta);
      this.timeDelta = delta;
    }
    if (histogram.float) this.putFloats(histogram);
    else this.putIntegers(histogram);
    this.time = timestampMs;
    this.previous = histogram;
    this.count++;
  }

  finish(): Uint8Array {
    this.out.patch(0, this.count >>> 8);
    this.out.patch(1, this.count & 0xff);
    this.count = 0;
    this.previous = undefined;
    return this.out.copy();
  }

  private putIntegers(histogram: Histogram): void {
    const { out } = this;
    const { low, high } = bitsOf(histogram.sum);
    const next = Float64Array.of(
      histogram.count, histogram.zeroCount, ...differences(histogram.positiveBuckets), ...differences(histogram.negativeBuckets),
    );
    if (this.count === 0) {
      putVarbitUint(out, next[0]!);
      putVarbitUint(out, next[1]!);
      this.sum.first(out, low, high);
      for (let i = 2; i < next.length; i++) putVarbitInt(out, next[i]!);
      this.changes = new Float64Array(next.length);
    } else {
      for (let i = 0; i < next.length; i++) {
        // The sum stands between the zero count and the buckets.
        if (i === 2) this.sum.next(out, low, high);
        const change = next[i]! - this.integers[i]!;
        putVarbitInt(out, change - this.changes[i]!);
        this.changes[i] = change;
      }
      if (next.length === 2) this.sum.next(out, low, high);
    }
    this.integers = next;
  }

  private putFloats({ count, zeroCount, sum, positiveBuckets, negativeBuckets }: Histogram): void {
    const first = this.count === 0;
    const values = [count, zeroCount, sum, ...positiveBuckets, ...negativeBuckets];
    if (first) this.floats = values.map(() => new XorValue());
    values.forEach((value, i) => {
      const { low, high } = bitsOf(value);
      if (first) this.floats[i]!.first(this.out, low, high);
      else this.floats[i]!.next(this.out, low, high);
    });
  }
}

function putLayout(out: BitWriter, histogram: Histogram): void {
  putZeroThreshold(out, histogram.zeroThreshold);
  putVarbitInt(out, histogram.schema);
  putSpans(out, histogram.positiveSpans);
  putSpans(out, histogram.negativeSpans);
  if (histogram.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  putVarbitUint(out, histogram.customValues.length);
  for (const bound of histogram.customValues) putBound(out, bound);
}

function putSpans(out: BitWriter, spans: readonly BucketSpan[]): void {
  putVarbitUint(out, spans.length);
  for (const { offset, length } of spans) {
    putVarbitUint(out, length);
    putVarbitInt(out, offset);
  }
}

function putZeroThreshold(out: BitWriter, threshold: number): void {
  if (threshold === 0) {
    out.bits(0, 8);
    return;
  }
  const { low, high } = bitsOf(threshold);
  // threshold = 0.5 * 2^exponent exactly
  const exponent = ((high >>> 20) & 0x7ff) - 1022;
  const powerOfTwo = low === 0 && (high & 0xfffff) === 0 && high >>> 31 === 0;
  if (powerOfTwo && exponent >= ZERO_EXPONENT_MIN && exponent <= ZERO_EXPONENT_MAX) {
    out.bits(exponent + ZERO_EXPONENT_BIAS, 8);
    return;
  }
  out.bits(255, 8);
  out.wideBits(low, high, 64);
}

function putBound(out: BitWriter, bound: number): void {
  const thousandfold = bound * 1000;
  const whole = Math.round(thousandfold);
  if (thousandfold < 0 || thousandfold > BOUND_MAX || whole / 1000 !== bound || Object.is(bound, -0)) {
    const { low, high } = bitsOf(bound);
    out.bits(0, 1);
    out.wideBits(low, high, 64);
    return;
  }
  out.bits(1, 1);
  putVarbitUint(out, whole);
}

function differences(counts: readonly number[]): number[] {
  return counts.map((count, i) => (i === 0 ? count : count - counts[i - 1]!));
}

function sameLayout(a: Histogram, b: Histogram): boolean {
  return a.float === b.float && a.schema === b.schema && a.zeroThreshold === b.zeroThreshold
    && sameSpans(a.positiveSpans, b.positiveSpans) && sameSpans(a.negativeSpans, b.negativeSpans)
    && sameNumbers(a.customValues, b.customValues);
}

function sameSpans(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  return a.length === b.length && a.every(({ offset, length }, i) => offset === b[i]!.offset && length === b[i]!.length);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function follows(before: Histogram, next: Histogram): boolean {
  if (next.resetHint === ResetHint.gauge || before.resetHint === ResetHint.gauge) return next.resetHint === before.resetHint;
  if (next.resetHint === ResetHint.reset) return false;
  return !(next.count < before.count) && !(next.zeroCount < before.zeroCount)
    && rises(before.positiveBuckets, next.positiveBuckets) && rises(before.negativeBuckets, next.negativeBuckets);
}

function rises(before: readonly number[], next: readonly number[]): boolean {
  return next.every((count, i) => !(count < before[i]!));
}
