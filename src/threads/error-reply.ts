import type { ApiReply } from '../api/contract.js';

/**
 * Answers that the pool gives because no worker could: in Prometheus' envelope, with the status that Prometheus pairs
 * with the error type (web/api/v1). A worker's own errors are the business of `api/`.
 */
export function timeoutReply(where: string): ApiReply {
  return envelope(503, 'timeout', `query timed out in ${where}`);
}

export function internalReply(message: string): ApiReply {
  return envelope(500, 'internal', message);
}

function envelope(status: number, errorType: string, error: string): ApiReply {
  const body = new TextEncoder().encode(JSON.stringify({ status: 'error', errorType, error }));
  return { status, contentType: 'application/json', body };
}
