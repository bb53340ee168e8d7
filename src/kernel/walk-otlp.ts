// Walks an ExportMetricsServiceRequest (OTLP protobuf) and fills the sample columns. The identity of a data point is a hash
// over the bytes of resource, scope, metric header and point attributes, for histograms also of the bounds: one lookup leads to
// all series of the point. Knows the form that SDKs and the collector produce: gauges, cumulative sums and cumulative explicit
// histograms, fields of a message together and in rising order where it matters. Other metrics and points are noted one by one for
// the translator, and only their times are read; whatever is not walked for certain must end in WALK_GENERAL. This file has the
// messages around the points.
import { beginPrediction, endPrediction } from './identity';
import { beginCursor, cursor, enter, isGeneral, leaveToGeneral, moveTo, readVarint, skipField, skipRun, takeTag } from './otlp-cursor';
import { hash1, hash2, hashBytes, mix } from './hash';
import { histogramPoint, numberPoint, otherPoint } from './otlp-points';
import { beginResource, beginRows, earliest, endPoint, endRows, latest, leaveMessage } from './otlp-rows';
import { targetInfo } from './otlp-target-info';
import { WALK_DONE, WALK_GENERAL } from './layout';

const DOMAIN_RESOURCE: u64 = 0x6f7401;
const DOMAIN_SCOPE: u64 = 0x6f7402;
const DOMAIN_METRIC: u64 = 0x6f7403;

// Fields as their tag bytes: number << 3 | wire type.
const TAG_RESOURCE_METRICS: u32 = 0x0a;
const TAG_FIRST: u32 = 0x0a;
const TAG_SECOND: u32 = 0x12;
const TAG_SCHEMA_URL: u32 = 0x1a;
const TAG_UNIT: u32 = 0x1a;
const TAG_GAUGE: u32 = 0x2a;
const TAG_SUM: u32 = 0x3a;
const TAG_HISTOGRAM: u32 = 0x4a;
const TAG_EXPONENTIAL_HISTOGRAM: u32 = 0x52;
const TAG_SUMMARY: u32 = 0x5a;
const TAG_METADATA: u32 = 0x62;
const TAG_TEMPORALITY: u32 = 0x10;
const TAG_MONOTONIC: u32 = 0x18;

const CUMULATIVE: u64 = 2;

// ---- State of one walk: set anew by `walkOtlp`, meaningless between calls -----------------------------------------------

let histogramsToo: bool = false;
let targetStep: f64 = 0;
/** Hash of the resource; of resource and scope. */
let resource1: u64 = 0;
let resource2: u64 = 0;
let scope1: u64 = 0;
let scope2: u64 = 0;

// ---- Messages ---------------------------------------------------------------------------------------------------------------

/**
 * Walks [start, end). `generation` keeps identities of different translator settings apart; `targetStepMs` is the longest
 * distance between samples of `target_info`; without `classicHistograms` histograms are left to the translator. Returns
 * WALK_DONE or WALK_GENERAL and sets RES_ fields. Appends nothing: calling it again gives the same.
 */
export function walkOtlp(start: u32, end: u32, generation: u32, targetStepMs: f64, classicHistograms: u32): u32 {
  beginCursor(start);
  beginRows();
  histogramsToo = classicHistograms != 0;
  targetStep = targetStepMs;
  beginPrediction();
  while (cursor < end && !isGeneral) {
    if (takeTag() != TAG_RESOURCE_METRICS) {
      leaveToGeneral();
      break;
    }
    resourceMetrics(enter(end), generation);
  }
  endPrediction();
  endRows();
  return isGeneral ? WALK_GENERAL : WALK_DONE;
}

function resourceMetrics(end: u32, generation: u32): void {
  const start = cursor;
  let resource: u32 = 0;
  let resourceEnd: u32 = 0;
  if (!isGeneral && cursor < end && load<u8>(cursor) == TAG_FIRST) {
    takeTag();
    resourceEnd = enter(end);
    resource = cursor;
    moveTo(resourceEnd);
  }
  if (isGeneral) return;
  hashBytes(resource, resourceEnd - resource, DOMAIN_RESOURCE);
  resource1 = mix(hash1, generation);
  resource2 = mix(hash2, generation);
  beginResource();
  while (cursor < end && load<u8>(cursor) == TAG_SECOND) {
    takeTag();
    scopeMetrics(enter(end));
    if (isGeneral) return;
  }
  skipRun(TAG_SCHEMA_URL, end);
  // Nobody has read the bytes of a resource, scope or metric that no point is named by: they may be damaged.
  if (cursor != end || !(latest >= earliest)) leaveToGeneral();
  if (!isGeneral) targetInfo(start, end, resource1, resource2, targetStep);
}

function scopeMetrics(end: u32): void {
  if (isGeneral) return;
  let scope: u32 = 0;
  let scopeEnd: u32 = 0;
  if (cursor < end && load<u8>(cursor) == TAG_FIRST) {
    takeTag();
    scopeEnd = enter(end);
    scope = cursor;
    moveTo(scopeEnd);
  }
  // The schema comes behind the metrics, but is part of what names their series.
  const metrics = cursor;
  skipRun(TAG_SECOND, end);
  const metricsEnd = cursor;
  let schema = cursor;
  if (cursor < end && load<u8>(cursor) == TAG_SCHEMA_URL) {
    takeTag();
    const schemaEnd = enter(end);
    schema = cursor;
    moveTo(schemaEnd);
  }
  if (isGeneral || cursor != end || metrics == metricsEnd) {
    leaveToGeneral();
    return;
  }
  hashBytes(scope, scopeEnd - scope, DOMAIN_SCOPE);
  scope1 = mix(resource1, hash1);
  scope2 = mix(resource2, hash2);
  hashBytes(schema, end - schema, DOMAIN_SCOPE);
  scope1 = mix(scope1, hash1);
  scope2 = mix(scope2, hash2);
  moveTo(metrics);
  while (cursor < metricsEnd) {
    takeTag();
    metric(enter(metricsEnd));
    if (isGeneral) return;
  }
  moveTo(end);
}

function metric(end: u32): void {
  const start = cursor;
  if (isGeneral || usualMetric(end) || isGeneral) return;
  moveTo(start);
  otherMetric(end);
}

/** Notes the points of a metric for the translator; without a point the metric itself, of which something may be to be said. */
function otherMetric(end: u32): void {
  const start = cursor;
  let data: u32 = 0;
  let hasPoints: bool = false;
  while (cursor < end && !isGeneral) {
    const tag = takeTag();
    if (tag != TAG_GAUGE && tag != TAG_SUM && tag != TAG_HISTOGRAM && tag != TAG_EXPONENTIAL_HISTOGRAM && tag != TAG_SUMMARY) {
      skipField(tag, end);
      continue;
    }
    // Of several the last counts.
    if (data++ != 0) leaveToGeneral();
    const dataEnd = enter(end);
    while (cursor < dataEnd && !isGeneral) {
      const field = takeTag();
      if (field != TAG_FIRST) {
        skipField(field, dataEnd);
        continue;
      }
      otherPoint(enter(dataEnd));
      endPoint();
      hasPoints = true;
    }
    if (cursor != dataEnd) leaveToGeneral();
  }
  if (cursor != end) leaveToGeneral();
  if (!isGeneral && !hasPoints) leaveMessage(start);
}

/**
 * False, and nothing done, if the metric is not of the usual form. The description is part of the identity: when it changes the points
 * are resolved again, and that hands on the metadata.
 */
function usualMetric(end: u32): bool {
  const header = cursor;
  let tag: u32 = 0;
  while (cursor < end) {
    tag = load<u8>(cursor);
    if (tag != TAG_FIRST && tag != TAG_SECOND && tag != TAG_UNIT) break;
    takeTag();
    moveTo(enter(end));
    if (isGeneral) return false;
  }
  if (cursor >= end || (tag != TAG_GAUGE && tag != TAG_SUM && !(tag == TAG_HISTOGRAM && histogramsToo))) return false;
  const headerEnd = cursor;
  takeTag();
  const metricEnd = end;
  end = enter(end);
  const data = cursor;
  // Data that something else follows may come in parts. Metadata, which the collector adds, is no part of a name.
  moveTo(end);
  skipRun(TAG_METADATA, metricEnd);
  if (cursor != metricEnd || isGeneral) return false;
  moveTo(data);
  skipRun(TAG_FIRST, end);
  const dataEnd = cursor;
  let temporality: u64 = 0;
  let monotonic: u64 = 0;
  if (tag != TAG_GAUGE && cursor < end && load<u8>(cursor) == TAG_TEMPORALITY) {
    takeTag();
    temporality = readVarint(end);
  }
  if (tag == TAG_SUM && cursor < end && load<u8>(cursor) == TAG_MONOTONIC) {
    takeTag();
    monotonic = readVarint(end);
  }
  if (isGeneral || cursor != end || data == dataEnd || (tag != TAG_GAUGE && temporality != CUMULATIVE)) return false;
  hashBytes(header, headerEnd - header, DOMAIN_METRIC);
  const kind = (<u64>tag << 1) | (monotonic != 0 ? 1 : 0);
  const metric1 = mix(mix(scope1, hash1), kind);
  const metric2 = mix(mix(scope2, hash2), kind);
  moveTo(data);
  while (cursor < dataEnd) {
    takeTag();
    const pointEnd = enter(dataEnd);
    if (tag == TAG_HISTOGRAM) histogramPoint(pointEnd, metric1, metric2);
    else numberPoint(pointEnd, metric1, metric2);
    if (isGeneral) return true;
    endPoint();
  }
  moveTo(metricEnd);
  return true;
}
