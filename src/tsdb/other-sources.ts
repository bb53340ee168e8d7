/**
 * What the rest of the store has at the times of a head. Most heads have their times for themselves, and nothing here costs anything;
 * a late head shares them with closed heads and blocks, whose samples count as its own: a sample that is there already is not
 * stored again, and another value is refused.
 */
import { ST_OK } from '../kernel/layout.js';
import type { Histogram } from '../model/histogram.js';
import type { Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';
import type { BlockStore } from './block-store.js';
import type { BlockTail } from './block-tail.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';

/** A float as the 32-bit halves of the double, as they lie in memory, or a histogram. */
export type RowValue = readonly [low: number, high: number] | Histogram;

/** What closed heads and blocks have in the range of a head. Fixed for the life of the head: they do not change, only move. */
interface Overlap {
  /** Behind their newest sample, -Infinity if they have none in the range. */
  readonly end: number;
  /** Newest of these samples, by ref of the head, as far as it was asked for. */
  readonly newest: Map<number, number>;
}

export class OtherSources {
  private readonly overlaps = new WeakMap<Head, Overlap>();

  constructor(
    private readonly store: HeadStore,
    private readonly blocks?: BlockStore,
    private readonly tail?: BlockTail,
  ) {}

  /**
   * The time below which the kernel may not accept a sample of the first `rows` of this head's columns by itself. That is the rules'
   * own, unless another source has samples of the head's times, or newer ones, which matter for samples outside the window. If one of
   * the rows is concerned, all are left to the slow path: the kernel would take later ones of the same series first.
   */
  minValid(head: Head, rules: TimeRules, rows: number): number {
    const own = Math.max(rules.minValid, this.overlapOf(head).end);
    const raised = this.newestBeside(head) >= head.mint ? Math.max(own, rules.newest - rules.windowMs) : own;
    if (raised === rules.minValid) return raised;
    for (let row = 0; row < rows; row++) {
      const t = head.columnTime(row);
      if (t < raised && t >= rules.minValid) return Infinity;
    }
    return raised;
  }

  /** Adds the heads whose logs must be safe before samples for `head` are acknowledged: duplicates lie in closed ones. */
  touch(head: Head, touched: Set<Head>): void {
    touched.add(head);
    if (this.overlapOf(head).end === -Infinity) return;
    for (const one of this.store.heads()) if (one.mint < head.maxt && head.mint < one.maxt) touched.add(one);
  }

  /** The same where nothing is to be stored. */
  touchAt(t: number, touched: Set<Head>): void {
    for (const head of this.store.heads()) if (mayHave(head, t)) touched.add(head);
  }

  /** Newest sample of a series at or after `since` outside of `head`, -Infinity if there is none. */
  newestOf(head: Head | undefined, labels: Labels, since: number): number {
    const inBlocks = this.blocks !== undefined && this.blocks.newestSample() >= since;
    let newest = (inBlocks ? this.tail?.newestTime(labels, since, Infinity) : undefined) ?? -Infinity;
    for (const one of this.store.heads()) {
      if (one === head || one.arena.maxTime < Math.max(since, newest)) continue;
      const ref = one.find(labels);
      if (ref >= 0) newest = Math.max(newest, one.newestOf(ref));
    }
    return newest;
  }

  /** The same for judging a sample at `t`, and -Infinity where it makes no difference. */
  newestForJudging(head: Head, labels: () => Labels, t: number, rules: TimeRules): number {
    const isInWindow = rules.windowMs > 0 && t >= rules.newest - rules.windowMs;
    return isInWindow || this.newestBeside(head) < t ? -Infinity : this.newestOf(head, labels(), t);
  }

  /**
   * Whether a sample of a head's series is in another source. ST_OK: no; ST_DUPLICATE: exactly this one; ST_CONFLICT: another value.
   */
  probeRow(head: Head, ref: number, t: number, labels: () => Labels, value: RowValue): number {
    const overlap = this.overlapOf(head);
    if (t >= overlap.end) return ST_OK;
    let newest = overlap.newest.get(ref);
    if (newest === undefined) {
      newest = this.newestSettled(head, labels());
      overlap.newest.set(ref, newest);
    }
    return t > newest ? ST_OK : this.probe(labels(), t, value, head);
  }

  /** The same for a series by its labels, in all sources but `except`. */
  probe(labels: Labels, t: number, value: RowValue, except?: Head): number {
    return this.probeHeads(labels, t, value, except) || (this.tail?.probe(labels, t, value) ?? ST_OK);
  }

  probeHeads(labels: Labels, t: number, value: RowValue, except?: Head): number {
    for (const head of this.store.heads()) {
      if (head === except || !mayHave(head, t)) continue;
      const ref = head.find(labels);
      if (ref < 0) continue;
      const found = isFloat(value) ? head.arena.kernel.probeFloat(ref, t, value[0], value[1]) : head.probeHistogram(ref, t, value);
      if (found !== ST_OK) return found;
    }
    return ST_OK;
  }

  /** True if a head that may have samples at this time knows the series. */
  isInHeads(labels: Labels, t: number): boolean {
    return this.store.heads().some((head) => mayHave(head, t) && head.find(labels) >= 0);
  }

  private newestSettled(head: Head, labels: Labels): number {
    let newest = this.tail?.newestTime(labels, head.mint, head.maxt) ?? -Infinity;
    for (const one of this.store.heads()) {
      if (one === head || one.arena.maxTime < head.mint || one.arena.minTime >= head.maxt) continue;
      const ref = one.find(labels);
      if (ref >= 0) newest = Math.max(newest, one.newestOf(ref));
    }
    return newest;
  }

  private newestBeside(head: Head): number {
    let newest = this.blocks?.newestSample() ?? -Infinity;
    for (const one of this.store.heads()) if (one !== head) newest = Math.max(newest, one.arena.maxTime);
    return newest;
  }

  private overlapOf(head: Head): Overlap {
    const known = this.overlaps.get(head);
    if (known) return known;
    let end = -Infinity;
    const take = (minTime: number, maxTime: number): void => {
      if (minTime < head.maxt && maxTime >= head.mint) end = Math.max(end, Math.min(maxTime + 1, head.maxt));
    };
    for (const one of this.store.heads()) if (one !== head && one.isClosed) take(one.arena.minTime, one.arena.maxTime);
    for (const { meta } of this.blocks?.blocks() ?? []) if (meta.series > 0) take(meta.min_time, meta.max_time);
    const overlap = { end, newest: new Map<number, number>() };
    this.overlaps.set(head, overlap);
    return overlap;
  }
}

/** The value of a row of a batch. */
export function rowValue(batch: SampleBatch, row: number): RowValue {
  const histogram = batch.histograms.get(row);
  if (histogram) return histogram;
  const bits = batch.valueBits();
  return [bits[row * 2]!, bits[row * 2 + 1]!];
}

function mayHave({ arena }: Head, t: number): boolean {
  return t >= arena.minTime && t <= arena.maxTime;
}

function isFloat(value: RowValue): value is readonly [number, number] {
  return Array.isArray(value);
}
