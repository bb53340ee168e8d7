/**
 * What changed since when, for one reading thread: heads and blocks that came or went, and samples that came into heads. Time is a
 * version that is raised whenever something is found to have changed.
 */
import { HDR_SEQ, HDR_TOUCHED, HDR_TOUCHED_WIDTH, TOUCHED_COUNT } from '../kernel/layout.js';
import type { SampleChanges } from '../storage/sample-changes.js';
import type { HeadReader } from './head/head-reader.js';

interface Change {
  readonly version: number;
  readonly mint: number;
  readonly maxt: number;
}

/** Changes of sources that are remembered, a few an hour; whoever asks beyond them is told that everything changed. */
const CHANGES_MAX = 1024;

interface WatchedHead {
  readonly reader: HeadReader;
  /** Batch counter when it was last looked at. */
  seq: number;
  /** By part of the head's range: the version in which samples were found to have come. */
  readonly versions: Float64Array;
}

export class SourceChanges implements SampleChanges {
  private version = 0;
  private heads: WatchedHead[] = [];
  private readonly changes: Change[] = [];
  /** Older marks know too little. */
  private oldestMark = 0;

  /** The range of a source that came, went or lost samples: half-open, ms. */
  note(mint: number, maxt: number): void {
    this.changes.push({ version: ++this.version, mint, maxt });
    if (this.changes.length <= CHANGES_MAX) return;
    this.oldestMark = this.changes.shift()!.version;
  }

  /** The heads there are now. */
  watch(readers: readonly HeadReader[]): void {
    this.heads = readers.map((reader) =>
      this.heads.find((head) => head.reader === reader) ?? { reader, seq: seqOf(reader), versions: new Float64Array(TOUCHED_COUNT) });
  }

  mark(): number {
    for (const head of this.heads) {
      const seq = seqOf(head.reader);
      if (seq === head.seq) continue;
      this.version++;
      const { u32 } = head.reader.arena;
      // What the writer notes while this runs is noted with a counter above `seq`, and found again the next time.
      for (let i = 0; i < TOUCHED_COUNT; i++) {
        const touched = Atomics.load(u32, (HDR_TOUCHED >>> 2) + i);
        if (((touched - head.seq) | 0) > 0) head.versions[i] = this.version;
      }
      head.seq = seq;
    }
    return this.version;
  }

  firstChange(mark: number, mint: number, maxt: number): number {
    if (mark < this.oldestMark) return -Infinity;
    let first = Infinity;
    for (let i = this.changes.length - 1; i >= 0 && this.changes[i]!.version > mark; i--) {
      const change = this.changes[i]!;
      if (change.mint <= maxt && mint < change.maxt) first = Math.min(first, Math.max(mint, change.mint));
    }
    for (const { reader, versions } of this.heads) {
      if (reader.mint > maxt || mint >= reader.maxt) continue;
      const width = reader.arena.f64[HDR_TOUCHED_WIDTH >>> 3]!;
      const partAt = (t: number): number => Math.max(0, Math.min(TOUCHED_COUNT - 1, Math.floor((t - reader.mint) / width)));
      const end = partAt(maxt);
      for (let i = partAt(mint); i <= end; i++) {
        if (versions[i]! <= mark) continue;
        first = Math.min(first, Math.max(mint, reader.mint + i * width));
        break;
      }
    }
    return first;
  }
}

function seqOf(reader: HeadReader): number {
  return Atomics.load(reader.arena.u32, HDR_SEQ >>> 2);
}
