/**
 * All heads and blocks of the store as one `Queryable`, in a query thread. They come and go by `update`. They may
 * overlap (late heads, heads closed early, a block and the rest of its range): each sample is read once, the one stored first.
 */
import { invariant } from '../invariant.js';
import { compareUtf8, type Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import { SampleColumns } from '../model/sample-columns.js';
import type { Cardinality, CardinalitySource } from '../storage/cardinality.js';
import { Pace } from '../storage/pace.js';
import type { Queryable, SelectHints, Series } from '../storage/queryable.js';
import { Arena } from './head/arena.js';
import { cardinalityOf } from './head/cardinality.js';
import { BlockReader, type BlockResources } from './block/block-reader.js';
import { ColumnCodec } from './block/column-codec.js';
import { PageCache } from './block/page-cache.js';
import { isBlock, sameContent, type BlockDescriptor, type SourceDescriptor } from './head/descriptor.js';
import { HeadReader } from './head/head-reader.js';
import { sortByTime } from './head/sample-merge.js';
import { SharedLabels } from './shared-labels.js';
import { SourceChanges } from './source-changes.js';

/** What reading blocks takes, in each thread. */
export interface BlockReading {
  readonly codec: WebAssembly.Module;
  /** Decoded pages that the thread keeps. */
  readonly cacheBytes: number;
}

/** A block that could not be opened: whoever asks for its time is told so. */
class BrokenBlock implements Queryable {
  readonly endMs = Infinity;

  constructor(readonly mint: number, readonly maxt: number, private readonly error: unknown) {}

  select(): Series[] {
    throw this.error;
  }

  labelNames(): string[] {
    throw this.error;
  }

  labelValues(): string[] {
    throw this.error;
  }

  setDeleted(): void {
    // Nothing can be read anyway.
  }

  close(): void {
    // There is nothing open.
  }
}

/** Series put together between two polls: a millisecond or two if their labels must be read. */
const SERIES_PER_POLL = 1024;
/** Names or values compared between two polls. */
const NAMES_PER_POLL = 10_000;

interface Source {
  readonly id: number;
  readonly mint: number;
  /** Exclusive; of a block behind its newest sample, since it selects nothing from there on. */
  readonly maxt: number;
  readonly reader: Queryable;
}

export class HeadSet implements Queryable, CardinalitySource {
  private readonly readers = new Map<number, HeadReader>();
  private readonly blocks = new Map<number, BlockReader | BrokenBlock>();
  /** Heads, oldest first. */
  private ordered: HeadReader[] = [];
  /** Blocks and heads, oldest first. */
  private sources: Source[] = [];
  private readonly resources: BlockResources | undefined;
  /** What results that were computed earlier depend on. */
  readonly changes = new SourceChanges();
  private described = new Map<number, SourceDescriptor>();
  /** For the few samples between the histogram before a range and the range. */
  private readonly between = new SampleColumns(16);

  /** @param readerSlot the scratch slot of this thread in every arena; slot 0 is the writer's. */
  constructor(private readonly module: WebAssembly.Module, private readonly readerSlot: number, blocks?: BlockReading) {
    this.resources = blocks && {
      codec: new ColumnCodec(blocks.codec), cache: new PageCache(blocks.cacheBytes), labels: new SharedLabels(),
    };
  }

  /** Takes the complete list of heads and blocks. */
  update(sources: readonly SourceDescriptor[]): void {
    const ids = new Set(sources.map((source) => source.id));
    for (const id of this.readers.keys()) if (!ids.has(id)) this.readers.delete(id);
    for (const [id, block] of this.blocks) {
      if (ids.has(id)) continue;
      block.close();
      this.blocks.delete(id);
    }
    for (const source of sources) {
      if (isBlock(source)) {
        const known = this.blocks.get(source.id);
        if (known === undefined) this.blocks.set(source.id, this.openBlock(source));
        else known.setDeleted(source.deleted);
      } else if (!this.readers.has(source.id)) {
        this.readers.set(source.id, new HeadReader(new Arena(this.module, source.memory), this.readerSlot));
      }
    }
    this.noteChanges(sources);
    this.ordered = [...this.readers.values()].sort((a, b) => a.mint - b.mint);
    this.changes.watch(this.ordered);
    this.sources = sources.map(({ id, mint, maxt }) => {
      const block = this.blocks.get(id);
      return { id, mint, maxt: Math.min(maxt, block?.endMs ?? Infinity), reader: (this.readers.get(id) ?? block)! };
    });
    this.sources.sort((a, b) => a.mint - b.mint || a.id - b.id);
  }

  /** A source that is described otherwise than before has changed, too. */
  private noteChanges(sources: readonly SourceDescriptor[]): void {
    const described = new Map(sources.map((source) => [source.id, source]));
    for (const [id, { mint, maxt }] of this.described) if (!described.has(id)) this.changes.note(mint, maxt);
    for (const [id, source] of described) if (!isSame(this.described.get(id), source)) this.changes.note(source.mint, source.maxt);
    this.described = described;
  }

  /** Closes the files of blocks. */
  close(): void {
    this.update([]);
  }

  private openBlock({ mint, maxt, file, deleted }: BlockDescriptor): BlockReader | BrokenBlock {
    invariant(this.resources, 'blocks cannot be read here');
    try {
      return BlockReader.open(file, this.resources, deleted);
    } catch (error) {
      return new BrokenBlock(mint, maxt, error);
    }
  }

  /** Heads of the process, oldest first: for figures about them. */
  get heads(): readonly HeadReader[] {
    return this.ordered;
  }

  select(matchers: readonly Matcher[], mint: number, maxt: number, hints?: SelectHints): Series[] {
    const sources = this.overlapping(mint, maxt);
    if (sources.length === 0) return [];
    const unreadUntil = this.unreadUntil(sources, mint);
    if (sources.length === 1 && unreadUntil === -Infinity) return sources[0]!.reader.select(matchers, mint, maxt, hints);
    const merged = new Map<string, Series>();
    let seen = 0;
    const joined = (labels: Labels, parts: Series[]): JoinedSeries => new JoinedSeries(labels, parts, this.between, unreadUntil);
    for (const { reader } of sources) {
      for (const series of reader.select(matchers, mint, maxt, hints)) {
        if (++seen % SERIES_PER_POLL === 0) hints?.poll?.();
        const key = series.labels.key();
        const before = merged.get(key);
        if (before === undefined) merged.set(key, unreadUntil === -Infinity ? series : joined(series.labels, [series]));
        else if (before instanceof JoinedSeries) before.parts.push(series);
        else merged.set(key, joined(series.labels, [before, series]));
      }
    }
    return [...merged.values()];
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void): string[] {
    return mergeSorted(this.overlapping(mint, maxt).map(({ reader }) => reader.labelNames(matcherSets, mint, maxt, poll)), poll);
  }

  labelValues(
    name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void,
  ): string[] {
    return mergeSorted(this.overlapping(mint, maxt).map(({ reader }) => reader.labelValues(name, matcherSets, mint, maxt, poll)), poll);
  }

  cardinality(limit: number, poll: () => void): Cardinality {
    return cardinalityOf(this.ordered.map((reader) => reader.arena), limit, poll);
  }

  private overlapping(mint: number, maxt: number): Source[] {
    return this.sources.filter((source) => source.mint <= maxt && mint < source.maxt);
  }

  /** Where sources end that overlap those of a range but are over before it begins; -Infinity if there are none, as nearly always. */
  private unreadUntil(selected: readonly Source[], mint: number): number {
    let until = -Infinity;
    for (const { mint: from, maxt: end } of this.sources) {
      if (end <= mint && selected.some((source) => source.mint < end && from < source.maxt)) until = Math.max(until, end);
    }
    return until;
  }
}

function isSame(before: SourceDescriptor | undefined, now: SourceDescriptor): boolean {
  return before === now || (before !== undefined && before.mint === now.mint && before.maxt === now.maxt && sameContent(before, now));
}

/** One series in several heads and blocks, oldest part first. */
class JoinedSeries implements Series {
  /**
   * @param between scratch
   * @param unreadUntil before this time there may be samples in sources that are none of the parts
   */
  constructor(
    readonly labels: Labels, readonly parts: Series[], private readonly between: SampleColumns, private readonly unreadUntil: number,
  ) {}

  read(out: SampleColumns, mint: number, maxt: number): void {
    const start = out.length;
    let rising = true;
    for (const part of this.parts) {
      const from = out.length;
      part.read(out, mint, maxt);
      if (from > start && out.length > from && out.timestamps[from]! <= out.timestamps[from - 1]!) rising = false;
    }
    // Only where sources overlap is there anything to do.
    if (!rising) sortByTime(out, start);
    if (start === 0 && out.length > 0 && out.histograms?.[0] !== undefined && out.histogramBefore !== undefined) this.settleBefore(out);
  }

  /** One part said which histogram is before the first sample; another one may have a later sample there. */
  private settleBefore(out: SampleColumns): void {
    const { between } = this;
    if (this.unreadUntil > out.histogramBeforeMs + 1) {
      out.histogramBefore = undefined;
      return;
    }
    between.clear();
    between.wantsStarts = false;
    for (const part of this.parts) part.read(between, out.histogramBeforeMs + 1, out.timestamps[0]! - 1);
    if (between.length === 0) return;
    sortByTime(between, 0);
    const last = between.length - 1;
    // A float or a stale marker there is the end of the counter.
    out.histogramBefore = between.histograms?.[last];
    out.histogramBeforeMs = between.timestamps[last]!;
  }
}

/** Two at a time, as they come: each list is sorted by UTF-8 and has a text once. */
function mergeSorted(lists: readonly string[][], poll: (() => void) | undefined): string[] {
  const pace = new Pace(poll, NAMES_PER_POLL);
  let merged = lists[0] ?? [];
  for (let i = 1; i < lists.length; i++) merged = mergeTwo(merged, lists[i]!, pace);
  return merged;
}

function mergeTwo(a: readonly string[], b: readonly string[], pace: Pace): string[] {
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    pace.step();
    const order = a[i] === b[j] ? 0 : compareUtf8(a[i]!, b[j]!);
    out.push(order <= 0 ? a[i]! : b[j]!);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  for (; i < a.length; i++) out.push(a[i]!);
  for (; j < b.length; j++) out.push(b[j]!);
  return out;
}
