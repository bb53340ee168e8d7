// The log record of new dictionary entries and series. Samples in the log name series by ref, series name pairs by id, pairs
// names; all ids are dense, so a record only says where it starts and replay can tell a gap.
//
//   u32 firstName, u32 names, u32 firstPair, u32 pairs, u32 firstSeries, u32 series
//   names   names  x { varint length, bytes }
//   pairs   pairs  x { varint name id, varint length, bytes }
//   series  series x { varint n, n x varint pair id }
import { internName, internPair, nameRecord, pairRecord } from './dictionary';
import { coldRecord, resolvePairs } from './series';
import {
  C_LABELS, HDR_LOGGED_NAMES, HDR_LOGGED_PAIRS, HDR_LOGGED_SERIES, HDR_NAMES, HDR_PAIRS, HDR_SERIES, LABELS_OK, LOG_OUT,
  LOG_OUT_CAPACITY, NAME_LENGTH, NAME_TEXT, PAIR_LENGTH, PAIR_NAME, PAIR_TEXT, READER_BASE,
} from './layout';

const HEADER: u32 = 24;
/** Longest list of pair ids in one series: 128 labels by the kernel, more by the general path's configured limit. */
const SERIES_MAX: u32 = 5 + 5 * 4096;

function put(p: u32, v: u32): u32 {
  while (v >= 128) {
    store<u8>(p++, <u8>(v | 128));
    v >>= 7;
  }
  store<u8>(p++, <u8>v);
  return p;
}

/** Encodes what is not logged yet, as much as fits, at LOG_OUT. Returns its length, 0 when everything is logged. */
export function encodeDictionary(): u32 {
  const limit: u32 = LOG_OUT + LOG_OUT_CAPACITY;
  let p: u32 = LOG_OUT + HEADER;
  const firstName = load<u32>(HDR_LOGGED_NAMES);
  const names = load<u32>(HDR_NAMES);
  let name = firstName;
  for (; name < names; name++) {
    const record = nameRecord(name);
    const length = load<u32>(record, NAME_LENGTH);
    if (limit - p < length + 10) break;
    p = put(p, length);
    memory.copy(p, load<u32>(record, NAME_TEXT), length);
    p += length;
  }
  const firstPair = load<u32>(HDR_LOGGED_PAIRS);
  const pairs = name == names ? load<u32>(HDR_PAIRS) : firstPair;
  let pair = firstPair;
  for (; pair < pairs; pair++) {
    const record = pairRecord(pair);
    const length = load<u32>(record, PAIR_LENGTH);
    if (limit - p < length + 10) break;
    p = put(p, load<u32>(record, PAIR_NAME));
    p = put(p, length);
    memory.copy(p, load<u32>(record, PAIR_TEXT), length);
    p += length;
  }
  const firstSeries = load<u32>(HDR_LOGGED_SERIES);
  const seriesEnd = name == names && pair == load<u32>(HDR_PAIRS) ? load<u32>(HDR_SERIES) : firstSeries;
  let ref = firstSeries;
  for (; ref < seriesEnd && limit - p > SERIES_MAX; ref++) {
    const labels = load<u32>(coldRecord(ref), C_LABELS);
    const n = load<u32>(labels);
    p = put(p, n);
    for (let i: u32 = 0; i < n; i++) p = put(p, load<u32>(labels + 4 + (i << 2)));
  }
  if (name == firstName && pair == firstPair && ref == firstSeries) return 0;
  store<u32>(LOG_OUT, firstName);
  store<u32>(LOG_OUT, name - firstName, 4);
  store<u32>(LOG_OUT, firstPair, 8);
  store<u32>(LOG_OUT, pair - firstPair, 12);
  store<u32>(LOG_OUT, firstSeries, 16);
  store<u32>(LOG_OUT, ref - firstSeries, 20);
  store<u32>(HDR_LOGGED_NAMES, name);
  store<u32>(HDR_LOGGED_PAIRS, pair);
  store<u32>(HDR_LOGGED_SERIES, ref);
  return p - LOG_OUT;
}

let at: u32 = 0;

function get(end: u32): u32 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 35; shift += 7) {
    if (at >= end) break;
    const b = <u64>load<u8>(at++);
    value |= (b & 127) << shift;
    if (b < 128) return <u32>value;
  }
  at = 0xffffffff;
  return 0xffffffff;
}

/**
 * Applies a record. 0: done (also when all of it was there already); 1: it does not continue what is there (an earlier record
 * is missing); 2: it does not fit its own lengths; 3: no memory.
 */
export function replayDictionary(start: u32, end: u32): u32 {
  if (end - start < HEADER) return 2;
  const firstName = load<u32>(start);
  const names = load<u32>(start, 4);
  const firstPair = load<u32>(start, 8);
  const pairs = load<u32>(start, 12);
  const firstSeries = load<u32>(start, 16);
  const series = load<u32>(start, 20);
  if (firstName > load<u32>(HDR_NAMES) || firstPair > load<u32>(HDR_PAIRS) || firstSeries > load<u32>(HDR_SERIES)) return 1;
  at = start + HEADER;
  for (let i: u32 = 0; i < names; i++) {
    const length = get(end);
    if (at > end || end - at < length) return 2;
    const id = internName(at, length);
    if (id < 0) return 3;
    if (<u32>id != firstName + i) return 1;
    at += length;
  }
  for (let i: u32 = 0; i < pairs; i++) {
    const name = get(end);
    const length = get(end);
    if (at > end || end - at < length) return 2;
    if (name >= load<u32>(HDR_NAMES)) return 1;
    const id = internPair(name, at, length);
    if (id < 0) return 3;
    if (<u32>id != firstPair + i) return 1;
    at += length;
  }
  for (let i: u32 = 0; i < series; i++) {
    const n = get(end);
    if (at > end || end - at < n) return 2;
    for (let k: u32 = 0; k < n; k++) {
      const pair = get(end);
      if (at > end) return 2;
      if (pair >= load<u32>(HDR_PAIRS)) return 1;
      store<u32>(READER_BASE + (k << 2), pair);
    }
    if (resolvePairs(READER_BASE, n) != LABELS_OK) return 3;
  }
  store<u32>(HDR_LOGGED_NAMES, load<u32>(HDR_NAMES));
  store<u32>(HDR_LOGGED_PAIRS, load<u32>(HDR_PAIRS));
  store<u32>(HDR_LOGGED_SERIES, load<u32>(HDR_SERIES));
  return 0;
}
