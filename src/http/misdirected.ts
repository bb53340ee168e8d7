/** Bodies that belong elsewhere: the error that says where. Asked only about requests that have failed or that held nothing. */
import { jsonKind, protobufKind, type MessageKind } from '../wire/message-kind.js';
import { uncompressBlock } from '../wire/snappy.js';
import { WireError } from '../wire/wire-error.js';
import type { HttpOptions, OtlpEncoding } from './deps.js';
import { HttpError } from './error-table.js';

type Limits = Pick<HttpOptions, 'routePrefix' | 'maxDecodedBytes'>;

/** A body at the OTLP metrics endpoint that is something else; undefined if it may well be metrics. */
export function notMetrics(body: Uint8Array, encoding: OtlpEncoding, options: Limits): HttpError | undefined {
  const kind = encoding === 'json' ? jsonKind(body) : protobufKind(body) ?? compressedKind(body, options.maxDecodedBytes);
  if (kind === undefined || kind === 'metrics') return undefined;
  return new HttpError('misdirected', kind === 'remote write'
    ? `this is the OTLP endpoint and the body is Prometheus remote write, which goes to ${options.routePrefix}api/v1/write`
    : otherSignal(kind));
}

/** A body at the remote write endpoint that is an OTLP request; undefined if it may well be remote write. */
export function notRemoteWrite(body: Uint8Array, options: Limits): HttpError | undefined {
  const kind = protobufKind(body);
  if (kind === undefined || kind === 'remote write') return undefined;
  return new HttpError('misdirected', kind === 'metrics'
    ? `this is the remote write endpoint and the body is OTLP, which goes to ${options.routePrefix}api/v1/otlp/v1/metrics`
    : otherSignal(kind));
}

/** For the paths and bodies of other signals. */
export function otherSignal(signal: Exclude<MessageKind, 'remote write' | 'metrics'>): string {
  return `this server stores metrics only, not ${signal}: send those elsewhere, or set OTEL_${signal.toUpperCase()}_EXPORTER=none`;
}

/** Remote write without its headers is still snappy. */
function compressedKind(body: Uint8Array, maxBytes: number): MessageKind | undefined {
  try {
    return protobufKind(uncompressBlock(body, maxBytes));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
