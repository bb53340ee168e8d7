/** All heads of the store as one `Queryable`, in a query thread. Heads come and go by `update`; their ranges are disjoint. */
import { compareUtf8, type Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import type { SampleColumns } from '../model/sample-columns.js';
import type { Cardinality, CardinalitySource } from '../storage/cardinality.js';
import type { Queryable, Series } from '../storage/queryable.js';
import { Arena } from './head/arena.js';
import { cardinalityOf } from './head/cardinality.js';
import type { HeadDescriptor } from './head/descriptor.js';
import { HeadReader } from './head/head-reader.js';

export class HeadSet implements Queryable, CardinalitySource {
  private readonly readers = new Map<number, HeadReader>();
  /** Oldest first. */
  private ordered: HeadReader[] = [];

  /** @param readerSlot the scratch slot of this thread in every arena; slot 0 is the writer's. */
  constructor(private readonly module: WebAssembly.Module, private readonly readerSlot: number) {}

  /** Takes the complete list of open heads. */
  update(heads: readonly HeadDescriptor[]): void {
    const ids = new Set(heads.map((head) => head.id));
    for (const id of this.readers.keys()) if (!ids.has(id)) this.readers.delete(id);
    for (const head of heads) {
      if (!this.readers.has(head.id)) this.readers.set(head.id, new HeadReader(new Arena(this.module, head.memory), this.readerSlot));
    }
    this.ordered = [...this.readers.values()].sort((a, b) => a.mint - b.mint);
  }

  /** Heads of the process, oldest first: for figures about them. */
  get heads(): readonly HeadReader[] {
    return this.ordered;
  }

  select(matchers: readonly Matcher[], mint: number, maxt: number): Series[] {
    const readers = this.overlapping(mint, maxt);
    if (readers.length === 0) return [];
    if (readers.length === 1) return readers[0]!.select(matchers, mint, maxt);
    const merged = new Map<string, Series>();
    for (const reader of readers) {
      for (const series of reader.select(matchers, mint, maxt)) {
        const key = series.labels.key();
        const before = merged.get(key);
        if (before === undefined) merged.set(key, series);
        else if (before instanceof JoinedSeries) before.parts.push(series);
        else merged.set(key, new JoinedSeries(series.labels, [before, series]));
      }
    }
    return [...merged.values()];
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    return mergeSorted(this.overlapping(mint, maxt).map((reader) => reader.labelNames(matcherSets, mint, maxt)));
  }

  labelValues(name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    return mergeSorted(this.overlapping(mint, maxt).map((reader) => reader.labelValues(name, matcherSets, mint, maxt)));
  }

  cardinality(limit: number, poll: () => void): Cardinality {
    return cardinalityOf(this.ordered.map((reader) => reader.arena), limit, poll);
  }

  private overlapping(mint: number, maxt: number): HeadReader[] {
    return this.ordered.filter((reader) => reader.mint <= maxt && mint < reader.maxt);
  }
}

/** One series in several heads, oldest part first. */
class JoinedSeries implements Series {
  constructor(readonly labels: Labels, readonly parts: Series[]) {}

  read(out: SampleColumns, mint: number, maxt: number): void {
    for (const part of this.parts) part.read(out, mint, maxt);
  }
}

function mergeSorted(lists: string[][]): string[] {
  if (lists.length === 1) return lists[0]!;
  return [...new Set(lists.flat())].sort(compareUtf8);
}
