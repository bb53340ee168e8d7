/** The memory that one request uses, as far as it depends on the request: series, cells, points, bytes of the answer. */
export interface MemoryAccount {
  /** Notes `bytes` more as used until the request ends. To be called before they are allocated. @throws MemoryLimitError */
  take(bytes: number): void;
}

/** Notes what one thing has grown to, whatever it was before: a buffer that several series go through, an answer. */
export class GrowingMemory {
  private noted = 0;

  constructor(private readonly account: MemoryAccount | undefined) {}

  /** @throws MemoryLimitError */
  growTo(bytes: number): void {
    if (bytes <= this.noted) return;
    this.account?.take(bytes - this.noted);
    this.noted = bytes;
  }
}

/** A request needs memory that it does not get. */
export class MemoryLimitError extends Error {
  override name = 'MemoryLimitError';
  /**
   * @param code `alone`: more than one request may ever have, so that repeating it is no use; `together`: more than the requests that
   *   run beside it leave
   */
  constructor(readonly code: 'alone' | 'together', message: string) {
    super(message);
  }
}
