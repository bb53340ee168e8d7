/**
 * The errors that the Prometheus API knows, and what becomes of every error a handler can meet.
 * Source: prometheus/prometheus `web/api/v1/api.go`; observed on a running server.
 */
import { RegexError } from '../model/regex-limits.js';
import { MemoryLimitError } from '../storage/memory-account.js';
import { QueryError, type QueryErrorCode } from '../promql/engine/engine-api.js';
import { ParseError } from '../promql/parser/parse-error.js';

/** HTTP status by `errorType`. Grafana reads error bodies of 400, 422 and 503 only, so no other codes for user errors. */
export const API_ERROR_STATUS = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  canceled: 499,
  internal: 500,
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
} as const;
export type ApiErrorType = keyof typeof API_ERROR_STATUS;

/** An answer with status `error`. The message is the `error` text, complete. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** Above 0: the same request can succeed so much later; the status is 503 then. */
  readonly retryAfterSeconds: number;
  constructor(readonly type: ApiErrorType, message: string, options?: ErrorOptions & { readonly retryAfterSeconds?: number }) {
    super(message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds ?? 0;
  }
}

export function badData(message: string): ApiError {
  return new ApiError('bad_data', message);
}

/** Wording of Prometheus for a parameter that cannot be used. */
export function invalidParameter(name: string, reason: string): ApiError {
  return badData(`invalid parameter "${name}": ${reason}`);
}

export function answerTooLarge(maxBytes: number): ApiError {
  return new ApiError('execution', `the answer is larger than the limit of ${maxBytes} bytes (query.max_response_size)`);
}

/** Other queries end within seconds. */
const RETRY_SECONDS = 1;

const TYPE_OF_QUERY_ERROR: Readonly<Record<QueryErrorCode, ApiErrorType>> = {
  bad_data: 'bad_data',
  execution: 'execution',
  timeout: 'timeout',
  canceled: 'canceled',
  internal: 'internal',
};

/** Whatever a handler threw, as an answer. Unknown errors are ours: `internal`, with their message. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof QueryError) return new ApiError(TYPE_OF_QUERY_ERROR[error.code], error.message, { cause: error });
  if (error instanceof MemoryLimitError) {
    if (error.code === 'alone') return new ApiError('execution', error.message, { cause: error });
    return new ApiError('unavailable', error.message, { cause: error, retryAfterSeconds: RETRY_SECONDS });
  }
  if (isInputError(error)) return new ApiError('bad_data', error.message, { cause: error });
  return new ApiError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

/** True if the text of the user's query or selector is at fault. */
export function isInputError(error: unknown): error is Error {
  if (error instanceof QueryError) return error.code === 'bad_data';
  return error instanceof ParseError || error instanceof RegexError;
}
