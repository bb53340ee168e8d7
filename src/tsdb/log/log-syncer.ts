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
  private readonly reported = new WeakSet<LogWriteError>();
  private timer: Timer | undefined;
  private closed = false;

  /** @param onError called once per failure; if it is also the `failure` of the log, that takes nothing any more */
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
    if (log.failure) throw this.report(log.failure);
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

  /** Forgets a log that its owner closes. */
  forget(log: LogWriter): void {
    this.dirty.delete(log);
  }

  /** Syncs what is waiting and stops the timer. Failures go to `onError`. */
  async close(): Promise<void> {
    this.closed = true;
    this.timer?.cancel();
    this.timer = undefined;
    await this.syncDirty();
  }

  private async syncDirty(): Promise<void> {
    const logs = [...this.dirty];
    this.dirty.clear();
    const results = await Promise.allSettled(logs.map((log) => this.sync(log)));
    if (this.closed) return;
    // Without file descriptors the samples are durable and only the name of their file may not be: acknowledging goes on.
    for (const [i, log] of logs.entries()) if (results[i]!.status === 'rejected' && !log.failure) this.syncLater(log);
  }

  private async sync(log: LogWriter): Promise<void> {
    try {
      await log.sync();
    } catch (error) {
      throw error instanceof LogWriteError ? this.report(error) : error;
    }
  }

  private report(error: LogWriteError): LogWriteError {
    if (!this.reported.has(error)) {
      this.reported.add(error);
      this.onError(error);
    }
    return error;
  }
}
