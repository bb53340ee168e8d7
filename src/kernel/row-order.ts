// Questions about the rows of a pass whose refs are settled, before they are appended. Both use a table of refs where the compressed body
// was: open addressing, at most half full. Rows without a ref are of series that are not stored, and have no part in it.
import { COL_REFS, COL_TIMES, HDR_MINT, REFS_IN, REF_PASSED, ROW_TABLE } from './layout';

/** Whether the times of each series rise (or stay) over the first `n` rows: if not, the request must be sorted first. */
export function rowsRise(n: u32): bool {
  let mask: u32 = 63;
  while (mask < n * 2) mask = (mask << 1) | 1;
  // Slots of { u32 ref + 1, u32 ms since the head's mint }.
  memory.fill(ROW_TABLE, 0, (mask + 1) << 3);
  const base = load<f64>(HDR_MINT);
  for (let i: u32 = 0; i < n; i++) {
    const ref = load<u32>(COL_REFS + (i << 2));
    if (ref >= <u32>REF_PASSED) continue;
    const entry = ref + 1;
    const time = <u32>(load<f64>(COL_TIMES + (i << 3)) - base);
    // Refs of a request are mostly neighbours: their own low bits spread best.
    let at = entry & mask;
    let slot = ROW_TABLE + (at << 3);
    while (load<u32>(slot) != 0 && load<u32>(slot) != entry) {
      at = (at + 1) & mask;
      slot = ROW_TABLE + (at << 3);
    }
    if (load<u32>(slot) == entry && time < load<u32>(slot, 4)) return false;
    store<u32>(slot, entry);
    store<u32>(slot, time, 4);
  }
  return true;
}

/** Whether one of the `k` refs at REFS_IN is that of one of the first `n` rows. */
export function rowsMeet(n: u32, k: u32): bool {
  let mask: u32 = 63;
  while (mask < k * 2) mask = (mask << 1) | 1;
  // Slots of u32 ref + 1.
  memory.fill(ROW_TABLE, 0, (mask + 1) << 2);
  for (let i: u32 = 0; i < k; i++) {
    const entry = load<u32>(REFS_IN + (i << 2)) + 1;
    let at = entry & mask;
    while (load<u32>(ROW_TABLE + (at << 2)) != 0) at = (at + 1) & mask;
    store<u32>(ROW_TABLE + (at << 2), entry);
  }
  for (let i: u32 = 0; i < n; i++) {
    const ref = load<u32>(COL_REFS + (i << 2));
    if (ref >= <u32>REF_PASSED) continue;
    const entry = ref + 1;
    for (let at = entry & mask; ; at = (at + 1) & mask) {
      const found = load<u32>(ROW_TABLE + (at << 2));
      if (found == entry) return true;
      if (found == 0) break;
    }
  }
  return false;
}
