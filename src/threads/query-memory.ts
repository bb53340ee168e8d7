/**
 * The memory of all running queries together, in shared memory: each thread notes there what its query has. Half of the budget is divided
 * among the threads, so that a small query never fails because of large ones; the other half goes to whoever asks first.
 *
 *   Int32, KiB:   [0] taken from the common half   [slot] what the query of the thread with this reader slot has in all
 */
import { MemoryLimitError, type MemoryAccount } from '../storage/memory-account.js';

const KIB = 1024;
/** Slots of threads are 1 to 15. */
const CELLS = 16;
const COMMON = 0;
/** Noted in steps of this size: a small query touches nothing that is shared. */
const STEP_BYTES = 256 * KIB;

/** Plain data, for all threads: cloning it shares the cells. */
export interface QueryMemory {
  readonly cells: SharedArrayBuffer;
  /** Of each thread. */
  readonly ownKib: number;
  readonly commonKib: number;
}

/** @param bytes the budget, up to 2 TiB @param threads that may run queries at a time */
export function queryMemory(bytes: number, threads: number): QueryMemory {
  const halfKib = Math.floor(bytes / KIB / 2);
  return { cells: new SharedArrayBuffer(CELLS * 4), ownKib: Math.floor(halfKib / threads), commonKib: halfKib };
}

/** Bytes of all running queries; each may have `STEP_BYTES` more that it has not noted yet. */
export function queryMemoryUsed({ cells }: QueryMemory): number {
  const kib = new Int32Array(cells);
  let sum = 0;
  for (let slot = 1; slot < CELLS; slot++) sum += Atomics.load(kib, slot);
  return sum * KIB;
}

/** Gives back what the query of a thread had. The thread has ended, or is the caller. */
export function giveBackQueryMemory({ cells, ownKib }: QueryMemory, slot: number): void {
  const kib = new Int32Array(cells);
  const had = Atomics.exchange(kib, slot, 0);
  if (had > ownKib) Atomics.sub(kib, COMMON, had - ownKib);
}

/** One thread's side. One query at a time: `begin` before it, `end` behind it. */
export class ThreadMemory implements MemoryAccount {
  private readonly kib: Int32Array;
  /** Bytes that are not noted in the cells yet. */
  private pending = 0;

  constructor(private readonly memory: QueryMemory, private readonly slot: number) {
    this.kib = new Int32Array(memory.cells);
  }

  take(bytes: number): void {
    this.pending += bytes;
    if (this.pending >= STEP_BYTES) this.note();
  }

  /** The query has ended, whatever came of it. */
  end(): void {
    this.pending = 0;
    if (this.kib[this.slot] !== 0) giveBackQueryMemory(this.memory, this.slot);
  }

  private note(): void {
    const { ownKib, commonKib } = this.memory;
    const had = this.kib[this.slot]!;
    const wanted = had + Math.ceil(this.pending / KIB);
    if (wanted > ownKib + commonKib) {
      throw new MemoryLimitError('alone', `the query needs more memory than one query may have: ${inMib(wanted)} of `
        + `${inMib(ownKib + commonKib)} MiB (half of query.max_memory, and the part that its thread has of the other half)`);
    }
    const common = Math.max(0, wanted - ownKib) - Math.max(0, had - ownKib);
    if (!this.takeCommon(common)) {
      const others = Atomics.load(this.kib, COMMON) - Math.max(0, had - ownKib);
      throw new MemoryLimitError('together', `the memory for queries is used up: this one needs ${inMib(wanted)} MiB, others have taken `
        + `${inMib(others)} of the ${inMib(commonKib)} MiB that all share (half of query.max_memory)`);
    }
    Atomics.store(this.kib, this.slot, wanted);
    this.pending = 0;
  }

  private takeCommon(kib: number): boolean {
    if (kib === 0) return true;
    for (;;) {
      const taken = Atomics.load(this.kib, COMMON);
      if (taken + kib > this.memory.commonKib) return false;
      if (Atomics.compareExchange(this.kib, COMMON, taken, taken + kib) === taken) return true;
    }
  }
}

function inMib(kib: number): number {
  return Math.ceil(kib / KIB);
}
