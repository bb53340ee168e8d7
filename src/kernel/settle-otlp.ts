// What happens between the walk of an OTLP request and the append of its rows: refs of the points that were not known, and rows
// that must not be appended.
import { alloc, heapLeft } from './heap';
import { registerIdentity } from './identity';
import {
  COL_REFS, COL_STARTS, COL_TIMES, COL_VALUES, HDR_STARTS_MODE, MISS_BASE, MISS_BYTES, MISS_FIRST_SAMPLE, MISS_HASH,
  MISS_SAMPLE_COUNT, OTLP_ORIGINS, OTLP_REF_LIST, OTLP_REF_NONE, REFS_IN, REF_DROPPED, RES_DROPPED, SLAB_BYTES, STARTS_KEPT,
} from './layout';

/**
 * Gives the rows of a point the `n` refs at REFS_IN and remembers the identity. A point whose series were made one after
 * the other needs only the first; otherwise the list is kept in the heap.
 */
export function settleOtlpPoint(index: u32, n: u32): void {
  const miss = MISS_BASE + index * MISS_BYTES;
  memory.copy(COL_REFS + (load<u32>(miss, MISS_FIRST_SAMPLE) << 2), REFS_IN, n << 2);
  const first = load<u32>(REFS_IN);
  let value = first;
  for (let i: u32 = 1; i < n; i++) {
    if (load<u32>(REFS_IN + (i << 2)) == first + i) continue;
    // Without room nothing is remembered, and the point is resolved every time.
    if (heapLeft() < <u32>SLAB_BYTES * 2 + (n << 2)) return;
    const list = alloc((n << 2) + 4);
    store<u32>(list, n);
    memory.copy(list + 4, REFS_IN, n << 2);
    value = OTLP_REF_LIST | (list >> 3);
    break;
  }
  remember(index, miss, value);
}

/** Gives the rows of a resource's `target_info` their ref; OTLP_REF_NONE: it has none, and its rows are not to be appended. */
export function settleOtlpTarget(index: u32, ref: u32): void {
  const miss = MISS_BASE + index * MISS_BYTES;
  const first = load<u32>(miss, MISS_FIRST_SAMPLE);
  const end = first + load<u32>(miss, MISS_SAMPLE_COUNT);
  for (let i = first; i < end; i++) store<u32>(COL_REFS + (i << 2), ref);
  remember(index, miss, ref);
}

function remember(index: u32, miss: u32, value: u32): void {
  const h1 = load<u64>(miss, MISS_HASH);
  const h2 = load<u64>(miss, MISS_HASH + 8);
  // Points of one series at several times stand next to each other.
  if (index > 0 && load<u64>(miss - MISS_BYTES, MISS_HASH) == h1 && load<u64>(miss - MISS_BYTES, MISS_HASH + 8) == h2) return;
  registerIdentity(h1, h2, value);
}

/** The rows of a point are not to be appended: the translator takes it. */
export function dropOtlpPoint(index: u32): void {
  const miss = MISS_BASE + index * MISS_BYTES;
  const first = load<u32>(miss, MISS_FIRST_SAMPLE);
  const end = first + load<u32>(miss, MISS_SAMPLE_COUNT);
  for (let i = first; i < end; i++) store<u32>(COL_REFS + (i << 2), OTLP_REF_NONE);
}

/**
 * Takes out the rows of series that are dropped, which RES_DROPPED counts, of a `target_info` that there is none of, and of points that
 * the translator takes. Returns the rows left.
 */
export function dropOtlpRows(n: u32): u32 {
  const keepsStarts = load<u32>(HDR_STARTS_MODE) == STARTS_KEPT;
  let kept: u32 = 0;
  let dropped: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const ref = load<u32>(COL_REFS + (i << 2));
    if (ref == OTLP_REF_NONE) continue;
    if (ref == REF_DROPPED) {
      dropped++;
      continue;
    }
    store<u32>(COL_REFS + (kept << 2), ref);
    store<f64>(COL_TIMES + (kept << 3), load<f64>(COL_TIMES + (i << 3)));
    store<u64>(COL_VALUES + (kept << 3), load<u64>(COL_VALUES + (i << 3)));
    if (keepsStarts) store<f64>(COL_STARTS + (kept << 3), load<f64>(COL_STARTS + (i << 3)));
    store<u32>(OTLP_ORIGINS + (kept << 2), load<u32>(OTLP_ORIGINS + (i << 2)));
    kept++;
  }
  store<u32>(RES_DROPPED, dropped);
  return kept;
}
