/** The heads of the data directory: which there are, opening new ones, replaying and dropping them. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Disk } from '../io/disk.js';
import { IngestError } from '../storage/ingestion.js';
import type { HeadDescriptor } from './head/descriptor.js';
import { Head, type HeadOptions, type NewSeriesGuard } from './head/head.js';
import { rangeOfNewHead, type NewHeadRange, type SampleSpan, type TimeRange } from './head-range.js';
import { replayHead } from './head/replay-head.js';
import { discardAside, finishRewrites, swapLog, writeLogAside } from './head/rewrite-log.js';
import { dropLog, removeDroppedLogs } from './log/drop-log.js';
import { LogWriter, SYNC_FAILED } from './log/log-writer.js';
import type { OnProgress } from './log/replay.js';
import { describeDamage } from './log/replay-report.js';
import type { LogPosition } from './log/log-position.js';
import type { HeadSnapshots } from './snapshot/head-snapshots.js';

export interface HeadStoreOptions {
  readonly rangeMs: number;
  readonly maxSeries: number;
  /** Heads open at a time; each reserves address space. */
  readonly maxHeads: number;
  readonly segmentBytes: number;
  /** Zeros written ahead of the log: pays only where every request is synced. */
  readonly preallocate: boolean;
  readonly seed: { readonly low: number; readonly high: number };
  /** See `HeadOptions`. */
  readonly keepStarts: boolean;
  /** Samples that are in blocks: a head for their times is a late one. */
  readonly blockSpans?: () => readonly SampleSpan[];
  /** Without them a start replays every log from its beginning. */
  readonly snapshots?: HeadSnapshots | undefined;
}

export interface ReplayProgress {
  readonly headsDone: number;
  readonly headsTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface DbOpenReport {
  readonly heads: number;
  /** Heads of which a snapshot was read, so that only what followed it was replayed. */
  readonly restored: number;
  readonly samples: number;
  readonly logBytes: number;
  /** One line each: torn tails, damage, lost samples, snapshots that could not be used. */
  readonly notes: readonly OpenNote[];
}

export interface OpenNote {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** `000012_1700000000000_1700007200000`: id, mint, maxt. */
const DIRECTORY = /^(\d+)_(-?\d+)_(-?\d+)$/;
const PREALLOCATE_BYTES = 256 * 1024;
/** Id of a head that belongs to no store. */
const NO_HEAD = -1;

export class HeadStore {
  private guard: NewSeriesGuard | undefined;
  /** Oldest first. Ranges may overlap; of the heads that cover a time only the one with the highest id takes samples. */
  private ordered: Head[] = [];
  private nextId = 1;
  /** Bytes of heads that are detached, while somebody may still hold them. */
  private readonly leaving = new Map<Head, number>();
  private restored = 0;
  private opened: () => void = () => {};

  constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    private readonly module: WebAssembly.Module,
    private readonly options: HeadStoreOptions,
  ) {}

  /**
   * Replays all heads, oldest first; the logs of those that are blocks are removed instead: the process ended between the two.
   * @param firstId ids below it are taken
   */
  async open(
    onProgress?: (progress: ReplayProgress) => void,
    isBlock: (id: number, mint: number, maxt: number) => boolean = () => false,
    firstId = 1,
  ): Promise<DbOpenReport> {
    this.nextId = firstId;
    this.disk.makeDirectory(this.directory);
    // A synced log is lost all the same if the name of its directory is.
    this.disk.syncDirectorySync(path.dirname(this.directory));
    // Names that a killed process gave to logs, before anything is removed because of them.
    this.disk.syncDirectorySync(this.directory);
    finishRewrites(this.disk, this.directory);
    removeDroppedLogs(this.disk, this.directory);
    const found = this.disk.list(this.directory).map((name) => DIRECTORY.exec(name)).filter((match) => match !== null).filter((match) => {
      if (!isBlock(Number(match[1]), Number(match[2]), Number(match[3]))) return true;
      dropLog(this.disk, path.join(this.directory, match[0]));
      return false;
    });
    const notes: OpenNote[] = [];
    let logBytes = 0;
    const progress = (bytesDone: number, bytesTotal: number): void => {
      onProgress?.({ headsDone: this.ordered.length, headsTotal: found.length, bytesDone, bytesTotal });
    };
    for (const match of found) {
      const [name, id, mint, maxt] = [match[0], Number(match[1]), Number(match[2]), Number(match[3])];
      this.nextId = Math.max(this.nextId, id + 1);
      const directory = path.join(this.directory, name);
      if (this.disk.list(directory).length === 0) {
        // Made for a head that never got a record.
        this.disk.removeDirectory(directory);
        continue;
      }
      logBytes += await this.openHead(directory, id, mint, maxt, notes, progress);
      await nextTurn();
    }
    for (const head of this.ordered) this.closeCoveredBy(head);
    const samples = this.ordered.reduce((sum, head) => sum + head.arena.sampleCount, 0);
    return { heads: this.ordered.length, restored: this.restored, samples, logBytes, notes };
  }

  /** Replays one head and puts it among the open ones. Returns the bytes of its log. */
  private async openHead(
    directory: string, id: number, mint: number, maxt: number, notes: OpenNote[], progress: (bytesDone: number, bytesTotal: number) => void,
  ): Promise<number> {
    const { head, after } = await this.restore(directory, id, mint, maxt, notes);
    const onProgress: OnProgress = ({ bytesDone, bytesTotal }) => progress(bytesDone, bytesTotal);
    const { report, samplesLost, recordsUnusable } = await replayHead(this.disk, directory, head, onProgress, after);
    const { tornTail, damage, resume } = report;
    if (tornTail) {
      const { file, bytes, offset } = tornTail;
      notes.push({ level: 'warn', text: `${file}: cut off ${bytes} bytes at ${offset} that were being written at the stop` });
    }
    for (const one of damage) notes.push({ level: 'error', text: describeDamage(one) });
    if (samplesLost > 0 || recordsUnusable > 0) {
      notes.push({
        level: 'error',
        text: `${directory}: ${samplesLost} samples and ${recordsUnusable} records cannot be used because what they refer to is lost; `
          + 'the log is rewritten',
      });
      // Later records would give the lost ids a second meaning: begin a new log from what is in memory, and read that.
      await writeLogAside(this.disk, directory, head, this.logOptions());
      swapLog(this.disk, directory, 'quarantine');
      return report.bytes + (await this.openHead(directory, id, mint, maxt, notes, progress));
    }
    if (this.disk.stat(path.join(directory, SYNC_FAILED)) !== undefined) {
      notes.push({ level: 'warn', text: `${directory}: the disk failed to make this log durable; it is written anew` });
      await writeLogAside(this.disk, directory, head, this.logOptions());
      swapLog(this.disk, directory, 'drop');
      return report.bytes + (await this.openHead(directory, id, mint, maxt, notes, progress));
    }
    head.log = resume
      ? LogWriter.resume(this.disk, directory, resume, this.logOptions())
      : LogWriter.create(this.disk, directory, { headId: id, mint, maxt }, this.logOptions());
    this.insert(head);
    return report.bytes;
  }

  /** A head with what its snapshot has, or an empty one; `after` says how much of the log it stands for. */
  private async restore(
    directory: string, id: number, mint: number, maxt: number, notes: OpenNote[],
  ): Promise<{ head: Head; after: LogPosition | undefined }> {
    const fresh = (): Head => new Head(this.module, id, this.headOptions(mint, maxt), undefined);
    const head = fresh();
    const outcome = await this.options.snapshots?.load(head, directory);
    if (outcome?.kind === 'loaded') {
      this.restored++;
      return { head, after: outcome.position };
    }
    if (outcome === undefined || outcome.kind === 'absent') return { head, after: undefined };
    const damaged = outcome.kind === 'damaged';
    notes.push({ level: damaged ? 'warn' : 'info', text: `${outcome.reason}: the log is replayed instead, nothing is lost` });
    return { head: damaged ? fresh() : head, after: undefined };
  }

  /** Calls back after a head was opened. */
  onOpened(call: () => void): void {
    this.opened = call;
  }

  heads(): readonly Head[] {
    return this.ordered;
  }

  descriptors(): HeadDescriptor[] {
    return this.ordered.map((head) => head.descriptor);
  }

  /** The head that takes samples of this time, if there is one. */
  find(t: number): Head | undefined {
    // Newest first: nearly all samples are for the newest head.
    for (let i = this.ordered.length - 1; i >= 0; i--) {
      const head = this.ordered[i]!;
      if (!head.isClosed && head.covers(t)) return head;
    }
    return undefined;
  }

  /** The head of this id, if it takes samples. */
  openById(id: number): Head | undefined {
    return this.ordered.find((head) => head.id === id && !head.isClosed);
  }

  /** The head with the newest range of those that take samples. */
  newestOpen(): Head | undefined {
    return this.ordered.findLast((head) => !head.isClosed);
  }

  /** True if a head for this time would have to be opened, and closed heads or blocks have samples there or later in its range. */
  needsLateHead(t: number): boolean {
    return this.find(t) === undefined && this.rangeFor(t).isLate;
  }

  /** The head that takes samples of this time, opened if need be. @throws IngestError if there are too many */
  obtain(t: number): Head {
    const known = this.find(t);
    if (known) return known;
    const max = this.options.maxHeads;
    if (this.ordered.length >= max) {
      throw new IngestError('unavailable', `there are ${max} heads already (storage.head.max_open), and becoming blocks takes a while`);
    }
    const { mint, maxt } = this.rangeFor(t);
    const id = this.reserveId();
    const directory = path.join(this.directory, `${String(id).padStart(6, '0')}_${mint}_${maxt}`);
    const log = this.createLog(directory, { headId: id, mint, maxt });
    const head = new Head(this.module, id, this.headOptions(mint, maxt), log);
    this.insert(head);
    this.closeCoveredBy(head);
    this.opened();
    return head;
  }

  /** A head of no times, without a log and not of this store: a walk in it tells which times a body has, while there is no other. */
  scout(): Head {
    return new Head(this.module, NO_HEAD, this.headOptions(-Infinity, -Infinity), undefined);
  }

  private rangeFor(t: number): NewHeadRange {
    const spans = [...this.options.blockSpans?.() ?? []];
    const open: TimeRange[] = [];
    for (const head of this.ordered) {
      if (head.isClosed) spans.push(head.arena);
      else open.push({ mint: head.mint, maxt: head.takesUntil });
    }
    return rangeOfNewHead(t, this.options.rangeMs, open, spans);
  }

  /** Of heads with common times the one with the highest id takes samples: the same rule after a restart. */
  private closeCoveredBy(head: Head): void {
    for (const older of this.ordered) if (older.id < head.id && older.mint < head.maxt && head.mint < older.takesUntil) older.close();
  }

  /** @throws LogWriteError */
  private createLog(directory: string, identity: { readonly headId: number; readonly mint: number; readonly maxt: number }): LogWriter {
    try {
      return LogWriter.create(this.disk, directory, identity, this.logOptions());
    } catch (error) {
      // The next attempt has another id: this directory would be a second head of the range at the next start.
      try {
        if (this.disk.stat(directory)) this.disk.removeDirectory(directory);
      } catch {
        // Then it is empty, and the start removes it.
      }
      throw error;
    }
  }

  /** An id that no head and no block has had in the life of this data directory, as far as its files tell. */
  reserveId(): number {
    return this.nextId++;
  }

  newestSample(): number {
    return this.ordered.reduce((newest, head) => Math.max(newest, head.arena.maxTime), -Infinity);
  }

  /** Infinity if there is none. */
  oldestSample(): number {
    return this.ordered.reduce((oldest, head) => Math.min(oldest, head.arena.minTime), Infinity);
  }

  /** Bytes of all heads, those included that are detached and still held by a query. */
  usedBytes(): number {
    let used = 0;
    for (const head of this.ordered) used += head.usedBytes;
    for (const bytes of this.leaving.values()) used += bytes;
    return used;
  }

  /**
   * To be called before memory changes: what an earlier request could not get into its log goes there first.
   * @throws LogWriteError if that fails, or a log has failed for good and is not yet renewed
   */
  flushPending(): void {
    for (const { log } of this.ordered) {
      if (log?.failure) throw log.failure;
      log?.flushPending();
    }
  }

  /** Heads whose log has failed for good. */
  failedHeads(): readonly Head[] {
    return this.ordered.filter((head) => head.log?.failure !== undefined);
  }

  /**
   * A new log in the place of one that has failed, with all that is in memory, durable. Nothing is appended meanwhile: `flushPending`
   * does not let it. @throws LogWriteError, or the disk's error: the log is as failed as before
   */
  async renewLog(head: Head): Promise<void> {
    const failed = head.log;
    if (failed === undefined) return;
    await failed.close().catch(() => undefined); // closes its files; why it failed is known
    const resume = await writeLogAside(this.disk, failed.directory, head, this.logOptions());
    if (!this.ordered.includes(head)) {
      // It became a block meanwhile.
      discardAside(this.disk, failed.directory);
      return;
    }
    swapLog(this.disk, failed.directory, 'drop');
    head.log = LogWriter.resume(this.disk, failed.directory, resume, this.logOptions());
  }

  /** Takes a head out of use; its files stay until `dropLog`, and its memory counts until `forget`. */
  detach(head: Head): void {
    this.ordered = this.ordered.filter((one) => one !== head);
    this.leaving.set(head, head.usedBytes);
  }

  /**
   * Removes the log of a detached head. That need not wait for readers, which have the arena only, and should not: as long as the log is
   * there, the next start must find the block that names it.
   */
  async dropLog(head: Head): Promise<void> {
    const { log } = head;
    if (log === undefined) return;
    // Nobody needs what could not be written to it.
    await log.close().catch(() => undefined);
    dropLog(this.disk, log.directory);
  }

  /** No reader has this detached head any more. */
  forget(head: Head): void {
    this.leaving.delete(head);
  }

  /**
   * Closes the logs, and then writes the snapshots. Returns one line if there is none of a head, '' otherwise.
   * @throws LogWriteError if something in a log could not be written or made durable; there are no snapshots then
   */
  async close(): Promise<string> {
    const failures: unknown[] = [];
    for (const { log } of this.ordered) {
      const known = log?.failure;
      await log?.close().catch((error: unknown) => failures.push(error));
      if (known) failures.push(known);
    }
    if (failures.length > 0) throw failures[0];
    return (await this.options.snapshots?.write(this.ordered)) ?? '';
  }

  /** Who is asked for new series from now on. */
  setGuard(guard: NewSeriesGuard | undefined): void {
    this.guard = guard;
    for (const head of this.ordered) head.guard = guard;
  }

  private insert(head: Head): void {
    head.guard = this.guard;
    this.ordered.push(head);
    this.ordered.sort((a, b) => a.mint - b.mint || a.id - b.id);
  }

  private headOptions(mint: number, maxt: number): HeadOptions {
    const { maxSeries, seed, keepStarts } = this.options;
    return { mint, maxt, maxSeries, seed, keepStarts };
  }

  private logOptions(): { segmentBytes: number; preallocateBytes: number } {
    return { segmentBytes: this.options.segmentBytes, preallocateBytes: this.options.preallocate ? PREALLOCATE_BYTES : 0 };
  }
}
