/**
 * Every way in which a request can fail before or beside the API handlers, with what the client is told. Routes throw
 * `HttpError` by code; each protocol has its own form of body (text, JSON envelope, google.rpc.Status).
 *
 * Rule for senders: 5xx and 429 are repeated (remote write: for ever, blocking a shard), other codes drop the data.
 * So bad data is never a 5xx, and a 503 only where the same bytes can succeed later.
 */

/** Codes of google.rpc.Status (google/rpc/code.proto). */
export const RpcCode = { invalidArgument: 3, notFound: 5, resourceExhausted: 8, unimplemented: 12, internal: 13, unavailable: 14 } as const;

interface ErrorRow {
  readonly status: number;
  /** `errorType` in the JSON envelope of the query API. */
  readonly errorType: string;
  readonly rpcCode: number;
  /** Seconds for the Retry-After header; 0 = none. */
  readonly retryAfterSeconds: number;
}

const row = (status: number, errorType: string, rpcCode: number, retryAfterSeconds = 0): ErrorRow =>
  ({ status, errorType, rpcCode, retryAfterSeconds });

/** Short, because a full queue empties within a second or two; senders add their own backoff and jitter. */
const RETRY_SOON_SECONDS = 1;
/** Memory is freed when a head closes, not sooner. */
const RETRY_LATER_SECONDS = 30;

export const HTTP_ERRORS = {
  unsupported_media_type: row(415, 'bad_data', RpcCode.invalidArgument),
  unsupported_encoding: row(415, 'bad_data', RpcCode.invalidArgument),
  /** The body as received is over the cap. */
  body_too_large: row(413, 'bad_data', RpcCode.invalidArgument),
  /** The body would be over the cap once decompressed. */
  decoded_too_large: row(413, 'bad_data', RpcCode.invalidArgument),
  /** The same for remote write, where Prometheus answers 400. */
  write_too_large: row(400, 'bad_data', RpcCode.invalidArgument),
  corrupt_body: row(400, 'bad_data', RpcCode.invalidArgument),
  /** Readable, but meant for another endpoint or of another type than declared. */
  misdirected: row(400, 'bad_data', RpcCode.invalidArgument),
  client_closed: row(499, 'canceled', RpcCode.invalidArgument),
  ingest_overloaded: row(503, 'unavailable', RpcCode.unavailable, RETRY_SOON_SECONDS),
  ingest_unavailable: row(503, 'unavailable', RpcCode.unavailable, RETRY_SOON_SECONDS),
  out_of_memory: row(503, 'unavailable', RpcCode.resourceExhausted, RETRY_LATER_SECONDS),
  query_queue_full: row(503, 'unavailable', RpcCode.unavailable, RETRY_SOON_SECONDS),
  query_stopping: row(503, 'unavailable', RpcCode.unavailable, RETRY_SOON_SECONDS),
  /** It needs more memory than a query may have. */
  query_too_large: row(422, 'execution', RpcCode.resourceExhausted),
  /** Other queries have the memory. */
  query_memory_full: row(503, 'unavailable', RpcCode.unavailable, RETRY_SOON_SECONDS),
  query_timeout: row(503, 'timeout', RpcCode.unavailable),
  query_canceled: row(499, 'canceled', RpcCode.unavailable),
  bad_parameter: row(400, 'bad_data', RpcCode.invalidArgument),
  /** Status as Prometheus has it for a switched-off admin API. */
  admin_disabled: row(500, 'unavailable', RpcCode.unimplemented),
  not_implemented: row(500, 'internal', RpcCode.unimplemented),
  internal: row(500, 'internal', RpcCode.internal),
} as const satisfies Record<string, ErrorRow>;
export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** A request that ends with a row of the table. The message is shown to the client. */
export class HttpError extends Error {
  override name = 'HttpError';
  constructor(readonly code: HttpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }

  get row(): ErrorRow {
    return HTTP_ERRORS[this.code];
  }
}

/** Anything that was thrown, as an HttpError; errors of the framework (`FST_…`) by their code. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError('unsupported_media_type', 'the Content-Type header is not a media type', { cause: error });
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpError('body_too_large', 'request body too large', { cause: error });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return new HttpError('client_closed', 'the request body is not complete', { cause: error });
    default:
      return new HttpError('internal', message, { cause: error });
  }
}
