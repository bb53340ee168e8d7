/** A published block as `Queryable`: one for each thread that reads. Nothing in a block changes, so nothing is locked. */
import { compareUtf8, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import { cutInterval, type SampleColumns } from '../../model/sample-columns.js';
import { Pace } from '../../storage/pace.js';
import type { Queryable, SelectHints, Series } from '../../storage/queryable.js';
import { intersect, subtract, union } from '../head/postings-algebra.js';
import { HISTOGRAMS, SERIES_PER_PAGE, type BlockMeta } from './block-format.js';
import { BlockDeletions } from './block-deletions.js';
import { BlockFile, type NameRow } from './block-file.js';
import { BlockIndex } from './block-index.js';
import type { ColumnCodec } from './column-codec.js';
import { decodeHistogramChunk } from './histogram-chunk.js';
import type { PageCache } from './page-cache.js';
import type { SharedLabels } from '../shared-labels.js';
import type { SeriesPage } from './series-pages.js';
import { firstAtLeast, partOf } from './time-columns.js';

/** Values matched, or lists of postings read, between two polls: long values take a regular expression a tenth of a millisecond each. */
const VALUES_PER_POLL = 32;
/** Series made or looked at between two polls. */
const SERIES_PER_POLL = 2048;

const EMPTY = new Uint32Array(0);

/** What the readers of one thread share. */
export interface BlockResources {
  readonly codec: ColumnCodec;
  readonly cache: PageCache;
  /** Absent where label sets are not asked for again and again. */
  readonly labels?: SharedLabels;
}

export class BlockReader implements Queryable {
  readonly index: BlockIndex;
  readonly meta: BlockMeta;
  private readonly file: BlockFile;
  /** By series: sets of `resources.labels`, of its generation `labelsGeneration`. */
  private labelSets: (Labels | undefined)[] = [];
  private labelsGeneration = 0;
  /** undefined: nothing, which is what most blocks have. */
  private deletions: BlockDeletions | undefined;
  private deleted: Uint8Array | undefined;

  private constructor(file: BlockFile, private readonly resources: BlockResources) {
    this.file = file;
    this.meta = file.meta;
    this.index = new BlockIndex(file, resources.cache);
  }

  /** @param deleted see `setDeleted`; without it everything that is stored is read @throws BlockError */
  static open(path: string, resources: BlockResources, deleted?: Uint8Array): BlockReader {
    const file = BlockFile.open(path);
    try {
      const reader = new BlockReader(file, resources);
      reader.setDeleted(deleted);
      return reader;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Leaves out what was deleted from now on. @param deleted encoded `BlockDeletions` @throws BlockError if they are damaged */
  setDeleted(deleted: Uint8Array | undefined): void {
    if (deleted === this.deleted) return;
    this.deletions = deleted && BlockDeletions.decode(deleted, this.path);
    this.deleted = deleted;
  }

  /** Right behind the newest sample, ms; -Infinity if there is none. */
  get endMs(): number {
    return this.meta.series > 0 ? this.meta.max_time + 1 : -Infinity;
  }

  get path(): string {
    return this.file.file;
  }

  close(): void {
    this.index.close();
    this.file.close();
  }

  select(matchers: readonly Matcher[], mint: number, maxt: number, hints?: SelectHints): Series[] {
    if (!this.overlaps(mint, maxt)) return [];
    const found = this.seriesFor(matchers, hints?.poll);
    const pace = new Pace(hints?.poll, SERIES_PER_POLL);
    return Array.from(this.deletions ? this.withoutDeleted(found, mint, maxt) : found, (series) => {
      pace.step();
      return new BlockSeries(this, series);
    });
  }

  /**
   * True if no sample of the series is left. Reads the series if something was deleted from it, but not everything of the block's range.
   * @param scratch cleared @throws BlockError
   */
  isDeleted(series: number, scratch: SampleColumns): boolean {
    if (this.deletions?.of(series) === undefined) return false;
    if (this.deletions.covers(series, this.meta.min_time, this.meta.max_time)) return true;
    scratch.clear();
    this.readSeries(series, scratch, -Infinity, Infinity);
    return scratch.length === 0;
  }

  /** Without the series of which everything in the range was deleted. */
  private withoutDeleted(found: Uint32Array, mint: number, maxt: number): Uint32Array {
    const from = Math.max(mint, this.meta.min_time);
    const to = Math.min(maxt, this.meta.max_time);
    return found.filter((series) => !this.deletions!.covers(series, from, to));
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void): string[] {
    if (!this.overlaps(mint, maxt)) return [];
    if (matcherSets.length === 0) return this.index.names.map((row) => row.name).sort(compareUtf8);
    const seen = new Set<string>();
    let known: NameRow | undefined;
    const pace = new Pace(poll, SERIES_PER_POLL);
    for (const series of this.seriesForAny(matcherSets, poll)) {
      pace.step();
      this.index.eachPair(series, (pair) => {
        if (known === undefined || pair < known.first_pair || pair >= known.first_pair + known.pairs) known = this.index.nameOf(pair);
        seen.add(known.name);
      });
    }
    return [...seen].sort(compareUtf8);
  }

  labelValues(
    name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void,
  ): string[] {
    const row = this.index.name(name);
    if (row === undefined || !this.overlaps(mint, maxt)) return [];
    const pace = new Pace(poll, SERIES_PER_POLL);
    const valueAt = (i: number): string => {
      pace.step();
      return this.index.value(row.first_pair + i);
    };
    if (matcherSets.length === 0) return Array.from({ length: row.pairs }, (_, i) => valueAt(i));
    const seen = new Uint8Array(row.pairs);
    for (const series of this.seriesForAny(matcherSets, poll)) {
      pace.step();
      this.index.eachPair(series, (pair) => {
        if (pair >= row.first_pair && pair < row.first_pair + row.pairs) seen[pair - row.first_pair] = 1;
      });
    }
    const values: string[] = [];
    for (let i = 0; i < row.pairs; i++) if (seen[i] === 1) values.push(valueAt(i));
    return values;
  }

  private overlaps(mint: number, maxt: number): boolean {
    return this.meta.series > 0 && this.meta.min_time <= maxt && mint <= this.meta.max_time;
  }

  labelsOf(series: number): Labels {
    const shared = this.resources.labels;
    if (shared === undefined) return this.index.labels(series);
    if (this.labelsGeneration !== shared.generation) {
      this.labelSets = [];
      this.labelsGeneration = shared.generation;
    }
    return (this.labelSets[series] ??= shared.share(this.index.labels(series)));
  }

  // ---- Series ---------------------------------------------------------------------------------------------------------------

  /** Numbers, rising, of the series that match all matchers. */
  seriesFor(matchers: readonly Matcher[], poll?: () => void): Uint32Array {
    const pace = new Pace(poll, VALUES_PER_POLL);
    let found: Uint32Array | undefined;
    const negative: { matcher: Matcher; name: NameRow }[] = [];
    for (const matcher of matchers) {
      const name = this.index.name(matcher.name);
      if (matcher.matchesEmpty()) {
        // Series without the label match: everything but the series whose value does not.
        if (name) negative.push({ matcher, name });
        continue;
      }
      if (!name) return EMPTY;
      const series = union(this.pairsMatching(matcher, name, pace).map((pair) => {
        pace.step();
        return this.index.postings(pair);
      }));
      found = found === undefined ? series : intersect(found, series);
      if (found.length === 0) return EMPTY;
    }
    found ??= Uint32Array.from({ length: this.meta.series }, (_, i) => i);
    for (const { matcher, name } of negative) {
      const excluded: Uint32Array[] = [];
      for (let pair = name.first_pair; pair < name.first_pair + name.pairs; pair++) {
        pace.step();
        if (!matcher.matches(this.index.value(pair), poll)) excluded.push(this.index.postings(pair));
      }
      found = subtract(found, union(excluded));
    }
    return found;
  }

  private seriesForAny(matcherSets: readonly (readonly Matcher[])[], poll: (() => void) | undefined): Uint32Array {
    return union(matcherSets.map((matchers) => this.seriesFor(matchers, poll)));
  }

  /** Pairs of a name whose value matches; literals are looked up, a prefix bounds the scan. */
  private pairsMatching(matcher: Matcher, name: NameRow, pace: Pace): number[] {
    const literals = matcher.type === '=' ? [matcher.value] : matcher.type === '=~' ? matcher.literals : undefined;
    if (literals !== undefined) return [...new Set(literals)].map((value) => this.index.pair(name, value)).filter((pair) => pair >= 0);
    const pairs: number[] = [];
    const prefix = matcher.type === '=~' ? matcher.prefix : '';
    const end = name.first_pair + name.pairs;
    for (let pair = prefix === '' ? name.first_pair : this.index.lowerBound(name, prefix); pair < end; pair++) {
      pace.step();
      const value = this.index.value(pair);
      if (!value.startsWith(prefix)) break;
      if (matcher.matches(value, pace.poll)) pairs.push(pair);
    }
    return pairs;
  }

  // ---- Samples --------------------------------------------------------------------------------------------------------------

  /** Appends a series' samples in [mint, maxt] to `out`, without those that were deleted. @throws BlockError */
  readSeries(series: number, out: SampleColumns, mint: number, maxt: number): void {
    const start = out.length;
    this.readStored(series, out, mint, maxt);
    const deleted = this.deletions?.of(series);
    if (deleted === undefined) return;
    for (let i = 0; i < deleted.length; i += 2) cutInterval(out, start, deleted[i]!, deleted[i + 1]!);
    // It may be one of those that were deleted.
    if (start === 0) out.histogramBefore = undefined;
  }

  private readStored(series: number, out: SampleColumns, mint: number, maxt: number): void {
    const page = this.index.seriesPage(series);
    const row = series % SERIES_PER_PAGE;
    // Of an earlier block it is no longer the one before, if this block has samples before the range.
    if (out.length === 0 && this.meta.min_time < mint) out.histogramBefore = undefined;
    for (let chunk = page.firstChunk[row]!; chunk < page.firstChunk[row + 1]!; chunk++) {
      const times = this.times(page.timeColumn[chunk]!);
      if (times[times.length - 1]! < mint || times[0]! > maxt) continue;
      const from = firstAtLeast(times, mint);
      const to = maxt >= times[times.length - 1]! ? times.length : firstAtLeast(times, maxt + 1);
      if (from >= to) continue;
      this.readChunk(page, chunk, times, from, to, out);
      this.readStarts(page.startColumn?.[chunk] ?? 0, times.length, from, to, out);
    }
  }

  /** Samples [from, to) of a chunk. */
  private readChunk(page: SeriesPage, chunk: number, times: Float64Array, from: number, to: number, out: SampleColumns): void {
    const table = page.kind[chunk] === HISTOGRAMS ? 'histogram_page' : 'value_page';
    const id = page.page[chunk]!;
    const bytes = this.index.cached(table, id, () => {
      const value = this.file.page(table, id);
      return { value, bytes: value.length };
    });
    const start = page.offset[chunk]!;
    const end = start + page.length[chunk]!;
    if (end > bytes.length) throw this.file.corrupt(table, id, `chunk ends at ${end} of ${bytes.length}`);
    if (table === 'histogram_page') {
      this.readHistograms(bytes, start, end, id, times, from, to, out);
      return;
    }
    const values = this.resources.codec.decode(bytes, start, end, times.length);
    if (values === undefined) throw this.file.corrupt(table, id, `chunk at ${start} cannot be decoded`);
    const count = to - from;
    out.reserve(count);
    out.timestamps.set(times.subarray(from, to), out.length);
    out.values.set(values.subarray(from, to), out.length);
    out.length += count;
  }

  /** Starts of the samples that were just read: samples [from, to) of a chunk of `count`. */
  private readStarts(column: number, count: number, from: number, to: number, out: SampleColumns): void {
    const first = out.length - (to - from);
    if (column === 0 || !out.wantsStarts) {
      out.setStarts(first);
      return;
    }
    const id = column - 1;
    // Decoded each time: chunks of different lengths can share a column, and most are a constant.
    const data = this.index.cached('start_column', id, () => {
      const value = this.file.startColumn(id);
      return { value, bytes: value.length };
    });
    const starts = this.resources.codec.decode(data, 0, data.length, count);
    if (starts === undefined) throw this.file.corrupt('start_column', id, `cannot be decoded as ${count} times`);
    out.setStarts(first, starts.subarray(from, to));
  }

  private readHistograms(
    bytes: Uint8Array, start: number, end: number, id: number, times: Float64Array, from: number, to: number, out: SampleColumns,
  ): void {
    try {
      const before = from > 0 && out.length === 0 ? 1 : 0;
      const histograms = decodeHistogramChunk(bytes, start, end, from - before, to, times.length, this.resources.codec);
      if (before === 1) {
        out.histogramBefore = histograms[0];
        out.histogramBeforeMs = times[from - 1]!;
      }
      for (let i = from; i < to; i++) out.pushHistogram(times[i]!, histograms[i - from + before]!);
    } catch (cause) {
      throw this.file.corrupt('histogram_page', id, `chunk at ${start} cannot be decoded`, cause);
    }
  }

  private times(id: number): Float64Array {
    return this.index.cached('time_column', id, () => {
      const row = this.file.timeColumn(id);
      const part = partOf(row.data);
      if (part !== undefined) return { value: this.partOfTimes(id, part, row.count), bytes: row.count * 8 };
      const decoded = this.resources.codec.decode(row.data, 0, row.data.length, row.count);
      if (decoded === undefined) throw this.file.corrupt('time_column', id, 'cannot be decoded');
      return { value: decoded.slice(), bytes: row.count * 8 };
    });
  }

  /** A copy, since the cache counts its bytes by themselves. */
  private partOfTimes(id: number, part: { readonly id: number; readonly from: number }, count: number): Float64Array {
    // Only a column before it, and none that is a part itself: nothing can go in circles.
    if (part.id >= id || partOf(this.file.timeColumn(part.id).data) !== undefined) {
      throw this.file.corrupt('time_column', id, `part of column ${part.id}`);
    }
    const times = this.times(part.id).slice(part.from, part.from + count);
    if (times.length !== count) throw this.file.corrupt('time_column', id, `part of column ${part.id} from ${part.from} on`);
    return times;
  }
}

class BlockSeries implements Series {
  private known: Labels | undefined;

  constructor(private readonly block: BlockReader, private readonly series: number) {}

  get labels(): Labels {
    return (this.known ??= this.block.labelsOf(this.series));
  }

  read(out: SampleColumns, mint: number, maxt: number): void {
    this.block.readSeries(this.series, out, mint, maxt);
  }
}
