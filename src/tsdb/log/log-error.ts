import { errnoOf } from '../../io/disk.js';

export type LogErrorCode = 'disk_full' | 'io_error';

/** A record, or the promise that it is durable, did not reach the disk. Nothing that waits for it may be acknowledged. */
export class LogWriteError extends Error {
  override name = 'LogWriteError';
  readonly code: LogErrorCode;

  constructor(
    readonly operation: 'create' | 'write' | 'sync',
    readonly file: string,
    /** Where the record was to be written; for `sync`: the end of what was written. */
    readonly offset: number,
    /** True if the record is kept as pending and will be written before any other; false if it is not in the log. */
    readonly kept: boolean,
    cause: unknown,
  ) {
    const errno = errnoOf(cause);
    super(`log ${operation} failed: ${file} at ${offset}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.code = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'disk_full' : 'io_error';
  }
}
