/**
 * What was deleted from a block: intervals by series. A block never changes, so they lie beside it, in a file that is replaced as a
 * whole (`format.md`), and travel to the readers as the bytes of that file.
 */
import { ByteReader } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { crc32 } from '../../encoding/crc32.js';
import { BlockError } from './block-error.js';

const MAGIC = 'nthxdel1';

/** Consecutive series with the same intervals. */
interface Run {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
  /** from, to (ms, both inclusive) of each interval, rising, with a gap between any two. */
  readonly intervals: Float64Array;
}

/** Immutable. */
export class BlockDeletions {
  static readonly none = new BlockDeletions([]);

  /** @param runs rising, none overlaps another */
  private constructor(private readonly runs: readonly Run[]) {}

  get isEmpty(): boolean {
    return this.runs.length === 0;
  }

  /** Intervals of a series as pairs (from, to), undefined if nothing of it was deleted. */
  of(series: number): Float64Array | undefined {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.runs[middle]!.end <= series) low = middle + 1;
      else high = middle;
    }
    const run = this.runs[low];
    return run !== undefined && run.first <= series ? run.intervals : undefined;
  }

  /** True if an interval of the series covers [from, to]. */
  covers(series: number, from: number, to: number): boolean {
    const intervals = this.of(series);
    if (intervals === undefined) return false;
    for (let i = 0; i < intervals.length; i += 2) if (intervals[i]! <= from && to <= intervals[i + 1]!) return true;
    return false;
  }

  /** These and [from, to] of some series. @param series rising */
  with(series: Uint32Array, from: number, to: number): BlockDeletions {
    const added = runsOf(series);
    const borders = new Set<number>();
    for (const { first, end } of [...this.runs, ...added]) borders.add(first).add(end);
    const sorted = Float64Array.from(borders).sort();
    const runs: Run[] = [];
    let next = 0;
    for (let i = 0; i + 1 < sorted.length; i++) {
      const [first, end] = [sorted[i]!, sorted[i + 1]!];
      while (next < added.length && added[next]!.end <= first) next++;
      const hit = next < added.length && added[next]!.first <= first;
      const known = this.of(first);
      const intervals = hit ? withInterval(known, from, to) : known;
      if (intervals === undefined) continue;
      const last = runs.at(-1);
      if (last?.end === first && equal(last.intervals, intervals)) runs[runs.length - 1] = { ...last, end };
      else runs.push({ first, end, intervals });
    }
    return new BlockDeletions(runs);
  }

  encode(): Uint8Array {
    const out = new ByteWriter(256);
    out.bytes(Buffer.from(MAGIC, 'latin1'));
    out.varint(this.runs.length);
    let before = 0;
    for (const { first, end, intervals } of this.runs) {
      out.varint(first - before);
      out.varint(end - first);
      out.varint(intervals.length / 2);
      for (const time of intervals) out.f64(time);
      before = end;
    }
    out.u32(crc32(out.view()));
    return out.copy();
  }

  /** @param file named in the error @throws BlockError if these are not the bytes of `encode` */
  static decode(bytes: Uint8Array, file: string): BlockDeletions {
    const damaged = (what: string, cause?: unknown): BlockError => new BlockError('corrupt_block', file, `damaged: ${what}`, { cause });
    if (bytes.length < MAGIC.length + 5 || Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC) {
      throw damaged('this is no list of deletions');
    }
    const end = bytes.length - 4;
    if (new ByteReader(bytes, end).u32() !== crc32(bytes.subarray(0, end))) throw damaged('checksum of the deletions');
    try {
      const reader = new ByteReader(bytes, MAGIC.length, end);
      const runs: Run[] = [];
      let at = 0;
      for (let n = reader.varint(); n > 0; n--) {
        const first = at + reader.varint();
        at = first + reader.varint();
        runs.push({ first, end: at, intervals: Float64Array.from({ length: reader.varint() * 2 }, () => reader.f64()) });
      }
      return new BlockDeletions(runs);
    } catch (cause) {
      throw damaged('the deletions cannot be decoded', cause);
    }
  }
}

function runsOf(series: Uint32Array): { first: number; end: number }[] {
  const runs: { first: number; end: number }[] = [];
  for (const one of series) {
    const last = runs.at(-1);
    if (last?.end === one) last.end++;
    else runs.push({ first: one, end: one + 1 });
  }
  return runs;
}

/** Times are whole milliseconds: intervals that touch become one. */
function withInterval(known: Float64Array | undefined, from: number, to: number): Float64Array {
  if (known === undefined) return Float64Array.of(from, to);
  const merged: number[] = [];
  let [low, high] = [from, to];
  let placed = false;
  for (let i = 0; i < known.length; i += 2) {
    const [a, b] = [known[i]!, known[i + 1]!];
    if (b + 1 < low) merged.push(a, b);
    else if (a > high + 1) {
      if (!placed) merged.push(low, high);
      placed = true;
      merged.push(a, b);
    } else [low, high] = [Math.min(low, a), Math.max(high, b)];
  }
  if (!placed) merged.push(low, high);
  return Float64Array.from(merged);
}

function equal(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
