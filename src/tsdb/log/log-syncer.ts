import type { Clock, Timer } from '../../io/clock.js';
import { LogWriteError } from './log-error.js';
import type { LogWriter } from './log-writer.js';

/**
 * What an acknowledgement promises beyond the death of the process, which loses nothing in any mode:
 * `always` survives a power loss, `interval` loses at most the last interval to one, `never` leaves it to the system.
 */
export type SyncMode = 'always' | 'interval' | 'never';

export interface LogSyncerOptions {
  readonly mode: SyncMode;
  /** Mode `interval`: longest time between a write and the start of its fdatasync. */
  readonly intervalMs: number;
}

/** Turns writes into acknowledgements, for all logs of a store. */
export class LogSyncer {
  private readonly dirty = new Set<LogWriter>();
  /** Final failures that were reported. */
  private readonly reported = new WeakSet<LogWriteError>();
  /** Logs whose sync could not begin the last time it was tried, which was reported. */
  private readonly hindered = new WeakSet<LogWriter>();
  private timer: Timer | undefined;
  private closed = false;

  /**
   * @param onError called once for a failure that is final, from when on the log has it as its `failure` and takes nothing any more; and
   *   once while there are no file descriptors
   */
  constructor(
    private readonly clock: Clock,
    private readonly options: LogSyncerOptions,
    private readonly onError: (error: LogWriteError) => void,
  ) {}

  /**
   * Resolves when what was appended to the log so far may be acknowledged. To be called also for a request that
   * appended nothing because its samples were there already: an earlier request may still be waiting for its sync.
   * @throws LogWriteError (rejects) if it may not: `sync` failed, now and (but for a want of file descriptors) for every later call on
   * this log, or a pending record still cannot be written
   */
  async acknowledge(log: LogWriter): Promise<void> {
    log.flushPending();
    if (this.options.mode === 'always') return this.sync(log);
    if (log.failure) throw this.report(log, log.failure);
    if (this.options.mode === 'never') return;
    this.syncLater(log);
  }

  private syncLater(log: LogWriter): void {
    this.dirty.add(log);
    this.timer ??= this.clock.after(this.options.intervalMs, () => {
      this.timer = undefined;
      void this.syncDirty();
    });
  }

  /** Syncs what is waiting and stops the timer. Failures go to `onError`. */
  async close(): Promise<void> {
    this.closed = true;
    this.timer?.cancel();
    this.timer = undefined;
    await this.syncDirty();
  }

  private async syncDirty(): Promise<void> {
    // A log that its owner has closed meanwhile was synced then, or is not wanted any more.
    const logs = [...this.dirty].filter((log) => !log.isClosed);
    this.dirty.clear();
    const results = await Promise.allSettled(logs.map((log) => this.sync(log)));
    if (this.closed) return;
    // Without file descriptors the samples are durable and only the name of their file may not be: acknowledging goes on.
    for (const [i, log] of logs.entries()) if (results[i]!.status === 'rejected' && !log.failure && !log.isClosed) this.syncLater(log);
  }

  private async sync(log: LogWriter): Promise<void> {
    try {
      await log.sync();
      this.hindered.delete(log);
    } catch (error) {
      throw error instanceof LogWriteError ? this.report(log, error) : error;
    }
  }

  private report(log: LogWriter, error: LogWriteError): LogWriteError {
    const isFinal = error === log.failure;
    if (isFinal ? this.reported.has(error) : this.hindered.has(log)) return error;
    if (isFinal) this.reported.add(error);
    else this.hindered.add(log);
    this.onError(error);
    return error;
  }
}
