/** Answers of the OTLP/HTTP endpoint, in the encoding of the request. */
import { ExportMetricsServiceResponse, RetryInfo, Status } from './schemas.js';

export type OtlpEncoding = 'protobuf' | 'json';

export const OTLP_CONTENT_TYPE: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** What of a request was not stored. `rejectedDataPoints` 0 with a message is a warning. */
export interface PartialSuccess {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

/** Body of a 200. Without `partial`: an empty message, which in protobuf has no bytes. */
export function encodeExportResponse(encoding: OtlpEncoding, partial?: PartialSuccess): Uint8Array {
  if (encoding === 'protobuf') {
    return ExportMetricsServiceResponse.encode(partial === undefined ? {} : { partialSuccess: partial }).finish();
  }
  // 64-bit integers are strings in the JSON mapping.
  return jsonBytes(partial === undefined ? {} : {
    partialSuccess: { rejectedDataPoints: String(partial.rejectedDataPoints), errorMessage: partial.errorMessage },
  });
}

/** Body of an error answer: `google.rpc.Status`. @param code of google.rpc.Code, see `RpcCode`. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  return encoding === 'protobuf' ? Status.encode({ code, message }).finish() : jsonBytes({ code, message });
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * The `grpc-status-details-bin` of a gRPC error after which the client shall send the same again: without it a client may
 * take RESOURCE_EXHAUSTED for final. Source: OTLP specification, OTLP/gRPC Throttling.
 */
export function encodeRetryStatus(code: number, message: string, retryAfterSeconds: number): Uint8Array {
  const value = RetryInfo.encode({ retryDelay: { seconds: retryAfterSeconds, nanos: 0 } }).finish();
  return Status.encode({ code, message, details: [{ type_url: RETRY_INFO, value }] }).finish();
}

/** The codes of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto that we use. */
export const RpcCode = {
  invalidArgument: 3, resourceExhausted: 8, unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16,
} as const;

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
