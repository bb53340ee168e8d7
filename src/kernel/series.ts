// Series of an arena: from a list of pair ids (the canonical identity) to a ref, and the creation of new ones.
import { alloc, heapLeft } from './heap';
import { mix } from './hash';
import { addPosting, findName, findPair, internName, internPair, pairRecord, POSTINGS_GROWTH } from './dictionary';
import { ensureSlot, firstSlot, insertSlot, nextSlot } from './table';
import { isUtf8 } from './utf8';
import {
  COLD_BASE, COLD_BYTES, C_HASH, C_LABELS, HDR_SEED, HDR_SERIES, HDR_SERIES_LIMIT, HDR_SERIES_MASK, HDR_SERIES_PUBLISHED,
  HDR_SERIES_TABLE, LABELS_NO_MEMORY, LABELS_OK, LABELS_SERIES_LIMIT, LABELS_UNUSUAL, PAIR_NAME, SERIES_BASE, SERIES_BYTES,
  SERIES_CAPACITY,
} from './layout';

export function hotRecord(ref: u32): u32 {
  return SERIES_BASE + ref * SERIES_BYTES;
}

export function coldRecord(ref: u32): u32 {
  return COLD_BASE + ref * COLD_BYTES;
}

/** Labels of one set; a longer one takes the general path, which refuses it by the configured limit. */
const MAX_LABELS: u32 = 128;

/** Ref found or made by the last successful call. */
export let resolvedRef: u32 = 0;

/** Makes all series visible to readers. */
export function publishSeries(): void {
  atomic.store<u32>(HDR_SERIES_PUBLISHED, load<u32>(HDR_SERIES));
}

/** Tag of a list of pair ids in the series table. */
function listTag(ids: u32, n: u32): u32 {
  let h = load<u64>(HDR_SEED) + n;
  for (let i: u32 = 0; i < n; i++) h = mix(h, load<u32>(ids + (i << 2)));
  return <u32>(h >> 32);
}

/** Ref of the series with these pair ids (u32, in label order), or -1. */
function findPairs(ids: u32, n: u32, tag: u32): i32 {
  const table = load<u32>(HDR_SERIES_TABLE);
  const mask = load<u32>(HDR_SERIES_MASK);
  let slot = firstSlot(table, mask, tag);
  for (let probes: u32 = 0; probes <= mask; probes++) {
    const entry = load<u32>(slot, 4);
    if (entry == 0) return -1;
    if (load<u32>(slot) == tag && sameLabels(load<u32>(coldRecord(entry - 1), C_LABELS), ids, n)) return entry - 1;
    slot = nextSlot(table, mask, slot);
  }
  return -1;
}

/** Finds or creates the series with these pair ids (u32, in label order). Sets `resolvedRef`; returns a LABELS_ code. */
export function resolvePairs(ids: u32, n: u32): u32 {
  const tag = listTag(ids, n);
  const found = findPairs(ids, n, tag);
  if (found >= 0) {
    resolvedRef = found;
    return LABELS_OK;
  }
  const ref = load<u32>(HDR_SERIES);
  if (ref >= load<u32>(HDR_SERIES_LIMIT) || ref >= <u32>SERIES_CAPACITY) return LABELS_SERIES_LIMIT;
  if (heapLeft() < n * POSTINGS_GROWTH + 4096 || !ensureSlot(HDR_SERIES_TABLE, HDR_SERIES_MASK, ref)) return LABELS_NO_MEMORY;
  const labels = alloc(4 + (n << 2));
  if (labels == 0 || heapLeft() < n * POSTINGS_GROWTH) return LABELS_NO_MEMORY;
  store<u32>(labels, n);
  memory.copy(labels + 4, ids, n << 2);
  const cold = coldRecord(ref);
  store<u32>(cold, labels, C_LABELS);
  store<u32>(cold, tag, C_HASH);
  for (let i: u32 = 0; i < n; i++) addPosting(load<u32>(ids + (i << 2)), ref);
  insertSlot(HDR_SERIES_TABLE, HDR_SERIES_MASK, tag, ref);
  store<u32>(HDR_SERIES, ref + 1);
  resolvedRef = ref;
  return LABELS_OK;
}

function sameLabels(labels: u32, ids: u32, n: u32): bool {
  if (load<u32>(labels) != n) return false;
  for (let i: u32 = 0; i < n; i++) {
    if (load<u32>(labels + 4 + (i << 2)) != load<u32>(ids + (i << 2))) return false;
  }
  return true;
}

function compareBytes(a: u32, aLength: u32, b: u32, bLength: u32): i32 {
  const n = min(aLength, bLength);
  for (let i: u32 = 0; i < n; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference != 0) return difference;
  }
  return <i32>aLength - <i32>bLength;
}

/** `__name__` as a little-endian word. */
const NAME_WORD: u64 = 0x5f5f656d616e5f5f;

/**
 * Resolves a run of remote write 1.0 label submessages { 0x0a len { 0x0a len name, 0x12 len value } }: the usual form only,
 * that is names strictly rising, nothing empty, all UTF-8, a metric name. `ids` is scratch for MAX_LABELS ids.
 */
export function resolveLabelRun(start: u32, end: u32, ids: u32): u32 {
  let p = start;
  let n: u32 = 0;
  let named = false;
  let previous: u32 = 0;
  let previousLength: u32 = 0;
  while (p < end) {
    // Long labels (lengths of two bytes and more) are read too, lengths beyond 2^21 are left to the general path.
    p += 1;
    let length = <u32>load<u8>(p++);
    if (length >= 128) {
      const more = <u32>load<u8>(p++);
      if (more >= 128) return LABELS_UNUSUAL;
      length = (length & 127) | (more << 7);
    }
    const labelEnd = p + length;
    if (labelEnd > end || length < 4 || load<u8>(p) != 0x0a) return LABELS_UNUSUAL;
    p += 1;
    const nameLength = <u32>load<u8>(p++);
    if (nameLength >= 128 || nameLength == 0 || p + nameLength + 2 > labelEnd) return LABELS_UNUSUAL;
    const name = p;
    p += nameLength;
    if (load<u8>(p) != 0x12) return LABELS_UNUSUAL;
    p += 1;
    let valueLength = <u32>load<u8>(p++);
    if (valueLength >= 128) {
      const more = <u32>load<u8>(p++);
      if (more >= 128) return LABELS_UNUSUAL;
      valueLength = (valueLength & 127) | (more << 7);
    }
    if (valueLength == 0 || p + valueLength != labelEnd || n == MAX_LABELS) return LABELS_UNUSUAL;
    if (n > 0 && compareBytes(previous, previousLength, name, nameLength) >= 0) return LABELS_UNUSUAL;
    if (!isUtf8(name, name + nameLength) || !isUtf8(p, labelEnd)) return LABELS_UNUSUAL;
    if (nameLength == 8 && load<u64>(name) == NAME_WORD) named = true;
    const nameId = internName(name, nameLength);
    if (nameId < 0) return LABELS_NO_MEMORY;
    const pair = internPair(nameId, p, valueLength);
    if (pair < 0) return LABELS_NO_MEMORY;
    store<u32>(ids + (n << 2), pair);
    n++;
    previous = name;
    previousLength = nameLength;
    p = labelEnd;
  }
  return named ? resolvePairs(ids, n) : LABELS_UNUSUAL;
}

/**
 * Resolves a label set in the canonical form that the general path writes: n times { u32 nameLength, u32 valueLength,
 * name, value }, already validated and sorted. `ids` is scratch for n ids.
 */
export function resolveCanonical(start: u32, n: u32, ids: u32): u32 {
  let p = start;
  for (let i: u32 = 0; i < n; i++) {
    const nameLength = load<u32>(p);
    const valueLength = load<u32>(p, 4);
    p += 8;
    const nameId = internName(p, nameLength);
    if (nameId < 0) return LABELS_NO_MEMORY;
    p += nameLength;
    const pair = internPair(nameId, p, valueLength);
    if (pair < 0) return LABELS_NO_MEMORY;
    p += valueLength;
    store<u32>(ids + (i << 2), pair);
  }
  return resolvePairs(ids, n);
}

/** As `resolveCanonical`, but only looks: the ref, or -1. */
export function findCanonical(start: u32, n: u32, ids: u32): i32 {
  let p = start;
  for (let i: u32 = 0; i < n; i++) {
    const nameLength = load<u32>(p);
    const valueLength = load<u32>(p, 4);
    p += 8;
    const nameId = findName(p, nameLength);
    if (nameId < 0) return -1;
    p += nameLength;
    const pair = findPair(nameId, p, valueLength);
    if (pair < 0) return -1;
    p += valueLength;
    store<u32>(ids + (i << 2), pair);
  }
  return findPairs(ids, n, listTag(ids, n));
}

/** The ref made or found last, for callers outside. */
export function lastRef(): u32 {
  return resolvedRef;
}

/** Address of a series' { n, pair ids } list. */
export function seriesLabels(ref: u32): u32 {
  return load<u32>(coldRecord(ref), C_LABELS);
}

/** Name id of a pair. */
export function pairName(pair: u32): u32 {
  return load<u32>(pairRecord(pair), PAIR_NAME);
}
