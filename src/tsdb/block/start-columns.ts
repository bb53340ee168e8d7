/** Start timestamps of chunks, for the writer: one column a chunk that has any, stored once for all chunks with the same. */
import { invariant } from '../../invariant.js';
import type { ColumnCodec } from './column-codec.js';
import { KnownColumns } from './known-columns.js';

/** Columns remembered. Beyond it the oldest are forgotten, and may be stored again. */
const REMEMBERED_MAX = 65_536;

export class StartColumns {
  private readonly known = new KnownColumns(REMEMBERED_MAX);
  private stored = 0;
  /** Samples with a start timestamp. */
  samples = 0;

  constructor(private readonly codec: ColumnCodec, private readonly store: (id: number, data: Uint8Array) => void) {}

  get count(): number {
    return this.stored;
  }

  /**
   * Id + 1 of the column for `starts[from, to)`, 0 if there are none. The bytes alone say whether columns are equal: a process that
   * never restarts needs one for all lengths of chunks.
   */
  add(starts: Float64Array | undefined, from: number, to: number): number {
    let samples = 0;
    if (starts !== undefined) for (let i = from; i < to; i++) if (starts[i] !== 0) samples++;
    if (starts === undefined || samples === 0) return 0;
    this.samples += samples;
    const data = this.codec.encode(starts, from, to).slice();
    this.check(data, starts, from, to);
    const key = Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
    const known = this.known.get(key);
    if (known !== undefined) return known + 1;
    const id = this.stored++;
    this.known.set(key, id);
    this.store(id, data);
    return id + 1;
  }

  private check(data: Uint8Array, starts: Float64Array, from: number, to: number): void {
    const decoded = this.codec.decode(data, 0, data.length, to - from);
    invariant(decoded !== undefined && starts.subarray(from, to).every((start, i) => start === decoded[i]), 'a start column reads back');
  }
}
