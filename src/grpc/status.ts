/** Failures as gRPC sees them: the same rows of the error table as HTTP, with the delay where it says to come again. */
import { Metadata, type ServerErrorResponse, type StatusObject } from '@grpc/grpc-js';
import type { HttpError } from '../http/error-table.js';
import { encodeRetryStatus } from '../wire/otlp-response.js';

/** Text and details travel as headers, escaped; many clients refuse more than 8 KiB of headers. */
const DETAILS_LENGTH_MAX = 1000;
const DETAILS_KEY = 'grpc-status-details-bin';

export type GrpcFailure = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

/**
 * INVALID_ARGUMENT and the like end the matter; UNAVAILABLE and RESOURCE_EXHAUSTED carry a RetryInfo if the same bytes can
 * succeed later. Source: OTLP specification, OTLP/gRPC Failures and Throttling.
 */
export function grpcFailure(error: HttpError): GrpcFailure {
  const { rpcCode, retryAfterSeconds } = error.row;
  const details = asDetails(error.message);
  const metadata = new Metadata();
  if (retryAfterSeconds > 0) metadata.set(DETAILS_KEY, Buffer.from(encodeRetryStatus(rpcCode, details, retryAfterSeconds)));
  return { code: rpcCode, details, metadata };
}

/** The same for the callback of a handler, which wants an Error. */
export function asServerError(failure: GrpcFailure): ServerErrorResponse {
  return Object.assign(new Error(failure.details), failure);
}

/** Well-formed, for the library encodes it as a URI and that throws at half a character. */
function asDetails(message: string): string {
  const text = message.length > DETAILS_LENGTH_MAX ? `${message.slice(0, DETAILS_LENGTH_MAX)}…` : message;
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
