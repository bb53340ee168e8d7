/** Bodies of OTLP metrics exports, uncompressed, in either encoding. */
import { parseJsonExact } from './json-numbers.js';
import { readOtlpJson } from './otlp-json.js';
import { OtlpProtobufReader } from './otlp-protobuf.js';
import type { OtlpRequest } from './otlp-types.js';
import { asWireError, WireError } from './wire-error.js';

/**
 * Content type `application/x-protobuf`. Keeps references into `bytes` (byte attributes). `selection`: offsets of the
 * messages to read (see `OtlpProtobufReader`), rising; absent: everything.
 * @throws WireError `corrupt`
 */
export function decodeOtlpProtobuf(bytes: Uint8Array, selection?: Uint32Array): OtlpRequest {
  try {
    return new OtlpProtobufReader(bytes, selection).read();
  } catch (error) {
    throw asWireError('OTLP protobuf', error);
  }
}

/** Content type `application/json`. @throws WireError `corrupt` */
export function decodeOtlpJson(bytes: Uint8Array): OtlpRequest {
  return readOtlpJson(parse(bytes));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJsonExact(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // SyntaxError of JSON.parse, TypeError of the decoder: both are about the body.
    throw new WireError('corrupt', `OTLP JSON: ${error instanceof Error ? error.message.slice(0, 200) : 'not readable'}`, { cause: error });
  }
}

/** In either encoding. @throws WireError `corrupt` */
export function decodeOtlp(bytes: Uint8Array, encoding: 'protobuf' | 'json'): OtlpRequest {
  return encoding === 'json' ? decodeOtlpJson(bytes) : decodeOtlpProtobuf(bytes);
}
