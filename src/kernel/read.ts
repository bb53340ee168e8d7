// What query threads call. A reader has its own instance of this module and its own scratch slot in the arena; it never writes
// anywhere else. It copies a series' record between two equal even values of the batch counter, and then decodes words that no
// longer change.
import { findName, findPair } from './dictionary';
import { decodeChunk } from './gorilla';
import { coldRecord, hotRecord } from './series';
import {
  CHUNK_SAMPLES, C_HIST_HEAD, C_HIST_TAIL, C_LATE_HEAD, C_LATE_TAIL, FLAG_STARTS, HDR_MINT, HDR_SEQ, HDR_SERIES_PUBLISHED,
  LATE_ENTRY_BYTES, LATE_HEADER, READER_CAPACITY, READER_HIST_BEFORE, READER_HIST_HEAD, READER_HIST_TAIL, READER_LATE_HEAD,
  READER_LATE_TAIL, READER_MAX_TIME, READER_MIN_TIME, READER_NEXT_CHUNK, READER_SNAPSHOT, READER_STAGE, READER_START, READER_TIMES,
  READER_VALUES, SEALED_ACC, SEALED_COUNT, SEALED_FIRST_TIME, SEALED_FIRST_VALUE, SEALED_FIRST_WORD, SEALED_LAST_TIME, SEALED_NEXT,
  SEALED_PEND, SEALED_WRITE, SERIES_BYTES, START_BASE, START_BYTES, S_ACC, S_COUNT, S_FIRST_TIME, S_FIRST_VALUE, S_FIRST_WORD, S_FLAGS,
  S_PEND, S_SEALED_HEAD, S_SEALED_TAIL, S_WRITE,
} from './layout';

/** About a second of spinning: a batch takes microseconds, so more means that the writer is gone. */
const SPINS_MAX: u32 = 1 << 28;

const STAGE_SEALED: u32 = 0;
const STAGE_OPEN: u32 = 1;
const STAGE_DONE: u32 = 2;

/** Series that this thread may look at from now on. */
export function publishedSeries(): u32 {
  return atomic.load<u32>(HDR_SERIES_PUBLISHED);
}

/** Even batch counter, or 1 if the writer does not leave its batch. */
function quietSeq(): u32 {
  for (let spins: u32 = 0; spins < SPINS_MAX; spins++) {
    const seq = atomic.load<u32>(HDR_SEQ);
    if ((seq & 1) == 0) return seq;
  }
  return 1;
}

/** As `findName`, safe against a table that grows meanwhile. */
export function readName(text: u32, length: u32): i32 {
  let seq = quietSeq();
  let id = findName(text, length);
  while (seq != 1 && atomic.load<u32>(HDR_SEQ) != seq) {
    seq = quietSeq();
    id = findName(text, length);
  }
  return id;
}

/** As `findPair`, likewise. */
export function readPair(name: u32, text: u32, length: u32): i32 {
  let seq = quietSeq();
  let id = findPair(name, text, length);
  while (seq != 1 && atomic.load<u32>(HDR_SEQ) != seq) {
    seq = quietSeq();
    id = findPair(name, text, length);
  }
  return id;
}

/**
 * Begins reading a series in [mint, maxt] (ms, inclusive). Returns its S_FLAGS: FLAG_LATE, FLAG_HISTOGRAMS and FLAG_STARTS tell
 * what else there is to read; -1 if the writer died inside a batch.
 */
export function readBegin(slot: u32, ref: u32, mint: f64, maxt: f64): i32 {
  const hot = hotRecord(ref);
  const cold = coldRecord(ref);
  for (;;) {
    const seq = quietSeq();
    if (seq == 1) return -1;
    for (let i: u32 = 0; i < <u32>SERIES_BYTES; i += 8) store<u64>(slot + READER_SNAPSHOT + i, load<u64>(hot + i));
    store<u32>(slot, load<u32>(cold, C_LATE_HEAD), READER_LATE_HEAD);
    store<u32>(slot, load<u32>(cold, C_LATE_TAIL), READER_LATE_TAIL);
    store<u32>(slot, load<u32>(cold, C_HIST_HEAD), READER_HIST_HEAD);
    store<u32>(slot, load<u32>(cold, C_HIST_TAIL), READER_HIST_TAIL);
    store<u32>(slot, 0, READER_HIST_BEFORE);
    if (load<u8>(slot, S_FLAGS) & FLAG_STARTS) memory.copy(slot + READER_START, START_BASE + ref * START_BYTES, START_BYTES);
    if (atomic.load<u32>(HDR_SEQ) == seq) break;
  }
  const base = load<f64>(HDR_MINT);
  store<u32>(slot, mint <= base ? 0 : mint - base >= 4294967295.0 ? 0xffffffff : <u32>Math.ceil(mint - base), READER_MIN_TIME);
  // An empty range: minimum above maximum.
  if (maxt < base) {
    store<u32>(slot, 1, READER_MIN_TIME);
    store<u32>(slot, 0, READER_MAX_TIME);
  } else store<u32>(slot, maxt - base >= 4294967295.0 ? 0xffffffff : <u32>Math.floor(maxt - base), READER_MAX_TIME);
  beginChunks(slot);
  return <i32>load<u8>(slot, S_FLAGS);
}

/**
 * Where to begin. The list of sealed chunks runs from the oldest, and each is a cache miss: what most queries want, the newest
 * chunk and the one before it, is found without walking the list.
 */
function beginChunks(slot: u32): void {
  const minTime = load<u32>(slot, READER_MIN_TIME);
  const tail = load<u32>(slot, S_SEALED_TAIL);
  if (tail == 0 || (load<u16>(slot, S_COUNT) != 0 && load<u32>(slot, S_FIRST_TIME) <= minTime)) {
    store<u32>(slot, STAGE_OPEN, READER_STAGE);
    return;
  }
  const first = load<u32>(tail, SEALED_FIRST_TIME) <= minTime ? tail : load<u32>(slot, S_SEALED_HEAD);
  store<u32>(slot, first, READER_NEXT_CHUNK);
  store<u32>(slot, STAGE_SEALED, READER_STAGE);
}

/** Decodes further samples into the slot's columns. Returns how many; 0 at the end. */
export function readNext(slot: u32): u32 {
  const base = load<f64>(HDR_MINT);
  const minTime = load<u32>(slot, READER_MIN_TIME);
  const maxTime = load<u32>(slot, READER_MAX_TIME);
  const times = slot + READER_TIMES;
  const values = slot + READER_VALUES;
  let n: u32 = 0;
  while (load<u32>(slot, READER_STAGE) == STAGE_SEALED) {
    if (READER_CAPACITY - n < CHUNK_SAMPLES) return n;
    const chunk = load<u32>(slot, READER_NEXT_CHUNK);
    if (load<u32>(chunk, SEALED_FIRST_TIME) > maxTime) {
      store<u32>(slot, STAGE_DONE, READER_STAGE);
      return n;
    }
    if (load<u32>(chunk, SEALED_LAST_TIME) >= minTime) {
      n += decodeChunk(
        load<u16>(chunk, SEALED_COUNT), load<u32>(chunk, SEALED_FIRST_TIME), load<u64>(chunk, SEALED_FIRST_VALUE),
        load<u32>(chunk, SEALED_FIRST_WORD), load<u32>(chunk, SEALED_WRITE), load<u64>(chunk, SEALED_ACC), load<u8>(chunk, SEALED_PEND),
        minTime, maxTime, base, times + (n << 3), values + (n << 3),
      );
    }
    // Chunks sealed after the snapshot repeat what the snapshot's open chunk holds.
    if (chunk == load<u32>(slot, S_SEALED_TAIL)) store<u32>(slot, STAGE_OPEN, READER_STAGE);
    else store<u32>(slot, load<u32>(chunk, SEALED_NEXT), READER_NEXT_CHUNK);
  }
  if (load<u32>(slot, READER_STAGE) == STAGE_OPEN && READER_CAPACITY - n >= CHUNK_SAMPLES) {
    store<u32>(slot, STAGE_DONE, READER_STAGE);
    const count = <u32>load<u16>(slot, S_COUNT);
    if (count != 0) {
      n += decodeChunk(
        count, load<u32>(slot, S_FIRST_TIME), load<u64>(slot, S_FIRST_VALUE), load<u32>(slot, S_FIRST_WORD), load<u32>(slot, S_WRITE),
        load<u64>(slot, S_ACC), load<u8>(slot, S_PEND), minTime, maxTime, base, times + (n << 3), values + (n << 3),
      );
    }
  }
  return n;
}

/** Copies further late samples in the range, in order of arrival. Returns how many; 0 at the end. */
export function readLate(slot: u32): u32 {
  const base = load<f64>(HDR_MINT);
  const minTime = load<u32>(slot, READER_MIN_TIME);
  const maxTime = load<u32>(slot, READER_MAX_TIME);
  const tail = load<u32>(slot, READER_LATE_TAIL);
  let block = load<u32>(slot, READER_LATE_HEAD);
  let n: u32 = 0;
  while (block != 0 && n + 64 < <u32>READER_CAPACITY) {
    const used = load<u32>(block, 4);
    for (let i: u32 = 0; i < used; i++) {
      const entry = block + LATE_HEADER + i * LATE_ENTRY_BYTES;
      const time = load<u32>(entry);
      if (time < minTime || time > maxTime) continue;
      store<f64>(slot + READER_TIMES + (n << 3), base + <f64>time);
      store<u64>(slot + READER_VALUES + (n << 3), load<u64>(entry, 8));
      n++;
    }
    block = block == tail ? 0 : load<u32>(block);
  }
  store<u32>(slot, block, READER_LATE_HEAD);
  return n;
}

/** Address of the next histogram record { next, u32 time, u32 length, bytes } in the range, 0 at the end. */
export function readHistogram(slot: u32): u32 {
  const minTime = load<u32>(slot, READER_MIN_TIME);
  const maxTime = load<u32>(slot, READER_MAX_TIME);
  const tail = load<u32>(slot, READER_HIST_TAIL);
  let record = load<u32>(slot, READER_HIST_HEAD);
  while (record != 0) {
    const next = record == tail ? 0 : load<u32>(record);
    const time = load<u32>(record, 4);
    if (time >= minTime && time <= maxTime) {
      store<u32>(slot, next, READER_HIST_HEAD);
      return record;
    }
    if (time < minTime) {
      const before = load<u32>(slot, READER_HIST_BEFORE);
      if (before == 0 || time > load<u32>(before, 4)) store<u32>(slot, record, READER_HIST_BEFORE);
    }
    record = next;
  }
  store<u32>(slot, 0, READER_HIST_HEAD);
  return 0;
}

