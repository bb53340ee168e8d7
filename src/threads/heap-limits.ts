/** Limits of the JavaScript heaps of threads. */
import type { ResourceLimits } from 'node:worker_threads';

/**
 * Three semi-spaces of 4 MiB instead of Node's 16: a thread that was busy once keeps them for its life. Neither queries nor compaction take
 * more processor time with 4 than with 16, because what they allocate most of lies in typed arrays (`bench/query/engine.mjs`: 2.6 s
 * either way; `bench/blocks/compact.mjs`: 2.0 against 2.1 s, and 20 MiB less).
 */
export const YOUNG_GENERATION_MIB = 12;

/** @param oldMib cap of what survives: a thread that needs more ends, and not the process */
export function heapLimits(oldMib: number): ResourceLimits {
  return { maxOldGenerationSizeMb: oldMib, maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB };
}
