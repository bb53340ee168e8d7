/**
 * Answers of the OTLP endpoints, in the encoding of the request. Written field by field: reading the .proto files (`schemas.ts`, the
 * oracle of the tests) at every start takes longer than replaying a million samples.
 */
import protobuf from 'protobufjs/minimal.js';

/** Tags: number of the field, type on the wire (0 varint, 2 length-delimited). */
const VARINT_1 = 8;
const MESSAGE_1 = 10;
const BYTES_2 = 18;
const MESSAGE_3 = 26;

export type OtlpEncoding = 'protobuf' | 'json';

/** What of a request was not stored. `rejectedDataPoints` 0 with a message is a warning. */
export interface PartialSuccess {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

/** Body of a 200. Without `partial`: an empty message, which in protobuf has no bytes. */
export function encodeExportResponse(encoding: OtlpEncoding, partial?: PartialSuccess): Uint8Array {
  if (encoding === 'protobuf') {
    const writer = protobuf.Writer.create();
    if (partial !== undefined) {
      writer.uint32(MESSAGE_1).fork();
      writer.uint32(VARINT_1).int64(partial.rejectedDataPoints).uint32(BYTES_2).string(partial.errorMessage).ldelim();
    }
    return writer.finish();
  }
  // 64-bit integers are strings in the JSON mapping.
  return jsonBytes(partial === undefined ? {} : {
    partialSuccess: { rejectedDataPoints: String(partial.rejectedDataPoints), errorMessage: partial.errorMessage },
  });
}

/** Body of an error answer: `google.rpc.Status`. @param code of google.rpc.Code, see `RpcCode`. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  return encoding === 'protobuf' ? status(code, message).finish() : jsonBytes({ code, message });
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/**
 * The `grpc-status-details-bin` of a gRPC error after which the client shall send the same again: without it a client may
 * take RESOURCE_EXHAUSTED for final. Source: OTLP specification, OTLP/gRPC Throttling.
 */
export function encodeRetryStatus(code: number, message: string, retryAfterSeconds: number): Uint8Array {
  const retryInfo = protobuf.Writer.create();
  retryInfo.uint32(MESSAGE_1).fork().uint32(VARINT_1).int64(retryAfterSeconds).ldelim();
  const writer = status(code, message);
  writer.uint32(MESSAGE_3).fork();
  writer.uint32(MESSAGE_1).string(RETRY_INFO).uint32(BYTES_2).bytes(retryInfo.finish()).ldelim();
  return writer.finish();
}

function status(code: number, message: string): protobuf.Writer {
  return protobuf.Writer.create().uint32(VARINT_1).int32(code).uint32(BYTES_2).string(message);
}

/** The codes of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto that we use. */
export const RpcCode = {
  invalidArgument: 3, resourceExhausted: 8, unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16,
} as const;

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
