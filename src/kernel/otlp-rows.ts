// The rows of an OTLP walk: sample columns with the data point of each row, and the points and resources that are not known.
import { isGeneral, leaveToGeneral } from './otlp-cursor';
import { lookupIdentity } from './identity';
import {
  COLUMN_CAPACITY, COL_REFS, COL_STARTS, COL_TIMES, HDR_MAXT, HDR_MINT, HDR_STARTS_MODE, MISS_BASE, MISS_BYTES, MISS_CAPACITY, MISS_CODE,
  MISS_FIRST_SAMPLE, MISS_HASH, MISS_LABELS, MISS_LABELS_END, MISS_ORDINAL, MISS_SAMPLE_COUNT, OTLP_MISS_EXEMPLARS, OTLP_MISS_POINT,
  OTLP_ORIGINS, OTLP_OTHERS, OTLP_OTHER_BYTES, OTLP_OTHER_CAPACITY, OTLP_OTHER_KIND, OTLP_OTHER_MESSAGE, OTLP_OTHER_START,
  OTLP_OTHER_TARGET, OTLP_REF_LIST, REF_DROPPED, RES_DROPPED, RES_MISSES, RES_OTHERS, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN,
  RES_RISING, RES_SAMPLES, STARTS_KEPT,
} from './layout';

const NANOS_PER_MS: u64 = 1000000;

/** Rows filled. */
export let rows: u32 = 0;
let resourceRows: u32 = 0;
let resourceOutside: bool = false;
/** Points in another head. */
let outside: u32 = 0;
/** Times of the points of the current resource. */
export let earliest: f64 = 0;
export let latest: f64 = 0;
export let keepsStarts: bool = false;
let mint: f64 = 0;
let maxt: f64 = 0;
let misses: u32 = 0;
/** Data points so far: the ordinal of the current one. */
let points: u32 = 0;
let others: u32 = 0;
let outsideMin: f64 = 0;
let outsideMax: f64 = 0;
let rising: bool = true;
let lastTime: f64 = 0;
/** Whether some rows are of series that are dropped. */
let hasDropped: bool = false;
let pointTime: f64 = 0;

export function beginRows(): void {
  mint = load<f64>(HDR_MINT);
  maxt = load<f64>(HDR_MAXT);
  keepsStarts = load<u32>(HDR_STARTS_MODE) == STARTS_KEPT;
  rows = 0;
  misses = 0;
  points = 0;
  others = 0;
  outside = 0;
  outsideMin = Infinity;
  outsideMax = -Infinity;
  rising = true;
  hasDropped = false;
  lastTime = -Infinity;
}

export function endRows(): void {
  store<u32>(RES_SAMPLES, rows);
  store<u32>(RES_MISSES, misses);
  store<u32>(RES_OTHERS, others);
  store<u32>(RES_OUTSIDE, outside);
  store<f64>(RES_OUTSIDE_MIN, outsideMin);
  store<f64>(RES_OUTSIDE_MAX, outsideMax);
  store<u32>(RES_RISING, rising ? 1 : 0);
  store<u32>(RES_DROPPED, hasDropped ? 1 : 0);
}

/** From here on the points are those of another resource. */
export function beginResource(): void {
  earliest = Infinity;
  latest = -Infinity;
  resourceRows = rows;
  resourceOutside = false;
}

/** The point is complete. */
export function endPoint(): void {
  points++;
}

/** Notes the time of a point. False if its rows cannot be put here: another head's time, or none. */
export function takeTime(nanos: u64): bool {
  const t = <f64>(nanos / NANOS_PER_MS);
  // A time that is not set has rules of its own, and does not count if another point of the resource has one.
  if (t == 0) return false;
  if (t < earliest) earliest = t;
  if (t > latest) latest = t;
  if (t < mint || t >= maxt) {
    outside++;
    resourceOutside = true;
    if (t < outsideMin) outsideMin = t;
    if (t > outsideMax) outsideMax = t;
    return false;
  }
  pointTime = t;
  return true;
}

/** True if the walk can say which series is the `target_info` of the current resource, and its times lie in this head. */
export function hasOwnTarget(): bool {
  return !resourceOutside && rows > resourceRows;
}

/** The message that starts here, a point or a metric without points, is for the translator. */
export function leaveMessage(start: u32): void {
  putOther(OTLP_OTHER_MESSAGE, start);
}

/** So is the `target_info` of the resource that starts here. */
export function leaveTarget(start: u32): void {
  putOther(OTLP_OTHER_TARGET, start);
}

function putOther(kind: u32, start: u32): void {
  if (others == OTLP_OTHER_CAPACITY) {
    leaveToGeneral();
    return;
  }
  const other = OTLP_OTHERS + others * OTLP_OTHER_BYTES;
  store<f64>(other, earliest);
  store<f64>(other, latest, 8);
  store<u32>(other, start, OTLP_OTHER_START);
  store<u32>(other, kind, OTLP_OTHER_KIND);
  others++;
}

/** Refs, times and origins of the next `n` rows for the point with this identity. Returns the first row. */
export function openRows(start: u32, end: u32, h1: u64, h2: u64, n: u32, exemplars: bool): u32 {
  const first = rows;
  const value = lookupIdentity(h1, h2);
  if (n > <u32>COLUMN_CAPACITY - first) leaveToGeneral();
  else if (value < 0) addMiss(OTLP_MISS_POINT, start, end, first, n, h1, h2);
  else {
    if (exemplars) addMiss(OTLP_MISS_EXEMPLARS, start, end, first, n, h1, h2);
    putRefs(first, n, value);
  }
  if (isGeneral) return first;
  for (let i = first; i < first + n; i++) {
    store<f64>(COL_TIMES + (i << 3), pointTime);
    store<u32>(OTLP_ORIGINS + (i << 2), points);
  }
  endRowsAt(first + n, pointTime, pointTime);
  return first;
}

/** Takes the rows up to `end`, whose times run from `from` to `to`. */
@inline
export function endRowsAt(end: u32, from: f64, to: f64): void {
  if (from < lastTime) rising = false;
  lastTime = to;
  rows = end;
}

/** Start timestamps of the `n` rows from `first` on, if they are kept. */
export function putStarts(first: u32, n: u32, nanos: u64): void {
  const start = <f64>(nanos / NANOS_PER_MS);
  for (let i = first; i < first + n; i++) store<f64>(COL_STARTS + (i << 3), start);
}

function putRefs(first: u32, n: u32, value: u32): void {
  const column = COL_REFS + (first << 2);
  if ((value & OTLP_REF_LIST) == 0) {
    noteDropped(value);
    for (let i: u32 = 0; i < n; i++) store<u32>(column + (i << 2), value + i);
    return;
  }
  const list = (value & ~OTLP_REF_LIST) << 3;
  // Of another length only if two identities had the same 128 bits.
  if (load<u32>(list) != n) {
    leaveToGeneral();
    return;
  }
  memory.copy(column, list + 4, n << 2);
  for (let i: u32 = 0; i < n; i++) noteDropped(load<u32>(column + (i << 2)));
}

/** `ref` is going into the column. */
export function noteDropped(ref: u32): void {
  if (ref == REF_DROPPED) hasDropped = true;
}

export function addMiss(kind: u32, start: u32, end: u32, first: u32, n: u32, h1: u64, h2: u64): void {
  if (misses == MISS_CAPACITY) {
    leaveToGeneral();
    return;
  }
  const miss = MISS_BASE + misses * MISS_BYTES;
  store<u32>(miss, start, MISS_LABELS);
  store<u32>(miss, end, MISS_LABELS_END);
  store<u32>(miss, first, MISS_FIRST_SAMPLE);
  store<u32>(miss, n, MISS_SAMPLE_COUNT);
  store<u64>(miss, h1, MISS_HASH);
  store<u64>(miss, h2, MISS_HASH + 8);
  store<u32>(miss, kind, MISS_CODE);
  store<u32>(miss, points, MISS_ORDINAL);
  misses++;
}
