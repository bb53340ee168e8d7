// The sample columns as a walk fills them, and the list of what a walk leaves to the general decoder. What lies outside of the
// head's range is only counted.
import { varint64At, varintEnd } from './varint';
import {
  COLUMN_CAPACITY, COL_REFS, COL_STARTS, COL_TIMES, COL_VALUES, HDR_MAXT, HDR_MINT, HDR_STARTS_MODE, OTHER_BASE, OTHER_BYTES,
  OTHER_CAPACITY, REF_DROPPED, RES_DEDUPLICATED, RES_DROPPED, RES_OTHERS, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_SAMPLES,
  STARTS_KEPT,
} from './layout';

export const SAMPLE_OK: u32 = 0;
/** Not the usual form: the general decoder shall see the whole series. */
export const SAMPLE_ODD: u32 = 1;
export const SAMPLE_NO_ROOM: u32 = 2;

const TAG_VALUE: u32 = 0x09;
const TAG_TIME: u32 = 0x10;
/** Start time of a 2.0 sample. */
const TAG_START: u32 = 0x18;

/** Timestamps beyond these (f64-exact) are left to the general path, which names them. */
const TIME_MAX: i64 = 9007199254740991;

/** Rows filled. */
export let rows: u32 = 0;
let keepsStarts: bool = false;
let mint: f64 = 0;
let maxt: f64 = 0;
let outside: u32 = 0;
let outsideMin: f64 = 0;
let outsideMax: f64 = 0;
let others: u32 = 0;
let dropped: u32 = 0;
let deduplicated: u32 = 0;
// As of the last `beginSeries`.
let markRows: u32 = 0;
let markOutside: u32 = 0;
let markMin: f64 = 0;
let markMax: f64 = 0;

export function beginColumns(): void {
  mint = load<f64>(HDR_MINT);
  maxt = load<f64>(HDR_MAXT);
  keepsStarts = load<u32>(HDR_STARTS_MODE) == STARTS_KEPT;
  rows = 0;
  others = 0;
  dropped = 0;
  deduplicated = 0;
  outside = 0;
  outsideMin = Infinity;
  outsideMax = -Infinity;
}

export function endColumns(): void {
  store<u32>(RES_SAMPLES, rows);
  store<u32>(RES_OTHERS, others);
  store<u32>(RES_DROPPED, dropped);
  store<u32>(RES_DEDUPLICATED, deduplicated);
  store<u32>(RES_OUTSIDE, outside);
  store<f64>(RES_OUTSIDE_MIN, outsideMin);
  store<f64>(RES_OUTSIDE_MAX, outsideMax);
}

/** What follows belongs to one series; `dropSeries` takes it back. */
export function beginSeries(): void {
  markRows = rows;
  markOutside = outside;
  markMin = outsideMin;
  markMax = outsideMax;
}

export function dropSeries(): void {
  rows = markRows;
  outside = markOutside;
  outsideMin = markMin;
  outsideMax = markMax;
}

/** Takes the current series' rows back and counts them: REF_DROPPED or REF_DUPLICATE says as what. What lies outside stays outside. */
export function passOver(why: u32): void {
  if (why == REF_DROPPED) dropped += rows - markRows;
  else deduplicated += rows - markRows;
  rows = markRows;
}

/** Samples outside of the head's range in the current series. */
export function outsideInSeries(): u32 {
  return outside - markOutside;
}

/** Reads a Sample { 1 value, 2 time, 3 start time } at [p, end) into the next row. Encoders leave out zeros. */
export function putSample(p: u32, end: u32): u32 {
  let bits: u64 = 0;
  let time: i64 = 0;
  let start: i64 = 0;
  if (p < end && load<u8>(p) == TAG_VALUE && end - p >= 9) {
    bits = load<u64>(p, 1);
    p += 9;
  }
  if (p < end && load<u8>(p) == TAG_TIME) {
    time = <i64>varint64At(p + 1, end);
    p = varintEnd;
    if (p != 0 && p < end && load<u8>(p) == TAG_START) {
      start = <i64>varint64At(p + 1, end);
      p = varintEnd;
    }
  }
  if (p != end || time > TIME_MAX || time < -TIME_MAX || start > TIME_MAX || start < -TIME_MAX) return SAMPLE_ODD;
  const t = <f64>time;
  if (t < mint || t >= maxt) {
    outside++;
    if (t < outsideMin) outsideMin = t;
    if (t > outsideMax) outsideMax = t;
    return SAMPLE_OK;
  }
  if (rows == COLUMN_CAPACITY) return SAMPLE_NO_ROOM;
  store<f64>(COL_TIMES + (rows << 3), t);
  store<u64>(COL_VALUES + (rows << 3), bits);
  if (keepsStarts) store<f64>(COL_STARTS + (rows << 3), <f64>start);
  rows++;
  return SAMPLE_OK;
}

/** Gives the rows from `first` on a start timestamp (ms), where they have none of their own. */
export function putStart(first: u32, start: i64): void {
  if (!keepsStarts || start > TIME_MAX || start < -TIME_MAX) return;
  for (let i = first; i < rows; i++) {
    if (load<f64>(COL_STARTS + (i << 3)) == 0) store<f64>(COL_STARTS + (i << 3), <f64>start);
  }
}

/** Gives the rows from `first` on their ref. */
export function putRef(first: u32, ref: u32): void {
  for (let i = first; i < rows; i++) store<u32>(COL_REFS + (i << 2), ref);
}

/** Leaves a top-level field at [start, end) to the general decoder. False if there are too many. */
export function putOther(start: u32, end: u32): bool {
  const last = OTHER_BASE + (others - 1) * OTHER_BYTES;
  // Neighbours become one: a request of metadata only is a single entry.
  if (others != 0 && load<u32>(last, 4) == start) {
    store<u32>(last, end, 4);
    return true;
  }
  if (others == OTHER_CAPACITY) return false;
  store<u32>(last + OTHER_BYTES, start);
  store<u32>(last + OTHER_BYTES, end, 4);
  others++;
  return true;
}
