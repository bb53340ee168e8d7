/** Histogram points as native histograms: exponential ones, and explicit buckets as custom buckets (NHCB). */
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type BucketSpan, type Histogram } from '../model/histogram.js';
import { coarserIndex } from '../model/histogram-spans.js';
import { SCHEMA_MAX, SCHEMA_MIN, validateHistogram } from '../model/histogram-validate.js';
import type { ExponentialBuckets, ExponentialPoint, HistogramPoint } from '../wire/otlp-types.js';

/** Where the sender gives none: Prometheus' choice for all OTLP histograms. */
const DEFAULT_ZERO_THRESHOLD = 1e-128;
/** Up to this many empty buckets are stored as zeros, a longer gap starts a new span. Layout only. */
const ZEROS_MAX = 2;

/** Why a point is no native histogram, ready for an answer. */
export class HistogramFault {
  constructor(readonly kind: 'untranslatable' | 'invalid', readonly message: string) {}
}

export function exponentialToNative(point: ExponentialPoint): Histogram | HistogramFault {
  if (point.scale < SCHEMA_MIN) {
    const message = `cannot convert exponential to native histogram. Scale must be >= ${SCHEMA_MIN}, was ${point.scale}`;
    return new HistogramFault('untranslatable', message);
  }
  const schema = Math.min(point.scale, SCHEMA_MAX);
  const positive = exponentialSide(point.positive, point.scale - schema);
  const negative = exponentialSide(point.negative, point.scale - schema);
  return checked({
    float: false, schema, zeroThreshold: zeroThresholdOf(point), zeroCount: point.zeroCount, count: point.count, sum: point.sum ?? 0,
    positiveSpans: positive.spans, positiveBuckets: positive.counts, negativeSpans: negative.spans, negativeBuckets: negative.counts,
    customValues: [], resetHint: ResetHint.unknown,
  });
}

/**
 * What the sender says, as the OpenTelemetry specification on compatibility asks; Prometheus 3.14 writes its default over it, and
 * quantiles near zero are then off by the width of the zero bucket. SDKs leave it unset, and what cannot be a width counts as unset.
 */
function zeroThresholdOf({ zeroThreshold }: ExponentialPoint): number {
  return zeroThreshold > 0 && Number.isFinite(zeroThreshold) ? zeroThreshold : DEFAULT_ZERO_THRESHOLD;
}

export function explicitToNative(point: HistogramPoint): Histogram | HistogramFault {
  const layout = new BucketLayout();
  for (let i = 0; i < point.bucketCounts.length; i++) layout.add(i, point.bucketCounts[i]!);
  layout.finish();
  return checked({
    float: false, schema: CUSTOM_BUCKETS_SCHEMA, zeroThreshold: 0, zeroCount: 0, count: point.count, sum: point.sum ?? 0,
    positiveSpans: layout.spans, positiveBuckets: layout.counts, negativeSpans: [], negativeBuckets: [],
    customValues: point.explicitBounds, resetHint: ResetHint.unknown,
  });
}

function checked(histogram: Histogram): Histogram | HistogramFault {
  const fault = validateHistogram(histogram);
  return fault === undefined ? histogram : new HistogramFault('invalid', fault);
}

/** OTLP numbers buckets by their lower bound, Prometheus by the upper one: + 1. */
function exponentialSide({ offset, counts }: ExponentialBuckets, levels: number): BucketLayout {
  const layout = new BucketLayout();
  for (let i = 0; i < counts.length; i++) layout.add(coarserIndex(offset + i + 1, levels), counts[i]!);
  return layout.finish();
}

/** Collects buckets in rising index as spans and counts; equal indexes in a row are merged, empty buckets left out. */
class BucketLayout {
  readonly spans: BucketSpan[] = [];
  readonly counts: number[] = [];
  private spanOffset = 0;
  private spanLength = 0;
  /** Index after the last bucket so far. */
  private nextIndex = 0;

  add(index: number, count: number): void {
    if (count === 0) return;
    if (this.counts.length > 0 && index === this.nextIndex - 1) {
      this.counts[this.counts.length - 1]! += count;
      return;
    }
    const gap = index - this.nextIndex;
    if (this.counts.length === 0 || gap > ZEROS_MAX) {
      this.closeSpan();
      this.spanOffset = gap;
    } else {
      for (let i = 0; i < gap; i++) this.put(0);
    }
    this.put(count);
    this.nextIndex = index + 1;
  }

  finish(): this {
    this.closeSpan();
    return this;
  }

  private put(count: number): void {
    this.counts.push(count);
    this.spanLength++;
  }

  private closeSpan(): void {
    if (this.spanLength > 0) this.spans.push({ offset: this.spanOffset, length: this.spanLength });
    this.spanLength = 0;
  }
}
