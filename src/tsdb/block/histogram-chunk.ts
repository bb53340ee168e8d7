/**
 * A chunk of native histograms. Neighbours have nearly the same buckets, so each bucket is a column of counts over the chunk, encoded as
 * a column of floats is; a bucket that a histogram does not have is zero in its column. What does not fit that form (bucket counts that
 * contradict the spans, or too few histograms to pay) is kept as one record after another. `format.md` draws both.
 */
import { ByteReader } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { decodeHistogram, encodeHistogram, histogramEncodedSizeMax } from '../../model/histogram-codec.js';
import { spanIndexes, spanLength } from '../../model/histogram-spans.js';
import type { BucketSpan, Histogram, ResetHint } from '../../model/histogram.js';
import type { CodecName, ColumnCodec } from './column-codec.js';

/** First byte of a chunk. */
const RECORDS = 0;
const COLUMNS = 1;

/** Buckets of one side that occur in a section, above which columns cost more than they save. */
const BUCKETS_MAX = 2048;

/** Histograms in a row that agree on everything but spans and counts. */
interface Section {
  readonly from: number;
  readonly to: number;
}

/** Histograms in a row with the same spans. */
interface Layout {
  readonly length: number;
  readonly positive: readonly BucketSpan[];
  readonly negative: readonly BucketSpan[];
}

/** Appends histograms (one at least) as a chunk to `out`, in the smaller of the forms. */
export function encodeHistogramChunk(histograms: readonly Histogram[], codec: ColumnCodec, name: CodecName, out: ByteWriter): void {
  const records = new ByteWriter(4096);
  records.u8(RECORDS);
  putRecords(histograms, records);
  const columns = new ByteWriter(4096);
  columns.u8(COLUMNS);
  if (putColumns(histograms, codec, name, columns) && columns.length < records.length) {
    // Read back before it is trusted: equal as records means equal in every bit.
    const read = new ByteWriter(records.length);
    read.u8(RECORDS);
    putRecords(decodeHistogramChunk(columns.view(), 0, columns.length, 0, histograms.length, histograms.length, codec), read);
    if (Buffer.compare(read.view(), records.view()) === 0) {
      out.bytes(columns.view());
      return;
    }
  }
  out.bytes(records.view());
}

/**
 * Histograms [from, to) of the chunk of `count` in bytes[start, end). Those of one layout share their spans.
 * @throws ReadError, HistogramCodecError, RangeError if the bytes are no such chunk
 */
export function decodeHistogramChunk(
  bytes: Uint8Array, start: number, end: number, from: number, to: number, count: number, codec: ColumnCodec,
): Histogram[] {
  const reader = new ByteReader(bytes, start, end);
  const form = reader.u8();
  const out: Histogram[] = [];
  if (form === RECORDS) takeRecords(bytes, reader, from, to, out);
  else if (form === COLUMNS) {
    for (let at = 0; at < to; ) at += takeSection(bytes, reader, at, from, to, count, codec, out);
  } else throw new RangeError(`histogram chunk of form ${form}`);
  return out;
}

// ---- Records ----------------------------------------------------------------------------------------------------------------

function putRecords(histograms: readonly Histogram[], out: ByteWriter): void {
  let scratch = new Uint8Array(1024);
  for (const histogram of histograms) {
    const sizeMax = histogramEncodedSizeMax(histogram);
    if (sizeMax > scratch.length) scratch = new Uint8Array(sizeMax * 2);
    const size = encodeHistogram(histogram, scratch, 0);
    out.varint(size);
    out.bytes(scratch.subarray(0, size));
  }
}

function takeRecords(bytes: Uint8Array, reader: ByteReader, from: number, to: number, out: Histogram[]): void {
  for (let i = 0; i < to; i++) {
    const size = reader.varint();
    const at = reader.offset;
    reader.bytes(size);
    if (i >= from) out.push(decodeHistogram(bytes, at, at + size));
  }
}

// ---- Columns: writing -------------------------------------------------------------------------------------------------------

/** False if the histograms do not fit the form. */
function putColumns(histograms: readonly Histogram[], codec: ColumnCodec, name: CodecName, out: ByteWriter): boolean {
  for (const h of histograms) {
    const fits = spanLength(h.positiveSpans) === h.positiveBuckets.length && spanLength(h.negativeSpans) === h.negativeBuckets.length;
    if (!fits || h.positiveBuckets.length > BUCKETS_MAX || h.negativeBuckets.length > BUCKETS_MAX) return false;
  }
  for (let from = 0; from < histograms.length; ) {
    let to = from + 1;
    while (to < histograms.length && agree(histograms[from]!, histograms[to]!)) to++;
    if (!putSection(histograms, { from, to }, codec, name, out)) return false;
    from = to;
  }
  return true;
}

function agree(a: Histogram, b: Histogram): boolean {
  return a.float === b.float && a.schema === b.schema && Object.is(a.zeroThreshold, b.zeroThreshold) &&
    a.customValues.length === b.customValues.length && a.customValues.every((bound, i) => Object.is(bound, b.customValues[i]));
}

function putSection(
  histograms: readonly Histogram[], { from, to }: Section, codec: ColumnCodec, name: CodecName, out: ByteWriter,
): boolean {
  const one = histograms[from]!;
  const length = to - from;
  out.varint(length);
  out.u8(one.float ? 1 : 0);
  out.u8(one.schema & 0xff);
  out.f64(one.zeroThreshold);
  out.varint(one.customValues.length);
  for (const bound of one.customValues) out.f64(bound);

  const layouts = layoutsOf(histograms, from, to);
  out.varint(layouts.length);
  for (const layout of layouts) {
    out.varint(layout.length);
    putSpans(layout.positive, out);
    putSpans(layout.negative, out);
  }
  putHints(histograms, from, to, out);

  const column = new Float64Array(length);
  const put = (value: (h: Histogram) => number): void => {
    for (let i = 0; i < length; i++) column[i] = value(histograms[from + i]!);
    putColumn(column, codec, name, out);
  };
  put((h) => h.count);
  put((h) => h.zeroCount);
  put((h) => h.sum);
  for (const side of ['positive', 'negative'] as const) {
    const indexes = unionOf(layouts.map((layout) => layout[side]));
    if (indexes.length > BUCKETS_MAX) return false;
    const places = new Map(indexes.map((index, place) => [index, place]));
    const counts = indexes.map(() => new Float64Array(length));
    let i = 0;
    for (const layout of layouts) {
      const columns = spanIndexes(layout[side]).map((index) => counts[places.get(index)!]!);
      for (const end = i + layout.length; i < end; i++) {
        const h = histograms[from + i]!;
        const buckets = side === 'positive' ? h.positiveBuckets : h.negativeBuckets;
        for (let bucket = 0; bucket < columns.length; bucket++) columns[bucket]![i] = buckets[bucket]!;
      }
    }
    for (const one of counts) putColumn(one, codec, name, out);
  }
  return true;
}

function layoutsOf(histograms: readonly Histogram[], from: number, to: number): Layout[] {
  const layouts: Layout[] = [];
  for (let i = from; i < to; ) {
    const { positiveSpans: positive, negativeSpans: negative } = histograms[i]!;
    let end = i + 1;
    while (end < to && sameSpans(positive, histograms[end]!.positiveSpans) && sameSpans(negative, histograms[end]!.negativeSpans)) end++;
    layouts.push({ length: end - i, positive, negative });
    i = end;
  }
  return layouts;
}

function sameSpans(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  return a.length === b.length && a.every((span, i) => span.offset === b[i]!.offset && span.length === b[i]!.length);
}

/** Indexes of all buckets that occur, rising. */
function unionOf(sides: readonly (readonly BucketSpan[])[]): number[] {
  const seen = new Set<number>();
  for (const spans of sides) for (const index of spanIndexes(spans)) seen.add(index);
  return [...seen].sort((a, b) => a - b);
}

function putSpans(spans: readonly BucketSpan[], out: ByteWriter): void {
  out.varint(spans.length);
  for (const { offset, length } of spans) {
    out.zigzag(offset);
    out.varint(length);
  }
}

function putHints(histograms: readonly Histogram[], from: number, to: number, out: ByteWriter): void {
  for (let i = from; i < to; ) {
    const hint = histograms[i]!.resetHint;
    let end = i + 1;
    while (end < to && histograms[end]!.resetHint === hint) end++;
    out.varint((end - i) * 4 + hint);
    i = end;
  }
}

function putColumn(values: Float64Array, codec: ColumnCodec, name: CodecName, out: ByteWriter): void {
  const data = codec.encode(values, 0, values.length, name);
  out.varint(data.length);
  out.bytes(data);
}

// ---- Columns: reading -------------------------------------------------------------------------------------------------------

/** Reads the section of which `at` is the first histogram, and appends those in [from, to). Returns its length. */
function takeSection(
  bytes: Uint8Array, reader: ByteReader, at: number, from: number, to: number, count: number, codec: ColumnCodec, out: Histogram[],
): number {
  const length = reader.varint();
  if (length === 0 || length > count - at) throw new RangeError(`section of ${length} histograms, ${count - at} expected at most`);
  const float = reader.u8() === 1;
  const schema = (reader.u8() << 24) >> 24;
  const zeroThreshold = reader.f64();
  const bounds = reader.varint();
  if (bounds * 8 > reader.remaining) throw new RangeError(`${bounds} bounds in ${reader.remaining} bytes`);
  const customValues = Array.from({ length: bounds }, () => reader.f64());

  const layouts = takeLayouts(reader, length);
  const hints = takeHints(reader, length);
  const take = (): Float64Array => takeColumn(bytes, reader, length, codec);
  const counts = take();
  const zeroCounts = take();
  const sums = take();
  const sides = (['positive', 'negative'] as const).map((side) => {
    const indexes = unionOf(layouts.map((layout) => layout[side]));
    return new Map(indexes.map((index) => [index, take()]));
  });

  let i = 0;
  for (const layout of layouts) {
    const positive = spanIndexes(layout.positive).map((index) => sides[0]!.get(index)!);
    const negative = spanIndexes(layout.negative).map((index) => sides[1]!.get(index)!);
    for (const end = i + layout.length; i < end; i++) {
      if (at + i < from || at + i >= to) continue;
      out.push({
        float, schema, zeroThreshold, zeroCount: zeroCounts[i]!, count: counts[i]!, sum: sums[i]!,
        positiveSpans: layout.positive, negativeSpans: layout.negative,
        positiveBuckets: bucketsAt(positive, i), negativeBuckets: bucketsAt(negative, i),
        customValues, resetHint: hints[i]! as ResetHint,
      });
    }
  }
  return length;
}

function bucketsAt(columns: readonly Float64Array[], i: number): number[] {
  const buckets: number[] = [];
  for (let bucket = 0; bucket < columns.length; bucket++) buckets.push(columns[bucket]![i]!);
  return buckets;
}

function takeLayouts(reader: ByteReader, length: number): Layout[] {
  const layouts: Layout[] = [];
  const count = reader.varint();
  let rest = length;
  for (let i = 0; i < count; i++) {
    const one = { length: reader.varint(), positive: takeSpans(reader), negative: takeSpans(reader) };
    rest -= one.length;
    layouts.push(one);
  }
  if (rest !== 0) throw new RangeError(`layouts of ${length - rest} histograms, ${length} expected`);
  return layouts;
}

function takeSpans(reader: ByteReader): BucketSpan[] {
  const count = reader.varint();
  if (count * 2 > reader.remaining) throw new RangeError(`${count} spans in ${reader.remaining} bytes`);
  const spans: BucketSpan[] = [];
  let buckets = 0;
  for (let i = 0; i < count; i++) {
    const span = { offset: reader.zigzag(), length: reader.varint() };
    buckets += span.length;
    if (buckets > BUCKETS_MAX) throw new RangeError(`${buckets} buckets`);
    spans.push(span);
  }
  return spans;
}

function takeHints(reader: ByteReader, length: number): Uint8Array {
  const hints = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const run = reader.varint();
    const end = at + Math.floor(run / 4);
    if (end === at || end > length) throw new RangeError(`hints of ${end} histograms, ${length} expected`);
    hints.fill(run % 4, at, end);
    at = end;
  }
  return hints;
}

function takeColumn(bytes: Uint8Array, reader: ByteReader, length: number, codec: ColumnCodec): Float64Array {
  const size = reader.varint();
  const at = reader.offset;
  reader.bytes(size);
  const values = codec.decode(bytes, at, at + size, length);
  if (values === undefined) throw new RangeError(`column at ${at} cannot be decoded`);
  return values.slice();
}
