import type { ServerResponse } from 'node:http';
import { HttpError } from './error-table.js';

/**
 * Caps the answers that lie in memory until their clients take them: workers make an answer in a fraction of a second, a client on a slow
 * line needs minutes for it. Over the cap no query is begun, so that at most the answers of the queries under way come on top.
 */
export class UnsentAnswers {
  private held = 0;

  constructor(private readonly maxBytes: number, private readonly stalledMs: number) {}

  get bytes(): number {
    return this.held;
  }

  /** @throws HttpError `query_queue_full` */
  check(): void {
    if (this.held <= this.maxBytes) return;
    throw new HttpError('query_queue_full', `too many bytes of answers wait for their clients (query.max_unsent_size: ${this.maxBytes})`);
  }

  /**
   * Counts an answer until it is out or its connection is gone, and ends a connection whose client takes nothing of it for too long. Of
   * an answer in pages the first one counts: no more than two of them lie here at a time.
   */
  hold(response: ServerResponse, bytes: number): void {
    // Its `close` has been.
    if (response.closed) return;
    this.held += bytes;
    response.setTimeout(this.stalledMs, () => {
      // Nothing to take: the next page is being made.
      if (response.writableLength > 0) response.destroy();
    });
    response.once('close', () => {
      this.held -= bytes;
    });
  }
}
