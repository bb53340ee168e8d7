import { HttpError } from './error-table.js';

/** How many remote reads are answered at a time. Others wait in the order of arrival; the queue has a cap. */
export class ReadGate {
  private active = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly maxActive: number,
    private readonly maxWaiting: number,
  ) {}

  /**
   * Resolves when it is this read's turn, with what it must call when it is done.
   * @throws HttpError `query_queue_full`, or `query_canceled` if `signal` aborts the waiting
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw canceled();
    if (this.active >= this.maxActive) await this.turn(signal);
    else this.active++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave();
    };
  }

  private turn(signal: AbortSignal): Promise<void> {
    if (this.waiting.size >= this.maxWaiting) {
      throw new HttpError('query_queue_full',
        `too many remote reads: ${this.active} answered, ${this.waiting.size} waiting (storage.remote.read_concurrent_limit)`);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.delete(start);
        reject(canceled());
      };
      // The one that leaves hands its place over: `active` stays as it is.
      const start = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.waiting.add(start);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private leave(): void {
    for (const start of this.waiting) {
      this.waiting.delete(start);
      start();
      return;
    }
    this.active--;
  }
}

function canceled(): HttpError {
  return new HttpError('query_canceled', 'the client closed the connection');
}
