/** A head as `Queryable`: one for each thread that reads. Series are found by postings algebra over the arena's dictionary. */
import {
  FLAG_HAS_SAMPLE, FLAG_HISTOGRAMS, FLAG_LATE, FLAG_STARTS, HDR_EMPTIED, HDR_MAXT, HDR_MINT, READER_BASE, READER_BYTES, READER_CAPACITY,
  READER_HIST_BEFORE, READER_IO, READER_SLOTS, READER_TIMES, READER_VALUES, SERIES_BASE, SERIES_BYTES, S_FLAGS,
} from '../../kernel/layout.js';
import { invariant } from '../../invariant.js';
import { decodeHistogram } from '../../model/histogram-codec.js';
import { compareUtf8, Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { Pace } from '../../storage/pace.js';
import type { Queryable, SelectHints, Series } from '../../storage/queryable.js';
import type { Arena } from './arena.js';
import { intersect, subtract, union } from './postings-algebra.js';
import { sortByTime } from './sample-merge.js';

/** Texts of label values kept as strings, per head and thread. Above it the cache starts anew. */
const TEXT_CACHE_MAX = 500_000;
/**
 * Series kept with their labels, per head and thread (300 B each, twice that where their keys are asked for). Above it the cache
 * starts anew. An instant query over 500 or 8,000 series takes a third less time when their labels are there.
 */
const SERIES_CACHE_MAX = 50_000;
/** Bytes for a name or value to look up; longer ones cannot be in the dictionary of any sane head, and do not fit. */
const LOOKUP_BYTES_MAX = READER_TIMES - READER_IO;
/** u32 entries that the result area of a slot holds. */
const OUT_CAPACITY = (READER_BYTES - READER_TIMES) / 4 - 16;
/** Below this many candidates, matchers are tested on each candidate's labels instead of by reading long postings. */
const LABEL_TEST_RATIO = 8;

/** Values matched, or lists of postings read, between two polls: long values take a regular expression a tenth of a millisecond each. */
const VALUES_PER_POLL = 32;
/** Series made or looked at between two polls. */
const SERIES_PER_POLL = 2048;

const EMPTY = new Uint32Array(0);

export class HeadReader implements Queryable {
  readonly mint: number;
  readonly maxt: number;
  private readonly slot: number;
  private readonly nameTexts: string[] = [];
  private pairTexts: (string | undefined)[] = [];
  private pairTextCount = 0;
  /** By ref. */
  private series: (HeadSeries | undefined)[] = [];
  private seriesCount = 0;
  private readonly encoder = new TextEncoder();
  private readonly lookupBytes: Uint8Array;

  /** @param slotIndex reader slot of this thread: no two threads share one. */
  constructor(readonly arena: Arena, slotIndex: number) {
    invariant(slotIndex >= 0 && slotIndex < READER_SLOTS, `reader slot ${slotIndex} of ${READER_SLOTS}`);
    this.slot = READER_BASE + slotIndex * READER_BYTES;
    this.lookupBytes = arena.bytes.subarray(this.slot + READER_IO, this.slot + READER_IO + LOOKUP_BYTES_MAX);
    this.mint = arena.f64[HDR_MINT >>> 3]!;
    this.maxt = arena.f64[HDR_MAXT >>> 3]!;
  }

  select(matchers: readonly Matcher[], mint: number, maxt: number, hints?: SelectHints): Series[] {
    if (maxt < this.mint || mint >= this.maxt) return [];
    const refs = this.refsFor(matchers, hints?.poll);
    const { bytes, u32 } = this.arena;
    const kept = u32[HDR_EMPTIED >>> 2] === 0 ? refs : refs.filter((ref) => bytes[SERIES_BASE + ref * SERIES_BYTES + S_FLAGS] !== 0);
    const pace = new Pace(hints?.poll, SERIES_PER_POLL);
    return Array.from(kept, (ref) => {
      pace.step();
      return this.seriesOf(ref);
    });
  }

  private seriesOf(ref: number): HeadSeries {
    const known = this.series[ref];
    if (known !== undefined) return known;
    if (this.seriesCount++ === SERIES_CACHE_MAX) {
      this.series = [];
      this.seriesCount = 1;
    }
    return (this.series[ref] = new HeadSeries(this, ref));
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void): string[] {
    if (maxt < this.mint || mint >= this.maxt) return [];
    const { arena } = this;
    const names: string[] = [];
    if (matcherSets.length === 0) {
      const count = arena.nameCount;
      for (let name = 0; name < count; name++) if (this.nameIsUsed(name)) names.push(this.nameOf(name));
    } else {
      const seen = new Uint8Array(arena.nameCount);
      const pace = new Pace(poll, SERIES_PER_POLL);
      for (const ref of this.refsForAny(matcherSets, poll)) {
        pace.step();
        const list = arena.kernel.seriesLabels(ref) >>> 2;
        const n = arena.u32[list]!;
        for (let i = 1; i <= n; i++) {
          const name = arena.kernel.pairName(arena.u32[list + i]!);
          if (seen[name] === 0) {
            seen[name] = 1;
            names.push(this.nameOf(name));
          }
        }
      }
    }
    return names.sort(compareUtf8);
  }

  labelValues(
    name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void,
  ): string[] {
    if (maxt < this.mint || mint >= this.maxt) return [];
    const nameId = this.findName(name);
    if (nameId < 0) return [];
    const { arena } = this;
    const values: string[] = [];
    const pace = new Pace(poll, SERIES_PER_POLL);
    if (matcherSets.length === 0) {
      const published = arena.kernel.publishedSeries();
      for (const pair of this.pairsOf(nameId)) {
        pace.step();
        if (this.pairIsUsed(pair, published)) values.push(this.textOf(pair));
      }
    } else {
      const seen = new Set<number>();
      for (const ref of this.refsForAny(matcherSets, poll)) {
        pace.step();
        const list = arena.kernel.seriesLabels(ref) >>> 2;
        const n = arena.u32[list]!;
        for (let i = 1; i <= n; i++) {
          const pair = arena.u32[list + i]!;
          if (arena.kernel.pairName(pair) === nameId) seen.add(pair);
        }
      }
      for (const pair of seen) {
        pace.step();
        values.push(this.textOf(pair));
      }
    }
    return values.sort((a, b) => {
      pace.step();
      return compareUtf8(a, b);
    });
  }

  labelsOf(ref: number): Labels {
    const { arena } = this;
    const list = arena.kernel.seriesLabels(ref) >>> 2;
    const n = arena.u32[list]!;
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 1; i <= n; i++) {
      const pair = arena.u32[list + i]!;
      names.push(this.nameOf(arena.kernel.pairName(pair)));
      values.push(this.textOf(pair));
    }
    return Labels.fromSorted(names, values);
  }

  /** Appends a series' samples in [mint, maxt] to `out`. */
  readSeries(ref: number, out: SampleColumns, mint: number, maxt: number): void {
    const { arena, slot } = this;
    const { kernel } = arena;
    const start = out.length;
    const flags = kernel.readBegin(slot, ref, mint, maxt);
    invariant(flags >= 0, 'the writing thread stopped inside a batch');
    for (let n = kernel.readNext(slot); n > 0; n = kernel.readNext(slot)) this.take(out, n);
    // Of an earlier head it is no longer the one before, if this head has samples before the range.
    if (start === 0 && this.mint < mint) out.histogramBefore = undefined;
    if (flags & (FLAG_LATE | FLAG_HISTOGRAMS)) this.takeOthers(out, start, flags);
    if (flags & FLAG_STARTS && out.wantsStarts) this.findStarts(out, start);
    else out.setStarts(start);
    if (start === 0 && flags & FLAG_HISTOGRAMS) this.findHistogramBefore(ref, flags, out, mint);
  }

  /** Late samples and histograms, sorted in. */
  private takeOthers(out: SampleColumns, start: number, flags: number): void {
    const { arena, slot } = this;
    const { kernel } = arena;
    if (flags & FLAG_LATE) for (let n = kernel.readLate(slot); n > 0; n = kernel.readLate(slot)) this.take(out, n);
    if (flags & FLAG_HISTOGRAMS) {
      for (let record = kernel.readHistogram(slot); record !== 0; record = kernel.readHistogram(slot)) {
        const time = this.mint + arena.field(record + 4);
        const bytes = record + 12;
        out.pushHistogram(time, decodeHistogram(arena.bytes, bytes, bytes + arena.field(record + 8)));
      }
    }
    sortByTime(out, start);
  }

  /** Starts of the samples from `first` on, which are sorted. */
  private findStarts(out: SampleColumns, first: number): void {
    const times = (this.slot + READER_TIMES) >>> 3;
    const starts = (this.slot + READER_VALUES) >>> 3;
    for (let at = first; at < out.length; at += READER_CAPACITY) {
      const n = Math.min(READER_CAPACITY, out.length - at);
      this.arena.f64.set(out.timestamps.subarray(at, at + n), times);
      this.arena.kernel.readStarts(this.slot, n);
      out.setStarts(at, this.arena.f64.subarray(starts, starts + n));
    }
  }

  /** After all histograms in the range were read: the cursor then has seen those before it. */
  private findHistogramBefore(ref: number, flags: number, out: SampleColumns, mint: number): void {
    const { arena, slot } = this;
    const record = arena.field(slot + READER_HIST_BEFORE);
    if (record === 0) return;
    const time = this.mint + arena.field(record + 4);
    if (flags & (FLAG_HAS_SAMPLE | FLAG_LATE)) {
      // A float or a stale marker in between is the end of the counter.
      arena.kernel.readBegin(slot, ref, time + 1, mint - 1);
      if (arena.kernel.readNext(slot) > 0 || (flags & FLAG_LATE && arena.kernel.readLate(slot) > 0)) return;
    }
    const bytes = record + 12;
    out.histogramBefore = decodeHistogram(arena.bytes, bytes, bytes + arena.field(record + 8));
    out.histogramBeforeMs = time;
  }

  private take(out: SampleColumns, n: number): void {
    const times = (this.slot + READER_TIMES) >>> 3;
    const values = (this.slot + READER_VALUES) >>> 3;
    out.reserve(n);
    out.timestamps.set(this.arena.f64.subarray(times, times + n), out.length);
    out.values.set(this.arena.f64.subarray(values, values + n), out.length);
    out.length += n;
  }

  /** Refs, rising, of the series that match all matchers. */
  refsFor(matchers: readonly Matcher[], poll?: () => void): Uint32Array {
    const pace = new Pace(poll, VALUES_PER_POLL);
    const published = this.arena.kernel.publishedSeries();
    let refs: Uint32Array | undefined;
    const negative: { matcher: Matcher; name: number }[] = [];
    const positive: { pairs: number[]; estimate: number }[] = [];
    for (const matcher of matchers) {
      const name = this.findName(matcher.name);
      if (matcher.matchesEmpty()) {
        // Series without the label match: everything but the series whose value does not.
        if (name >= 0) negative.push({ matcher, name });
        continue;
      }
      if (name < 0) return EMPTY;
      const pairs = this.pairsMatching(matcher, name, pace);
      let estimate = 0;
      for (const pair of pairs) estimate += this.arena.kernel.postingsBegin(pair);
      if (estimate === 0) return EMPTY;
      positive.push({ pairs, estimate });
    }
    positive.sort((a, b) => a.estimate - b.estimate);
    for (const { pairs, estimate } of positive) {
      if (refs === undefined) refs = this.unionOf(pairs, published, pace);
      else if (refs.length * LABEL_TEST_RATIO < estimate) refs = this.keepHaving(refs, pairs);
      else refs = intersect(refs, this.unionOf(pairs, published, pace));
      if (refs.length === 0) return EMPTY;
    }
    refs ??= Uint32Array.from({ length: published }, (_, i) => i);
    for (const { matcher, name } of negative) {
      const excluded = this.pairsOf(name).filter((pair) => {
        pace.step();
        return !matcher.matches(this.textOf(pair), poll);
      });
      refs = subtract(refs, this.unionOf(excluded, published, pace));
    }
    return refs;
  }

  private refsForAny(matcherSets: readonly (readonly Matcher[])[], poll: (() => void) | undefined): Uint32Array {
    return union(matcherSets.map((matchers) => this.refsFor(matchers, poll)));
  }

  /** Pairs of a name whose value matches; literal matchers do not look at the others. */
  private pairsMatching(matcher: Matcher, name: number, pace: Pace): number[] {
    const literals = matcher.type === '=' ? [matcher.value] : matcher.type === '=~' ? matcher.literals : undefined;
    if (literals !== undefined) {
      const pairs: number[] = [];
      for (const value of new Set(literals)) {
        const pair = this.findPair(name, value);
        if (pair >= 0) pairs.push(pair);
      }
      return pairs;
    }
    return this.pairsOf(name).filter((pair) => {
      pace.step();
      return matcher.matches(this.textOf(pair), pace.poll);
    });
  }

  private unionOf(pairs: readonly number[], published: number, pace: Pace): Uint32Array {
    return union(pairs.map((pair) => {
      pace.step();
      return this.postings(pair, published);
    }));
  }

  private postings(pair: number, published: number): Uint32Array {
    const { kernel, u32 } = this.arena;
    const out = this.slot + READER_TIMES;
    const refs = new Uint32Array(kernel.postingsBegin(pair));
    let length = 0;
    for (let n = kernel.postingsNext(out, OUT_CAPACITY, published); n > 0; n = kernel.postingsNext(out, OUT_CAPACITY, published)) {
      // A list may have grown since its length was read; what came later is not published for this query.
      const room = Math.min(n, refs.length - length);
      refs.set(u32.subarray(out >>> 2, (out >>> 2) + room), length);
      length += room;
      if (room < n) break;
    }
    return refs.subarray(0, length);
  }

  private keepHaving(refs: Uint32Array, pairs: readonly number[]): Uint32Array {
    const { kernel, u32 } = this.arena;
    const wanted = new Set(pairs);
    const kept = new Uint32Array(refs.length);
    let length = 0;
    for (const ref of refs) {
      const list = kernel.seriesLabels(ref) >>> 2;
      const n = u32[list]!;
      for (let i = 1; i <= n; i++) {
        if (!wanted.has(u32[list + i]!)) continue;
        kept[length++] = ref;
        break;
      }
    }
    return kept.subarray(0, length);
  }

  /** All pairs of a name, newest first. */
  private pairsOf(name: number): number[] {
    const { kernel, u32 } = this.arena;
    const out = this.slot + READER_TIMES;
    const capacity = Math.floor(OUT_CAPACITY / 3);
    const pairs: number[] = [];
    kernel.pairsBegin(name);
    for (let n = kernel.pairsNext(out, capacity); n > 0; n = kernel.pairsNext(out, capacity)) {
      for (let i = 0; i < n; i++) pairs.push(u32[(out >>> 2) + i * 3]!);
    }
    return pairs;
  }

  /** False for what a refused or not yet published series left behind in the dictionary. */
  private pairIsUsed(pair: number, published: number): boolean {
    const out = this.slot + READER_TIMES;
    return this.arena.kernel.postingsBegin(pair) > 0 && this.arena.kernel.postingsNext(out, 1, published) > 0;
  }

  private nameIsUsed(name: number): boolean {
    const published = this.arena.kernel.publishedSeries();
    return this.pairsOf(name).some((pair) => this.pairIsUsed(pair, published));
  }

  private findName(name: string): number {
    const length = this.putText(name);
    return length < 0 ? -1 : this.arena.kernel.readName(this.slot + READER_IO, length);
  }

  private findPair(name: number, value: string): number {
    const length = this.putText(value);
    return length < 0 ? -1 : this.arena.kernel.readPair(name, this.slot + READER_IO, length);
  }

  private putText(text: string): number {
    if (text.length * 3 > LOOKUP_BYTES_MAX) return -1;
    // Not Buffer.write: it writes nothing into a buffer of 4 GiB (Node 20).
    return this.encoder.encodeInto(text, this.lookupBytes).written;
  }

  private nameOf(name: number): string {
    return (this.nameTexts[name] ??= this.arena.nameText(name));
  }

  private textOf(pair: number): string {
    const known = this.pairTexts[pair];
    if (known !== undefined) return known;
    if (this.pairTextCount++ === TEXT_CACHE_MAX) {
      this.pairTexts = [];
      this.pairTextCount = 1;
    }
    return (this.pairTexts[pair] = this.arena.pairText(pair));
  }
}

class HeadSeries implements Series {
  private known: Labels | undefined;

  constructor(private readonly head: HeadReader, private readonly ref: number) {}

  get labels(): Labels {
    return (this.known ??= this.head.labelsOf(this.ref));
  }

  read(out: SampleColumns, mint: number, maxt: number): void {
    this.head.readSeries(this.ref, out, mint, maxt);
  }
}
