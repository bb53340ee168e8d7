// The dictionary of an arena: label names, label pairs (name, value) and the postings of each pair. Ids are dense and
// given in order of arrival; refs in postings rise, because a series is added to its postings when it is created.
import { alloc } from './heap';
import { hash1, hashBytes } from './hash';
import { ensureSlot, firstSlot, insertSlot, nextSlot } from './table';
import {
  HDR_NAMES, HDR_NAME_MASK, HDR_NAME_TABLE, HDR_PAIRS, HDR_PAIR_MASK, HDR_PAIR_TABLE,
  NAME_BASE, NAME_BYTES, NAME_CAPACITY, NAME_FIRST_PAIR, NAME_LENGTH, NAME_PAIR_COUNT, NAME_TEXT,
  PAIR_BASE, PAIR_BLOCK_HEAD, PAIR_BLOCK_TAIL, PAIR_BYTES, PAIR_CAPACITY, PAIR_COUNT, PAIR_FIRST_REF, PAIR_LENGTH, PAIR_NAME,
  PAIR_NEXT, PAIR_TEXT,
} from './layout';

export const DOMAIN_NAME: u64 = 1;
/** Names get domain 1, values domain 2 + the id of their name. */
export const DOMAIN_VALUE: u64 = 2;

const POSTINGS_HEADER: u32 = 12;
const FIRST_BLOCK_REFS: u32 = 4;
const MAX_BLOCK_REFS: u32 = 1024;

export function nameRecord(id: u32): u32 {
  return NAME_BASE + id * NAME_BYTES;
}

export function pairRecord(id: u32): u32 {
  return PAIR_BASE + id * PAIR_BYTES;
}

function sameBytes(a: u32, b: u32, length: u32): bool {
  let i: u32 = 0;
  while (length - i >= 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
    i += 8;
  }
  while (i < length) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
    i++;
  }
  return true;
}

/** Id of a name, or -1. */
export function findName(text: u32, length: u32): i32 {
  hashBytes(text, length, DOMAIN_NAME);
  const tag = <u32>hash1;
  const table = load<u32>(HDR_NAME_TABLE);
  const mask = load<u32>(HDR_NAME_MASK);
  let slot = firstSlot(table, mask, tag);
  for (let probes: u32 = 0; probes <= mask; probes++) {
    const entry = load<u32>(slot, 4);
    if (entry == 0) return -1;
    if (load<u32>(slot) == tag) {
      const record = nameRecord(entry - 1);
      if (load<u32>(record, NAME_LENGTH) == length && sameBytes(load<u32>(record, NAME_TEXT), text, length)) return entry - 1;
    }
    slot = nextSlot(table, mask, slot);
  }
  return -1;
}

/** Id of a pair, or -1. */
export function findPair(name: u32, text: u32, length: u32): i32 {
  hashBytes(text, length, DOMAIN_VALUE + name);
  const tag = <u32>hash1;
  const table = load<u32>(HDR_PAIR_TABLE);
  const mask = load<u32>(HDR_PAIR_MASK);
  let slot = firstSlot(table, mask, tag);
  for (let probes: u32 = 0; probes <= mask; probes++) {
    const entry = load<u32>(slot, 4);
    if (entry == 0) return -1;
    if (load<u32>(slot) == tag) {
      const record = pairRecord(entry - 1);
      if (
        load<u32>(record, PAIR_LENGTH) == length && load<u32>(record, PAIR_NAME) == name &&
        sameBytes(load<u32>(record, PAIR_TEXT), text, length)
      ) return entry - 1;
    }
    slot = nextSlot(table, mask, slot);
  }
  return -1;
}

/** Finds or adds a name. -1: no memory. */
export function internName(text: u32, length: u32): i32 {
  const found = findName(text, length);
  if (found >= 0) return found;
  const tag = <u32>hash1;
  const id = load<u32>(HDR_NAMES);
  if (id == NAME_CAPACITY || !ensureSlot(HDR_NAME_TABLE, HDR_NAME_MASK, id)) return -1;
  const copy = alloc(length);
  if (copy == 0) return -1;
  memory.copy(copy, text, length);
  const record = nameRecord(id);
  store<u32>(record, copy, NAME_TEXT);
  store<u32>(record, length, NAME_LENGTH);
  insertSlot(HDR_NAME_TABLE, HDR_NAME_MASK, tag, id);
  store<u32>(HDR_NAMES, id + 1);
  return id;
}

/** Finds or adds a pair of a known name. -1: no memory. */
export function internPair(name: u32, text: u32, length: u32): i32 {
  const found = findPair(name, text, length);
  if (found >= 0) return found;
  const tag = <u32>hash1;
  const id = load<u32>(HDR_PAIRS);
  if (id == PAIR_CAPACITY || !ensureSlot(HDR_PAIR_TABLE, HDR_PAIR_MASK, id)) return -1;
  const copy = alloc(length);
  if (copy == 0) return -1;
  memory.copy(copy, text, length);
  const record = pairRecord(id);
  const owner = nameRecord(name);
  store<u32>(record, name, PAIR_NAME);
  store<u32>(record, copy, PAIR_TEXT);
  store<u32>(record, length, PAIR_LENGTH);
  store<u32>(record, load<u32>(owner, NAME_FIRST_PAIR), PAIR_NEXT);
  store<u32>(owner, id + 1, NAME_FIRST_PAIR);
  store<u32>(owner, load<u32>(owner, NAME_PAIR_COUNT) + 1, NAME_PAIR_COUNT);
  insertSlot(HDR_PAIR_TABLE, HDR_PAIR_MASK, tag, id);
  store<u32>(HDR_PAIRS, id + 1);
  return id;
}

/** Bytes that adding one ref to the postings of one pair can take. */
export const POSTINGS_GROWTH: u32 = POSTINGS_HEADER + MAX_BLOCK_REFS * 4 + 8;

/** Adds a ref, larger than all before, to a pair's postings. The caller made sure of POSTINGS_GROWTH bytes. */
export function addPosting(pair: u32, ref: u32): void {
  const record = pairRecord(pair);
  const count = load<u32>(record, PAIR_COUNT);
  if (count == 0) store<u32>(record, ref + 1, PAIR_FIRST_REF);
  else {
    let tail = load<u32>(record, PAIR_BLOCK_TAIL);
    if (tail == 0 || load<u32>(tail, 8) == load<u32>(tail, 4)) {
      let capacity = tail == 0 ? FIRST_BLOCK_REFS : load<u32>(tail, 4) << 1;
      if (capacity > MAX_BLOCK_REFS) capacity = MAX_BLOCK_REFS;
      const block = alloc(POSTINGS_HEADER + (capacity << 2));
      store<u32>(block, capacity, 4);
      if (tail == 0) store<u32>(record, block, PAIR_BLOCK_HEAD);
      else store<u32>(tail, block);
      store<u32>(record, block, PAIR_BLOCK_TAIL);
      tail = block;
    }
    const used = load<u32>(tail, 8);
    store<u32>(tail + POSTINGS_HEADER + (used << 2), ref + 1);
    store<u32>(tail, used + 1, 8);
  }
  store<u32>(record, count + 1, PAIR_COUNT);
}

let cursorBlock: u32 = 0;
let cursorIndex: u32 = 0;
let cursorFirst: u32 = 0;

/** Starts reading a pair's postings; returns how many refs there are at most. */
export function postingsBegin(pair: u32): u32 {
  const record = pairRecord(pair);
  cursorFirst = load<u32>(record, PAIR_FIRST_REF);
  cursorBlock = load<u32>(record, PAIR_BLOCK_HEAD);
  cursorIndex = 0;
  return load<u32>(record, PAIR_COUNT);
}

/** Writes up to `capacity` further refs below `limit` to `out` (u32). Returns how many; 0 at the end. */
export function postingsNext(out: u32, capacity: u32, limit: u32): u32 {
  let n: u32 = 0;
  if (cursorFirst != 0 && capacity > 0) {
    if (cursorFirst > limit) {
      cursorBlock = 0;
      cursorFirst = 0;
      return 0;
    }
    store<u32>(out, cursorFirst - 1);
    n = 1;
    cursorFirst = 0;
  }
  while (cursorBlock != 0 && n < capacity) {
    const used = load<u32>(cursorBlock, 8);
    while (cursorIndex < used && n < capacity) {
      const entry = load<u32>(cursorBlock + POSTINGS_HEADER + (cursorIndex << 2));
      // Zero: not yet written as seen from this thread; past the limit: not yet published. Refs rise, so that is the end.
      if (entry == 0 || entry > limit) {
        cursorBlock = 0;
        return n;
      }
      store<u32>(out + (n << 2), entry - 1);
      n++;
      cursorIndex++;
    }
    if (cursorIndex == used) {
      cursorBlock = load<u32>(cursorBlock);
      cursorIndex = 0;
    }
  }
  return n;
}

let cursorPair: u32 = 0;

/** Starts listing the pairs of a name, newest first. */
export function pairsBegin(name: u32): u32 {
  const record = nameRecord(name);
  cursorPair = load<u32>(record, NAME_FIRST_PAIR);
  return load<u32>(record, NAME_PAIR_COUNT);
}

/** Writes up to `capacity` further { id, text, length } triples (u32). Returns how many; 0 at the end. */
export function pairsNext(out: u32, capacity: u32): u32 {
  let n: u32 = 0;
  while (cursorPair != 0 && n < capacity) {
    const record = pairRecord(cursorPair - 1);
    store<u32>(out, cursorPair - 1);
    store<u32>(out, load<u32>(record, PAIR_TEXT), 4);
    store<u32>(out, load<u32>(record, PAIR_LENGTH), 8);
    out += 12;
    n++;
    cursorPair = load<u32>(record, PAIR_NEXT);
  }
  return n;
}
