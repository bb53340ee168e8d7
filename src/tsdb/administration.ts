/**
 * What the admin API does to the store: deleting, cleaning up behind deletions, snapshots, flushing. On the thread that writes, one at a
 * time. Deleting and copying take turns with upkeep, so that no head becomes a block meanwhile; compaction goes on beside all of it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import type { Matcher } from '../model/matcher.js';
import { IngestError } from '../storage/ingestion.js';
import type { BlockMeta } from './block/block-format.js';
import type { BlockHeader } from './block/block-writer.js';
import { idsOf, type BlockStore, type StoredBlock } from './block-store.js';
import type { Compaction } from './compaction.js';
import type { HeadStore } from './head-store.js';
import { deleteSamples } from './head/delete-samples.js';
import type { BlockDescriptor, SourceDescriptor } from './head/descriptor.js';
import type { Head } from './head/head.js';
import { RecordBuffer, RecordType } from './head/records.js';
import { LogWriteError } from './log/log-error.js';
import type { LogSyncer } from './log/log-syncer.js';
import type { MatcherText, MatchResult } from './match-series.js';
import { removeUnfinishedSnapshots, takeSnapshot } from './store-copy.js';
import type { Upkeep } from './upkeep.js';

/** The heavy parts, in another thread. All of them reject with what went wrong. */
export interface AdminWork {
  match(sources: readonly SourceDescriptor[], matcherSets: readonly (readonly MatcherText[])[], mint: number, maxt: number):
    Promise<MatchResult>;
  /** Writes to `file` what is left of a block. */
  rewrite(block: BlockDescriptor, header: BlockHeader, file: string): Promise<BlockMeta>;
  copyCatalogue(file: string): Promise<void>;
}

export interface AdministrationPlace {
  readonly disk: Disk;
  /** Data directory. */
  readonly directory: string;
  readonly heads: HeadStore;
  readonly blocks: BlockStore;
  readonly syncer: LogSyncer;
  readonly upkeep: Upkeep;
  /** undefined: blocks stay as they are. */
  readonly compaction: Compaction | undefined;
  readonly sources: () => readonly SourceDescriptor[];
  /** Tells the readers which heads and blocks there are. */
  readonly announce: () => void;
  /** Resolves when no reader has the block of this id. */
  readonly release: (id: number) => Promise<void>;
  readonly clock: Clock;
  readonly report: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** Rebuilding a series takes 10 to 50 us: ingest gets its turn every few milliseconds. */
const SERIES_PER_TURN = 128;

export class Administration {
  private waiting = 0;
  private lastWork: Promise<unknown> = Promise.resolve();

  /**
   * @param work undefined: nothing but flushing can be done, and every other call rejects
   * @param maxRequests that are done or wait, for upkeep or for each other
   */
  constructor(
    private readonly place: AdministrationPlace, private readonly work: AdminWork | undefined, private readonly maxRequests: number,
  ) {
    removeUnfinishedSnapshots(place.disk, place.directory);
  }

  /**
   * Deletes the samples in [startMs, endMs] of all series that match all matchers of any set. They are in no answer that is asked for after
   * this has resolved; what is stored at those times later is new data.
   * @throws IngestError, Error: a part may be deleted then, and the call can be repeated
   */
  deleteSeries(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<void> {
    return this.betweenUpkeep(async (work) => {
      const texts = matcherSets.map((set) => set.map(({ type, name, value }): MatcherText => ({ type, name, value })));
      let found: MatchResult | undefined;
      do found = await this.match(work, texts, startMs, endMs);
      while (found === undefined || !this.deleteFromBlocks(found));
      let samples = 0;
      for (const { id, refs } of found.heads) {
        const head = this.place.heads.heads().find((one) => one.id === id);
        if (head) samples += await this.deleteFromHead(head, refs, startMs, endMs);
      }
      this.place.report('info', `deleted: ${samples} samples of heads, intervals of ${found.blocks.length} blocks`);
    });
  }

  /** undefined if compaction, which goes on beside this, or the retention removed a block before it was read. */
  private async match(
    work: AdminWork, matcherSets: readonly (readonly MatcherText[])[], startMs: number, endMs: number,
  ): Promise<MatchResult | undefined> {
    const sources = this.place.sources();
    try {
      return await work.match(sources, matcherSets, startMs, endMs);
    } catch (error) {
      const left = new Set(this.place.sources().map((source) => source.id));
      if (sources.every((source) => left.has(source.id))) throw error;
      return undefined;
    }
  }

  /** False, and nothing is done, if one of the blocks is not in use any more. */
  private deleteFromBlocks(found: MatchResult): boolean {
    const { blocks, announce } = this.place;
    const known = new Map(blocks.blocks().map((block) => [block.descriptor.id, block]));
    if (found.blocks.some(({ id }) => !known.has(id))) return false;
    // A compaction that reads one of them now throws its result away: they are other blocks from here on.
    try {
      for (const { id, deleted } of found.blocks) blocks.setDeleted(known.get(id)!, deleted);
    } finally {
      if (found.blocks.length > 0) announce();
    }
    return true;
  }

  private async deleteFromHead(head: Head, refs: Uint32Array, startMs: number, endMs: number): Promise<number> {
    const { heads, syncer } = this.place;
    const from = Math.max(startMs, head.mint);
    const to = Math.min(endMs, head.maxt - 1);
    const record = new RecordBuffer();
    let deleted = 0;
    try {
      for (let next = 0; next < refs.length; await nextTurn()) {
        heads.flushPending();
        record.clear();
        let full = false;
        for (const end = Math.min(refs.length, next + SERIES_PER_TURN); next < end && !full; next++) {
          const samples = deleteSamples(head, refs[next]!, from, to);
          full = samples < 0;
          if (samples <= 0) continue;
          deleted += samples;
          record.addDeletion(refs[next]!, from, to);
        }
        if (record.length > 0) head.log?.append(RecordType.deletions, record.payload());
        if (full) throw new IngestError('unavailable', `the head's memory is full; ${deleted} samples are deleted, others are not`);
      }
      if (deleted > 0 && head.log) await syncer.acknowledge(head.log);
      return deleted;
    } catch (error) {
      if (!(error instanceof LogWriteError)) throw error;
      throw new IngestError('unavailable', `the log cannot be written: ${error.message}`, { cause: error });
    }
  }

  /** Writes the blocks from which something was deleted anew, without it. Heads keep nothing that was deleted. @throws Error */
  cleanTombstones(): Promise<void> {
    return this.oneAtATime(async (work) => {
      const failures: unknown[] = [];
      for (const block of this.place.blocks.blocks().filter(({ descriptor }) => descriptor.deleted)) {
        // A damaged block keeps what is deleted from it; the others are cleaned all the same.
        await this.clean(work, block).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    });
  }

  private async clean(work: AdminWork, block: StoredBlock): Promise<void> {
    const { heads, blocks, announce, release, report } = this.place;
    const { descriptor, meta: before } = block;
    const id = heads.reserveId();
    const file = blocks.temporaryFile(id, descriptor.mint, descriptor.maxt);
    const header: BlockHeader = {
      mint: descriptor.mint, maxt: descriptor.maxt, heads: idsOf(before.heads), level: before.level,
      parents: [...new Set([descriptor.id, ...idsOf(before.parents)])].sort((a, b) => a - b),
    };
    try {
      const meta = await work.rewrite(descriptor, header, file);
      // Compaction or the retention was faster: what was deleted is gone with the block.
      if (!blocks.hasAll([block])) return;
      if (meta.series > 0) blocks.replace([block], id, meta);
      else blocks.detach(block);
      const left = meta.floats + meta.histograms;
      report('info', `cleaned the block ${descriptor.file}: ${left} of ${before.floats + before.histograms} samples are left`);
    } catch (error) {
      if (!blocks.hasAll([block])) return;
      throw error;
    } finally {
      blocks.discard(file);
    }
    announce();
    await release(descriptor.id);
    blocks.erase(block);
  }

  /**
   * Copies the store to a directory in `snapshots` and returns its name.
   * @param withHeads false leaves out what is not in blocks yet
   * @throws Error
   */
  snapshot(withHeads: boolean): Promise<string> {
    return this.betweenUpkeep((work) => {
      const { clock, heads } = this.place;
      const place = { ...this.place, nowMs: () => clock.nowMs(), copyCatalogue: (file: string) => work.copyCatalogue(file) };
      return takeSnapshot(place, withHeads ? heads.heads() : []);
    });
  }

  /**
   * Closes all heads that have samples, whatever is left of their time, and resolves when they are blocks, their logs are removed and the
   * compaction that is due is done. What comes in meanwhile goes to new heads.
   * @throws Error if a head did not become a block: it is closed and served, and tried again with the next upkeep
   */
  flush(): Promise<void> {
    return this.inLine(async () => {
      const { heads, upkeep, compaction, report } = this.place;
      if (!upkeep.makesBlocks) throw new Error('this store makes no blocks');
      const closing = heads.heads().filter((head) => head.arena.sampleCount > 0);
      for (const head of closing) head.close();
      await upkeep.run();
      const left = closing.filter((head) => heads.heads().includes(head)).length;
      const why = upkeep.failure ?? 'the store is closing';
      if (left > 0) throw new Error(`${left} of ${closing.length} heads did not become blocks yet: ${why}`);
      report('info', `flushed: ${closing.length} heads became blocks`);
      await compaction?.run();
    });
  }

  private betweenUpkeep<T>(act: (work: AdminWork) => Promise<T>): Promise<T> {
    return this.oneAtATime((work) => this.place.upkeep.exclusively(() => act(work)));
  }

  private oneAtATime<T>(act: (work: AdminWork) => Promise<T>): Promise<T> {
    return this.inLine(() => {
      if (!this.work) throw new Error('this store has no thread for such work');
      return act(this.work);
    });
  }

  private async inLine<T>(act: () => Promise<T>): Promise<T> {
    if (this.waiting >= this.maxRequests) {
      throw new IngestError('unavailable', `${this.waiting} requests of the admin API are under way already (web.max_admin_requests)`);
    }
    this.waiting++;
    const result = this.lastWork.then(act);
    this.lastWork = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.waiting--;
    }
  }
}
