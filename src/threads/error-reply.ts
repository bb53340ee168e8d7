import type { ApiReply } from '../api/contract.js';
import { failure } from '../api/envelope.js';
import { ApiError } from '../api/error-types.js';

/** Answers that the pool gives because no worker could; texts as in Prometheus where it has any (promql/engine.go). */
export function timeoutReply(where: 'query queue' | 'expression evaluation'): ApiReply {
  return failure(new ApiError('timeout', `query timed out in ${where}`));
}

export function internalReply(message: string): ApiReply {
  return failure(new ApiError('internal', message));
}
