/** Series pages: which metric, label set and chunks each of up to 256 series has. Encoder and decoder side by side. */
import { ByteReader } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { FLOATS, HISTOGRAMS } from './block-format.js';

/** A chunk in a page of values or histograms. */
export interface ChunkRef {
  readonly kind: number;
  readonly page: number;
  readonly offset: number;
  readonly length: number;
  readonly timeColumn: number;
  /** Id + 1, 0 if no sample has a start timestamp. */
  readonly startColumn: number;
}

/** Chunks of series i: firstChunk[i] .. firstChunk[i + 1]. */
export interface SeriesPage {
  readonly metric: Uint32Array;
  readonly set: Uint32Array;
  readonly firstChunk: Uint32Array;
  readonly kind: Uint8Array;
  readonly page: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
  readonly timeColumn: Uint32Array;
  /** Undefined where no chunk has one. */
  readonly startColumn: Uint32Array | undefined;
}

/** Chunks of a kind lie one after another in the order of series, so that page and length say where each one is. */
export function encodeSeriesPage(metric: Uint32Array, set: Uint32Array, chunksOf: readonly (readonly ChunkRef[])[]): Uint8Array {
  const out = new ByteWriter(4096);
  const chunks = chunksOf.flat();
  out.varint(metric.length);
  out.varint(chunks.length);
  for (const kind of [FLOATS, HISTOGRAMS]) {
    const first = chunks.find((chunk) => chunk.kind === kind);
    out.varint(first?.page ?? 0);
    out.varint(first?.offset ?? 0);
  }
  putDifferences(out, metric);
  putDifferences(out, set);
  for (const list of chunksOf) out.varint(list.length);
  for (const chunk of chunks) out.u8(chunk.kind);
  const before: (ChunkRef | undefined)[] = [];
  for (const chunk of chunks) {
    out.varint(chunk.page - (before[chunk.kind] ?? chunk).page);
    before[chunk.kind] = chunk;
  }
  for (const chunk of chunks) out.varint(chunk.length);
  putDifferences(out, chunks.map((chunk) => chunk.timeColumn));
  const hasStarts = chunks.some((chunk) => chunk.startColumn > 0);
  out.u8(hasStarts ? 1 : 0);
  if (hasStarts) putDifferences(out, chunks.map((chunk) => chunk.startColumn));
  return out.view();
}

function putDifferences(out: ByteWriter, column: ArrayLike<number>): void {
  let before = 0;
  for (let i = 0; i < column.length; i++) {
    out.zigzag(column[i]! - before);
    before = column[i]!;
  }
}

/** @throws ReadError, RangeError if the bytes are not what `encodeSeriesPage` writes */
export function decodeSeriesPage(bytes: Uint8Array): SeriesPage {
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  const chunks = reader.varint();
  if (count + chunks > bytes.length) throw new RangeError(`${count} series and ${chunks} chunks in ${bytes.length} bytes`);
  const pageNow = [0, 0];
  const offsetNow = [0, 0];
  for (const kind of [FLOATS, HISTOGRAMS]) {
    pageNow[kind] = reader.varint();
    offsetNow[kind] = reader.varint();
  }
  const metric = takeDifferences(reader, count);
  const set = takeDifferences(reader, count);
  const firstChunk = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) firstChunk[i + 1] = firstChunk[i]! + reader.varint();
  if (firstChunk[count] !== chunks) throw new RangeError(`${firstChunk[count]!} chunks, ${chunks} announced`);
  const kind = Uint8Array.from({ length: chunks }, () => {
    const one = reader.u8();
    if (one !== FLOATS && one !== HISTOGRAMS) throw new RangeError(`chunk of kind ${one}`);
    return one;
  });
  const page = new Uint32Array(chunks);
  const turned = new Uint8Array(chunks);
  for (let i = 0; i < chunks; i++) {
    const step = reader.varint();
    pageNow[kind[i]!]! += step;
    page[i] = pageNow[kind[i]!]!;
    turned[i] = step > 0 ? 1 : 0;
  }
  const offset = new Uint32Array(chunks);
  const length = new Uint32Array(chunks);
  for (let i = 0; i < chunks; i++) {
    if (turned[i] === 1) offsetNow[kind[i]!] = 0;
    length[i] = reader.varint();
    offset[i] = offsetNow[kind[i]!]!;
    offsetNow[kind[i]!]! += length[i]!;
  }
  const timeColumn = takeDifferences(reader, chunks);
  const startColumn = reader.u8() > 0 ? takeDifferences(reader, chunks) : undefined;
  if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes to spare`);
  return { metric, set, firstChunk, kind, page, offset, length, timeColumn, startColumn };
}

function takeDifferences(reader: ByteReader, count: number): Uint32Array {
  const column = new Uint32Array(count);
  let value = 0;
  for (let i = 0; i < count; i++) {
    value += reader.zigzag();
    column[i] = value;
  }
  return column;
}
