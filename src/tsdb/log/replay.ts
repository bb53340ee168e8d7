import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Disk } from '../../io/disk.js';
import { DATA_START, decodeHeader, FILLER_TYPE, segmentName, segmentNumber } from './format.js';
import type { LogIdentity, SegmentHeader } from './format.js';
import type { LogPosition } from './log-position.js';
import { fillRange, quarantineCopy, quarantineFile, rewriteHeader } from './repair.js';
import type { DamageReason, LogDamage, ReplayReport, TornTail } from './replay-report.js';
import { readSegment } from './segment-file.js';
import type { SegmentBytes } from './segment-file.js';
import { SegmentScan } from './segment-scan.js';

export interface RecordPosition {
  readonly segment: number;
  readonly offset: number;
  /** Bytes were lost between the record before and this one: what this one builds on may be missing. */
  readonly afterGap: boolean;
}

/** `payload` is valid during the call only. What this throws ends the replay. */
export type OnRecord = (type: number, payload: Uint8Array, position: RecordPosition) => void;
export type OnProgress = (progress: { readonly bytesDone: number; readonly bytesTotal: number }) => void;

export interface ReplayOptions {
  /** Where copies of damaged files go. Default: `quarantine` beside the log's directory. */
  readonly quarantineDirectory?: string;
  readonly onProgress?: OnProgress;
  /** What comes before is known: only later segments are read. The segment named here is there, and ends there. */
  readonly after?: LogPosition | undefined;
}

/** Bytes between two turns of the event loop, so that the server can say that it is replaying. */
const TURN_BYTES = 2 * 1024 * 1024;

/**
 * Reads a log from the beginning and hands every valid record to `onRecord`, in the order in which they were written.
 *
 * The end of the last segment may be torn: it is cut off and reported. Any other damage is copied aside, reported
 * with file and offset, and passed over; the replay goes on with the next valid record. Can be repeated, also after
 * a crash in the middle of it. Leaves no file open.
 * @throws LogVersionError if a later version wrote the log; nothing is changed then
 */
export function replayLog(disk: Disk, directory: string, onRecord: OnRecord, options: ReplayOptions = {}): Promise<ReplayReport> {
  return new Replay(disk, directory, onRecord, options).run();
}

interface Found {
  readonly number: number;
  readonly file: string;
  readonly sizeBytes: number;
  readonly header: SegmentHeader | undefined;
}

class Replay {
  private readonly damage: LogDamage[] = [];
  private readonly quarantineDirectory: string;
  private tornTail: TornTail | undefined;
  private records = 0;
  private bytes = 0;
  private recordTypes = 0;
  private bytesDone = 0;
  private bytesTotal = 0;
  private gap = false;
  /** Highest number of a segment that should be moved aside and could not. */
  private blocked = 0;
  /** Reused for all segments. */
  private buffer = new Uint8Array(0);

  constructor(
    private readonly disk: Disk,
    private readonly directory: string,
    private readonly onRecord: OnRecord,
    private readonly options: ReplayOptions,
  ) {
    this.quarantineDirectory = options.quarantineDirectory ?? path.join(path.dirname(directory), 'quarantine');
  }

  async run(): Promise<ReplayReport> {
    let found = this.findSegments();
    const identity = found.find((segment) => segment.header)?.header;
    const { after } = this.options;
    if (after) found = found.filter((segment) => segment.number > after.segment);
    found = found.filter((segment) => this.belongs(segment, identity));
    this.bytesTotal = found.reduce((sum, segment) => sum + segment.sizeBytes, 0);

    let segments = 0;
    let next = (after?.segment ?? 0) + 1;
    let previousEnd = after?.end ?? 0;
    for (const [i, segment] of found.entries()) {
      for (; next < segment.number; next++) this.missing(next);
      if (identity) {
        const following = found[i + 1];
        const end = await this.segment(segment, identity, previousEnd, following);
        if (end === 0) break; // the last segment had no records and is gone
        previousEnd = end;
        segments++;
      }
      next = segment.number + 1;
    }
    if (found.length > 0) {
      await this.disk.syncDirectory(this.directory);
      await this.disk.syncDirectory(path.dirname(this.directory));
    }
    const { recordTypes } = this;
    const resume = identity && { identity: pickIdentity(identity), segment: Math.max(next, this.blocked + 1), previousEnd, recordTypes };
    return { resume, segments, records: this.records, bytes: this.bytes, tornTail: this.tornTail, damage: this.damage };
  }

  private findSegments(): Found[] {
    const found: Found[] = [];
    for (const name of this.disk.list(this.directory)) {
      const number = segmentNumber(name);
      if (number === undefined) continue;
      const file = path.join(this.directory, name);
      const { bytes } = readSegment(this.disk, file, new Uint8Array(DATA_START), DATA_START);
      found.push({ number, file, sizeBytes: this.disk.stat(file)?.sizeBytes ?? 0, header: decodeHeader(file, bytes) });
    }
    return found.sort((a, b) => a.number - b.number);
  }

  /** False for a segment that is none of this log's: it was moved aside, or removed if nothing was in it yet. */
  private belongs(segment: Found, identity: LogIdentity | undefined): boolean {
    if (segment.header && identity) {
      if (segment.header.salt === identity.salt && segment.header.segment === segment.number) return true;
      this.moveAside(segment, 'foreign_segment');
      return false;
    }
    if (identity) return true; // its header is unreadable, but its records can be
    const { bytes } = this.read(segment.file, segment.sizeBytes);
    if (new SegmentScan(bytes, 0, segment.number).contentEnd <= DATA_START) this.removeTorn(segment.file, segment.sizeBytes);
    else this.moveAside(segment, 'bad_header');
    return false;
  }

  /** Replays one segment. Returns where its records end, 0 if it was a torn creation and is removed. */
  private async segment(segment: Found, identity: LogIdentity, previousEnd: number, following: Found | undefined): Promise<number> {
    const last = following === undefined;
    const content = this.read(segment.file, segment.sizeBytes);
    const scan = new SegmentScan(content.bytes, identity.salt, segment.number);
    const start = scan.recordSize(DATA_START) > 0 ? DATA_START : scan.nextRecord(DATA_START);
    if (!segment.header) {
      if (last && start < 0) {
        if (scan.contentEnd > DATA_START) this.moveAside(segment, 'bad_header');
        else this.removeTorn(segment.file, scan.contentEnd);
        return 0;
      }
      this.add(segment.file, 0, DATA_START, 'bad_header', content, () =>
        rewriteHeader(this.disk, segment.file, { ...identity, segment: segment.number, previousEnd }),
      );
    }
    const expectedEnd = following?.number === segment.number + 1 ? following.header?.previousEnd : undefined;
    const end = await this.scanRecords(segment, identity, content, scan, expectedEnd, last);
    await this.makeDurable(segment.file);
    this.bytesDone += segment.sizeBytes;
    this.options.onProgress?.({ bytesDone: this.bytesDone, bytesTotal: this.bytesTotal });
    return end;
  }

  private async scanRecords(
    segment: Found, identity: LogIdentity, content: SegmentBytes, scan: SegmentScan, expectedEnd: number | undefined, last: boolean,
  ): Promise<number> {
    let at = DATA_START;
    let turn = at + TURN_BYTES;
    while (at !== expectedEnd) {
      const size = scan.recordSize(at);
      if (size > 0) {
        this.record(segment.number, at, scan.typeAt(at), scan.payload(at, size), size);
        at += size;
        if (at >= turn) {
          turn = at + TURN_BYTES;
          this.options.onProgress?.({ bytesDone: this.bytesDone + at, bytesTotal: this.bytesTotal });
          await nextTurn();
        }
        continue;
      }
      const next = at < scan.contentEnd ? scan.nextRecord(at) : -1;
      if (next > 0) {
        this.lost(segment, identity, content, at, next, 'bad_record');
        at = next;
        continue;
      }
      const contentEnd = Math.max(at, scan.contentEnd);
      if (last) {
        if (contentEnd > at || segment.sizeBytes !== at) this.endAt(segment, at, contentEnd);
        return at;
      }
      const to = Math.max(expectedEnd ?? contentEnd, at);
      if (to > at) this.lost(segment, identity, content, at, to, contentEnd > at ? 'bad_record' : 'premature_end');
      return to;
    }
    return at;
  }

  /**
   * What a killed process wrote may only be in the system's cache. A client that repeats an unanswered request now
   * meets its own samples, as duplicates, and is told that they are safe: so they must be.
   */
  private async makeDurable(path: string): Promise<void> {
    const file = this.disk.openWrite(path);
    try {
      await file.datasync();
    } finally {
      file.close();
    }
  }

  private record(segment: number, offset: number, type: number, payload: Uint8Array, size: number): void {
    if (type === FILLER_TYPE) {
      this.gap = true;
      return;
    }
    this.onRecord(type, payload, { segment, offset, afterGap: this.gap });
    this.gap = false;
    this.records++;
    this.recordTypes |= 1 << type;
    this.bytes += size;
  }

  private lost(segment: Found, identity: LogIdentity, content: SegmentBytes, from: number, to: number, reason: DamageReason): void {
    this.gap = true;
    this.add(segment.file, from, to - from, reason, content, () =>
      fillRange(this.disk, segment.file, content.bytes, from, to, identity.salt, segment.number),
    );
  }

  private missing(number: number): void {
    this.gap = true;
    const file = path.join(this.directory, segmentName(number));
    this.damage.push({ file, offset: 0, bytes: 0, reason: 'missing_segment', readError: false, quarantine: undefined, repairError: '' });
  }

  /** Reports a damage in a file that stays; copies the file aside before `mend` changes it. */
  private add(file: string, offset: number, bytes: number, reason: DamageReason, content: SegmentBytes, mend: () => void): void {
    let quarantine: string | undefined;
    let repairError = '';
    try {
      quarantine = this.damage.find((earlier) => earlier.file === file)?.quarantine
        ?? quarantineCopy(this.disk, this.quarantineDirectory, file, content.bytes);
      mend();
    } catch (error) {
      repairError = error instanceof Error ? error.message : String(error);
    }
    this.damage.push({ file, offset, bytes, reason, readError: content.readError, quarantine, repairError });
  }

  private moveAside(segment: Found, reason: DamageReason): void {
    this.gap = true;
    let quarantine: string | undefined;
    let repairError = '';
    try {
      quarantine = quarantineFile(this.disk, this.quarantineDirectory, segment.file);
    } catch (error) {
      this.blocked = Math.max(this.blocked, segment.number);
      repairError = error instanceof Error ? error.message : String(error);
    }
    this.damage.push({ file: segment.file, offset: 0, bytes: segment.sizeBytes, reason, readError: false, quarantine, repairError });
  }

  /** Cuts a torn record off, or fills up what is there of a header, so that the file ends where its records do. */
  private endAt(segment: Found, at: number, contentEnd: number): void {
    if (contentEnd > at) this.tornTail = { file: segment.file, offset: at, bytes: contentEnd - at };
    const file = this.disk.openWrite(segment.file);
    try {
      file.truncate(at);
      // Before a later segment exists: without it the torn bytes would come back, in a place where they are damage.
      file.datasyncSync();
    } finally {
      file.close();
    }
  }

  private removeTorn(file: string, bytes: number): void {
    this.tornTail = { file, offset: 0, bytes };
    this.disk.remove(file);
    this.disk.syncDirectorySync(this.directory);
  }

  private read(file: string, sizeBytes: number): SegmentBytes {
    if (this.buffer.length < sizeBytes) this.buffer = new Uint8Array(sizeBytes);
    return readSegment(this.disk, file, this.buffer, sizeBytes);
  }
}

function pickIdentity({ headId, mint, maxt, salt }: LogIdentity): LogIdentity {
  return { headId, mint, maxt, salt };
}
