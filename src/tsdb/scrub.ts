/**
 * Reads every block again now and then, so that damage is found while there may still be a copy of the data elsewhere, and not in a year
 * by the query that needs it. One block at a time, in another thread, and four times as long at rest as at work.
 */
import type { Clock } from '../io/clock.js';
import { BlockError } from './block/block-error.js';
import type { BlockMeta } from './block/block-format.js';
import type { BlockStore, StoredBlock } from './block-store.js';
import type { BlockJobReport } from './compaction.js';

/** Reads all of a block, in another thread. @throws BlockError that says what is damaged */
export type BlockVerifier = (file: string) => Promise<BlockMeta>;

export interface ScrubPlace {
  readonly blocks: BlockStore;
  readonly clock: Clock;
  readonly verify: BlockVerifier;
  readonly report: (level: 'info' | 'warn' | 'error', message: string) => void;
  readonly observe: (done: BlockJobReport) => void;
}

const REST = 4;

export class Scrub {
  /** When a block was last read, by id. Before that it counts from the time of its file: it was read back before it got its name. */
  private readonly checkedMs = new Map<number, number>();
  private running: Promise<void> | undefined;
  private restUntilMs = -Infinity;
  private stopped = false;

  /** @param intervalMs how long a block may go unread, 0 = for ever */
  constructor(private readonly place: ScrubPlace, private readonly intervalMs: number) {}

  /** Reads the block that is most overdue, if there is one and it is time. Never rejects. */
  run(): Promise<void> {
    const { clock } = this.place;
    if (this.stopped || this.intervalMs === 0 || (!this.running && clock.monotonicMs() < this.restUntilMs)) return Promise.resolve();
    this.running ??= this.next().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Begins nothing new and waits for what is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async next(): Promise<void> {
    const { blocks, clock, report, observe } = this.place;
    const block = this.overdue();
    if (block === undefined) return;
    const startMs = clock.monotonicMs();
    let failure: unknown;
    try {
      await this.place.verify(block.descriptor.file);
    } catch (error) {
      failure = error;
    }
    const elapsedMs = clock.monotonicMs() - startMs;
    this.restUntilMs = clock.monotonicMs() + elapsedMs * REST;
    // A block that was dropped meanwhile has no file.
    if (this.stopped || !blocks.hasAll([block])) return;
    this.checkedMs.set(block.descriptor.id, clock.nowMs());
    observe({ kind: 'scrub', outcome: failure === undefined ? 'done' : 'failed', seconds: elapsedMs / 1000 });
    if (failure === undefined) return;
    const detail = failure instanceof Error ? failure.message : String(failure);
    // A file that could not be read this time (too many open files, say) is not damaged.
    if (failure instanceof BlockError && failure.code === 'corrupt_block') blocks.markDamaged(block);
    report('error', `scrub: ${detail}; queries that need it fail, everything else of the block is served`);
  }

  private overdue(): StoredBlock | undefined {
    const ids = new Set(this.place.blocks.blocks().map((block) => block.descriptor.id));
    for (const id of this.checkedMs.keys()) if (!ids.has(id)) this.checkedMs.delete(id);
    let oldest: StoredBlock | undefined;
    let oldestMs = this.place.clock.nowMs() - this.intervalMs;
    for (const block of this.place.blocks.blocks()) {
      const checkedMs = this.checkedMs.get(block.descriptor.id) ?? block.modifiedMs;
      if (checkedMs > oldestMs) continue;
      oldest = block;
      oldestMs = checkedMs;
    }
    return oldest;
  }
}
