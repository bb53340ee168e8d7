/**
 * `io.prometheus.client.MetricFamily`, each with its length before it: the protobuf exposition format
 * (`proto/io/prometheus/client/metrics.proto`), as far as federation needs it.
 */
import { ByteWriter } from '../encoding/byte-writer.js';
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type BucketSpan, type Histogram } from '../model/histogram.js';
import { spanIndexes } from '../model/histogram-spans.js';
import { putBytes, putDouble, putInt, putSint, putString } from './proto-fields.js';

export const METRIC_FAMILY_TYPE = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Numbers of `MetricType`. */
const UNTYPED = 3;
const HISTOGRAM = 4;
const GAUGE_HISTOGRAM = 5;

export interface FamilySample {
  readonly name: string;
  /** Without the name. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly timestampMs: number;
  readonly value: number | Histogram;
}

export class MetricFamilyWriter {
  private readonly out = new ByteWriter(64 * 1024);
  private readonly family = new ByteWriter();
  private readonly metric = new ByteWriter();
  private readonly part = new ByteWriter();
  private readonly inner = new ByteWriter();
  private open: { readonly name: string; readonly type: number } | undefined;

  /** Bytes so far. */
  get length(): number {
    return this.out.length + this.family.length;
  }

  /** A sample of another name, or of another kind, than the one before begins a family. */
  add({ name, labels, timestampMs, value }: FamilySample): void {
    const type = typeOf(value);
    if (this.open?.name !== name || this.open.type !== type) {
      this.closeFamily();
      this.open = { name, type };
      putString(this.family, 1, name);
      this.family.varint(3 * 8);
      this.family.varint(type);
    }
    const { metric, part } = this;
    metric.reset();
    for (const [label, text] of labels) {
      part.reset();
      putString(part, 1, label);
      putString(part, 2, text);
      putBytes(metric, 1, part.view());
    }
    part.reset();
    if (typeof value === 'number') putDouble(part, 1, value);
    else this.putHistogram(value);
    putBytes(metric, typeof value === 'number' ? 5 : 7, part.view());
    putInt(metric, 6, timestampMs);
    putBytes(this.family, 4, metric.view());
  }

  /** The whole answer. */
  finish(): Uint8Array {
    this.closeFamily();
    return this.out.view();
  }

  private closeFamily(): void {
    if (this.open === undefined) return;
    const bytes = this.family.view();
    this.out.varint(bytes.length);
    this.out.bytes(bytes);
    this.family.reset();
    this.open = undefined;
  }

  /** Counts as doubles, as Prometheus federates them. The format has no custom buckets: those go as classic ones. */
  private putHistogram(h: Histogram): void {
    const { part } = this;
    putDouble(part, 4, h.count);
    putDouble(part, 2, h.sum);
    if (h.schema === CUSTOM_BUCKETS_SCHEMA) {
      this.putClassicBuckets(h);
      return;
    }
    part.varint(5 * 8);
    part.zigzag(h.schema);
    putDouble(part, 6, h.zeroThreshold);
    putDouble(part, 8, h.zeroCount);
    this.putSpans(9, h.negativeSpans);
    this.putCounts(11, h.negativeBuckets);
    // Spans tell a native histogram from a classic one: without buckets there is still one, of length 0.
    this.putSpans(12, h.positiveSpans.length + h.negativeSpans.length > 0 ? h.positiveSpans : [{ offset: 0, length: 0 }]);
    this.putCounts(14, h.positiveBuckets);
  }

  private putClassicBuckets(h: Histogram): void {
    const { part, inner } = this;
    const counts = new Map(spanIndexes(h.positiveSpans).map((index, i) => [index, h.positiveBuckets[i]!]));
    let cumulative = 0;
    [...h.customValues, Infinity].forEach((bound, index) => {
      cumulative += counts.get(index) ?? 0;
      inner.reset();
      putDouble(inner, 4, cumulative);
      putDouble(inner, 2, bound);
      putBytes(part, 3, inner.view());
    });
  }

  private putSpans(field: number, spans: readonly BucketSpan[]): void {
    for (const { offset, length } of spans) {
      this.inner.reset();
      putSint(this.inner, 1, offset);
      putInt(this.inner, 2, length);
      putBytes(this.part, field, this.inner.view());
    }
  }

  /** Not packed: the schema is of proto2. */
  private putCounts(field: number, counts: readonly number[]): void {
    for (const count of counts) putDouble(this.part, field, count);
  }
}

function typeOf(value: number | Histogram): number {
  if (typeof value === 'number') return UNTYPED;
  return value.resetHint === ResetHint.gauge ? GAUGE_HISTOGRAM : HISTOGRAM;
}
