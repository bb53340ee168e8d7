/**
 * One arena seen from one thread: the memory, views of it and a kernel instance. All addresses are byte addresses of the
 * arena and come from `kernel/layout` or from a kernel.
 */
import {
  HDR_CHUNKS, HDR_HEAP_TOP, HDR_IDENTS, HDR_MAX_TIME, HDR_MIN_TIME, HDR_NAMES, HDR_PAIRS, HDR_SAMPLES, HDR_SERIES, HDR_STARTS_MODE,
  HEAP_BASE, IDENT_BYTES, NAME_BASE, NAME_BYTES, NAME_LENGTH, NAME_TEXT, PAIR_BASE, PAIR_BYTES, PAIR_LENGTH, PAIR_TEXT, SERIES_BYTES,
  COLD_BYTES, STARTS_NONE, START_BYTES,
} from '../../kernel/layout.js';
import { instantiate, newArenaMemory, type Kernel } from './kernel.js';
import { MissList } from './miss-list.js';

/** Addresses are byte addresses; typed arrays index by element. */
export class Arena {
  readonly bytes: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly text: Buffer;
  readonly kernel: Kernel;
  /** Of the last walk. */
  readonly misses: MissList;

  constructor(module: WebAssembly.Module, readonly memory: WebAssembly.Memory) {
    this.bytes = new Uint8Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.text = Buffer.from(memory.buffer);
    this.kernel = instantiate(module, memory);
    this.misses = new MissList(this);
  }

  static create(module: WebAssembly.Module): Arena {
    return new Arena(module, newArenaMemory());
  }

  /** A text of the dictionary. It was validated as UTF-8 when it was interned. */
  textAt(address: number, length: number): string {
    return this.text.toString('utf8', address, address + length);
  }

  nameText(name: number): string {
    const record = (NAME_BASE + name * NAME_BYTES) >>> 2;
    return this.textAt(this.u32[record + (NAME_TEXT >>> 2)]!, this.u32[record + (NAME_LENGTH >>> 2)]!);
  }

  pairText(pair: number): string {
    const record = (PAIR_BASE + pair * PAIR_BYTES) >>> 2;
    return this.textAt(this.u32[record + (PAIR_TEXT >>> 2)]!, this.u32[record + (PAIR_LENGTH >>> 2)]!);
  }

  field(address: number): number {
    return this.u32[address >>> 2]!;
  }

  get seriesCount(): number {
    return this.field(HDR_SERIES);
  }

  get pairCount(): number {
    return this.field(HDR_PAIRS);
  }

  get nameCount(): number {
    return this.field(HDR_NAMES);
  }

  /** Samples stored, all kinds. */
  get sampleCount(): number {
    return this.f64[HDR_SAMPLES >>> 3]!;
  }

  /** Sealed chunks, and the open one that each series has. */
  get chunkCount(): number {
    return this.f64[HDR_CHUNKS >>> 3]! + this.seriesCount;
  }

  /** Oldest and newest sample in ms; Infinity and -Infinity while there is none. */
  get minTime(): number {
    return this.f64[HDR_MIN_TIME >>> 3]!;
  }

  get maxTime(): number {
    return this.f64[HDR_MAX_TIME >>> 3]!;
  }

  /** Bytes of records and heap in use: what the arena's budget counts. Scratch is not in it. */
  get usedBytes(): number {
    const heap = this.field(HDR_HEAP_TOP) - HEAP_BASE;
    const starts = this.field(HDR_STARTS_MODE) === STARTS_NONE ? 0 : START_BYTES;
    const series = this.seriesCount * (SERIES_BYTES + COLD_BYTES + starts);
    return heap + series + this.field(HDR_IDENTS) * IDENT_BYTES + this.pairCount * PAIR_BYTES;
  }
}
