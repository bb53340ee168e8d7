import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { crc32 } from '../../encoding/crc32.js';
import { writeU32 } from '../../encoding/u32.js';
import { invariant } from '../../invariant.js';
import { errnoOf, writeFully } from '../../io/disk.js';
import type { Disk, DiskFile } from '../../io/disk.js';
import type { LogIdentity } from './format.js';
import { crcSeed, DATA_START, encodeHeader, FRAME_BYTES, RECORD_BYTES_MAX, RECORD_TYPE_MAX, segmentName, segmentNumber } from './format.js';
import { LogWriteError } from './log-error.js';
import type { LogPosition } from './log-position.js';
import type { ResumePoint } from './replay-report.js';

export interface LogWriterOptions {
  /** A segment is closed before it grows beyond this. A larger record gets a segment of its own. */
  readonly segmentBytes?: number;
  /**
   * Zeros written ahead in steps of this size, 0 = none. Measured (ext4 on a virtual disk, 16 KiB records): an
   * fdatasync after each record takes 280-300 us on a growing file and 180 us in steps of 256 KiB (larger steps:
   * 190-240 us, and stalls of 5-12 ms when one is written). Without a sync per record it costs 12 us a record (48
   * instead of 36 us) and gains nothing. So: 256 KiB where each request is synced, 0 elsewhere.
   */
  readonly preallocateBytes?: number;
}

/** Stands in the directory of a log whose sync failed. */
export const SYNC_FAILED = 'sync-failed';
const SEGMENT_BYTES = 64 * 1024 * 1024;
const PENDING_BYTES_MAX = 64 * 1024 * 1024;

interface OpenSegment {
  readonly number: number;
  readonly file: DiskFile;
  /** Where the next record goes. */
  end: number;
  /** Zeros were written up to here. */
  preallocated: number;
}

interface SyncWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The append-only log of one head. Not shared: one writer per directory, on one thread.
 *
 * A record that could not be written stays *pending*: it goes down, at the same place, before anything later does.
 * So records that build on one another (a series, then its samples) are never in the log without their ground.
 */
export class LogWriter {
  private readonly segmentBytes: number;
  private readonly preallocateBytes: number;
  private segment: OpenSegment | undefined;
  /** Full segments that no sync has covered yet. */
  private finished: OpenSegment[] = [];
  private nextSegment: number;
  private previousEnd: number;
  /** Number of a segment that we created but could not put a header into. */
  private abandoned = 0;
  private finishedBytes = 0;
  private types: number;

  private frame = new Uint8Array(64 * 1024);
  private readonly pending: Uint8Array[] = [];
  private pendingBytes = 0;

  /** Records written and records known durable, counted from the start of this writer. */
  private written = 0;
  private durable = 0;
  private namesChanged = false;
  private directoryIsNew: boolean;
  private waiters: SyncWaiter[] = [];
  private syncing: Promise<void> | undefined;
  private syncFailure: LogWriteError | undefined;
  private closed = false;

  private constructor(
    private readonly disk: Disk,
    readonly directory: string,
    readonly identity: LogIdentity,
    start: { segment: number; previousEnd: number; directoryIsNew: boolean; recordTypes: number },
    options: LogWriterOptions,
  ) {
    this.segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.preallocateBytes = options.preallocateBytes ?? 0;
    this.nextSegment = start.segment;
    this.previousEnd = start.previousEnd;
    this.directoryIsNew = start.directoryIsNew;
    this.types = start.recordTypes;
  }

  /**
   * A new log. The directory is made if missing and must not hold one. Files appear with the first record.
   * @throws LogWriteError operation 'create': there is no log
   */
  static create(disk: Disk, directory: string, identity: Omit<LogIdentity, 'salt'>, options: LogWriterOptions = {}): LogWriter {
    let present: string | undefined;
    try {
      disk.makeDirectory(directory);
      present = disk.list(directory).find((name) => segmentNumber(name) !== undefined);
    } catch (error) {
      throw new LogWriteError('create', directory, 0, false, error);
    }
    invariant(present === undefined, `${directory} already holds a log (${present}): replay it`);
    const salt = randomBytes(4).readUInt32LE();
    const start = { segment: 1, previousEnd: 0, directoryIsNew: true, recordTypes: 0 };
    return new LogWriter(disk, directory, { ...identity, salt }, start, options);
  }

  /** Goes on with a log that was replayed, in a new segment: an old one is never written again. */
  static resume(disk: Disk, directory: string, at: ResumePoint, options: LogWriterOptions = {}): LogWriter {
    const { identity, segment, previousEnd, recordTypes } = at;
    return new LogWriter(disk, directory, identity, { segment, previousEnd, directoryIsNew: false, recordTypes }, options);
  }

  /**
   * Writes one record: with one positional write, complete when the call returns. It then survives the death of the
   * process; for power losses see `sync`.
   * @param type 1..RECORD_TYPE_MAX @param payload one view or the parts of it; may be shared memory; not kept
   * @throws LogWriteError The caller acknowledges nothing. If `kept`, the record will still be written (`flushPending`);
   * a caller should get that done before it changes memory for another request.
   */
  append(type: number, payload: Uint8Array | readonly Uint8Array[]): void {
    invariant(type >= 1 && type <= RECORD_TYPE_MAX, `log record type ${type}`);
    invariant(!this.closed, `${this.directory}: append after close`);
    if (this.syncFailure) throw this.syncFailure;
    const size = this.fill(type, payload);
    this.types |= 1 << type;
    if (this.pending.length > 0) {
      this.keep(size);
      this.flushPending();
      return;
    }
    try {
      this.writeFrame(this.frame, size);
    } catch (error) {
      if (error instanceof LogWriteError) this.keep(size);
      throw error;
    }
  }

  /** True while a record that could not be written waits. */
  get hasPending(): boolean {
    return this.pending.length > 0;
  }

  /** Writes what is pending; returns at once if nothing is. @throws LogWriteError as `append` */
  flushPending(): void {
    if (this.pending.length === 0) return;
    if (this.syncFailure) throw this.syncFailure;
    while (this.pending.length > 0) {
      const frame = this.pending[0]!;
      this.writeFrame(frame, frame.length);
      this.pending.shift();
      this.pendingBytes -= frame.length;
    }
  }

  /**
   * Resolves once everything appended before the call is durable. Concurrent callers share one fdatasync, which
   * started after the last of them had written.
   *
   * A failed fdatasync is final: the system may have thrown the pages away and report success the next time, and
   * later records build on lost ones. `sync` and `append` fail from then on with the same error; the head must be
   * saved from memory (as a block) and a new log begun. The exception is a directory that could not be opened for want of
   * file descriptors: that has lost nothing, and `sync` may be called again.
   * @throws LogWriteError operation 'sync'
   */
  sync(): Promise<void> {
    if (this.syncFailure) return Promise.reject(this.syncFailure);
    if (this.durable === this.written) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => {
      this.waiters.push({ resolve, reject });
    });
    this.syncing ??= this.syncWaiters();
    return done;
  }

  /** The failed sync that ended this log, if one did. */
  get failure(): LogWriteError | undefined {
    return this.syncFailure;
  }

  /** True once `close` was called. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Where another writer goes on once this one is closed. */
  get resumePoint(): ResumePoint {
    const { identity, recordTypes } = this;
    return { identity, segment: this.nextSegment, previousEnd: this.segment?.end ?? this.previousEnd, recordTypes };
  }

  /** Bytes of all segments that this writer made, without preallocated space. */
  get sizeBytes(): number {
    return this.finishedBytes + (this.segment?.end ?? 0);
  }

  /** Where the log ends: behind the last record that is written. */
  get position(): LogPosition {
    const { segment } = this;
    return segment ? { segment: segment.number, end: segment.end } : { segment: this.nextSegment - 1, end: this.previousEnd };
  }

  /** Bit `1 << type` for each type of record that the log may hold, what the replay found included. */
  get recordTypes(): number {
    return this.types;
  }

  /** Writes what is pending, syncs and closes the files (also when that fails). @throws LogWriteError */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try {
      this.flushPending();
      await this.sync();
    } finally {
      await this.syncing;
      for (const segment of this.finished.splice(0)) segment.file.close();
      if (this.segment) {
        this.trim(this.segment);
        this.segment.file.close();
        this.previousEnd = this.segment.end;
        this.segment = undefined;
      }
    }
  }

  /** Builds the frame, all but the CRC: that depends on the place. Returns its size. */
  private fill(type: number, payload: Uint8Array | readonly Uint8Array[]): number {
    const parts = payload instanceof Uint8Array ? [payload] : payload;
    let size = FRAME_BYTES;
    for (const part of parts) size += part.length;
    invariant(size <= RECORD_BYTES_MAX, `log record of ${size} bytes`);
    if (size > this.frame.length) this.frame = new Uint8Array(Math.max(size, this.frame.length * 2));
    writeU32(this.frame, 0, size - 8);
    this.frame[8] = type;
    let at = FRAME_BYTES;
    for (const part of parts) {
      this.frame.set(part, at);
      at += part.length;
    }
    return size;
  }

  private keep(size: number): void {
    if (this.pendingBytes + size > PENDING_BYTES_MAX) {
      const { file, end } = this.place();
      throw new LogWriteError('write', file, end, false, new Error(`${this.pendingBytes} bytes are pending already`));
    }
    this.pending.push(this.frame.slice(0, size));
    this.pendingBytes += size;
  }

  private writeFrame(frame: Uint8Array, size: number): void {
    let segment = this.segment;
    if (!segment || (segment.end > DATA_START && segment.end + size > this.segmentBytes)) segment = this.roll();
    const seed = crcSeed(this.identity.salt, segment.number, segment.end, size - 8);
    writeU32(frame, 4, crc32(frame.subarray(8, size), seed));
    this.preallocate(segment, segment.end + size);
    let at = 0;
    try {
      while (at < size) {
        const wrote = segment.file.writeAt(frame, at, size - at, segment.end + at);
        if (wrote === 0) throw Object.assign(new Error('nothing written'), { code: 'ENOSPC' });
        at += wrote;
      }
    } catch (error) {
      throw new LogWriteError('write', segment.file.path, segment.end, true, error);
    }
    segment.end += size;
    this.written++;
  }

  private preallocate(segment: OpenSegment, need: number): void {
    if (need <= segment.preallocated || this.preallocateBytes === 0) return;
    const to = Math.min(need + this.preallocateBytes, Math.max(this.segmentBytes, need));
    try {
      segment.file.preallocate(Math.max(segment.preallocated, segment.end), to);
      segment.preallocated = to;
    } catch {
      // Only an acceleration. If the disk is full or broken, the write that follows says so.
      segment.preallocated = Number.MAX_SAFE_INTEGER;
    }
  }

  /** Closes the current segment for records and opens the next. On failure everything is as before. */
  private roll(): OpenSegment {
    const number = this.nextSegment;
    const previous = this.segment;
    const file = this.openSegment(number, previous?.end ?? this.previousEnd);
    this.segment = { number, file, end: DATA_START, preallocated: DATA_START };
    this.nextSegment = number + 1;
    this.namesChanged = true;
    if (previous) {
      this.finishedBytes += previous.end;
      this.trim(previous);
      this.finished.push(previous);
      // Whatever the mode, a full segment goes to the disk now: it is large, and its file is to be closed.
      this.sync().catch(() => undefined); // kept in `failure` if it is final; otherwise the next sync has to do it
    }
    return this.segment;
  }

  private openSegment(number: number, previousEnd: number): DiskFile {
    const name = path.join(this.directory, segmentName(number));
    let file: DiskFile | undefined;
    try {
      // A file that an earlier attempt left without a header is ours to reuse; any other is somebody's data.
      file = this.abandoned === number && this.disk.stat(name) ? this.disk.openWrite(name) : this.disk.create(name);
      this.abandoned = number;
      writeFully(file, encodeHeader({ ...this.identity, segment: number, previousEnd }), 0);
      this.abandoned = 0;
      return file;
    } catch (error) {
      file?.close();
      throw new LogWriteError('create', name, 0, true, error);
    }
  }

  /** Gives preallocated space back. */
  private trim(segment: OpenSegment): void {
    try {
      if (segment.file.sizeBytes() > segment.end) segment.file.truncate(segment.end);
    } catch (error) {
      // Replay takes zeros, and the torn record of a failed write, for the end of a segment just as well.
      if (errnoOf(error) === '') throw error;
    }
  }

  private async syncWaiters(): Promise<void> {
    while (this.waiters.length > 0) {
      const waiters = this.waiters;
      this.waiters = [];
      const failure = this.syncFailure ?? (await this.syncOnce());
      for (const waiter of waiters) {
        if (failure) waiter.reject(failure);
        else waiter.resolve();
      }
    }
    this.syncing = undefined;
  }

  /** One round over everything that is not durable. Returns what failed, and remembers it if it is final. */
  private async syncOnce(): Promise<LogWriteError | undefined> {
    const upTo = this.written;
    const finished = this.finished;
    this.finished = [];
    const work = finished.map((segment) => segment.file.datasync());
    if (this.segment) work.push(this.segment.file.datasync());
    if (this.namesChanged) work.push(this.disk.syncDirectory(this.directory));
    if (this.directoryIsNew) work.push(this.disk.syncDirectory(path.dirname(this.directory)));
    const wasNew = this.directoryIsNew;
    this.namesChanged = false;
    this.directoryIsNew = false;
    const { file, end } = this.place();
    const results = await Promise.allSettled(work);
    for (const segment of finished) segment.file.close();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (failures.length > 0) {
      const final = failures.find((reason) => !hasNotBegun(reason));
      const failure = new LogWriteError('sync', file, end, false, final ?? failures[0]);
      if (final === undefined) {
        this.namesChanged = true;
        this.directoryIsNew ||= wasNew;
        return failure;
      }
      this.syncFailure = failure;
      this.markFailed();
      return failure;
    }
    this.durable = upTo;
    return undefined;
  }

  /**
   * Tells the next process, should this one be killed: it would read what is in the system's cache, sync it, be told that all is well,
   * and the disk would still not have it. Needs no sync: after a power loss what is read is what the disk has.
   */
  private markFailed(): void {
    try {
      this.disk.create(path.join(this.directory, SYNC_FAILED)).close();
    } catch {
      // The disk refuses everything. The log is written anew from memory, if this process lives.
    }
  }

  private place(): { file: string; end: number } {
    return { file: this.segment?.file.path ?? path.join(this.directory, segmentName(this.nextSegment)), end: this.segment?.end ?? 0 };
  }
}

/** A sync for which there was no file descriptor: nothing was tried, so nothing is lost. */
function hasNotBegun(reason: unknown): boolean {
  const errno = errnoOf(reason);
  return errno === 'EMFILE' || errno === 'ENFILE';
}
