/** Which series of which heads and blocks a deletion is about: postings and regular expressions, for a thread of its own. */
import { Matcher, type MatchType } from '../model/matcher.js';
import { union } from './head/postings-algebra.js';
import { BlockDeletions } from './block/block-deletions.js';
import { BlockReader } from './block/block-reader.js';
import { ColumnCodec } from './block/column-codec.js';
import { PageCache } from './block/page-cache.js';
import { Arena } from './head/arena.js';
import { isBlock, type BlockDescriptor, type HeadDescriptor, type SourceDescriptor } from './head/descriptor.js';
import { HeadReader } from './head/head-reader.js';

/** A matcher as data, which threads can be sent. */
export interface MatcherText {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
}

export interface MatchJob {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
  /** Scratch slot of the thread in arenas. */
  readonly readerSlot: number;
  readonly sources: readonly SourceDescriptor[];
  /** A series is deleted if it matches all matchers of any set. */
  readonly matcherSets: readonly (readonly MatcherText[])[];
  /** ms, inclusive. */
  readonly mint: number;
  readonly maxt: number;
}

export interface MatchResult {
  readonly heads: readonly { readonly id: number; readonly refs: Uint32Array }[];
  /** With what is deleted from each block afterwards, in all. */
  readonly blocks: readonly { readonly id: number; readonly deleted: Uint8Array }[];
}

/** Index pages of one block at a time. */
const CACHE_BYTES = 16 * 1024 * 1024;

/** @throws BlockError of the first block that cannot be read: nothing is deleted then */
export function matchSeries(job: MatchJob): MatchResult {
  const matcherSets = job.matcherSets.map((set) => set.map(({ type, name, value }) => new Matcher(type, name, value)));
  const heads: { id: number; refs: Uint32Array }[] = [];
  const blocks: { id: number; deleted: Uint8Array }[] = [];
  for (const source of job.sources) {
    if (source.mint > job.maxt || source.maxt <= job.mint) continue;
    if (isBlock(source)) {
      const deleted = matchBlock(job, source, matcherSets);
      if (deleted) blocks.push({ id: source.id, deleted });
    } else heads.push({ id: source.id, refs: matchHead(job, source, matcherSets) });
  }
  return { heads, blocks };
}

function matchHead({ kernels, readerSlot }: MatchJob, head: HeadDescriptor, matcherSets: readonly Matcher[][]): Uint32Array {
  const reader = new HeadReader(new Arena(kernels, head.memory), readerSlot);
  return union(matcherSets.map((matchers) => reader.refsFor(matchers)));
}

/** undefined if there is nothing in the block to delete. */
function matchBlock(job: MatchJob, block: BlockDescriptor, matcherSets: readonly Matcher[][]): Uint8Array | undefined {
  const resources = { codec: new ColumnCodec(job.codec), cache: new PageCache(CACHE_BYTES) };
  const reader = BlockReader.open(block.file, resources);
  try {
    const { meta } = reader;
    const from = Math.max(job.mint, meta.min_time);
    const to = Math.min(job.maxt, meta.max_time);
    if (meta.series === 0 || from > to) return undefined;
    const series = union(matcherSets.map((matchers) => reader.seriesFor(matchers)));
    if (series.length === 0) return undefined;
    const before = block.deleted ? BlockDeletions.decode(block.deleted, block.file) : BlockDeletions.none;
    return before.with(series, from, to).encode();
  } finally {
    reader.close();
  }
}
