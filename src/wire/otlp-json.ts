/**
 * OTLP/JSON, the JSON mapping of `ExportMetricsServiceRequest` with the rules of
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: lowerCamelCase keys (snake_case is taken too, as by
 * the collector), 64-bit integers as strings or numbers, ids in hex, enums by number or name. null means absent.
 */
import {
  KeyValueList, newExponentialPoint, newHistogramPoint, newNumberPoint, newSummaryPoint, VALUE_DEPTH_MAX,
  type AnyValue, type ExponentialBuckets, type ExponentialPoint, type HistogramPoint, type KeyValue, type NumberPoint, type OtlpData,
  type OtlpExemplar, type OtlpMetric, type OtlpRequest, type OtlpResourceMetrics, type OtlpScopeMetrics, type PointBase,
  type SummaryPoint,
} from './otlp-types.js';
import { WireError } from './wire-error.js';

type JsonObject = Readonly<Record<string, unknown>>;

const INTEGER = /^-?\d+$/;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const TEMPORALITIES: readonly string[] = [
  'AGGREGATION_TEMPORALITY_UNSPECIFIED', 'AGGREGATION_TEMPORALITY_DELTA', 'AGGREGATION_TEMPORALITY_CUMULATIVE',
];
const NS_DIGITS_PER_MS = 6;

/** @param json what `parseJsonExact` gave. @throws WireError `corrupt` */
export function readOtlpJson(json: unknown): OtlpRequest {
  const root = objectOf(json, 'request');
  return { resourceMetrics: list(root, 'resourceMetrics', 'resource_metrics', resourceMetrics), illFormed: false };
}

function resourceMetrics(json: JsonObject): OtlpResourceMetrics {
  return {
    bodyOffset: 0,
    attributes: attributes(child(json, 'resource', 'resource'), 'attributes', 'attributes'),
    scopeMetrics: list(json, 'scopeMetrics', 'scope_metrics', scopeMetrics),
  };
}

function scopeMetrics(json: JsonObject): OtlpScopeMetrics {
  const scope = child(json, 'scope', 'scope');
  return {
    scope: {
      name: text(scope, 'name', 'name'),
      version: text(scope, 'version', 'version'),
      schemaUrl: text(json, 'schemaUrl', 'schema_url'),
      attributes: attributes(scope, 'attributes', 'attributes'),
    },
    metrics: list(json, 'metrics', 'metrics', metric),
  };
}

function metric(json: JsonObject): OtlpMetric {
  return {
    name: text(json, 'name', 'name'),
    description: text(json, 'description', 'description'),
    unit: text(json, 'unit', 'unit'),
    data: metricData(json),
  };
}

function metricData(json: JsonObject): OtlpData {
  const data = (camel: string, snake: string): JsonObject | undefined => {
    const value = field(json, camel, snake);
    return value === undefined ? undefined : objectOf(value, camel);
  };
  let found = data('gauge', 'gauge');
  if (found) return { kind: 'gauge', points: points(found, numberPoint) };
  found = data('sum', 'sum');
  if (found) {
    const monotonic = field(found, 'isMonotonic', 'is_monotonic') === true;
    return { kind: 'sum', points: points(found, numberPoint), temporality: temporality(found), monotonic };
  }
  found = data('histogram', 'histogram');
  if (found) return { kind: 'histogram', points: points(found, histogramPoint), temporality: temporality(found) };
  found = data('exponentialHistogram', 'exponential_histogram');
  if (found) return { kind: 'exponential_histogram', points: points(found, exponentialPoint), temporality: temporality(found) };
  found = data('summary', 'summary');
  if (found) return { kind: 'summary', points: points(found, summaryPoint) };
  return { kind: 'none' };
}

function points<T>(json: JsonObject, read: (json: JsonObject) => T): T[] {
  return list(json, 'dataPoints', 'data_points', read);
}

function temporality(json: JsonObject): number {
  const value = field(json, 'aggregationTemporality', 'aggregation_temporality');
  if (typeof value !== 'string') return integerOf(value, 'aggregationTemporality');
  const known = TEMPORALITIES.indexOf(value);
  return known >= 0 ? known : integerOf(value, 'aggregationTemporality');
}

function numberPoint(json: JsonObject): NumberPoint {
  const point = newNumberPoint();
  base(json, point);
  point.value = numberValue(json) ?? 0;
  return { ...point, exemplars: exemplars(json) };
}

function histogramPoint(json: JsonObject): HistogramPoint {
  const point = newHistogramPoint();
  base(json, point);
  point.count = integer(json, 'count', 'count');
  point.sum = optionalDouble(json, 'sum', 'sum');
  return {
    ...point,
    bucketCounts: scalars(json, 'bucketCounts', 'bucket_counts', integerOf),
    explicitBounds: scalars(json, 'explicitBounds', 'explicit_bounds', doubleOf),
    exemplars: exemplars(json),
  };
}

function exponentialPoint(json: JsonObject): ExponentialPoint {
  const point = newExponentialPoint();
  base(json, point);
  point.count = integer(json, 'count', 'count');
  point.sum = optionalDouble(json, 'sum', 'sum');
  point.scale = integer(json, 'scale', 'scale');
  point.zeroCount = integer(json, 'zeroCount', 'zero_count');
  point.zeroThreshold = optionalDouble(json, 'zeroThreshold', 'zero_threshold') ?? 0;
  return {
    ...point,
    positive: exponentialBuckets(json, 'positive'),
    negative: exponentialBuckets(json, 'negative'),
    exemplars: exemplars(json),
  };
}

function exponentialBuckets(json: JsonObject, side: string): ExponentialBuckets {
  const buckets = child(json, side, side);
  return { offset: integer(buckets, 'offset', 'offset'), counts: scalars(buckets, 'bucketCounts', 'bucket_counts', integerOf) };
}

function summaryPoint(json: JsonObject): SummaryPoint {
  const point = newSummaryPoint();
  base(json, point);
  point.count = integer(json, 'count', 'count');
  point.sum = optionalDouble(json, 'sum', 'sum') ?? 0;
  const quantiles = list(json, 'quantileValues', 'quantile_values', (entry) => ({
    quantile: optionalDouble(entry, 'quantile', 'quantile') ?? 0,
    value: optionalDouble(entry, 'value', 'value') ?? 0,
  }));
  return { ...point, quantiles };
}

function base(json: JsonObject, point: PointBase): void {
  point.timeMs = milliseconds(json, 'timeUnixNano', 'time_unix_nano');
  point.startMs = milliseconds(json, 'startTimeUnixNano', 'start_time_unix_nano');
  point.noRecordedValue = (integer(json, 'flags', 'flags') & 1) !== 0;
  for (const entry of attributes(json, 'attributes', 'attributes')) point.attributes.push(entry);
}

function exemplars(json: JsonObject): OtlpExemplar[] {
  return list(json, 'exemplars', 'exemplars', (entry) => ({
    filteredAttributes: attributes(entry, 'filteredAttributes', 'filtered_attributes'),
    timeMs: milliseconds(entry, 'timeUnixNano', 'time_unix_nano'),
    value: numberValue(entry),
    traceId: hexId(entry, 'traceId', 'trace_id', 32),
    spanId: hexId(entry, 'spanId', 'span_id', 16),
  }));
}

function numberValue(json: JsonObject): number | undefined {
  const int = field(json, 'asInt', 'as_int');
  return int === undefined ? optionalDouble(json, 'asDouble', 'as_double') : integerOf(int, 'asInt');
}

function hexId(json: JsonObject, camel: string, snake: string, digits: number): string {
  const id = text(json, camel, snake);
  if (id === '') return '';
  if (id.length !== digits || !/^[0-9a-f]*$/i.test(id)) throw corrupt(`${camel} must have ${digits} hexadecimal digits, got ${shown(id)}`);
  return /^0*$/.test(id) ? '' : id.toLowerCase();
}

function attributes(json: JsonObject, camel: string, snake: string): KeyValue[] {
  return list(json, camel, snake, (entry) => keyValue(entry, 0));
}

function keyValue(json: JsonObject, depth: number): KeyValue {
  return { key: text(json, 'key', 'key'), value: anyValue(child(json, 'value', 'value'), depth) };
}

function anyValue(json: JsonObject, depth: number): AnyValue {
  if (depth > VALUE_DEPTH_MAX) throw corrupt(`attribute value nested deeper than ${VALUE_DEPTH_MAX} levels`);
  const string = field(json, 'stringValue', 'string_value');
  if (string !== undefined) return textOf(string, 'stringValue');
  const bool = field(json, 'boolValue', 'bool_value');
  if (bool !== undefined) return bool === true || bool === 'true';
  const int = field(json, 'intValue', 'int_value');
  if (int !== undefined) return bigintOf(int);
  const double = field(json, 'doubleValue', 'double_value');
  if (double !== undefined) return doubleOf(double, 'doubleValue');
  const bytes = field(json, 'bytesValue', 'bytes_value');
  if (bytes !== undefined) return Buffer.from(textOf(bytes, 'bytesValue'), 'base64');
  const array = field(json, 'arrayValue', 'array_value');
  if (array !== undefined) return list(objectOf(array, 'arrayValue'), 'values', 'values', (entry) => anyValue(entry, depth + 1));
  const map = field(json, 'kvlistValue', 'kvlist_value');
  if (map === undefined) return null;
  return new KeyValueList(list(objectOf(map, 'kvlistValue'), 'values', 'values', (entry) => keyValue(entry, depth + 1)));
}

// Access to fields. `field` looks at own properties only: a key like `constructor` must not find the prototype's.

function field(json: JsonObject, camel: string, snake: string): unknown {
  const value = Object.hasOwn(json, camel) ? json[camel] : Object.hasOwn(json, snake) ? json[snake] : undefined;
  return value === null ? undefined : value;
}

function child(json: JsonObject, camel: string, snake: string): JsonObject {
  const value = field(json, camel, snake);
  return value === undefined ? {} : objectOf(value, camel);
}

function list<T>(json: JsonObject, camel: string, snake: string, read: (entry: JsonObject) => T): T[] {
  return arrayOf(field(json, camel, snake), camel).map((entry) => read(entry === null ? {} : objectOf(entry, camel)));
}

function scalars<T>(json: JsonObject, camel: string, snake: string, read: (value: unknown, where: string) => T): T[] {
  return arrayOf(field(json, camel, snake), camel).map((entry) => read(entry, camel));
}

function text(json: JsonObject, camel: string, snake: string): string {
  const value = field(json, camel, snake);
  return value === undefined ? '' : textOf(value, camel);
}

function integer(json: JsonObject, camel: string, snake: string): number {
  return integerOf(field(json, camel, snake), camel);
}

function optionalDouble(json: JsonObject, camel: string, snake: string): number | undefined {
  const value = field(json, camel, snake);
  return value === undefined ? undefined : doubleOf(value, camel);
}

function milliseconds(json: JsonObject, camel: string, snake: string): number {
  const value = field(json, camel, snake);
  if (value === undefined) return 0;
  if (typeof value === 'number' && value >= 0) return Math.floor(value / 1e6);
  // Digits, not a number: 2^53 nanoseconds are only 104 days.
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value.slice(0, -NS_DIGITS_PER_MS) || '0');
  throw corrupt(`${camel} must be nanoseconds as a decimal string or number, got ${shown(value)}`);
}

// Values.

function objectOf(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt(`${where} must be an object, got ${shown(value)}`);
  return value as JsonObject;
}

function arrayOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw corrupt(`${where} must be an array, got ${shown(value)}`);
  return value;
}

/** Escapes can spell lone surrogates, which no UTF-8 text has: replaced as Go does. */
function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw corrupt(`${where} must be a string, got ${shown(value)}`);
  return value.replace(LONE_SURROGATES, '\ufffd');
}

function integerOf(value: unknown, where: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string' && INTEGER.test(value)) return Number(value);
  throw corrupt(`${where} must be an integer, got ${shown(value)}`);
}

function bigintOf(value: unknown): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  // 20 digits hold every 64-bit integer; converting millions of digits would take minutes.
  if (typeof value === 'string' && value.length <= 20 && INTEGER.test(value)) return BigInt(value);
  throw corrupt(`intValue must be a 64-bit integer, got ${shown(value)}`);
}

function doubleOf(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') {
    if (value === 'NaN') return NaN;
    const number = Number(value);
    if (value.trim() !== '' && !Number.isNaN(number)) return number;
  }
  throw corrupt(`${where} must be a number, got ${shown(value)}`);
}

function corrupt(message: string): WireError {
  return new WireError('corrupt', `OTLP JSON: ${message}`);
}

/** Arrays and objects by kind only: their text can be long, and so deep that writing it overflows the stack. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
