/**
 * Keeps blocks few: merges those that overlap and joins neighbours into longer ones (`compact/plan.ts` says which), one at a time, in
 * another thread, beside everything else. On the thread that writes. In steps, a stop after any of which loses nothing:
 *
 *   block written aside, synced, read back    start: the temporary file is removed
 *   block renamed, directory synced           start: the parents are removed, because the block names them
 *   readers told: the block is there, the parents are not (one message)
 *   no reader has a parent: files removed     start: the rest of them is removed
 */
import type { Clock } from '../io/clock.js';
import { BlockError } from './block/block-error.js';
import type { BlockMeta } from './block/block-format.js';
import type { BlockHeader } from './block/block-writer.js';
import { idsOf, type BlockStore, type StoredBlock } from './block-store.js';
import type { CompactJob } from './compact/compact-blocks.js';
import { compactionLevels, planCompaction, type CompactionPlan } from './compact/plan.js';
import type { HeadStore } from './head-store.js';
import type { TimeRules } from './head/time-rules.js';

/** Compacts blocks to a file, in another thread. @throws BlockError if one of them is damaged, Error if there is no usable block */
export type BlockCompactor = (parents: CompactJob['parents'], header: BlockHeader, file: string) => Promise<BlockMeta>;

/** What was done in a thread of its own, for the server's metrics. */
export interface BlockJobReport {
  readonly kind: 'head' | 'overlap' | 'neighbours' | 'scrub';
  readonly outcome: 'done' | 'failed' | 'skipped';
  readonly seconds: number;
}

export interface CompactionOptions {
  readonly headRangeMs: number;
  /** Longest block. Below three times the head's range only overlapping blocks are compacted. */
  readonly maxBlockMs: number;
  /** 0 = keep for ever. */
  readonly retentionMs: number;
  /** 0 = no limit. */
  readonly retentionBytes: number;
}

export interface CompactionPlace {
  readonly heads: HeadStore;
  readonly blocks: BlockStore;
  readonly clock: Clock;
  readonly compact: BlockCompactor;
  readonly rules: () => TimeRules;
  /** Tells the readers which heads and blocks there are. */
  readonly announce: () => void;
  /** Resolves when no reader has the block of this id. */
  readonly release: (id: number) => Promise<void>;
  readonly report: (level: 'info' | 'warn' | 'error', message: string) => void;
  readonly observe: (done: BlockJobReport) => void;
}

/** After a failure, doubled with each further one. Damage is not tried again at all; other causes (a full disk) may pass. */
const RETRY_MS = 60_000;
const RETRY_MS_MAX = 3_600_000;
/** A block is dropped as a whole, so that none may be a large part of what is kept by size. */
const SHARE_OF_SIZE = 10;
/** Kept free on the disk, besides the bytes of the parents: the log goes on meanwhile. */
const SPARE_BYTES = 128 * 1024 * 1024;

export class Compaction {
  private readonly levels: readonly number[];
  private running: Promise<void> | undefined;
  private stopped = false;
  private failures = 0;
  /** Blocks whose compaction failed, and until when others go first. */
  private readonly putOffUntilMs = new Map<number, number>();
  private shortOfSpace = false;

  constructor(private readonly place: CompactionPlace, private readonly options: CompactionOptions) {
    this.levels = compactionLevels(options.headRangeMs, options.maxBlockMs);
  }

  /** Everything there is to do, or what is under way. Never rejects: failures are reported and put off. */
  run(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.running ??= this.round().catch((error: unknown) => {
      this.place.report('error', `compaction: ${error instanceof Error ? error.message : String(error)}`);
    }).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Begins nothing new and waits for what is under way; end its thread before, or it may take minutes. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async round(): Promise<void> {
    let goesOn = true;
    while (goesOn && !this.stopped) {
      const plan = this.plan();
      goesOn = plan !== undefined && this.hasRoom(plan) && await this.carryOut(plan);
    }
  }

  private plan(): CompactionPlan | undefined {
    const { blocks, heads, rules } = this.place;
    const { headRangeMs, retentionMs, retentionBytes } = this.options;
    const { newest, lowest } = rules();
    return planCompaction(blocks.blocks().map(({ descriptor: { id, mint, maxt }, sizeBytes }) => ({ id, mint, maxt, sizeBytes })), {
      levels: this.levels,
      // Late samples would overlap with what is compacted already. A window of days must not put everything off for days.
      settledMs: Math.max(lowest, newest - headRangeMs),
      heads: heads.heads(),
      cutoffMs: retentionMs > 0 ? newest - retentionMs : -Infinity,
      maxBytes: retentionBytes > 0 ? retentionBytes / SHARE_OF_SIZE : Infinity,
      avoid: this.avoided(),
    });
  }

  private avoided(): ReadonlySet<number> {
    const avoided = new Set(this.place.blocks.damaged);
    const nowMs = this.place.clock.monotonicMs();
    for (const [id, untilMs] of this.putOffUntilMs) {
      if (untilMs > nowMs) avoided.add(id);
      else this.putOffUntilMs.delete(id);
    }
    return avoided;
  }

  private hasRoom(plan: CompactionPlan): boolean {
    const { blocks, report, observe } = this.place;
    const needed = plan.blocks.reduce((sum, block) => sum + block.sizeBytes, 0) + SPARE_BYTES;
    const free = blocks.freeBytes();
    const short = free < needed;
    if (short) observe({ kind: plan.kind, outcome: 'skipped', seconds: 0 });
    if (short && !this.shortOfSpace) report('warn', `compaction waits for space: ${needed} bytes are needed, ${free} are free`);
    this.shortOfSpace = short;
    return !short;
  }

  /** False after a failure: what is left to do waits for the next round. */
  private async carryOut({ kind, blocks: planned, range }: CompactionPlan): Promise<boolean> {
    const { blocks, heads, clock, observe, report } = this.place;
    const wanted = new Set(planned.map((block) => block.id));
    const parents = inOrderOfStorage(blocks.blocks().filter((block) => wanted.has(block.descriptor.id)));
    const id = heads.reserveId();
    const file = blocks.temporaryFile(id, range.mint, range.maxt);
    const header: BlockHeader = {
      ...range,
      heads: [...new Set(parents.flatMap(({ meta }) => idsOf(meta.heads)))].sort((a, b) => a - b),
      // Theirs, too: a file that could not be removed must not outlive the block that names it.
      parents: [...new Set(parents.flatMap(({ descriptor, meta }) => [descriptor.id, ...idsOf(meta.parents)]))].sort((a, b) => a - b),
      level: Math.max(...parents.map((parent) => parent.meta.level)) + 1,
    };
    const startMs = clock.monotonicMs();
    const seconds = (): number => (clock.monotonicMs() - startMs) / 1000;
    try {
      const meta = await this.place.compact(parents.map((parent) => parent.descriptor), header, file);
      if (!blocks.hasAll(parents)) {
        // The retention was faster, or samples were deleted meanwhile.
        blocks.discard(file);
        observe({ kind, outcome: 'skipped', seconds: seconds() });
        return true;
      }
      blocks.replace(parents, id, meta);
      this.failures = 0;
    } catch (error) {
      blocks.discard(file);
      if (this.stopped || !blocks.hasAll(parents)) return true;
      observe({ kind, outcome: 'failed', seconds: seconds() });
      this.putOff(parents, error);
      return false;
    }
    observe({ kind, outcome: 'done', seconds: seconds() });
    const before = parents.reduce((sum, parent) => sum + parent.sizeBytes, 0);
    const of = `${parents.length} ${kind === 'overlap' ? 'overlapping' : 'neighbouring'} blocks`;
    report('info', `compacted ${of} ${rangeOf(range)}: ${before} bytes became ${blocks.sizeOf(id)}, ${seconds().toFixed(1)} s`);
    this.place.announce();
    for (const parent of parents) {
      await this.place.release(parent.descriptor.id);
      blocks.erase(parent);
    }
    return true;
  }

  /** Damaged blocks are left alone until the next start. After anything else the same blocks are tried again later. */
  private putOff(parents: readonly StoredBlock[], error: unknown): void {
    const { blocks, clock, report } = this.place;
    const detail = error instanceof Error ? error.message : String(error);
    const damaged = error instanceof BlockError && error.code === 'corrupt_block'
      ? parents.find((parent) => parent.descriptor.file === error.file) : undefined;
    if (damaged !== undefined) {
      blocks.markDamaged(damaged);
      report('error', `compaction: ${detail}; the block is left as it is, and so are its neighbours`);
      return;
    }
    const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.failures++);
    for (const { descriptor } of parents) this.putOffUntilMs.set(descriptor.id, clock.monotonicMs() + waitMs);
    report('error', `compaction failed, the blocks are left as they are; next try in ${waitMs / 60_000} min: ${detail}`);
  }
}

/**
 * What was stored first comes first, because of two samples at one time that one counts: late samples come by later heads. Blocks that
 * do not overlap come in the order of time, so that nothing has to be sorted.
 */
function inOrderOfStorage(blocks: readonly StoredBlock[]): StoredBlock[] {
  const byTime = [...blocks].sort((a, b) => a.descriptor.mint - b.descriptor.mint);
  if (byTime.every((block, i) => i === 0 || byTime[i - 1]!.descriptor.maxt <= block.descriptor.mint)) return byTime;
  const age = ({ descriptor, meta }: StoredBlock): number => Math.min(descriptor.id, ...idsOf(meta.heads));
  return byTime.sort((a, b) => age(a) - age(b));
}

function rangeOf({ mint, maxt }: { readonly mint: number; readonly maxt: number }): string {
  return `from ${new Date(mint).toISOString()} to ${new Date(maxt).toISOString()}`;
}
