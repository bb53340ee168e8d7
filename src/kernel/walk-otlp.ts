// Walks an ExportMetricsServiceRequest (OTLP protobuf) and fills the sample columns. The identity of a data point is a hash
// over the bytes of resource, scope, metric header and point attributes, for histograms also of the bounds: one lookup leads to
// all series of the point. Knows the form that SDKs and the collector produce: gauges, cumulative sums and cumulative explicit
// histograms, fields of a message together and in rising order where it matters. Anything else goes to the general decoder, so
// whatever this file does not read for certain must end in WALK_GENERAL.
import { beginPrediction, endPrediction, lookupIdentity } from './identity';
import { hash1, hash2, hashBytes, mix } from './hash';
import {
  COLUMN_CAPACITY, COL_REFS, COL_STARTS, COL_TIMES, COL_VALUES, HDR_MAXT, HDR_MINT, HDR_STARTS_MODE, MISS_BASE, MISS_BYTES, MISS_CAPACITY,
  MISS_CODE, MISS_FIRST_SAMPLE, MISS_HASH, MISS_LABELS, MISS_LABELS_END, MISS_ORDINAL, MISS_SAMPLE_COUNT, OTLP_MISS_EXEMPLARS,
  OTLP_MISS_POINT, OTLP_MISS_TARGET, OTLP_NO_ORIGIN, OTLP_ORIGINS, OTLP_POINT_SAMPLES_MAX, OTLP_REF_LIST, OTLP_REF_NONE,
  OTLP_TARGET_STEPS_MAX, RES_MISSES, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_RISING, RES_SAMPLES, STARTS_KEPT, WALK_DONE,
  WALK_GENERAL,
} from './layout';

const DOMAIN_RESOURCE: u64 = 0x6f7401;
const DOMAIN_SCOPE: u64 = 0x6f7402;
const DOMAIN_METRIC: u64 = 0x6f7403;
const DOMAIN_POINT: u64 = 0x6f7404;
const DOMAIN_BOUNDS: u64 = 0x6f7405;
/** Folded into a resource's hash for its `target_info`. */
const TARGET_INFO: u64 = 0x6f7406;

// Fields as their tag bytes: number << 3 | wire type.
const TAG_RESOURCE_METRICS: u32 = 0x0a;
const TAG_FIRST: u32 = 0x0a;
const TAG_SECOND: u32 = 0x12;
const TAG_SCHEMA_URL: u32 = 0x1a;
const TAG_UNIT: u32 = 0x1a;
const TAG_GAUGE: u32 = 0x2a;
const TAG_SUM: u32 = 0x3a;
const TAG_HISTOGRAM: u32 = 0x4a;
const TAG_TEMPORALITY: u32 = 0x10;
const TAG_MONOTONIC: u32 = 0x18;
const TAG_START: u32 = 0x11;
const TAG_TIME: u32 = 0x19;
const TAG_COUNT: u32 = 0x21;
const TAG_HISTOGRAM_SUM: u32 = 0x29;
const TAG_AS_DOUBLE: u32 = 0x21;
const TAG_AS_INT: u32 = 0x31;
const TAG_POINT_EXEMPLAR: u32 = 0x2a;
const TAG_POINT_ATTRIBUTE: u32 = 0x3a;
const TAG_POINT_FLAGS: u32 = 0x40;
const TAG_BUCKET_COUNTS: u32 = 0x32;
const TAG_BOUNDS: u32 = 0x3a;
const TAG_HISTOGRAM_EXEMPLAR: u32 = 0x42;
const TAG_HISTOGRAM_ATTRIBUTE: u32 = 0x4a;
const TAG_HISTOGRAM_FLAGS: u32 = 0x50;
const TAG_MIN: u32 = 0x59;
const TAG_MAX: u32 = 0x61;

const CUMULATIVE: u64 = 2;
const NO_RECORDED_VALUE: u64 = 1;
const STALE_BITS: u64 = 0x7ff0000000000002;
const ONE_BITS: u64 = 0x3ff0000000000000;
const NANOS_PER_MS: u64 = 1000000;

// ---- State of one walk: set anew by `walkOtlp`, meaningless between calls -----------------------------------------------

let cursor: u32 = 0;
/** The request is not of the usual form: everything stops. */
let general: bool = false;
let histogramsToo: bool = false;
let targetStep: f64 = 0;
let mint: f64 = 0;
let maxt: f64 = 0;
let samples: u32 = 0;
let misses: u32 = 0;
/** Data points so far: the ordinal of the current one. */
let points: u32 = 0;
let outside: u32 = 0;
let outsideMin: f64 = 0;
let outsideMax: f64 = 0;
let rising: bool = true;
let lastTime: f64 = 0;
let keepsStarts: bool = false;
/** Times of the points of the current resource. */
let earliest: f64 = 0;
let latest: f64 = 0;
/** Hash of resource, scope and metric so far. */
let resource1: u64 = 0;
let resource2: u64 = 0;
let scope1: u64 = 0;
let scope2: u64 = 0;
let metric1: u64 = 0;
let metric2: u64 = 0;

// ---- Wire ------------------------------------------------------------------------------------------------------------------

/** Reads a varint below `limit`; sets `general` if it is malformed. */
function readVarint(limit: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (cursor >= limit) break;
    const b = <u64>load<u8>(cursor++);
    value |= (b & 127) << shift;
    if (b < 128) return value;
  }
  general = true;
  return 0;
}

/** After a tag: end of the submessage at the cursor, which then stands at its first byte. On failure `general` and `limit`. */
function enter(limit: u32): u32 {
  if (cursor < limit) {
    const short = <u32>load<u8>(cursor);
    if (short < 128 && short < limit - cursor) return ++cursor + short;
  }
  const length = readVarint(limit);
  if (general || length > <u64>(limit - cursor)) {
    general = true;
    return limit;
  }
  return cursor + <u32>length;
}

/** Skips fields with this tag and lengths, however many there are. */
function skipRun(tag: u32, limit: u32): void {
  while (cursor < limit && load<u8>(cursor) == tag) {
    cursor++;
    cursor = enter(limit);
    if (general) return;
  }
}

/** After a tag: the address of 8 bytes, which are passed over. */
function fixed64(limit: u32): u32 {
  const at = cursor;
  if (limit - at < 8) {
    general = true;
    return at;
  }
  cursor = at + 8;
  return at;
}

// ---- Messages ---------------------------------------------------------------------------------------------------------------

/**
 * Walks [start, end). `generation` keeps identities of different translator settings apart; `targetStepMs` is the longest
 * distance between samples of `target_info`; without `classicHistograms` histograms are left to the general path. Returns
 * WALK_DONE or WALK_GENERAL and sets RES_ fields. Appends nothing: calling it again gives the same.
 */
export function walkOtlp(start: u32, end: u32, generation: u32, targetStepMs: f64, classicHistograms: u32): u32 {
  cursor = start;
  general = false;
  histogramsToo = classicHistograms != 0;
  targetStep = targetStepMs;
  mint = load<f64>(HDR_MINT);
  maxt = load<f64>(HDR_MAXT);
  samples = 0;
  misses = 0;
  points = 0;
  outside = 0;
  outsideMin = Infinity;
  outsideMax = -Infinity;
  rising = true;
  lastTime = -Infinity;
  keepsStarts = load<u32>(HDR_STARTS_MODE) == STARTS_KEPT;
  beginPrediction();
  while (cursor < end && !general) {
    if (load<u8>(cursor++) != TAG_RESOURCE_METRICS) {
      general = true;
      break;
    }
    resourceMetrics(enter(end), generation);
  }
  endPrediction();
  store<u32>(RES_SAMPLES, samples);
  store<u32>(RES_MISSES, misses);
  store<u32>(RES_OUTSIDE, outside);
  store<f64>(RES_OUTSIDE_MIN, outsideMin);
  store<f64>(RES_OUTSIDE_MAX, outsideMax);
  store<u32>(RES_RISING, rising ? 1 : 0);
  return general ? WALK_GENERAL : WALK_DONE;
}

function resourceMetrics(end: u32, generation: u32): void {
  const start = cursor;
  let resource: u32 = 0;
  let resourceEnd: u32 = 0;
  if (!general && cursor < end && load<u8>(cursor) == TAG_FIRST) {
    cursor++;
    resourceEnd = enter(end);
    resource = cursor;
    cursor = resourceEnd;
  }
  if (general) return;
  hashBytes(resource, resourceEnd - resource, DOMAIN_RESOURCE);
  resource1 = mix(hash1, generation);
  resource2 = mix(hash2, generation);
  earliest = Infinity;
  latest = -Infinity;
  while (cursor < end && load<u8>(cursor) == TAG_SECOND) {
    cursor++;
    scopeMetrics(enter(end));
    if (general) return;
  }
  skipRun(TAG_SCHEMA_URL, end);
  // Nobody has read the bytes of a resource, scope or metric that no point is named by: they may be damaged.
  if (cursor != end || !(latest >= earliest)) general = true;
  if (!general) targetInfo(start, end);
}

function scopeMetrics(end: u32): void {
  if (general) return;
  let scope: u32 = 0;
  let scopeEnd: u32 = 0;
  if (cursor < end && load<u8>(cursor) == TAG_FIRST) {
    cursor++;
    scopeEnd = enter(end);
    scope = cursor;
    cursor = scopeEnd;
  }
  // The schema comes behind the metrics, but is part of what names their series.
  const metrics = cursor;
  skipRun(TAG_SECOND, end);
  const metricsEnd = cursor;
  let schema = cursor;
  if (cursor < end && load<u8>(cursor) == TAG_SCHEMA_URL) {
    cursor++;
    const schemaEnd = enter(end);
    schema = cursor;
    cursor = schemaEnd;
  }
  if (general || cursor != end || metrics == metricsEnd) {
    general = true;
    return;
  }
  hashBytes(scope, scopeEnd - scope, DOMAIN_SCOPE);
  scope1 = mix(resource1, hash1);
  scope2 = mix(resource2, hash2);
  hashBytes(schema, end - schema, DOMAIN_SCOPE);
  scope1 = mix(scope1, hash1);
  scope2 = mix(scope2, hash2);
  cursor = metrics;
  while (cursor < metricsEnd) {
    cursor++;
    metric(enter(metricsEnd));
    if (general) return;
  }
  cursor = end;
}

/** The description is part of the identity: when it changes the points are resolved again, and that hands on the metadata. */
function metric(end: u32): void {
  const header = cursor;
  let tag: u32 = 0;
  while (cursor < end) {
    tag = load<u8>(cursor);
    if (tag != TAG_FIRST && tag != TAG_SECOND && tag != TAG_UNIT) break;
    cursor++;
    cursor = enter(end);
    if (general) return;
  }
  if (cursor >= end || (tag != TAG_GAUGE && tag != TAG_SUM && !(tag == TAG_HISTOGRAM && histogramsToo))) {
    general = true;
    return;
  }
  const headerEnd = cursor++;
  // Data that is not the last field may come in parts.
  if (enter(end) != end || general) {
    general = true;
    return;
  }
  const data = cursor;
  skipRun(TAG_FIRST, end);
  const dataEnd = cursor;
  let temporality: u64 = 0;
  let monotonic: u64 = 0;
  if (tag != TAG_GAUGE && cursor < end && load<u8>(cursor) == TAG_TEMPORALITY) {
    cursor++;
    temporality = readVarint(end);
  }
  if (tag == TAG_SUM && cursor < end && load<u8>(cursor) == TAG_MONOTONIC) {
    cursor++;
    monotonic = readVarint(end);
  }
  if (general || cursor != end || data == dataEnd || (tag != TAG_GAUGE && temporality != CUMULATIVE)) {
    general = true;
    return;
  }
  hashBytes(header, headerEnd - header, DOMAIN_METRIC);
  const kind = (<u64>tag << 1) | (monotonic != 0 ? 1 : 0);
  metric1 = mix(mix(scope1, hash1), kind);
  metric2 = mix(mix(scope2, hash2), kind);
  cursor = data;
  while (cursor < dataEnd) {
    cursor++;
    const pointEnd = enter(dataEnd);
    if (tag == TAG_HISTOGRAM) histogramPoint(pointEnd);
    else numberPoint(pointEnd);
    if (general) return;
    points++;
  }
  cursor = end;
}

function numberPoint(end: u32): void {
  const start = cursor;
  let attributes: u32 = 0;
  let attributesEnd: u32 = 0;
  let bits: u64 = 0;
  let nanos: u64 = 0;
  let startNanos: u64 = 0;
  let flags: u64 = 0;
  let exemplars: bool = false;
  while (cursor < end && !general) {
    const field = cursor;
    switch (<u32>load<u8>(cursor++)) {
      case TAG_POINT_ATTRIBUTE:
        if (attributesEnd != 0) general = true;
        attributes = cursor = field;
        skipRun(TAG_POINT_ATTRIBUTE, end);
        attributesEnd = cursor;
        break;
      case TAG_START: startNanos = load<u64>(fixed64(end)); break;
      case TAG_TIME: nanos = load<u64>(fixed64(end)); break;
      case TAG_AS_DOUBLE: bits = load<u64>(fixed64(end)); break;
      case TAG_AS_INT: bits = reinterpret<u64>(<f64>load<i64>(fixed64(end))); break;
      case TAG_POINT_FLAGS: flags = readVarint(end); break;
      case TAG_POINT_EXEMPLAR:
        exemplars = true;
        cursor = enter(end);
        break;
      default: general = true;
    }
  }
  if (general || cursor != end || !takeTime(nanos)) return;
  hashBytes(attributes, attributesEnd - attributes, DOMAIN_POINT);
  const first = openRows(start, end, mix(metric1, hash1), mix(metric2, hash2), 1, exemplars);
  if (general) return;
  store<u64>(COL_VALUES + (first << 3), flags & NO_RECORDED_VALUE ? STALE_BITS : bits);
  if (keepsStarts) putStarts(first, 1, flags & NO_RECORDED_VALUE ? 0 : startNanos);
}

/** Series of a histogram, in the order in which the translator names them: sum (if there is one), count, buckets, +Inf. */
function histogramPoint(end: u32): void {
  const start = cursor;
  let attributes: u32 = 0;
  let attributesEnd: u32 = 0;
  let counts: u32 = 0;
  let countsEnd: u32 = 0;
  let bounds: u32 = 0;
  let boundsEnd: u32 = 0;
  let nanos: u64 = 0;
  let startNanos: u64 = 0;
  let count: u64 = 0;
  let sum: u64 = 0;
  let hasSum: u32 = 0;
  let flags: u64 = 0;
  let exemplars: bool = false;
  while (cursor < end && !general) {
    const field = cursor;
    switch (<u32>load<u8>(cursor++)) {
      case TAG_HISTOGRAM_ATTRIBUTE:
        if (attributesEnd != 0) general = true;
        attributes = cursor = field;
        skipRun(TAG_HISTOGRAM_ATTRIBUTE, end);
        attributesEnd = cursor;
        break;
      case TAG_START: startNanos = load<u64>(fixed64(end)); break;
      case TAG_MIN: case TAG_MAX: fixed64(end); break;
      case TAG_TIME: nanos = load<u64>(fixed64(end)); break;
      case TAG_COUNT: count = load<u64>(fixed64(end)); break;
      case TAG_HISTOGRAM_SUM:
        sum = load<u64>(fixed64(end));
        hasSum = 1;
        break;
      case TAG_BUCKET_COUNTS:
        if (countsEnd != 0) general = true;
        countsEnd = enter(end);
        counts = cursor;
        cursor = countsEnd;
        break;
      case TAG_BOUNDS:
        if (boundsEnd != 0) general = true;
        boundsEnd = enter(end);
        bounds = cursor;
        cursor = boundsEnd;
        break;
      case TAG_HISTOGRAM_FLAGS: flags = readVarint(end); break;
      case TAG_HISTOGRAM_EXEMPLAR:
        exemplars = true;
        cursor = enter(end);
        break;
      default: general = true;
    }
  }
  if (general || cursor != end || ((boundsEnd - bounds) & 7) != 0 || ((countsEnd - counts) & 7) != 0) {
    general = true;
    return;
  }
  if (!takeTime(nanos)) return;
  const bounded = min((boundsEnd - bounds) >> 3, (countsEnd - counts) >> 3);
  const shape = (<u64>bounded << 1) | hasSum;
  hashBytes(attributes, attributesEnd - attributes, DOMAIN_POINT);
  let h1 = mix(metric1, hash1);
  let h2 = mix(metric2, hash2);
  hashBytes(bounds, bounded << 3, DOMAIN_BOUNDS);
  h1 = mix(mix(h1, hash1), shape);
  h2 = mix(mix(h2, hash2), shape);
  const first = openRows(start, end, h1, h2, bounded + hasSum + 2, exemplars);
  if (general) return;
  if (keepsStarts) putStarts(first, bounded + hasSum + 2, flags & NO_RECORDED_VALUE ? 0 : startNanos);
  let row = COL_VALUES + (first << 3);
  if (flags & NO_RECORDED_VALUE) {
    for (const rowEnd = row + ((bounded + hasSum + 2) << 3); row < rowEnd; row += 8) store<u64>(row, STALE_BITS);
    return;
  }
  if (hasSum) {
    store<u64>(row, sum);
    row += 8;
  }
  store<f64>(row, <f64>count);
  row += 8;
  // Doubles, as everywhere else: counts above 2^53 are rounded one by one.
  let cumulative: f64 = 0;
  for (let i: u32 = 0; i < bounded; i++) {
    cumulative += <f64>load<u64>(counts + (i << 3));
    store<f64>(row, cumulative);
    row += 8;
  }
  store<f64>(row, <f64>count);
}

// ---- Rows --------------------------------------------------------------------------------------------------------------------

let pointTime: f64 = 0;

/** Notes the time of a point. False if the point goes to another head, or the request the general way. */
function takeTime(nanos: u64): bool {
  const t = <f64>(nanos / NANOS_PER_MS);
  // A time that is not set has rules of its own.
  if (t == 0) {
    general = true;
    return false;
  }
  if (t < earliest) earliest = t;
  if (t > latest) latest = t;
  if (t < mint || t >= maxt) {
    outside++;
    if (t < outsideMin) outsideMin = t;
    if (t > outsideMax) outsideMax = t;
    return false;
  }
  pointTime = t;
  return true;
}

/** Refs, times and origins of the next `n` rows for the point with this identity. Returns the first row. */
function openRows(start: u32, end: u32, h1: u64, h2: u64, n: u32, exemplars: bool): u32 {
  const first = samples;
  const value = lookupIdentity(h1, h2);
  if (n > <u32>OTLP_POINT_SAMPLES_MAX || n > <u32>COLUMN_CAPACITY - first) general = true;
  else if (value < 0) addMiss(OTLP_MISS_POINT, start, end, first, n, h1, h2);
  else {
    if (exemplars) addMiss(OTLP_MISS_EXEMPLARS, start, end, first, n, h1, h2);
    putRefs(first, n, value);
  }
  if (general) return first;
  for (let i = first; i < first + n; i++) {
    store<f64>(COL_TIMES + (i << 3), pointTime);
    store<u32>(OTLP_ORIGINS + (i << 2), points);
  }
  if (pointTime < lastTime) rising = false;
  lastTime = pointTime;
  samples = first + n;
  return first;
}

/** A stale marker has no start: it is no part of what was counted. */
function putStarts(first: u32, n: u32, nanos: u64): void {
  const start = <f64>(nanos / NANOS_PER_MS);
  for (let i = first; i < first + n; i++) store<f64>(COL_STARTS + (i << 3), start);
}

function putRefs(first: u32, n: u32, value: u32): void {
  const column = COL_REFS + (first << 2);
  if ((value & OTLP_REF_LIST) == 0) {
    for (let i: u32 = 0; i < n; i++) store<u32>(column + (i << 2), value + i);
    return;
  }
  const list = (value & ~OTLP_REF_LIST) << 3;
  // Of another length only if two identities had the same 128 bits.
  if (load<u32>(list) != n) general = true;
  else memory.copy(column, list + 4, n << 2);
}

function addMiss(kind: u32, start: u32, end: u32, first: u32, n: u32, h1: u64, h2: u64): void {
  if (misses == MISS_CAPACITY) {
    general = true;
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

/** Samples of a resource's `target_info`: from its earliest point in steps, and at its latest point. */
function targetInfo(start: u32, end: u32): void {
  // They would lie outside as well: another head, or the general path, finds out.
  if (outside != 0) return;
  const first = samples;
  const steps = ceil((latest - earliest) / targetStep);
  if (!(steps <= <f64>OTLP_TARGET_STEPS_MAX) || <u32>COLUMN_CAPACITY - first <= <u32>OTLP_TARGET_STEPS_MAX) {
    general = true;
    return;
  }
  const h1 = mix(resource1, TARGET_INFO);
  const h2 = mix(resource2, TARGET_INFO);
  const value = lookupIdentity(h1, h2);
  if (value == OTLP_REF_NONE) return;
  let row = first;
  let t: f64 = -1;
  for (let i: f64 = 0; i < steps; i++) {
    t = floor(earliest + i * targetStep);
    store<f64>(COL_TIMES + (row++ << 3), t);
  }
  if (t != latest) store<f64>(COL_TIMES + (row++ << 3), latest);
  for (let i = first; i < row; i++) {
    store<u32>(COL_REFS + (i << 2), value);
    store<u64>(COL_VALUES + (i << 3), ONE_BITS);
    if (keepsStarts) store<f64>(COL_STARTS + (i << 3), 0);
    store<u32>(OTLP_ORIGINS + (i << 2), OTLP_NO_ORIGIN);
  }
  if (value < 0) addMiss(OTLP_MISS_TARGET, start, end, first, row - first, h1, h2);
  if (earliest < lastTime) rising = false;
  lastTime = latest;
  samples = row;
}
