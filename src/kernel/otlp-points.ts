// The data points of an OTLP request: their identities, and the rows that they are in the order of the series that stand for them.
// A point of an unusual form is left to the translator alone.
import { cursor, enter, fixed64, isGeneral, leaveToGeneral, moveTo, readVarint, skipField, skipRun, takeTag } from './otlp-cursor';
import { hash1, hash2, hashBytes, mix } from './hash';
import { keepsStarts, leaveMessage, openRows, putStarts, takeTime } from './otlp-rows';
import { COL_VALUES, OTLP_POINT_SAMPLES_MAX } from './layout';

const DOMAIN_POINT: u64 = 0x6f7404;
const DOMAIN_BOUNDS: u64 = 0x6f7405;

// Fields as their tag bytes: number << 3 | wire type.
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

const NO_RECORDED_VALUE: u64 = 1;
const STALE_BITS: u64 = 0x7ff0000000000002;

/** A NumberDataPoint from the cursor to `end`, of the metric with this hash: one row. */
export function numberPoint(end: u32, metric1: u64, metric2: u64): void {
  const start = cursor;
  let attributes: u32 = 0;
  let attributesEnd: u32 = 0;
  let bits: u64 = 0;
  let nanos: u64 = 0;
  let startNanos: u64 = 0;
  let flags: u64 = 0;
  let exemplars: bool = false;
  let isUsual: bool = true;
  while (cursor < end && isUsual && !isGeneral) {
    const field = cursor;
    switch (takeTag()) {
      case TAG_POINT_ATTRIBUTE:
        if (attributesEnd != 0) isUsual = false;
        attributes = field;
        moveTo(field);
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
        moveTo(enter(end));
        break;
      default: isUsual = false;
    }
  }
  if (!isUsual) {
    moveTo(start);
    otherPoint(end);
    return;
  }
  if (cursor != end) leaveToGeneral();
  if (isGeneral) return;
  if (!takeTime(nanos)) {
    leaveMessage(start);
    return;
  }
  hashBytes(attributes, attributesEnd - attributes, DOMAIN_POINT);
  const first = openRows(start, end, mix(metric1, hash1), mix(metric2, hash2), 1, exemplars);
  if (isGeneral) return;
  store<u64>(COL_VALUES + (first << 3), flags & NO_RECORDED_VALUE ? STALE_BITS : bits);
  // A stale marker has no start: it is no part of what was counted.
  if (keepsStarts) putStarts(first, 1, flags & NO_RECORDED_VALUE ? 0 : startNanos);
}

/**
 * A HistogramDataPoint likewise. Its rows are in the order in which the translator names the series: sum (if there is one), count,
 * buckets, +Inf.
 */
export function histogramPoint(end: u32, metric1: u64, metric2: u64): void {
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
  let isUsual: bool = true;
  while (cursor < end && isUsual && !isGeneral) {
    const field = cursor;
    switch (takeTag()) {
      case TAG_HISTOGRAM_ATTRIBUTE:
        if (attributesEnd != 0) isUsual = false;
        attributes = field;
        moveTo(field);
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
        if (countsEnd != 0) isUsual = false;
        countsEnd = enter(end);
        counts = cursor;
        moveTo(countsEnd);
        break;
      case TAG_BOUNDS:
        if (boundsEnd != 0) isUsual = false;
        boundsEnd = enter(end);
        bounds = cursor;
        moveTo(boundsEnd);
        break;
      case TAG_HISTOGRAM_FLAGS: flags = readVarint(end); break;
      case TAG_HISTOGRAM_EXEMPLAR:
        exemplars = true;
        moveTo(enter(end));
        break;
      default: isUsual = false;
    }
  }
  if (!isUsual) {
    moveTo(start);
    otherPoint(end);
    return;
  }
  if (cursor != end || ((boundsEnd - bounds) & 7) != 0 || ((countsEnd - counts) & 7) != 0) leaveToGeneral();
  if (isGeneral) return;
  const bounded = min((boundsEnd - bounds) >> 3, (countsEnd - counts) >> 3);
  if (!takeTime(nanos) || bounded + hasSum + 2 > <u32>OTLP_POINT_SAMPLES_MAX) {
    leaveMessage(start);
    return;
  }
  const shape = (<u64>bounded << 1) | hasSum;
  hashBytes(attributes, attributesEnd - attributes, DOMAIN_POINT);
  let h1 = mix(metric1, hash1);
  let h2 = mix(metric2, hash2);
  hashBytes(bounds, bounded << 3, DOMAIN_BOUNDS);
  h1 = mix(mix(h1, hash1), shape);
  h2 = mix(mix(h2, hash2), shape);
  const first = openRows(start, end, h1, h2, bounded + hasSum + 2, exemplars);
  if (isGeneral) return;
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

/** A point of any kind from the cursor to `end`: only its time is read, the rest is the translator's. */
export function otherPoint(end: u32): void {
  const start = cursor;
  let nanos: u64 = 0;
  while (cursor < end && !isGeneral) {
    const tag = takeTag();
    if (tag == TAG_TIME) nanos = load<u64>(fixed64(end));
    else skipField(tag, end);
  }
  if (cursor != end) leaveToGeneral();
  if (isGeneral) return;
  takeTime(nanos);
  leaveMessage(start);
}
