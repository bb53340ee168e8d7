/** The memory that one request uses, as far as it depends on the request: series, cells, points, bytes of the answer. */
export interface MemoryAccount {
  /** Notes `bytes` more as used until the request ends. To be called before they are allocated. @throws MemoryLimitError */
  take(bytes: number): void;
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
