// The series of a pass that the identity table does not know: noted by the walk, settled when their ref is found or made.
import { registerIdentity } from './identity';
import { listMetadata } from './metadata';
import {
  COL_REFS, MISS_BASE, MISS_BYTES, MISS_CAPACITY, MISS_FIRST_SAMPLE, MISS_HASH, MISS_LABELS, MISS_LABELS_END, MISS_META_AT,
  MISS_META_HASH, MISS_SAMPLE_COUNT, RES_MISSES,
} from './layout';

let misses: u32 = 0;

export function beginMisses(): void {
  misses = 0;
}

export function endMisses(): void {
  store<u32>(RES_MISSES, misses);
}

/** Notes a series with the labels at [labels, labelsEnd) whose samples are the rows [first, end). False if there is no room. */
export function putMiss(
  h1: u64, h2: u64, labels: u32, labelsEnd: u32, first: u32, end: u32, metaHash: u32, metaAt: u32,
): bool {
  if (misses == MISS_CAPACITY) return false;
  const miss = MISS_BASE + misses * MISS_BYTES;
  store<u32>(miss, labels, MISS_LABELS);
  store<u32>(miss, labelsEnd, MISS_LABELS_END);
  store<u32>(miss, first, MISS_FIRST_SAMPLE);
  store<u32>(miss, end - first, MISS_SAMPLE_COUNT);
  store<u64>(miss, h1, MISS_HASH);
  store<u64>(miss, h2, MISS_HASH + 8);
  store<u32>(miss, metaHash, MISS_META_HASH);
  store<u32>(miss, metaAt, MISS_META_AT);
  misses++;
  return true;
}

/** Gives the samples of a miss their ref and remembers the identity; returns its id, -1 if there is no room for it. */
export function settleMiss(index: u32, ref: u32): i32 {
  const miss = MISS_BASE + index * MISS_BYTES;
  const first = load<u32>(miss, MISS_FIRST_SAMPLE);
  const end = first + load<u32>(miss, MISS_SAMPLE_COUNT);
  for (let i = first; i < end; i++) store<u32>(COL_REFS + (i << 2), ref);
  const ident = registerIdentity(load<u64>(miss, MISS_HASH), load<u64>(miss, MISS_HASH + 8), ref);
  const metaHash = load<u32>(miss, MISS_META_HASH);
  if (metaHash != 0) {
    listMetadata(ident, metaHash, load<u32>(miss, MISS_LABELS), load<u32>(miss, MISS_LABELS_END), load<u32>(miss, MISS_META_AT));
  }
  return ident;
}
