/** `prometheus.ReadResponse`: all samples of all queries, in one message, which is compressed while it is written. */
import { ByteWriter } from '../encoding/byte-writer.js';
import type { BucketSpan, Histogram } from '../model/histogram.js';
import type { Labels } from '../model/labels.js';
import type { SampleColumns } from '../model/sample-columns.js';
import { putBytes, putDouble, putDoubleFrom, putInt, putSint, putString } from './proto-fields.js';
import { SnappyParts } from './snappy-parts.js';

/** Of a query, before they are compressed. */
const PART_BYTES = 1024 * 1024;

export class ReadSamplesWriter {
  private readonly parts = new SnappyParts();
  /** Where the query begins: parts, bytes. */
  private firstPart = 0;
  private begin = 0;
  /** Its series that are not compressed yet. */
  private readonly query = new ByteWriter(64 * 1024);
  private readonly series = new ByteWriter();
  private readonly message = new ByteWriter();
  private readonly span = new ByteWriter(32);

  /** Bytes of the message so far. */
  get length(): number {
    return this.parts.length + this.query.length;
  }

  /** Bytes that it takes in memory. */
  get heldBytes(): number {
    return this.parts.compressedLength + this.query.length;
  }

  addSeries(labels: Labels, columns: SampleColumns): void {
    const { series, message } = this;
    series.reset();
    putLabels(series, labels, message);
    for (let i = 0; i < columns.length; i++) {
      if (columns.histograms?.[i] !== undefined) continue;
      message.reset();
      putDoubleFrom(message, 1, columns.values, i);
      putInt(message, 2, columns.timestamps[i]!);
      putBytes(series, 2, message.view());
    }
    columns.histograms?.forEach((histogram, i) => {
      if (histogram === undefined) return;
      message.reset();
      putHistogram(message, this.span, columns.timestamps[i]!, histogram);
      putBytes(series, 4, message.view());
    });
    putBytes(this.query, 1, series.view());
    if (this.query.length >= PART_BYTES) this.compress();
  }

  endQuery(): void {
    const { parts, message } = this;
    this.compress();
    message.reset();
    message.varint(1 * 8 + 2);
    message.varint(parts.length - this.begin);
    parts.add(message.view(), this.firstPart);
    this.firstPart = parts.count;
    this.begin = parts.length;
  }

  /** The message, compressed. Ends the use of this writer. */
  finish(): Uint8Array {
    return this.parts.finish();
  }

  private compress(): void {
    this.parts.add(this.query.view());
    this.query.reset();
  }
}

/** Field 1 of a series: its labels, in their order. `message` is scratch. */
export function putLabels(out: ByteWriter, labels: Labels, message: ByteWriter): void {
  for (let i = 0; i < labels.length; i++) {
    message.reset();
    putString(message, 1, labels.names[i]!);
    putString(message, 2, labels.values[i]!);
    putBytes(out, 1, message.view());
  }
}

function putHistogram(out: ByteWriter, scratch: ByteWriter, timestampMs: number, h: Histogram): void {
  if (h.float) putDouble(out, 2, h.count);
  else {
    // A member of a oneof is there even if it is 0.
    out.varint(1 * 8);
    out.varint(h.count);
  }
  putDouble(out, 3, h.sum);
  putSint(out, 4, h.schema);
  putDouble(out, 5, h.zeroThreshold);
  if (h.float) putDouble(out, 7, h.zeroCount);
  else {
    out.varint(6 * 8);
    out.varint(h.zeroCount);
  }
  putSpans(out, scratch, 8, h.negativeSpans);
  putBuckets(out, scratch, 9, h.negativeBuckets, h.float);
  putSpans(out, scratch, 11, h.positiveSpans);
  putBuckets(out, scratch, 12, h.positiveBuckets, h.float);
  putInt(out, 14, h.resetHint);
  putInt(out, 15, timestampMs);
  if (h.customValues.length > 0) {
    scratch.reset();
    for (const bound of h.customValues) scratch.f64(bound);
    putBytes(out, 16, scratch.view());
  }
}

function putSpans(out: ByteWriter, scratch: ByteWriter, field: number, spans: readonly BucketSpan[]): void {
  for (const { offset, length } of spans) {
    scratch.reset();
    putSint(scratch, 1, offset);
    putInt(scratch, 2, length);
    putBytes(out, field, scratch.view());
  }
}

/** Deltas as `field`, or absolute doubles as the field behind it. */
function putBuckets(out: ByteWriter, scratch: ByteWriter, field: number, buckets: readonly number[], float: boolean): void {
  if (buckets.length === 0) return;
  scratch.reset();
  let before = 0;
  for (const count of buckets) {
    if (float) scratch.f64(count);
    else scratch.zigzag(count - before);
    before = count;
  }
  putBytes(out, float ? field + 1 : field, scratch.view());
}
