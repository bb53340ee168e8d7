/** Results of range queries, least recently used first out, bounded by bytes; cut to the steps that samples did not change under. */
import type { SampleChanges } from '../../storage/sample-changes.js';
import type { Reach } from './reach.js';
import { cut, type Piece, pieceBytes, withOwnArrays } from './result-pieces.js';

/** The values of all steps from firstMs to lastMs. */
export interface CachedRange {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly stepMs: number;
  readonly piece: Piece;
  readonly reach: Reach;
  /** Taken before the first sample was read that the values come from. */
  readonly mark: number;
}

interface Entry {
  readonly range: CachedRange;
  readonly bytes: number;
}

/** One result may take this part of the cache: a single large panel must not push out all others. */
const SHARE_MAX = 4;
const ENTRY_BYTES = 300;

export class ResultCache {
  /** In the order of use: a map keeps the order of insertion. */
  private readonly entries = new Map<string, Entry>();
  private used = 0;

  constructor(private readonly maxBytes: number, private readonly changes: SampleChanges) {}

  get usedBytes(): number {
    return this.used;
  }

  mark(): number {
    return this.changes.mark();
  }

  /** What is kept under a key and is still true at `mark`. */
  find(key: string, mark: number): CachedRange | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.remove(key);
    const unchanged = this.unchanged(entry.range);
    if (unchanged === undefined) return undefined;
    const range = { ...unchanged, mark };
    this.put(key, range, unchanged === entry.range ? entry.bytes : sizeOf(key, range));
    return range;
  }

  /** Keeps a range in place of the one under the same key, unless it is too large. */
  keep(key: string, range: CachedRange): void {
    this.remove(key);
    const bytes = sizeOf(key, range);
    if (bytes > this.maxBytes / SHARE_MAX) return;
    this.put(key, range, bytes);
  }

  private put(key: string, range: CachedRange, bytes: number): void {
    this.entries.set(key, { range, bytes });
    this.used += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.used <= this.maxBytes) break;
      this.remove(oldest);
    }
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.used -= entry.bytes;
  }

  /** The steps before the first one that may have changed. */
  private unchanged(range: CachedRange): CachedRange | undefined {
    const { firstMs, stepMs, reach, mark } = range;
    const change = this.changes.firstChange(mark, firstMs - reach.behindMs, range.lastMs + reach.aheadMs);
    if (change > range.lastMs + reach.aheadMs) return range;
    // A sample at `change` counts from the step on that looks so far ahead.
    const steps = Math.ceil((change - reach.aheadMs - firstMs) / stepMs);
    if (steps <= 0) return undefined;
    const lastMs = firstMs + (steps - 1) * stepMs;
    return { ...range, lastMs, piece: withOwnArrays(cut(range.piece, firstMs, lastMs)) };
  }
}

function sizeOf(key: string, range: CachedRange): number {
  return ENTRY_BYTES + key.length * 2 + pieceBytes(range.piece);
}
