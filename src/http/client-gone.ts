import type { ServerResponse } from 'node:http';
import type { CancelSignal } from '../threads/query-service.js';

/** The signal that a request's client has closed its connection before it had its answer. `dispose` ends the watching. */
export class ClientGone implements CancelSignal {
  aborted = false;
  private listener: (() => void) | undefined;

  constructor(private readonly response: ServerResponse) {
    response.once('close', this.onClose);
  }

  /** One listener at a time: the job that runs. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.listener = listener;
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.listener === listener) this.listener = undefined;
  }

  dispose(): void {
    this.response.off('close', this.onClose);
  }

  private readonly onClose = (): void => {
    if (this.response.writableFinished) return;
    this.aborted = true;
    this.listener?.();
  };
}
