/**
 * Columns of times of a block. Chunks with equal times share one. Series of a target that begin late or end early have a part of the
 * times of the others: such a column is stored as where it lies in that one, if its own bytes are more.
 */
import { ByteReader } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { invariant } from '../../invariant.js';
import type { ColumnCodec } from './column-codec.js';
import { KnownColumns } from './known-columns.js';

/** First byte of a column that is a part of another; no form of a codec has this number. */
const PART = 7;
/** Columns remembered by their bytes. Beyond it the oldest are forgotten. */
const REMEMBERED = 65_536;
/** Columns looked through for parts, the newest. Series of a target lie together only within a metric, so it is those of a few targets. */
const WHOLE_REMEMBERED = 64;
/** A column of no more bytes is never made a part. */
const SMALL_BYTES = 24;

export interface TimeColumnSink {
  (id: number, count: number, min: number, max: number, data: Uint8Array): void;
}

interface WholeColumn {
  readonly id: number;
  readonly times: Float64Array;
}

export class TimeColumns {
  private readonly known = new KnownColumns(REMEMBERED);
  /** In the order of use, the newest last. */
  private readonly whole: WholeColumn[] = [];
  private next = 0;

  constructor(private readonly codec: ColumnCodec, private readonly sink: TimeColumnSink) {}

  get count(): number {
    return this.next;
  }

  /** Id of the column times[from, to), which rises strictly. */
  add(times: Float64Array, from: number, to: number): number {
    const data = this.codec.encode(times, from, to);
    const key = `${to - from}:${Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1')}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = this.next++;
    this.known.set(key, id);
    const column = times.slice(from, to);
    const bytes = (data.length > SMALL_BYTES ? this.part(column) : undefined) ?? this.encoded(id, column, data.slice());
    this.sink(id, column.length, column[0]!, column[column.length - 1]!, bytes);
    return id;
  }

  private encoded(id: number, times: Float64Array, data: Uint8Array): Uint8Array {
    // What is written must come back: after the head is gone there is no second chance.
    const decoded = this.codec.decode(data, 0, data.length, times.length);
    invariant(decoded !== undefined && Buffer.compare(bytesOf(decoded), bytesOf(times)) === 0, 'the codec does not give back times');
    if (data.length > SMALL_BYTES) {
      this.whole.push({ id, times });
      if (this.whole.length > WHOLE_REMEMBERED) this.whole.shift();
    }
    return data;
  }

  /** The column as a part of one of `whole`, if it is that. */
  private part(times: Float64Array): Uint8Array | undefined {
    for (let i = this.whole.length - 1; i >= 0; i--) {
      const { id, times: all } = this.whole[i]!;
      const from = firstAtLeast(all, times[0]!);
      if (from + times.length > all.length) continue;
      if (Buffer.compare(bytesOf(all.subarray(from, from + times.length)), bytesOf(times)) !== 0) continue;
      const out = new ByteWriter(16);
      out.u8(PART);
      out.varint(id);
      out.varint(from);
      return out.copy();
    }
    return undefined;
  }
}

/** Where a column lies in another: undefined if it has times of its own. @throws ReadError if the bytes end early */
export function partOf(data: Uint8Array): { readonly id: number; readonly from: number } | undefined {
  if (data[0] !== PART) return undefined;
  const reader = new ByteReader(data, 1);
  return { id: reader.varint(), from: reader.varint() };
}

/** First index whose time is not below `t`. */
export function firstAtLeast(times: Float64Array, t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bytesOf(column: Float64Array): Buffer {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength);
}
