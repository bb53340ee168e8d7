// Series of an arena: from a list of pair ids (the canonical identity) to a ref, and the creation of new ones.
import { alloc, heapLeft } from './heap';
import { mix } from './hash';
import { addPosting, findName, findPair, internName, internPair, pairRecord, POSTINGS_GROWTH } from './dictionary';
import { ensureSlot, firstSlot, insertSlot, nextSlot } from './table';
import { isUtf8 } from './utf8';
import { BAD_VARINT, lengthAt, numberAt } from './varint';
import {
  COLD_BASE, COLD_BYTES, C_HASH, C_LABELS, HDR_SEED, HDR_SERIES, HDR_SERIES_LIMIT, HDR_SERIES_MASK, HDR_SERIES_PUBLISHED,
  HDR_SERIES_TABLE, HDR_STARVED, LABELS_NO_MEMORY, LABELS_OK, LABELS_SERIES_LIMIT, LABELS_STARVED, LABELS_UNUSUAL, PAIR_NAME, SERIES_BASE,
  SERIES_BYTES, SERIES_CAPACITY, SYMBOL_BASE, SYMBOL_BYTES, SYMBOL_LENGTH, SYMBOL_TEXT,
} from './layout';

export function hotRecord(ref: u32): u32 {
  return SERIES_BASE + ref * SERIES_BYTES;
}

export function coldRecord(ref: u32): u32 {
  return COLD_BASE + ref * COLD_BYTES;
}

/** Labels of one set; a longer one takes the general path, which refuses it by the configured limit. */
const MAX_LABELS: u32 = 128;
/** Names and values from these lengths on take it too. */
const NAME_LENGTH_MAX: u32 = 128;
const VALUE_LENGTH_MAX: u32 = 16384;

/** Ref found or made by the last successful call. */
export let resolvedRef: u32 = 0;

/** Makes all series visible to readers. */
export function publishSeries(): void {
  atomic.store<u32>(HDR_SERIES_PUBLISHED, load<u32>(HDR_SERIES));
}

/** Tag of a list of pair ids in the series table. */
export function listTag(ids: u32, n: u32): u32 {
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

/** LABELS_OK if a series may be added, otherwise why not. */
function newSeriesCode(): u32 {
  if (load<u32>(HDR_STARVED) != 0) return LABELS_STARVED;
  const count = load<u32>(HDR_SERIES);
  return count >= load<u32>(HDR_SERIES_LIMIT) || count >= <u32>SERIES_CAPACITY ? LABELS_SERIES_LIMIT : LABELS_OK;
}

/**
 * Id of the pair of a name and a value for a series, -1 if it cannot be had: `pairCode` says why. Where no series may be added no text
 * is either, or refused ones would fill the memory all the same.
 */
function pairFor(name: u32, nameLength: u32, value: u32, valueLength: u32): i32 {
  const code = newSeriesCode();
  const nameId = code == LABELS_OK ? internName(name, nameLength) : findName(name, nameLength);
  const pair = nameId < 0 ? -1 : code == LABELS_OK ? internPair(nameId, value, valueLength) : findPair(nameId, value, valueLength);
  if (pair < 0) pairCode = code == LABELS_OK ? LABELS_NO_MEMORY : code;
  return pair;
}

let pairCode: u32 = 0;

/** Finds or creates the series with these pair ids (u32, in label order). Sets `resolvedRef`; returns a LABELS_ code. */
export function resolvePairs(ids: u32, n: u32): u32 {
  const tag = listTag(ids, n);
  const found = findPairs(ids, n, tag);
  if (found >= 0) {
    resolvedRef = found;
    return LABELS_OK;
  }
  const ref = load<u32>(HDR_SERIES);
  const code = newSeriesCode();
  if (code != LABELS_OK) return code;
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

// Labels of the set that is being resolved, in the order of the request: names must rise.
let labelCount: u32 = 0;
let isNamed: bool = false;
let lastName: u32 = 0;
let lastNameLength: u32 = 0;

function beginLabels(): void {
  labelCount = 0;
  isNamed = false;
}

/** Interns one more label; returns a LABELS_ code. `ids` is scratch for MAX_LABELS ids. */
function addLabel(name: u32, nameLength: u32, value: u32, valueLength: u32, ids: u32): u32 {
  if (nameLength == 0 || nameLength >= NAME_LENGTH_MAX || valueLength == 0 || valueLength >= VALUE_LENGTH_MAX) return LABELS_UNUSUAL;
  if (labelCount == MAX_LABELS) return LABELS_UNUSUAL;
  if (labelCount > 0 && compareBytes(lastName, lastNameLength, name, nameLength) >= 0) return LABELS_UNUSUAL;
  if (!isUtf8(name, name + nameLength) || !isUtf8(value, value + valueLength)) return LABELS_UNUSUAL;
  if (nameLength == 8 && load<u64>(name) == NAME_WORD) isNamed = true;
  const pair = pairFor(name, nameLength, value, valueLength);
  if (pair < 0) return pairCode;
  store<u32>(ids + (labelCount << 2), pair);
  labelCount++;
  lastName = name;
  lastNameLength = nameLength;
  return LABELS_OK;
}

function endLabels(ids: u32): u32 {
  return isNamed ? resolvePairs(ids, labelCount) : LABELS_UNUSUAL;
}

/**
 * Resolves a run of remote write 1.0 label submessages { 0x0a len { 0x0a len name, 0x12 len value } }: the usual form only,
 * that is names strictly rising, nothing empty, all UTF-8, a metric name. `ids` is scratch for MAX_LABELS ids.
 */
export function resolveLabelRun(start: u32, end: u32, ids: u32): u32 {
  let p = start;
  beginLabels();
  while (p < end) {
    const label = lengthAt(p + 1, end);
    if (label == BAD_VARINT) return LABELS_UNUSUAL;
    p = <u32>(label >> 32);
    const labelEnd = p + <u32>label;
    const name = p < labelEnd && load<u8>(p) == 0x0a ? lengthAt(p + 1, labelEnd) : BAD_VARINT;
    if (name == BAD_VARINT) return LABELS_UNUSUAL;
    p = <u32>(name >> 32) + <u32>name;
    const value = p < labelEnd && load<u8>(p) == 0x12 ? lengthAt(p + 1, labelEnd) : BAD_VARINT;
    if (value == BAD_VARINT || <u32>(value >> 32) + <u32>value != labelEnd) return LABELS_UNUSUAL;
    const code = addLabel(<u32>(name >> 32), <u32>name, <u32>(value >> 32), <u32>value, ids);
    if (code != LABELS_OK) return code;
    p = labelEnd;
  }
  return endLabels(ids);
}

/** As `resolveLabelRun` for remote write 2.0: label references at [start, end) that the walk has checked. */
export function resolveSymbols(start: u32, end: u32, ids: u32): u32 {
  let p = start;
  beginLabels();
  while (p < end) {
    const nameRef = numberAt(p, end);
    const valueRef = numberAt(<u32>(nameRef >> 32), end);
    p = <u32>(valueRef >> 32);
    const name = SYMBOL_BASE + <u32>nameRef * SYMBOL_BYTES;
    const value = SYMBOL_BASE + <u32>valueRef * SYMBOL_BYTES;
    const code = addLabel(
      load<u32>(name, SYMBOL_TEXT), load<u32>(name, SYMBOL_LENGTH), load<u32>(value, SYMBOL_TEXT), load<u32>(value, SYMBOL_LENGTH), ids,
    );
    if (code != LABELS_OK) return code;
  }
  return endLabels(ids);
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
    const pair = pairFor(p, nameLength, p + nameLength, valueLength);
    if (pair < 0) return pairCode;
    p += nameLength + valueLength;
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
