/** The label pairs of several blocks as those of one: each block has its pairs in order, so that merging takes one pass. */
import { compareUtf8 } from '../../model/labels.js';
import { VALUES_PER_PAGE } from '../block/block-format.js';
import type { BlockIndex } from '../block/block-index.js';
import { compareNames, type OrderedNames } from '../block/series-order.js';

export interface DictionaryUnion {
  readonly names: readonly OrderedNames[];
  /** Value of each pair. */
  readonly values: readonly string[];
  /** For each block: the new number of each of its pairs. Rising, because all are in the same order. */
  readonly ranks: readonly Uint32Array[];
}

/** Memory: each distinct value once, and 4 bytes for each pair of each block. @throws BlockError */
export function uniteDictionaries(indexes: readonly BlockIndex[]): DictionaryUnion {
  const cursors = indexes.map((index) => new PairCursor(index));
  const names: OrderedNames[] = [];
  const values: string[] = [];
  for (;;) {
    const name = smallestName(cursors);
    if (name === undefined) break;
    const members = cursors.filter((cursor) => cursor.name === name);
    const firstPair = values.length;
    for (;;) {
      const value = smallestValue(members, name);
      if (value === undefined) break;
      for (const cursor of members) if (cursor.name === name && cursor.value === value) cursor.take(values.length);
      values.push(value);
    }
    names.push({ name, firstPair, pairs: values.length - firstPair });
  }
  return { names, values, ranks: cursors.map((cursor) => cursor.rank) };
}

function smallestName(cursors: readonly PairCursor[]): string | undefined {
  let smallest: string | undefined;
  for (const { name } of cursors) {
    if (name !== undefined && (smallest === undefined || compareNames(name, smallest) < 0)) smallest = name;
  }
  return smallest;
}

function smallestValue(cursors: readonly PairCursor[], name: string): string | undefined {
  let smallest: string | undefined;
  for (const cursor of cursors) {
    if (cursor.name !== name || cursor.value === smallest) continue;
    if (smallest === undefined || compareUtf8(cursor.value, smallest) < 0) smallest = cursor.value;
  }
  return smallest;
}

/** The pairs of a block, one after another. */
class PairCursor {
  readonly rank: Uint32Array;
  /** Of the pair that is next; undefined at the end. */
  name: string | undefined;
  value = '';
  private pair = -1;
  private row = 0;
  private group: readonly string[] = [];

  constructor(private readonly index: BlockIndex) {
    this.rank = new Uint32Array(index.pairCount);
    this.step();
  }

  /** The pair's number among those of all blocks; goes on to the next one. */
  take(rank: number): void {
    this.rank[this.pair] = rank;
    this.step();
  }

  private step(): void {
    const { index } = this;
    const pair = ++this.pair;
    if (pair >= index.pairCount) {
      this.name = undefined;
      return;
    }
    while (pair >= index.names[this.row]!.first_pair + index.names[this.row]!.pairs) this.row++;
    // Not through the cache: every group is read once.
    if (pair % VALUES_PER_PAGE === 0) this.group = index.file.values(pair / VALUES_PER_PAGE);
    this.name = index.names[this.row]!.name;
    this.value = this.group[pair % VALUES_PER_PAGE]!;
  }
}
