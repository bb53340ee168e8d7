// Walks a decompressed prometheus.WriteRequest (remote write 1.0) and fills the sample columns. Knows the form that senders
// produce: timeseries { labels..., samples... }. Anything else is valid protobuf too and goes to the general decoder.
import { beginPrediction, endPrediction, lookupIdentity, registerIdentity } from './identity';
import { hash1, hash2, hashBytes } from './hash';
import { resolvedRef, resolveLabelRun } from './series';
import {
  COLUMN_CAPACITY, COL_REFS, COL_TIMES, COL_VALUES, HDR_MAXT, HDR_MINT, LABELS_OK, MISS_BASE, MISS_BYTES, MISS_CAPACITY, MISS_CODE,
  MISS_FIRST_SAMPLE, MISS_HASH, MISS_LABELS, MISS_LABELS_END, MISS_SAMPLE_COUNT, READER_BASE, RES_MISSES, RES_OUTSIDE,
  RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_RESUME, RES_SAMPLES, WALK_CORRUPT, WALK_DONE, WALK_GENERAL, WALK_MORE,
} from './layout';

const DOMAIN_RW1: u64 = 0x72773100;

const TAG_SERIES: u32 = 0x0a;
const TAG_LABEL: u32 = 0x0a;
const TAG_SAMPLE: u32 = 0x12;
const TAG_VALUE: u32 = 0x09;
const TAG_TIME: u32 = 0x10;

/** Timestamps beyond these (f64-exact) are left to the general path, which names them. */
const TIME_MAX: i64 = 9007199254740991;

let cursor: u32 = 0;

/** Reads a length that must end at or before `limit`; 0xffffffff if it does not or is malformed. */
function readLength(limit: u32): u32 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 35; shift += 7) {
    if (cursor >= limit) return 0xffffffff;
    const b = <u64>load<u8>(cursor++);
    value |= (b & 127) << shift;
    if (b < 128) return value > <u64>(limit - cursor) ? 0xffffffff : <u32>value;
  }
  return 0xffffffff;
}

function readVarint64(limit: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (cursor >= limit) {
      cursor = 0xffffffff;
      return 0;
    }
    const b = <u64>load<u8>(cursor++);
    value |= (b & 127) << shift;
    if (b < 128) return value;
  }
  cursor = 0xffffffff;
  return 0;
}

/**
 * Walks from `start` to `end`. Samples inside the head's range go to the columns (with NO_REF where the identity is unknown:
 * then the miss list tells which samples wait), those outside are only counted. Returns a WALK_ code and sets the RES_ fields.
 * Appends nothing: calling it again gives the same.
 */
export function walkRemoteWriteV1(start: u32, end: u32): u32 {
  const mint = load<f64>(HDR_MINT);
  const maxt = load<f64>(HDR_MAXT);
  let samples: u32 = 0;
  let misses: u32 = 0;
  let outside: u32 = 0;
  let outsideMin: f64 = Infinity;
  let outsideMax: f64 = -Infinity;
  let result: u32 = WALK_DONE;
  cursor = start;
  beginPrediction();
  while (cursor < end) {
    const resume = cursor;
    if (load<u8>(cursor) != TAG_SERIES) {
      result = WALK_GENERAL;
      break;
    }
    cursor += 1;
    const length = readLength(end);
    if (length == 0xffffffff) {
      result = WALK_CORRUPT;
      break;
    }
    const seriesEnd = cursor + length;
    const labels = cursor;
    while (cursor < seriesEnd && load<u8>(cursor) == TAG_LABEL) {
      // Label submessages are nearly always shorter than 128 bytes.
      const short = <u32>load<u8>(cursor, 1);
      if (short < 128 && seriesEnd - cursor >= 2) {
        cursor += 2 + short;
        continue;
      }
      cursor += 1;
      const labelLength = readLength(seriesEnd);
      if (labelLength == 0xffffffff) cursor = 0xffffffff;
      else cursor += labelLength;
    }
    if (cursor > seriesEnd) {
      result = WALK_CORRUPT;
      break;
    }
    const labelsEnd = cursor;
    const first = samples;
    while (cursor < seriesEnd) {
      if (load<u8>(cursor) != TAG_SAMPLE) {
        result = WALK_GENERAL;
        break;
      }
      cursor += 1;
      const sampleLength = readLength(seriesEnd);
      if (sampleLength == 0xffffffff) {
        result = WALK_CORRUPT;
        break;
      }
      const sampleEnd = cursor + sampleLength;
      // Encoders leave out zero values and times.
      let bits: u64 = 0;
      let time: i64 = 0;
      if (cursor < sampleEnd && load<u8>(cursor) == TAG_VALUE && sampleEnd - cursor >= 9) {
        bits = load<u64>(cursor, 1);
        cursor += 9;
      }
      if (cursor < sampleEnd && load<u8>(cursor) == TAG_TIME) {
        cursor += 1;
        time = <i64>readVarint64(sampleEnd);
      }
      if (cursor != sampleEnd || time > TIME_MAX || time < -TIME_MAX) {
        result = WALK_GENERAL;
        break;
      }
      const t = <f64>time;
      if (t < mint || t >= maxt) {
        outside++;
        if (t < outsideMin) outsideMin = t;
        if (t > outsideMax) outsideMax = t;
        continue;
      }
      if (samples == COLUMN_CAPACITY) {
        // A single series that overflows the columns is nobody's normal request.
        result = first == 0 ? WALK_GENERAL : WALK_MORE;
        break;
      }
      store<f64>(COL_TIMES + (samples << 3), t);
      store<u64>(COL_VALUES + (samples << 3), bits);
      samples++;
    }
    if (result != WALK_DONE) {
      samples = first;
      cursor = resume;
      break;
    }
    if (samples == first) continue;
    hashBytes(labels, labelsEnd - labels, DOMAIN_RW1);
    const ref = lookupIdentity(hash1, hash2);
    if (ref < 0) {
      if (misses == MISS_CAPACITY) {
        samples = first;
        cursor = resume;
        result = WALK_MORE;
        break;
      }
      const miss = MISS_BASE + misses * MISS_BYTES;
      store<u32>(miss, labels, MISS_LABELS);
      store<u32>(miss, labelsEnd, MISS_LABELS_END);
      store<u32>(miss, first, MISS_FIRST_SAMPLE);
      store<u32>(miss, samples - first, MISS_SAMPLE_COUNT);
      store<u64>(miss, hash1, MISS_HASH);
      store<u64>(miss, hash2, MISS_HASH + 8);
      misses++;
    }
    for (let i = first; i < samples; i++) store<i32>(COL_REFS + (i << 2), ref);
  }
  endPrediction();
  store<u32>(RES_SAMPLES, samples);
  store<u32>(RES_MISSES, misses);
  store<u32>(RES_RESUME, cursor);
  store<u32>(RES_OUTSIDE, outside);
  store<f64>(RES_OUTSIDE_MIN, outsideMin);
  store<f64>(RES_OUTSIDE_MAX, outsideMax);
  return result;
}

/** Gives the samples of a miss their ref and remembers the identity. */
export function settleMiss(index: u32, ref: u32): void {
  const miss = MISS_BASE + index * MISS_BYTES;
  const first = load<u32>(miss, MISS_FIRST_SAMPLE);
  const end = first + load<u32>(miss, MISS_SAMPLE_COUNT);
  for (let i = first; i < end; i++) store<u32>(COL_REFS + (i << 2), ref);
  registerIdentity(load<u64>(miss, MISS_HASH), load<u64>(miss, MISS_HASH + 8), ref);
}

/**
 * Resolves the misses of the last walk whose labels have the usual form; MISS_CODE of each says how that went. Returns how
 * many are left for the general path. Must run inside a batch: it may create series.
 */
export function resolveMisses(count: u32): u32 {
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const miss = MISS_BASE + i * MISS_BYTES;
    // The first reader slot's buffer serves as scratch for ids: the writer is its only user, and not while walking.
    const code = resolveLabelRun(load<u32>(miss, MISS_LABELS), load<u32>(miss, MISS_LABELS_END), READER_BASE);
    store<u32>(miss, code, MISS_CODE);
    if (code == LABELS_OK) settleMiss(i, resolvedRef);
    else left++;
  }
  return left;
}

