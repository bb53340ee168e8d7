/**
 * Which blocks to compact next: a pure function of the blocks and of what is known about time. Overlapping blocks first, because every
 * query over them reads twice; then neighbours, into aligned ranges each three times as long as the one before.
 */
export interface PlanBlock {
  readonly id: number;
  /** Half-open range, ms. */
  readonly mint: number;
  readonly maxt: number;
  readonly sizeBytes: number;
}

export interface TimeRange {
  /** Half-open, ms. */
  readonly mint: number;
  readonly maxt: number;
}

export interface PlanOptions {
  /** Lengths of ranges to compact to, ms, rising: see `compactionLevels`. */
  readonly levels: readonly number[];
  /** Nothing before this time is still to come, give or take late samples: ranges that end here or earlier are complete. */
  readonly settledMs: number;
  /** Ranges of heads, which become blocks themselves. */
  readonly heads: readonly TimeRange[];
  /** Blocks that end here or earlier are dropped, not compacted. */
  readonly cutoffMs: number;
  /** Bytes of all blocks that become one. */
  readonly maxBytes: number;
  /** Blocks that must be left as they are, because they are damaged. */
  readonly avoid: ReadonlySet<number>;
}

export interface CompactionPlan {
  readonly kind: 'overlap' | 'neighbours';
  /** Two at least, by `mint`. */
  readonly blocks: readonly PlanBlock[];
  readonly range: TimeRange;
}

/** Three levels at once (27), and a few late ones. Each is an open file and a page cache of SQLite. */
export const PARENTS_MAX = 32;
const LEVEL_FACTOR = 3;

/** Lengths of compacted blocks: 3, 9, 27, … times a head's range, up to `maxMs`. None if that is below the first. */
export function compactionLevels(headRangeMs: number, maxMs: number): number[] {
  const levels: number[] = [];
  for (let length = headRangeMs * LEVEL_FACTOR; length <= maxMs; length *= LEVEL_FACTOR) levels.push(length);
  return levels;
}

/** The next compaction; undefined if there is none. Every one leaves fewer blocks than before. */
export function planCompaction(blocks: readonly PlanBlock[], options: PlanOptions): CompactionPlan | undefined {
  const ordered = blocks.filter((block) => block.maxt > options.cutoffMs);
  ordered.sort((a, b) => a.mint - b.mint || a.maxt - b.maxt || a.id - b.id);
  return planOverlap(ordered.filter((block) => !options.avoid.has(block.id)), options) ?? planNeighbours(ordered, options);
}

// ---- Overlapping blocks -------------------------------------------------------------------------------------------------------

/** The first run of blocks each of which overlaps the ones before, as far as it fits the limits. */
function planOverlap(ordered: readonly PlanBlock[], options: PlanOptions): CompactionPlan | undefined {
  for (let from = 0; from + 1 < ordered.length; from++) {
    const run = [ordered[from]!];
    let range: TimeRange = ordered[from]!;
    for (let i = from + 1; i < ordered.length && run.length < PARENTS_MAX; i++) {
      const block = ordered[i]!;
      if (block.mint >= range.maxt) break;
      const grown = rangeOf([range, block]);
      const longest = Math.max(options.levels.at(-1) ?? 0, ...run.map(lengthOf), lengthOf(block));
      if (lengthOf(grown) > longest || bytesOf(run) + block.sizeBytes > options.maxBytes) continue;
      run.push(block);
      range = grown;
    }
    if (run.length > 1 && isComplete(range, options)) return { kind: 'overlap', blocks: run, range };
  }
  return undefined;
}

// ---- Neighbouring blocks ------------------------------------------------------------------------------------------------------

/** The newest complete range of the highest level that has several blocks: one pass instead of one for each level. */
function planNeighbours(ordered: readonly PlanBlock[], options: PlanOptions): CompactionPlan | undefined {
  for (let level = options.levels.length - 1; level >= 0; level--) {
    const windows = windowsOf(ordered, options.levels[level]!);
    for (let i = windows.length - 1; i >= 0; i--) {
      const { window, blocks: all } = windows[i]!;
      // Many small ones, of heads that were closed early: a part of them at a time, but only where no lower level makes them fewer.
      const blocks = level === 0 ? all.slice(0, PARENTS_MAX) : all;
      if (blocks.length < 2 || blocks.length > PARENTS_MAX || bytesOf(blocks) > options.maxBytes) continue;
      if (!isComplete(window, options) || blocks.some((block) => options.avoid.has(block.id))) continue;
      return { kind: 'neighbours', blocks, range: rangeOf(blocks) };
    }
  }
  return undefined;
}

/** Aligned ranges of a length, with the blocks that lie in each; oldest first. Blocks over a border are left out. */
function windowsOf(ordered: readonly PlanBlock[], length: number): { window: TimeRange; blocks: PlanBlock[] }[] {
  const windows: { window: TimeRange; blocks: PlanBlock[] }[] = [];
  for (const block of ordered) {
    const mint = Math.floor(block.mint / length) * length;
    const window = { mint, maxt: mint + length };
    if (block.maxt > window.maxt) continue;
    const last = windows.at(-1);
    if (last?.window.mint === mint) last.blocks.push(block);
    else windows.push({ window, blocks: [block] });
  }
  return windows;
}

function isComplete(range: TimeRange, { settledMs, heads }: PlanOptions): boolean {
  return range.maxt <= settledMs && !heads.some((head) => head.mint < range.maxt && range.mint < head.maxt);
}

function rangeOf(ranges: readonly TimeRange[]): TimeRange {
  return { mint: Math.min(...ranges.map((one) => one.mint)), maxt: Math.max(...ranges.map((one) => one.maxt)) };
}

function lengthOf({ mint, maxt }: TimeRange): number {
  return maxt - mint;
}

function bytesOf(blocks: readonly PlanBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.sizeBytes, 0);
}
