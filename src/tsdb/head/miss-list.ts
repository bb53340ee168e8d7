/** Series of a body that no identity knows, as the walkers list them (`src/kernel/layout.md`, misses). Valid until the next walk. */
import {
  LABELS_UNUSUAL, MISS_BASE, MISS_BYTES, MISS_CODE, MISS_FIRST_SAMPLE, MISS_LABELS, MISS_LABELS_END, MISS_SAMPLE_COUNT,
} from '../../kernel/layout.js';
import type { Arena } from './arena.js';

export class MissList {
  constructor(private readonly arena: Arena) {}

  /** Why it is one: a LABELS_ code, in OTLP an OTLP_MISS_ code. */
  code(miss: number): number {
    return this.field(miss, MISS_CODE);
  }

  /** Address at which it lies in the body. */
  address(miss: number): number {
    return this.field(miss, MISS_LABELS);
  }

  /** Bytes that it has there. */
  size(miss: number): number {
    return this.field(miss, MISS_LABELS_END) - this.address(miss);
  }

  /** These bytes. No copy: slicing shared memory costs as much as everything else that is done with them. */
  bytes(miss: number): Uint8Array {
    return this.arena.bytes.subarray(this.address(miss), this.field(miss, MISS_LABELS_END));
  }

  /** Instead of the kernels' `resolveMisses`: the first `count` are left to TypeScript. Returns how many. */
  leave(count: number): number {
    for (let miss = 0; miss < count; miss++) this.arena.u32[(MISS_BASE + miss * MISS_BYTES + MISS_CODE) >>> 2] = LABELS_UNUSUAL;
    return count;
  }

  /** Its rows of the columns. */
  samples(miss: number): { first: number; count: number } {
    return { first: this.field(miss, MISS_FIRST_SAMPLE), count: this.field(miss, MISS_SAMPLE_COUNT) };
  }

  private field(miss: number, field: number): number {
    return this.arena.field(MISS_BASE + miss * MISS_BYTES + field);
  }
}
