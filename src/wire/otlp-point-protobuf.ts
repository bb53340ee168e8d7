/** The data points of OTLP protobuf, with attributes and exemplars: what the messages around them (`otlp-protobuf.ts`) are read for. */
import { isStaleBits } from '../model/stale-nan.js';
import {
  ILL_FORMED_MARK, KeyValueList, newExponentialPoint, newHistogramPoint, newNumberPoint, newSummaryPoint, VALUE_DEPTH_MAX,
  type AnyValue, type ExponentialBuckets, type ExponentialPoint, type HistogramPoint, type KeyValue, type NumberPoint, type OtlpExemplar,
  type PointBase, type SummaryPoint,
} from './otlp-types.js';
import { BYTES, FIXED64, ProtoReader, VARINT } from './proto-reader.js';
import { WireError } from './wire-error.js';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const NO_RECORDED_VALUE = 1;

/** 2^32 ns = 4294 ms and 967296 ns: with it, 64-bit nanoseconds become milliseconds in exact double arithmetic. */
const MS_PER_HIGH = 4294;
const NS_REST_PER_HIGH = 967_296;
const NS_PER_MS = 1_000_000;

export abstract class OtlpPointReader {
  protected readonly reader: ProtoReader;
  /** A text was no UTF-8. */
  protected illFormed = false;
  /** Messages of `selection` read so far. */
  private taken = 0;

  /**
   * @param selection offsets in `bytes` where messages begin, rising: only these data points are read, with the resource, scope and
   *   metric that they belong to, and these metrics and resources, without points that are not named themselves. Absent: everything.
   */
  constructor(bytes: Uint8Array, private readonly selection?: Uint32Array) {
    this.reader = new ProtoReader(bytes);
  }

  /** Whether the embedded message of the current field is wanted, or has something wanted in it. */
  protected isSelected(): boolean {
    if (this.selection === undefined) return true;
    // Damaged is damaged, wanted or not.
    this.reader.expect(BYTES);
    const next = this.selection[this.taken];
    if (next === undefined) return false;
    const { reader } = this;
    const start = reader.pos;
    const outer = reader.enter();
    const end = reader.len;
    reader.leave(outer);
    reader.pos = start;
    // Messages before the next wanted one end before it: its own tag and length lie between.
    return next <= end;
  }

  /** Enters a message that may be in the selection. */
  protected enterSelected(): number {
    const outer = this.reader.enter();
    if (this.selection?.[this.taken] === this.reader.pos) this.taken++;
    return outer;
  }

  protected numberPoint(): NumberPoint {
    const { reader } = this;
    const point = newNumberPoint();
    this.taken++;
    let stale = false;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 4:
          point.value = reader.expect(FIXED64).readDouble();
          stale = isStaleBits(reader.low, reader.high);
          break;
        case 5: point.exemplars.push(this.exemplar()); break;
        case 6:
          point.value = reader.expect(FIXED64).fixedSigned64();
          stale = false;
          break;
        case 7: point.attributes.push(this.keyValue(0)); break;
        case 8: this.flags(point); break;
        default: this.time(point);
      }
    }
    reader.leave(outer);
    if (stale) point.noRecordedValue = true;
    return point;
  }

  protected histogramPoint(): HistogramPoint {
    const { reader } = this;
    const point = newHistogramPoint();
    const outer = this.enterSelected();
    while (reader.next()) {
      switch (reader.field) {
        case 4: point.count = reader.expect(FIXED64).fixedUnsigned64(); break;
        case 5: point.sum = reader.expect(FIXED64).readDouble(); break;
        case 6: this.fixedCounts(point.bucketCounts); break;
        case 7: reader.doublesInto(point.explicitBounds); break;
        case 8: point.exemplars.push(this.exemplar()); break;
        case 9: point.attributes.push(this.keyValue(0)); break;
        case 10: this.flags(point); break;
        default: this.time(point);
      }
    }
    reader.leave(outer);
    return point;
  }

  protected exponentialPoint(): ExponentialPoint {
    const { reader } = this;
    const point = newExponentialPoint();
    const outer = this.enterSelected();
    while (reader.next()) {
      switch (reader.field) {
        case 1: point.attributes.push(this.keyValue(0)); break;
        case 4: point.count = reader.expect(FIXED64).fixedUnsigned64(); break;
        case 5: point.sum = reader.expect(FIXED64).readDouble(); break;
        case 6: point.scale = reader.expect(VARINT).sint32(); break;
        case 7: point.zeroCount = reader.expect(FIXED64).fixedUnsigned64(); break;
        case 8: this.exponentialBuckets(point.positive); break;
        case 9: this.exponentialBuckets(point.negative); break;
        case 10: this.flags(point); break;
        case 11: point.exemplars.push(this.exemplar()); break;
        case 14: point.zeroThreshold = reader.expect(FIXED64).readDouble(); break;
        default: this.time(point);
      }
    }
    reader.leave(outer);
    return point;
  }

  private exponentialBuckets(buckets: ExponentialBuckets): void {
    const { reader } = this;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: buckets.offset = reader.expect(VARINT).sint32(); break;
        case 2: this.varintCounts(buckets.counts); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
  }

  protected summaryPoint(): SummaryPoint {
    const { reader } = this;
    const point = newSummaryPoint();
    const outer = this.enterSelected();
    while (reader.next()) {
      switch (reader.field) {
        case 4: point.count = reader.expect(FIXED64).fixedUnsigned64(); break;
        case 5: point.sum = reader.expect(FIXED64).readDouble(); break;
        case 6: point.quantiles.push(this.quantile()); break;
        case 7: point.attributes.push(this.keyValue(0)); break;
        case 8: this.flags(point); break;
        default: this.time(point);
      }
    }
    reader.leave(outer);
    return point;
  }

  private quantile(): { quantile: number; value: number } {
    const { reader } = this;
    let quantile = 0;
    let value = 0;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: quantile = reader.expect(FIXED64).readDouble(); break;
        case 2: value = reader.expect(FIXED64).readDouble(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return { quantile, value };
  }

  private exemplar(): OtlpExemplar {
    const { reader } = this;
    const out: OtlpExemplar = { filteredAttributes: [], timeMs: 0, value: undefined, traceId: '', spanId: '' };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 2: out.timeMs = this.nanosAsMs(); break;
        case 3: out.value = reader.expect(FIXED64).readDouble(); break;
        case 4: out.spanId = this.id(SPAN_ID_BYTES, 'span_id'); break;
        case 5: out.traceId = this.id(TRACE_ID_BYTES, 'trace_id'); break;
        case 6: out.value = reader.expect(FIXED64).fixedSigned64(); break;
        case 7: out.filteredAttributes.push(this.keyValue(0)); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return out;
  }

  protected keyValue(depth: number): KeyValue {
    const { reader } = this;
    let key = '';
    let value: AnyValue = null;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: key = this.text(); break;
        case 2: value = this.anyValue(depth); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return { key, value };
  }

  private anyValue(depth: number): AnyValue {
    if (depth > VALUE_DEPTH_MAX) throw new WireError('corrupt', `attribute value nested deeper than ${VALUE_DEPTH_MAX} levels`);
    const { reader } = this;
    let value: AnyValue = null;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: value = this.text(); break;
        case 2: value = reader.expect(VARINT).bool(); break;
        case 3: value = this.exactInt(); break;
        case 4: value = reader.expect(FIXED64).readDouble(); break;
        case 5: value = this.arrayValue(depth); break;
        case 6: value = this.keyValueList(depth); break;
        case 7: value = reader.expect(BYTES).bytes(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return value;
  }

  private arrayValue(depth: number): AnyValue {
    const { reader } = this;
    const values: AnyValue[] = [];
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) values.push(this.anyValue(depth + 1));
      else reader.skipField();
    }
    reader.leave(outer);
    return values;
  }

  private keyValueList(depth: number): AnyValue {
    const { reader } = this;
    const entries: KeyValue[] = [];
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) entries.push(this.keyValue(depth + 1));
      else reader.skipField();
    }
    reader.leave(outer);
    return new KeyValueList(entries);
  }

  private exactInt(): bigint {
    const { reader } = this;
    const rounded = reader.expect(VARINT).signed64();
    return Number.isSafeInteger(rounded) ? BigInt(rounded) : BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(reader.low));
  }

  /** Fields 2 and 3 of every kind of point; others are skipped. */
  private time(point: PointBase): void {
    switch (this.reader.field) {
      case 2: point.startMs = this.nanosAsMs(); break;
      case 3: point.timeMs = this.nanosAsMs(); break;
      default: this.reader.skipField();
    }
  }

  private nanosAsMs(): number {
    const { reader } = this;
    reader.expect(FIXED64).fixedUnsigned64();
    return reader.high * MS_PER_HIGH + Math.floor((reader.high * NS_REST_PER_HIGH + reader.low) / NS_PER_MS);
  }

  private flags(point: PointBase): void {
    point.noRecordedValue = (this.reader.expect(VARINT).uint32() & NO_RECORDED_VALUE) !== 0;
  }

  private id(sizeBytes: number, field: string): string {
    const bytes = this.reader.expect(BYTES).bytes();
    if (bytes.length === 0) return '';
    if (bytes.length !== sizeBytes) throw new WireError('corrupt', `${field} of ${bytes.length} bytes, expected ${sizeBytes}`);
    if (bytes.every((byte) => byte === 0)) return '';
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  }

  protected text(): string {
    const { reader } = this;
    reader.illFormed = false;
    const text = reader.expect(BYTES).text();
    if (!reader.illFormed) return text;
    this.illFormed = true;
    return text + ILL_FORMED_MARK;
  }

  private fixedCounts(out: number[]): void {
    const { reader } = this;
    const outer = reader.enterNumbers(FIXED64);
    while (reader.pos < reader.len) out.push(reader.fixedUnsigned64());
    reader.leave(outer);
  }

  private varintCounts(out: number[]): void {
    const { reader } = this;
    const outer = reader.enterNumbers(VARINT);
    while (reader.pos < reader.len) out.push(reader.unsigned64());
    reader.leave(outer);
  }
}
