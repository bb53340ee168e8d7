// The arena's own allocator and the publication protocol. Nothing is ever freed singly except power-of-two tables
// that were outgrown: an arena is dropped whole.
import {
  ARENA_VERSION, HDR_FREE, HDR_HEAP_LIMIT, HDR_HEAP_TOP, HDR_MAXT, HDR_MAX_TIME, HDR_MINT, HDR_MIN_TIME, HDR_SEED, HDR_SEQ,
  HDR_SERIES_LIMIT, HDR_TOUCHED_WIDTH, HDR_VERSION, HEAP_BASE, TOUCHED_COUNT, HDR_BLOCK_END, HDR_BLOCK_TOP, BLOCK_BYTES, SLAB_BYTES,
  HDR_IDENT_MASK, HDR_IDENT_TABLE, HDR_NAME_MASK, HDR_NAME_TABLE, HDR_PAIR_MASK, HDR_PAIR_TABLE, HDR_SERIES_MASK, HDR_SERIES_TABLE,
} from './layout';

const FIRST_TABLE_SLOTS: u32 = 256;

/** Prepares a fresh (all zero) memory as an arena. `heapLimit` is an address in the heap, 64 KiB below 4 GiB at most. */
export function initArena(mint: f64, maxt: f64, seedLow: u32, seedHigh: u32, heapLimit: u32, seriesLimit: u32): void {
  store<u32>(HDR_VERSION, ARENA_VERSION);
  store<f64>(HDR_MINT, mint);
  store<f64>(HDR_MAXT, maxt);
  store<f64>(HDR_TOUCHED_WIDTH, (maxt - mint) / <f64>TOUCHED_COUNT);
  store<u64>(HDR_SEED, (<u64>seedHigh << 32) | <u64>seedLow);
  store<u32>(HDR_HEAP_TOP, HEAP_BASE);
  store<u32>(HDR_HEAP_LIMIT, heapLimit);
  store<u32>(HDR_SERIES_LIMIT, seriesLimit);
  store<f64>(HDR_MIN_TIME, Infinity);
  store<f64>(HDR_MAX_TIME, -Infinity);
  initTable(HDR_NAME_TABLE, HDR_NAME_MASK);
  initTable(HDR_PAIR_TABLE, HDR_PAIR_MASK);
  initTable(HDR_SERIES_TABLE, HDR_SERIES_MASK);
  initTable(HDR_IDENT_TABLE, HDR_IDENT_MASK);
}

function initTable(tableField: u32, maskField: u32): void {
  store<u32>(tableField, allocPower(FIRST_TABLE_SLOTS * 8));
  store<u32>(maskField, FIRST_TABLE_SLOTS - 1);
}

/** Zeroed heap space, 8-byte aligned; 0 when the budget is used up. */
export function alloc(bytes: u32): u32 {
  const top = load<u32>(HDR_HEAP_TOP);
  const rounded = (bytes + 7) & ~7;
  if (rounded > load<u32>(HDR_HEAP_LIMIT) - top) return 0;
  store<u32>(HDR_HEAP_TOP, top + rounded);
  return top;
}

/** As `alloc` for a power of two, from the free list first. */
export function allocPower(bytes: u32): u32 {
  const list = HDR_FREE + (ctz<u32>(bytes) << 2);
  const free = load<u32>(list);
  if (free == 0) return alloc(bytes);
  store<u32>(list, load<u32>(free));
  memory.fill(free, 0, bytes);
  return free;
}

export function freePower(address: u32, bytes: u32): void {
  const list = HDR_FREE + (ctz<u32>(bytes) << 2);
  store<u32>(address, load<u32>(list));
  store<u32>(list, address);
}

/** Bytes that the budget still allows. */
export function heapLeft(): u32 {
  return load<u32>(HDR_HEAP_LIMIT) - load<u32>(HDR_HEAP_TOP);
}

/** An aligned, zeroed block for bits; 0 when the budget is used up. */
export function allocBlock(): u32 {
  let block = load<u32>(HDR_BLOCK_TOP);
  if (block == load<u32>(HDR_BLOCK_END)) {
    const slab = alloc(SLAB_BYTES + BLOCK_BYTES);
    if (slab == 0) return 0;
    block = (slab + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
    store<u32>(HDR_BLOCK_END, block + SLAB_BYTES);
  }
  store<u32>(HDR_BLOCK_TOP, block + BLOCK_BYTES);
  return block;
}

/** The writer is about to change what readers look at. */
export function beginBatch(): void {
  atomic.store<u32>(HDR_SEQ, load<u32>(HDR_SEQ) + 1);
}

export function endBatch(): void {
  atomic.store<u32>(HDR_SEQ, load<u32>(HDR_SEQ) + 1);
}
