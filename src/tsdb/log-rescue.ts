/**
 * What happens when a log cannot be made durable. A failed fdatasync is never repeated: the system may have thrown the pages away and
 * report success the next time. What the disk has of that log is unknown from then on, but memory has all of it. So nothing is accepted
 * until the log is written anew from memory, in new files, and those are durable.
 */
import type { Clock, Timer } from '../io/clock.js';
import type { HeadStore } from './head-store.js';

const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 30_000;

export class LogRescue {
  private underWay: Promise<void> | undefined;
  private timer: Timer | undefined;
  private retryMs = RETRY_MIN_MS;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly heads: HeadStore,
    private readonly report: (level: 'info' | 'warn' | 'error', message: string) => void,
  ) {}

  /** To be called when a log has failed. Renews it, and tries again until it succeeds. */
  start(): void {
    if (this.stopped || this.underWay) return;
    this.timer?.cancel();
    this.underWay = this.renewAll().finally(() => {
      this.underWay = undefined;
      // One may have failed after its turn.
      if (this.heads.failedHeads().length > 0) this.startLater();
      else this.retryMs = RETRY_MIN_MS;
    });
  }

  /** Resolves when nothing is being written: before the files of a head are removed. Never rejects. */
  async idle(): Promise<void> {
    await this.underWay;
  }

  /** Waits for what is under way and, if a log is still not durable, tries once more; begins nothing new. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.underWay;
    await this.renewAll();
  }

  private startLater(): void {
    if (this.stopped) return;
    this.timer = this.clock.after(this.retryMs, () => this.start());
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
  }

  private async renewAll(): Promise<void> {
    for (const head of this.heads.failedHeads()) {
      const directory = head.log?.directory ?? '';
      try {
        await this.heads.renewLog(head);
        this.report('info', `the log ${directory} was written anew from memory and is durable; samples are accepted again`);
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        this.report('error', `the log ${directory} cannot be written anew yet, and nothing is accepted until it is: ${detail}`);
      }
    }
  }
}
