/**
 * What happens to data as it grows old: heads whose time is over become blocks, and what is past the retention is dropped. One run at
 * a time, on the thread that writes; the work itself is done by `sealHead` in another thread.
 *
 * A head becomes a block in steps, and a stop after any of them leaves every sample in one place that the next start reads:
 *
 *   block written aside, synced, read back    start: the temporary file is removed, the log is replayed
 *   block renamed, directory synced           start: the log is removed, because the block names its head
 *   readers told: the block is there, the head is not
 *   log renamed                               start: the rest of the log is removed
 *   log removed
 *   no reader has the head: memory given back
 */
import type { Clock } from '../io/clock.js';
import type { HeadDescriptor } from './head/descriptor.js';
import type { BlockMeta } from './block/block-format.js';
import type { BlockStore } from './block-store.js';
import type { DiskUsage } from './disk-usage.js';
import type { BlockJobReport } from './compaction.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';
import type { HeadStore } from './head-store.js';
import type { LogRescue } from './log-rescue.js';

/** Writes a head's block to a file, in another thread. Rejects if there is no usable block. */
export type HeadSealer = (head: HeadDescriptor, file: string) => Promise<BlockMeta>;

export interface UpkeepOptions {
  /** 0 = keep for ever. */
  readonly retentionMs: number;
  /** Bytes of the data directory above which the oldest blocks are dropped, 0 = no limit. */
  readonly retentionBytes: number;
}

export interface UpkeepPlace {
  readonly heads: HeadStore;
  readonly blocks: BlockStore;
  readonly usage: DiskUsage;
  readonly rescue: LogRescue;
  /** undefined: heads stay heads. */
  readonly sealHead: HeadSealer | undefined;
  readonly rules: () => TimeRules;
  /** Tells the readers which heads and blocks there are. */
  readonly announce: () => void;
  /** Resolves when no reader has the head or block of this id. */
  readonly release: (id: number) => Promise<void>;
  readonly observe: (done: BlockJobReport) => void;
  /** Told now and then of the time before which nothing is kept. */
  readonly onExpired: ((beforeMs: number) => void) | undefined;
  readonly clock: Clock;
  readonly report: (level: 'info' | 'warn' | 'error', message: string) => void;
}

export class Upkeep {
  private running: Promise<void> | undefined;
  private again = false;
  private wake: () => void = () => {};
  /** Heads and blocks that wait for their last readers: that must not keep the next head from becoming a block. */
  private readonly erasing = new Set<Promise<void>>();
  /** The work that was let in last; settles whatever becomes of it. */
  private lastTurn: Promise<unknown> = Promise.resolve();
  private stopped = false;
  private lastFailure: string | undefined;

  constructor(private readonly place: UpkeepPlace, private readonly options: UpkeepOptions) {}

  /**
   * One round, or the one under way, which then looks again before it ends. Never rejects: what fails is reported and tried again in
   * the next round.
   */
  run(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.again = true;
    this.wake();
    this.running ??= this.round().catch((error: unknown) => {
      if (this.stopped) return;
      this.lastFailure = error instanceof Error ? error.message : String(error);
      this.place.report('error', `upkeep: ${this.lastFailure}`);
    }).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Why the last round did not do all there was to do; undefined if it did. */
  get failure(): string | undefined {
    return this.lastFailure;
  }

  /** False if heads stay heads. */
  get makesBlocks(): boolean {
    return this.place.sealHead !== undefined;
  }

  /**
   * Runs `work` while no head becomes a block and none is dropped, after what is under way.
   * @throws whatever it throws; Error if the store is closing
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.inTurn(() => {
      if (this.stopped) throw new Error('the store is closing');
      return work();
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.lastTurn.then(work);
    this.lastTurn = result.catch(() => undefined);
    return result;
  }

  /** Begins nothing new and waits for what is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
    await this.lastTurn;
    await Promise.all(this.erasing);
  }

  private async round(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      this.lastFailure = await this.inTurn(() => this.pass());
      await this.erased();
    }
  }

  /** Returns why a head did not become a block, the last one's reason; undefined if all did. */
  private async pass(): Promise<string | undefined> {
    // Retention first: what is too old need not become a block.
    this.applyRetention();
    const failed = new Set<Head>();
    let failure: string | undefined;
    for (let head = this.finalHead(failed); head !== undefined && !this.stopped; head = this.finalHead(failed)) {
      try {
        await this.seal(head);
      } catch (error) {
        // One that cannot become a block must not keep the others in memory.
        failed.add(head);
        failure = error instanceof Error ? error.message : String(error);
        // A thread that was ended for the stop is no failure.
        if (!this.stopped) this.place.report('error', `upkeep: ${failure}`);
      }
    }
    this.applyRetention();
    return failure;
  }

  /** Resolves when no head waits for its readers any more, or another round was asked for. */
  private async erased(): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    while (this.erasing.size > 0 && !this.again && !this.stopped) await Promise.race([woken, ...this.erasing]);
  }

  /** The oldest head that no sample can be added to any more: closed, or its time is over, since rules only ever become stricter. */
  private finalHead(except: ReadonlySet<Head>): Head | undefined {
    if (!this.place.sealHead) return undefined;
    const { lowest } = this.place.rules();
    return this.place.heads.heads().find((head) => !except.has(head) && (head.isClosed || head.takesUntil <= lowest));
  }

  private async seal(head: Head): Promise<void> {
    const { heads, blocks, announce, clock, observe } = this.place;
    if (head.arena.sampleCount > 0) {
      const id = heads.reserveId();
      const file = blocks.temporaryFile(id, head.mint, head.maxt);
      const startMs = clock.monotonicMs();
      let meta: BlockMeta;
      try {
        meta = await this.place.sealHead!(head.descriptor, file);
      } catch (error) {
        blocks.discard(file);
        observe({ kind: 'head', outcome: 'failed', seconds: (clock.monotonicMs() - startMs) / 1000 });
        const detail = error instanceof Error ? error.message : String(error);
        throw new Error(`the head ${rangeOf(head)} did not become a block and stays in memory: ${detail}`, { cause: error });
      }
      blocks.publish(id, meta);
      observe({ kind: 'head', outcome: 'done', seconds: (clock.monotonicMs() - startMs) / 1000 });
      const samples = meta.floats + meta.histograms;
      this.place.report('info', `block: ${rangeOf(head)}, ${meta.series} series, ${samples} samples, ${blocks.sizeOf(id)} bytes`);
    }
    heads.detach(head);
    announce();
    this.erase(head);
  }

  /** Removes the log of a head, and gives its memory back once no reader has it. */
  private erase(head: Head): void {
    const { heads, rescue, release } = this.place;
    this.inBackground(`the log of the head ${rangeOf(head)}`, async () => {
      try {
        await rescue.idle();
        await heads.dropLog(head);
      } finally {
        await release(head.id);
        heads.forget(head);
      }
    });
  }

  private inBackground(what: string, remove: () => Promise<void>): void {
    const done = remove().catch((error: unknown) => {
      this.place.report('error', `${what} was not removed: ${error instanceof Error ? error.message : String(error)}`);
    }).finally(() => this.erasing.delete(done));
    this.erasing.add(done);
  }

  /** Drops what is older than the retention, measured from the newest sample, and the oldest blocks above the size. */
  applyRetention(): void {
    const { heads, blocks, announce, release, report, onExpired } = this.place;
    const { retentionMs, retentionBytes } = this.options;
    const { newest } = this.place.rules();
    const cutoff = retentionMs > 0 && Number.isFinite(newest) ? newest - retentionMs : -Infinity;
    if (cutoff > -Infinity) onExpired?.(cutoff);
    for (const head of heads.heads().filter((candidate) => candidate.maxt <= cutoff)) {
      report('info', `retention: dropping samples ${rangeOf(head)}`);
      heads.detach(head);
      announce();
      this.erase(head);
    }
    const besides = retentionBytes === 0 ? 0 : bytesOf(this.place.usage);
    for (;;) {
      // By the end of their ranges: a long block may begin before a short one that is over.
      const oldest = blocks.oldest();
      if (oldest === undefined) return;
      const tooOld = oldest.descriptor.maxt <= cutoff;
      if (!tooOld && (retentionBytes === 0 || besides + blocks.totalBytes() <= retentionBytes)) return;
      report('info', `retention by ${tooOld ? 'time' : 'size'}: dropping the block ${rangeOf(oldest.descriptor)}`);
      blocks.detach(oldest);
      announce();
      this.inBackground(`the block ${oldest.descriptor.file}`, async () => {
        await release(oldest.descriptor.id);
        blocks.erase(oldest);
      });
    }
  }
}

/** A disk that cannot be asked must not cost blocks. */
function bytesOf(usage: DiskUsage): number {
  try {
    return usage.besidesBlocks();
  } catch {
    return 0;
  }
}

function rangeOf({ mint, maxt }: { readonly mint: number; readonly maxt: number }): string {
  return `from ${new Date(mint).toISOString()} to ${new Date(maxt).toISOString()}`;
}
