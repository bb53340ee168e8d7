/**
 * What a body is that was sent to the wrong place. A guess from its structure, for a better error text: the decoders do not
 * use it, and it reads only the first record.
 */
import { BYTES, FIXED64, ProtoReader, VARINT } from './proto-reader.js';
import { asWireError, WireError } from './wire-error.js';

export type MessageKind = 'metrics' | 'traces' | 'logs' | 'profiles' | 'remote write';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** `symbols` of a remote write 2.0 request; an OTLP request has no such field. */
const SYMBOLS = 4;
/** The data of a metric: gauge, sum, histogram, exponential histogram, summary. */
const METRIC_DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11]);

/** Of an uncompressed protobuf message. Undefined if it is none of these, or nothing can be said. Never throws. */
export function protobufKind(bytes: Uint8Array): MessageKind | undefined {
  try {
    const reader = new ProtoReader(bytes);
    while (reader.next()) {
      if (reader.field === SYMBOLS && reader.wireType === BYTES) return 'remote write';
      if (reader.field !== 1) return undefined;
      reader.enter();
      // A ResourceMetrics, ResourceSpans or ResourceLogs; or a TimeSeries.
      return resourceKind(reader);
    }
    return undefined;
  } catch (error) {
    if (asWireError('', error) instanceof WireError) return undefined;
    throw error;
  }
}

/** Of a JSON text, by the keys of its object. Never throws. */
export function jsonKind(bytes: Uint8Array): MessageKind | undefined {
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof root !== 'object' || root === null) return undefined;
  const has = (camel: string, snake: string): boolean => camel in root || snake in root;
  if (has('resourceMetrics', 'resource_metrics')) return 'metrics';
  if (has('resourceSpans', 'resource_spans')) return 'traces';
  if (has('resourceLogs', 'resource_logs')) return 'logs';
  return has('resourceProfiles', 'resource_profiles') ? 'profiles' : undefined;
}

function resourceKind(reader: ProtoReader): MessageKind | undefined {
  while (reader.next()) {
    if (reader.wireType !== BYTES) return undefined;
    const outer = reader.enter();
    if (reader.pos < reader.len) {
      const kind = reader.field === 1 ? labelKind(reader) : reader.field === 2 ? scopeKind(reader) : undefined;
      if (kind !== undefined) return kind;
    }
    reader.leave(outer);
  }
  return undefined;
}

/** The first field of a time series is a label, two texts; that of OTLP is a resource, whose field 2 is a number. */
function labelKind(reader: ProtoReader): MessageKind | undefined {
  while (reader.next()) {
    if (reader.field === 2 && reader.wireType === BYTES) return 'remote write';
    reader.skipField();
  }
  return undefined;
}

function scopeKind(reader: ProtoReader): MessageKind | undefined {
  while (reader.next()) {
    if (reader.field === 2 && reader.wireType === BYTES) {
      reader.enter();
      return recordKind(reader);
    }
    reader.skipField();
  }
  return undefined;
}

/** A Metric, a Span or a LogRecord. */
function recordKind(reader: ProtoReader): MessageKind | undefined {
  // A metric may have a name and a description of these lengths; only the times tell.
  let traceId = false;
  let spanId = false;
  let data = false;
  while (reader.next()) {
    const { field, wireType } = reader;
    if (wireType === BYTES) {
      const outer = reader.enter();
      const size = reader.len - reader.pos;
      reader.leave(outer);
      if (field === 1 && size === TRACE_ID_BYTES) traceId = true;
      else if (field === 2 && size === SPAN_ID_BYTES) spanId = true;
      else if (METRIC_DATA.has(field)) data = true;
    } else {
      // Times of a log record, or its severity.
      if ((field === 1 || field === 11) && wireType === FIXED64) return 'logs';
      if (field === 2 && wireType === VARINT) return 'logs';
      if ((field === 7 || field === 8) && wireType === FIXED64 && traceId && spanId) return 'traces';
      reader.skipField();
    }
  }
  return data ? 'metrics' : undefined;
}
