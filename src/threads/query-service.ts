import type { ApiReply, ApiRequest } from '../api/contract.js';

/**
 * How a caller takes a request back: what is used of an AbortSignal, which may be passed as it is. Making one of those takes longer
 * than answering a small query.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The client side of the query workers, as the HTTP routes see it. */
export interface QueryService {
  /**
   * Runs one API request in a worker. Resolves with the reply, error replies included.
   * @throws AdmissionError when the queue is full or the service is stopping
   * An aborted `signal` cancels: within milliseconds if running, at once if queued.
   */
  run(request: ApiRequest, signal: CancelSignal): Promise<ApiReply>;
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
