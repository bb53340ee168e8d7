/** The codecs (`kernel/codec.ts`) as TypeScript sees them: columns of doubles, bit-exact. One instance for each thread. */
import {
  CODEC_BYTES, CODEC_BYTES_CAPACITY, CODEC_CAPACITY, CODEC_PAGES, CODEC_VALUES,
} from '../../kernel/codec-layout.js';
import { invariant } from '../../invariant.js';

interface CodecKernel {
  initCodec(): void;
  encode(n: number, ranged: number): number;
  decode(size: number, n: number): number;
}

/** P packs: fast to decode. R codes by probability: smaller, some ten times slower. What is encoded says itself which it is. */
export type CodecName = 'P' | 'R';

/** Values that one call takes. */
export const COLUMN_VALUES_MAX = CODEC_CAPACITY;

export class ColumnCodec {
  private readonly kernel: CodecKernel;
  private readonly values: Float64Array;
  private readonly bytes: Uint8Array;

  constructor(module: WebAssembly.Module) {
    const memory = new WebAssembly.Memory({ initial: CODEC_PAGES, maximum: CODEC_PAGES });
    this.kernel = new WebAssembly.Instance<CodecKernel>(module, { env: { memory } }).exports;
    this.kernel.initCodec();
    this.values = new Float64Array(memory.buffer, CODEC_VALUES, CODEC_CAPACITY);
    this.bytes = new Uint8Array(memory.buffer, CODEC_BYTES, CODEC_BYTES_CAPACITY);
  }

  /** Encodes values[from, to). The result is a view that holds until the next call. */
  encode(values: Float64Array, from: number, to: number, name: CodecName = 'P'): Uint8Array {
    const count = to - from;
    invariant(count > 0 && count <= COLUMN_VALUES_MAX, `${count} values in a column, 1 to ${COLUMN_VALUES_MAX} expected`);
    this.values.set(values.subarray(from, to));
    return this.bytes.subarray(0, this.kernel.encode(count, name === 'R' ? 1 : 0));
  }

  /**
   * Decodes `count` values from bytes[from, to), which must be exactly one encoded column. The result is a view that holds until the
   * next call; undefined if the bytes are not such a column.
   */
  decode(bytes: Uint8Array, from: number, to: number, count: number): Float64Array | undefined {
    if (count < 1 || count > COLUMN_VALUES_MAX || to <= from || to - from > CODEC_BYTES_CAPACITY || to > bytes.length) return undefined;
    this.bytes.set(bytes.subarray(from, to));
    return this.kernel.decode(to - from, count) === 0 ? this.values.subarray(0, count) : undefined;
  }
}
