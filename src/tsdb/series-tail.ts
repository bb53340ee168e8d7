/**
 * The end of a series over all heads and, where those have nothing of it, blocks, for the writer: its newest sample, and the values
 * before a given time.
 */
import type { Histogram } from '../model/histogram.js';
import type { Labels } from '../model/labels.js';
import { SampleColumns } from '../model/sample-columns.js';
import type { BlockTail } from './block-tail.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';

/** A value of a series, of either kind. */
export type Amount = number | Histogram;

export interface TimedAmount {
  readonly timeMs: number;
  readonly amount: Amount;
}

/** Where the last value is looked for first: it is seldom older. */
const NEAR_MS = 600_000;

/** For each series of a batch the first one with the same labels: a request, or relabelling, can name a series twice. */
export function firstOfEqual(series: readonly Labels[]): Uint32Array {
  const byKey = new Map<string, number>();
  return Uint32Array.from(series, (labels, index) => {
    const key = labels.key();
    const first = byKey.get(key);
    if (first === undefined) byKey.set(key, index);
    return first ?? index;
  });
}

export class SeriesTail {
  private readonly columns = new SampleColumns(512);
  /** Where series were found, so that storing the batch need not look again. */
  private readonly found = new Map<Labels, { readonly head: Head; readonly ref: number }>();

  constructor(private readonly store: HeadStore, private readonly older?: BlockTail) {
    this.columns.wantsStarts = false;
  }

  /** Time of the newest sample, stale markers included; -Infinity if there is none at or after `since`. */
  newestTime(labels: Labels, since: number): number {
    const newest = this.newestPart(labels, since)?.newest ?? -Infinity;
    return Math.max(newest, this.newestInBlocks(labels, Math.max(since, newest)));
  }

  /** The same, and the newest value at or after `since`: neither a stale marker nor another NaN. */
  end(labels: Labels, since: number): { readonly newest: number; readonly last: TimedAmount | undefined } {
    const part = this.newestPart(labels, since);
    // Blocks may be newer than a head: of a closed range, or written early.
    const inBlocks = this.newestInBlocks(labels, Math.max(since, part?.newest ?? since));
    if (part === undefined || inBlocks > part.newest) return { newest: inBlocks, last: this.lastBefore(labels, since, inBlocks + 1) };
    const { newest, head, ref } = part;
    if (newest < since) return { newest, last: undefined };
    const amount = head.newestHistogram(ref) ?? head.newestFloat(ref);
    return { newest, last: amount === amount ? { timeMs: newest, amount } : this.lastBefore(labels, since, newest + 1) };
  }

  /** The newest value in [since, before). */
  lastBefore(labels: Labels, since: number, before: number): TimedAmount | undefined {
    if (before <= since) return undefined;
    const last = this.search(labels, Math.max(since, before - NEAR_MS), before) ?? this.search(labels, since, before);
    return this.older?.lastBefore(labels, Math.max(since, (last?.timeMs ?? since - 1) + 1), before) ?? last;
  }

  /** The value at exactly this time. */
  at(labels: Labels, t: number): Amount | undefined {
    return this.lastBefore(labels, t, t + 1)?.amount;
  }

  /** Ref of a series in a head if it was met there on the way, by identity of the labels. */
  knownRef(head: Head, labels: Labels): number | undefined {
    const found = this.found.get(labels);
    return found?.head === head ? found.ref : undefined;
  }

  private newestInBlocks(labels: Labels, since: number): number {
    return this.older?.newestTime(labels, since, Infinity) ?? -Infinity;
  }

  private newestPart(labels: Labels, since: number): { head: Head; ref: number; newest: number } | undefined {
    let part: { head: Head; ref: number; newest: number } | undefined;
    const heads = this.store.heads();
    for (let i = heads.length - 1; i >= 0; i--) {
      const head = heads[i]!;
      if (head.maxt <= since || head.arena.maxTime <= (part?.newest ?? -Infinity)) continue;
      const ref = head.find(labels);
      const newest = ref < 0 ? -Infinity : head.newestOf(ref);
      if (newest > (part?.newest ?? -Infinity)) part = { head, ref, newest };
    }
    if (part) this.found.set(labels, part);
    return part;
  }

  private search(labels: Labels, since: number, before: number): TimedAmount | undefined {
    let last: TimedAmount | undefined;
    const heads = this.store.heads();
    const { columns } = this;
    for (let i = heads.length - 1; i >= 0; i--) {
      const head = heads[i]!;
      const { minTime, maxTime } = head.arena;
      if (minTime >= before || maxTime < since || maxTime <= (last?.timeMs ?? -Infinity)) continue;
      const ref = head.find(labels);
      if (ref < 0) continue;
      columns.clear();
      // Sample times are whole milliseconds.
      head.reader.readSeries(ref, columns, Math.max(since, (last?.timeMs ?? since - 1) + 1), before - 1);
      for (let n = columns.length - 1; n >= 0; n--) {
        const amount = columns.histograms?.[n] ?? columns.values[n]!;
        if (amount !== amount) continue;
        last = { timeMs: columns.timestamps[n]!, amount };
        break;
      }
    }
    return last;
  }
}
