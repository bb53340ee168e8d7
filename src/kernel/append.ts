// Appends the sample columns to the series and writes, in the same pass, the log record of what was stored. Everything that
// needs a decision beyond "newer than the newest of its series" gets a status and is left to the slow path.
import { alloc, beginBatch, endBatch, heapLeft } from './heap';
import { appendToChunk, decodeChunk } from './gorilla';
import { coldRecord, hotRecord, publishSeries } from './series';
import { touch } from './touched';
import { noteLateStart, noteStart } from './starts';
import {
  COL_REFS, COL_STARTS, COL_STATUS, COL_TIMES, COL_VALUES, C_HIST_HEAD, C_HIST_LAST_TIME, C_HIST_TAIL, C_LATE_HEAD, C_LATE_LAST_TIME,
  C_LATE_TAIL, FLAG_HAS_SAMPLE, FLAG_HISTOGRAMS, FLAG_LATE, HDR_MAXT, HDR_MAX_TIME, HDR_MINT, HDR_MIN_TIME, HDR_SAMPLES, HDR_SERIES,
  HDR_STARTS_MODE, HEAP_PER_SAMPLE, LATE_ENTRIES, LATE_ENTRY_BYTES, LATE_HEADER, LOG_OUT, READER_BASE, READER_TIMES, READER_VALUES,
  RES_DUPLICATES, RES_LOG_BYTES, RES_OK, RES_SLOW, RES_START, STARTS_KEPT, STARTS_NONE, START_SAME, SEALED_ACC, SEALED_COUNT,
  SEALED_FIRST_TIME, SEALED_FIRST_VALUE, SEALED_FIRST_WORD, SEALED_LAST_TIME, SEALED_NEXT, SEALED_PEND, SEALED_WRITE, SLAB_BYTES,
  ST_CONFLICT, ST_DUPLICATE, ST_MIXED, ST_NO_MEMORY, ST_NO_SERIES, ST_OK, ST_OLDER, ST_OUTSIDE, S_ACC, S_COUNT, S_FIRST_TIME, S_FIRST_VALUE,
  S_FIRST_WORD, S_FLAGS, S_LAST_TIME, S_LAST_VALUE, S_PEND, S_SEALED_HEAD, S_WRITE,
} from './layout';

// ---- Log record of samples: tsdb/log/format.md, "Records of a head" -------------------------------------------------------

const CTRL_REF: u32 = 16;
const CTRL_TIME: u32 = 32;
const CTRL_START: u32 = 64;
/** Heap that stays free for what one append may take beside its own bytes: a new slab of blocks, with room to spare. */
const HEAP_RESERVE: u32 = SLAB_BYTES * 2;

/** u32 count, f64 time of the first sample. */
const RECORD_HEADER: u32 = 12;

function zigzag(v: i64): u64 {
  return (<u64>v << 1) ^ <u64>(v >> 63);
}

function unzigzag(v: u64): i64 {
  return <i64>(v >> 1) ^ -<i64>(v & 1);
}

function putVarint(p: u32, v: u64): u32 {
  while (v >= 128) {
    store<u8>(p++, <u8>(v | 128));
    v >>= 7;
  }
  store<u8>(p++, <u8>v);
  return p;
}

// ---- Batch append --------------------------------------------------------------------------------------------------------

/**
 * Appends samples [0, n) of the columns. Samples older than `minValid` (ms) are left to the slow path, those newer than
 * `notAfter` get the status `tooFar`. COL_STATUS says what became of each; RES_OK, RES_DUPLICATES and RES_SLOW count them.
 * The log record of the stored ones is at LOG_OUT, RES_LOG_BYTES long (0: nothing to log).
 */
export function appendColumns(n: u32, minValid: f64, notAfter: f64, tooFar: u32): void {
  const mint = load<f64>(HDR_MINT);
  const maxt = load<f64>(HDR_MAXT);
  const seriesCount = load<u32>(HDR_SERIES);
  const starts = load<u32>(HDR_STARTS_MODE);
  const roomy = heapLeft() > HEAP_RESERVE + n * HEAP_PER_SAMPLE;
  let newest: f64 = -Infinity;
  let oldest: f64 = Infinity;
  let ok: u32 = 0;
  let duplicates: u32 = 0;
  let slow: u32 = 0;
  let log = LOG_OUT + RECORD_HEADER;
  let previousRef: i64 = -1;
  let previousTime: f64 = 0;
  beginBatch();
  for (let i: u32 = 0; i < n; i++) {
    const ref = load<u32>(COL_REFS + (i << 2));
    const t = load<f64>(COL_TIMES + (i << 3));
    const bits = load<u64>(COL_VALUES + (i << 3));
    let status: u32 = ST_OK;
    if (ref >= seriesCount) status = ST_NO_SERIES;
    else if (t < mint || t >= maxt) status = ST_OUTSIDE;
    else if (t > notAfter) status = tooFar;
    else if (t < minValid) status = ST_OLDER;
    else {
      const s = hotRecord(ref);
      const flags = <u32>load<u8>(s, S_FLAGS);
      const time = <u32>(t - mint);
      if (flags & FLAG_HISTOGRAMS) status = ST_MIXED;
      else if (flags & FLAG_HAS_SAMPLE) {
        const last = load<u32>(s, S_LAST_TIME);
        if (time < last) status = ST_OLDER;
        else if (time == last) status = bits == load<u64>(s, S_LAST_VALUE) ? ST_DUPLICATE : ST_CONFLICT;
      }
      if (status == ST_OK && !roomy) status = ST_NO_MEMORY;
      if (status == ST_OK) {
        let start: f64 = 0;
        let startChange: u32 = START_SAME;
        if (starts != STARTS_NONE) {
          if (starts == STARTS_KEPT) start = load<f64>(COL_STARTS + (i << 3));
          startChange = noteStart(ref, s, time, start);
        }
        appendToChunk(s, time, bits);
        if (t > newest) newest = t;
        if (t < oldest) oldest = t;
        if (ok == 0) {
          store<f64>(LOG_OUT, t, 4);
          previousTime = t;
        }
        // Trailing zero bytes of the double are left out: whole numbers and short fractions have many.
        const valueBytes: u32 = bits == 0 ? 0 : 8 - (<u32>ctz<u64>(bits) >> 3);
        const refStep = <i64>ref - previousRef;
        const control = log++;
        let flagsOut = valueBytes;
        if (refStep != 1) {
          flagsOut |= CTRL_REF;
          log = putVarint(log, zigzag(refStep));
        }
        if (t != previousTime) {
          flagsOut |= CTRL_TIME;
          log = putVarint(log, zigzag(<i64>(t - previousTime)));
          previousTime = t;
        }
        if (startChange != START_SAME) {
          flagsOut |= CTRL_START;
          log = putVarint(log, start == 0 ? 0 : zigzag(<i64>(t - start)) + 1);
        }
        store<u8>(control, <u8>flagsOut);
        store<u64>(log, valueBytes == 0 ? 0 : bits >> ((8 - valueBytes) << 3));
        log += valueBytes;
        previousRef = ref;
        ok++;
      }
    }
    if (status == ST_DUPLICATE) duplicates++;
    else if (status != ST_OK) slow++;
    store<u8>(COL_STATUS + i, <u8>status);
  }
  if (ok != 0) {
    store<f64>(HDR_MAX_TIME, max(newest, load<f64>(HDR_MAX_TIME)));
    store<f64>(HDR_MIN_TIME, min(oldest, load<f64>(HDR_MIN_TIME)));
    touch(oldest, newest);
  }
  store<f64>(HDR_SAMPLES, load<f64>(HDR_SAMPLES) + <f64>ok);
  publishSeries();
  endBatch();
  store<u32>(LOG_OUT, ok);
  store<u32>(RES_LOG_BYTES, ok == 0 ? 0 : log - LOG_OUT);
  store<u32>(RES_OK, ok);
  store<u32>(RES_DUPLICATES, duplicates);
  store<u32>(RES_SLOW, slow);
}

/**
 * Applies a log record of samples that lies at [p, end). Returns the samples that could not be applied because their series
 * is unknown (its record was lost), or -1 if the record does not fit its own lengths.
 */
export function replaySamples(p: u32, end: u32): i32 {
  if (end - p < RECORD_HEADER) return -1;
  const count = load<u32>(p);
  const mint = load<f64>(HDR_MINT);
  const maxt = load<f64>(HDR_MAXT);
  const seriesCount = load<u32>(HDR_SERIES);
  let t = load<f64>(p, 4);
  let ref: i64 = -1;
  let lost: i32 = 0;
  let applied: f64 = 0;
  p += RECORD_HEADER;
  for (let i: u32 = 0; i < count; i++) {
    if (p >= end) return -1;
    const control = <u32>load<u8>(p++);
    let step: i64 = 1;
    if (control & CTRL_REF) {
      varintAt = p;
      step = unzigzag(getVarint(end));
      p = varintAt;
    }
    if (control & CTRL_TIME) {
      varintAt = p;
      t += <f64>unzigzag(getVarint(end));
      p = varintAt;
    }
    let start: f64 = 0;
    if (control & CTRL_START) {
      varintAt = p;
      const distance = getVarint(end);
      p = varintAt;
      if (distance != 0) start = t - <f64>unzigzag(distance - 1);
    }
    const valueBytes = control & 15;
    if (valueBytes > 8 || p > end || end - p < valueBytes) return -1;
    let bits: u64 = 0;
    if (valueBytes != 0) bits = load<u64>(p) << ((8 - valueBytes) << 3);
    p += valueBytes;
    ref += step;
    if (ref < 0 || ref >= <i64>seriesCount || !(t >= mint && t < maxt)) {
      lost++;
      continue;
    }
    const s = hotRecord(<u32>ref);
    const time = <u32>(t - mint);
    // Replaying twice equals once: what is there already is passed over.
    if ((load<u8>(s, S_FLAGS) & FLAG_HAS_SAMPLE) && time <= load<u32>(s, S_LAST_TIME)) continue;
    if (heapLeft() < HEAP_RESERVE) return -2;
    if (control & CTRL_START) noteStart(<u32>ref, s, time, start);
    appendToChunk(s, time, bits);
    if (t > load<f64>(HDR_MAX_TIME)) store<f64>(HDR_MAX_TIME, t);
    if (t < load<f64>(HDR_MIN_TIME)) store<f64>(HDR_MIN_TIME, t);
    touch(t, t);
    applied += 1;
  }
  store<f64>(HDR_SAMPLES, load<f64>(HDR_SAMPLES) + applied);
  return lost;
}

let varintAt: u32 = 0;

function getVarint(end: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (varintAt >= end) break;
    const b = <u64>load<u8>(varintAt++);
    value |= (b & 127) << shift;
    if (b < 128) return value;
  }
  varintAt = 0xffffffff;
  return 0;
}

// ---- One sample at a time: late, mixed with histograms, histograms ------------------------------------------------------------

/** Newest time of a series over both kinds, -1 if it has no sample. */
function newestTime(ref: u32): i64 {
  const s = hotRecord(ref);
  const flags = <u32>load<u8>(s, S_FLAGS);
  let newest: i64 = flags & FLAG_HAS_SAMPLE ? <i64>load<u32>(s, S_LAST_TIME) : -1;
  if (flags & FLAG_HISTOGRAMS) newest = max(newest, <i64>load<u32>(coldRecord(ref), C_HIST_LAST_TIME));
  return newest;
}

/** As `newestTime`, in ms since the epoch; -Infinity if the series has no sample here. */
export function seriesNewest(ref: u32): f64 {
  const newest = newestTime(ref);
  return newest < 0 ? -Infinity : load<f64>(HDR_MINT) + <f64>newest;
}

function countSample(t: f64): void {
  store<f64>(HDR_SAMPLES, load<f64>(HDR_SAMPLES) + 1);
  if (t > load<f64>(HDR_MAX_TIME)) store<f64>(HDR_MAX_TIME, t);
  if (t < load<f64>(HDR_MIN_TIME)) store<f64>(HDR_MIN_TIME, t);
  touch(t, t);
}

/**
 * Looks for a float at exactly this time. ST_OK: none there; ST_DUPLICATE: the same bits; ST_CONFLICT: other bits (or a
 * histogram).
 */
export function probeFloat(ref: u32, t: f64, bitsLow: u32, bitsHigh: u32): u32 {
  const bits = (<u64>bitsHigh << 32) | <u64>bitsLow;
  const time = <u32>(t - load<f64>(HDR_MINT));
  const s = hotRecord(ref);
  const times = READER_BASE + READER_TIMES;
  const values = READER_BASE + READER_VALUES;
  let found: u32 = 0;
  for (let chunk = load<u32>(s, S_SEALED_HEAD); chunk != 0; chunk = load<u32>(chunk, SEALED_NEXT)) {
    if (time < load<u32>(chunk, SEALED_FIRST_TIME)) break;
    if (time > load<u32>(chunk, SEALED_LAST_TIME)) continue;
    found = decodeChunk(
      load<u16>(chunk, SEALED_COUNT), load<u32>(chunk, SEALED_FIRST_TIME), load<u64>(chunk, SEALED_FIRST_VALUE),
      load<u32>(chunk, SEALED_FIRST_WORD), load<u32>(chunk, SEALED_WRITE), load<u64>(chunk, SEALED_ACC), load<u8>(chunk, SEALED_PEND),
      time, time, 0, times, values,
    );
    break;
  }
  if (found == 0 && load<u16>(s, S_COUNT) != 0 && time >= load<u32>(s, S_FIRST_TIME) && time <= load<u32>(s, S_LAST_TIME)) {
    found = decodeChunk(
      load<u16>(s, S_COUNT), load<u32>(s, S_FIRST_TIME), load<u64>(s, S_FIRST_VALUE), load<u32>(s, S_FIRST_WORD), load<u32>(s, S_WRITE),
      load<u64>(s, S_ACC), load<u8>(s, S_PEND), time, time, 0, times, values,
    );
  }
  if (found != 0) return load<u64>(values) == bits ? ST_DUPLICATE : ST_CONFLICT;
  const cold = coldRecord(ref);
  // Late samples mostly come in their own order, so that they are newer than those before.
  const late = time > load<u32>(cold, C_LATE_LAST_TIME) ? 0 : load<u32>(cold, C_LATE_HEAD);
  for (let block = late; block != 0; block = load<u32>(block)) {
    const used = load<u32>(block, 4);
    for (let i: u32 = 0; i < used; i++) {
      const entry = block + LATE_HEADER + i * LATE_ENTRY_BYTES;
      if (load<u32>(entry) == time) return load<u64>(entry, 8) == bits ? ST_DUPLICATE : ST_CONFLICT;
    }
  }
  return findHistogram(ref, time) == 0 ? ST_OK : ST_CONFLICT;
}

/**
 * The start of one sample that is about to be stored; RES_START says what it changed. NaN: the series' entries are right already
 * (they come from the log).
 */
function startOfOne(ref: u32, s: u32, time: u32, start: f64): void {
  let change: u32 = START_SAME;
  if (start == start && load<u32>(HDR_STARTS_MODE) != STARTS_NONE) {
    change = <i64>time > newestTime(ref) ? noteStart(ref, s, time, start) : noteLateStart(ref, s, time, start);
  }
  store<u32>(RES_START, change);
}

/** Stores a float wherever it belongs; `probeFloat` said that its time is free. ST_OK or ST_NO_MEMORY. `start`: see `startOfOne`. */
export function appendFloat(ref: u32, t: f64, bitsLow: u32, bitsHigh: u32, start: f64): u32 {
  if (heapLeft() < HEAP_RESERVE) return ST_NO_MEMORY;
  const bits = (<u64>bitsHigh << 32) | <u64>bitsLow;
  const time = <u32>(t - load<f64>(HDR_MINT));
  const s = hotRecord(ref);
  startOfOne(ref, s, time, start);
  if ((load<u8>(s, S_FLAGS) & FLAG_HAS_SAMPLE) == 0 || time > load<u32>(s, S_LAST_TIME)) appendToChunk(s, time, bits);
  else appendLate(ref, time, bits);
  countSample(t);
  return ST_OK;
}

function appendLate(ref: u32, time: u32, bits: u64): void {
  const cold = coldRecord(ref);
  let tail = load<u32>(cold, C_LATE_TAIL);
  if (tail == 0 || load<u32>(tail, 4) == LATE_ENTRIES) {
    const block = alloc(LATE_HEADER + LATE_ENTRIES * LATE_ENTRY_BYTES);
    if (tail == 0) store<u32>(cold, block, C_LATE_HEAD);
    else store<u32>(tail, block);
    store<u32>(cold, block, C_LATE_TAIL);
    tail = block;
  }
  const used = load<u32>(tail, 4);
  const entry = tail + LATE_HEADER + used * LATE_ENTRY_BYTES;
  store<u32>(entry, time);
  store<u64>(entry, bits, 8);
  store<u32>(tail, used + 1, 4);
  if (time > load<u32>(cold, C_LATE_LAST_TIME)) store<u32>(cold, time, C_LATE_LAST_TIME);
  const s = hotRecord(ref);
  store<u8>(s, load<u8>(s, S_FLAGS) | FLAG_LATE, S_FLAGS);
}

/** Record of the histogram at exactly this time, 0 if there is none. */
function findHistogram(ref: u32, time: u32): u32 {
  const cold = coldRecord(ref);
  // Nearly always: without this each histogram would be compared with all before it.
  if (time > load<u32>(cold, C_HIST_LAST_TIME)) return 0;
  for (let record = load<u32>(cold, C_HIST_HEAD); record != 0; record = load<u32>(record)) {
    if (load<u32>(record, 4) == time) return record;
  }
  return 0;
}

/** As `probeFloat` for an encoded histogram at [bytes, bytes + length): equal encodings are equal histograms. */
export function probeHistogram(ref: u32, t: f64, bytes: u32, length: u32): u32 {
  const time = <u32>(t - load<f64>(HDR_MINT));
  const record = findHistogram(ref, time);
  if (record == 0) {
    // A float at this time conflicts, whatever its value.
    return probeFloat(ref, t, 0, 0) == ST_OK ? ST_OK : ST_CONFLICT;
  }
  if (load<u32>(record, 8) != length) return ST_CONFLICT;
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(record + 12 + i) != load<u8>(bytes + i)) return ST_CONFLICT;
  }
  return ST_DUPLICATE;
}

/** Stores an encoded histogram. ST_OK or ST_NO_MEMORY. `start`: see `startOfOne`. */
export function appendHistogram(ref: u32, t: f64, bytes: u32, length: u32, start: f64): u32 {
  if (heapLeft() < HEAP_RESERVE || heapLeft() - HEAP_RESERVE < length) return ST_NO_MEMORY;
  const time = <u32>(t - load<f64>(HDR_MINT));
  const record = alloc(12 + length);
  store<u32>(record, time, 4);
  store<u32>(record, length, 8);
  memory.copy(record + 12, bytes, length);
  const cold = coldRecord(ref);
  const s = hotRecord(ref);
  startOfOne(ref, s, time, start);
  const tail = load<u32>(cold, C_HIST_TAIL);
  if (tail == 0) store<u32>(cold, record, C_HIST_HEAD);
  else store<u32>(tail, record);
  store<u32>(cold, record, C_HIST_TAIL);
  if (tail == 0 || time > load<u32>(cold, C_HIST_LAST_TIME)) store<u32>(cold, time, C_HIST_LAST_TIME);
  store<u8>(s, load<u8>(s, S_FLAGS) | FLAG_HISTOGRAMS, S_FLAGS);
  countSample(t);
  return ST_OK;
}
