/**
 * Snapshots of heads: written at the end of an orderly stop, read at the next start. They only save time. The log stays the truth and
 * is never shortened because of one; without a usable snapshot it is replayed.
 */
import path from 'node:path';
import type { Clock } from '../../io/clock.js';
import type { Disk } from '../../io/disk.js';
import type { Head } from '../head/head.js';
import { RecordType } from '../head/records.js';
import { segmentNumber } from '../log/format.js';
import type { LogPosition } from '../log/log-position.js';
import { loadSnapshot, type SnapshotOutcome } from './load-snapshot.js';
import { writeSnapshot } from './write-snapshot.js';

/**
 * Records whose whole effect lies in the arena. A log that holds any other has no snapshot: what that record did would be forgotten.
 */
const IN_ARENA = [
  RecordType.dictionary, RecordType.samples, RecordType.floats, RecordType.histograms, RecordType.starts, RecordType.deletions,
].reduce<number>((bits, type) => bits | (1 << type), 0);

/**
 * A snapshot is written where the arena is at most this many times as large as the log, or small. Otherwise (many series with few samples)
 * replaying takes hardly longer than reading: 1M series with 4 samples each are 34 MB of log and 223 MB of arena.
 */
const ARENA_TO_LOG_MAX = 2;
const SMALL_ARENA_BYTES = 16 * 1024 * 1024;

export interface SnapshotOptions {
  /** `arenaFormat` of the kernels in use. */
  readonly arenaFormat: number;
  /** For all heads together. What is not written by then is replayed at the next start. */
  readonly timeoutMs: number;
}

export class HeadSnapshots {
  /** Where the log was when the snapshot of a head was read: without new records there is nothing to write again. */
  private readonly loaded = new WeakMap<Head, LogPosition>();

  constructor(private readonly disk: Disk, private readonly clock: Clock, private readonly options: SnapshotOptions) {}

  /** Fills a fresh head, if it can. */
  async load(head: Head, directory: string): Promise<SnapshotOutcome> {
    const outcome = await loadSnapshot(this.disk, directory, head, this.options.arenaFormat);
    if (outcome.kind === 'loaded') this.loaded.set(head, outcome.position);
    return outcome;
  }

  /** Of heads whose logs are closed, the largest last. Never rejects: returns one line about what was not written, '' if nothing. */
  async write(heads: readonly Head[]): Promise<string> {
    const { arenaFormat, timeoutMs } = this.options;
    const deadline = this.clock.monotonicMs() + timeoutMs;
    const inTime = (): boolean => this.clock.monotonicMs() < deadline;
    const failures: string[] = [];
    for (const head of [...heads].sort((a, b) => a.usedBytes - b.usedBytes)) {
      const { log } = head;
      if (log === undefined || !isWorthIt(head)) continue;
      const { directory, identity, position } = log;
      const known = this.loaded.get(head);
      if (known?.segment === position.segment && known.end === position.end) continue;
      if (head.usedBytes > Math.max(SMALL_ARENA_BYTES, ARENA_TO_LOG_MAX * this.logBytes(directory))) continue;
      try {
        const place = { disk: this.disk, directory, arenaFormat, log: identity, position };
        const written = inTime() && (await writeSnapshot(head, place, inTime));
        if (!written) failures.push(`${directory}: not within ${timeoutMs} ms`);
      } catch (error) {
        failures.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failures.length === 0 ? '' : `no snapshot of ${failures.join('; ')}`;
  }

  private logBytes(directory: string): number {
    const segments = this.disk.list(directory).filter((name) => segmentNumber(name) !== undefined);
    return segments.reduce((sum, name) => sum + (this.disk.stat(path.join(directory, name))?.sizeBytes ?? 0), 0);
  }
}

/** Nothing to save; something that a snapshot cannot hold; or a log that does not have all that memory has. */
function isWorthIt({ arena, log }: Head): boolean {
  if (log === undefined || arena.sampleCount === 0 || log.position.segment === 0) return false;
  return (log.recordTypes & ~IN_ARENA) === 0 && log.failure === undefined && !log.hasPending;
}
