import type { ApiReply, ApiRequest } from '../api/contract.js';

/** The client side of the query workers, as the HTTP routes see it. */
export interface QueryService {
  /**
   * Runs one API request in a worker. Resolves with the reply, error replies included.
   * @throws AdmissionError when the queue is full or the service is stopping
   * An aborted `signal` cancels: within milliseconds if running, at once if queued.
   */
  run(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>;
}

export class AdmissionError extends Error {
  override name = 'AdmissionError';
  constructor(
    readonly code: 'queue_full' | 'stopping' | 'canceled' | 'timeout',
    message: string,
  ) {
    super(message);
  }
}
