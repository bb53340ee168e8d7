/** The label sets of several blocks as those of one. Sets are in the order of their pairs in every block, so one pass merges them. */
import { SETS_PER_PAGE } from '../block/block-format.js';
import type { BlockIndex } from '../block/block-index.js';
import type { LabelSetPage } from '../block/label-pages.js';
import { NumberList } from './number-list.js';

export interface LabelSetUnion {
  /** Pairs of set i: pairs[starts[i] .. starts[i + 1]). */
  readonly starts: Uint32Array;
  readonly pairs: Uint32Array;
  /** For each block: the new number of each of its sets. Rising. */
  readonly ranks: readonly Uint32Array[];
}

/** @param pairRanks of `uniteDictionaries` @throws BlockError */
export function uniteLabelSets(indexes: readonly BlockIndex[], pairRanks: readonly Uint32Array[]): LabelSetUnion {
  const cursors = indexes.map((index, i) => new SetCursor(index, pairRanks[i]!));
  const largest = indexes.reduce((count, index) => Math.max(count, index.setCount), 0);
  const starts = new NumberList(largest + 1);
  const pairs = new NumberList(largest * 4);
  const equal: SetCursor[] = [];
  starts.push(0);
  for (let set = 0; ; set++) {
    equal.length = 0;
    for (const cursor of cursors) {
      if (cursor.atEnd) continue;
      const order = equal.length === 0 ? -1 : compareSets(cursor, equal[0]!);
      if (order < 0) equal.length = 0;
      if (order <= 0) equal.push(cursor);
    }
    if (equal.length === 0) break;
    pairs.append(equal[0]!.pairs, equal[0]!.length);
    starts.push(pairs.length);
    for (const cursor of equal) cursor.take(set);
  }
  return { starts: starts.view(), pairs: pairs.view(), ranks: cursors.map((cursor) => cursor.rank) };
}

function compareSets(a: SetCursor, b: SetCursor): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a.pairs[i] !== b.pairs[i]) return a.pairs[i]! - b.pairs[i]!;
  return a.length - b.length;
}

/** The label sets of a block, one after another, in the numbers of the union's pairs. */
class SetCursor {
  readonly rank: Uint32Array;
  pairs = new Uint32Array(32);
  length = 0;
  atEnd = false;
  private set = -1;
  private page: LabelSetPage | undefined;

  constructor(private readonly index: BlockIndex, private readonly pairRank: Uint32Array) {
    this.rank = new Uint32Array(index.setCount);
    this.step();
  }

  take(rank: number): void {
    this.rank[this.set] = rank;
    this.step();
  }

  private step(): void {
    const set = ++this.set;
    this.atEnd = set >= this.index.setCount;
    if (this.atEnd) return;
    if (set % SETS_PER_PAGE === 0 || this.page === undefined) this.page = this.index.setPage(set);
    const { starts, pairs } = this.page;
    const row = set % SETS_PER_PAGE;
    const start = starts[row]!;
    this.length = starts[row + 1]! - start;
    if (this.length > this.pairs.length) this.pairs = new Uint32Array(this.length * 2);
    for (let i = 0; i < this.length; i++) {
      const pair = this.pairRank[pairs[start + i]!];
      if (pair === undefined) throw this.index.file.corrupt('label_set_page', Math.floor(set / SETS_PER_PAGE), `no pair of set ${set}`);
      this.pairs[i] = pair;
    }
  }
}
