/** What a block knows about names, values, label sets and series, decoded page by page through the cache of its thread. */
import { compareUtf8, Labels, METRIC_NAME } from '../../model/labels.js';
import { SERIES_PER_PAGE, SETS_PER_PAGE, TABLES, VALUES_PER_PAGE } from './block-format.js';
import { BlockError } from './block-error.js';
import type { BlockFile, NameRow } from './block-file.js';
import { decodeLabelSets, decodePostings, decodePostingsPage, type LabelSetPage } from './label-pages.js';
import type { PageCache, PageShelf } from './page-cache.js';
import { decodeSeriesPage, type SeriesPage } from './series-pages.js';

/** Bytes of a string in memory besides its characters. */
const STRING_BYTES = 24;

interface PostingsPage {
  readonly firstPair: number;
  readonly starts: Uint32Array;
  readonly bytes: Uint8Array;
}

export class BlockIndex {
  readonly names: readonly NameRow[];
  private readonly byName: ReadonlyMap<string, NameRow>;
  /** By number of the table. */
  private readonly shelves: readonly PageShelf[];

  constructor(readonly file: BlockFile, cache: PageCache) {
    this.names = file.names();
    this.byName = new Map(this.names.map((row) => [row.name, row]));
    this.shelves = Array.from({ length: 1 + Math.max(...Object.values(TABLES)) }, () => cache.shelf());
  }

  /** Gives back what the cache holds of this block. */
  close(): void {
    for (const shelf of this.shelves) shelf.clear();
  }

  get seriesCount(): number {
    return this.file.meta.series;
  }

  get pairCount(): number {
    return this.file.meta.pairs;
  }

  get setCount(): number {
    return this.file.meta.label_sets;
  }

  name(text: string): NameRow | undefined {
    return this.byName.get(text);
  }

  /** The name of a pair. */
  nameOf(pair: number): NameRow {
    let low = 0;
    let high = this.names.length;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (this.names[middle]!.first_pair <= pair) low = middle;
      else high = middle;
    }
    return this.names[low]!;
  }

  value(pair: number): string {
    if (pair >= this.file.meta.pairs) throw this.file.corrupt('label_value_page', pair, 'no such pair');
    return this.valueGroup(Math.floor(pair / VALUES_PER_PAGE))[pair % VALUES_PER_PAGE]!;
  }

  /** First pair of a name whose value is not below `value`; the end of the name's pairs if there is none. */
  lowerBound(name: NameRow, value: string): number {
    let low = name.first_pair;
    let high = name.first_pair + name.pairs;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.value(middle), value) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The pair, -1 if the block has none. */
  pair(name: NameRow, value: string): number {
    const at = this.lowerBound(name, value);
    return at < name.first_pair + name.pairs && this.value(at) === value ? at : -1;
  }

  /** Series that have the pair, rising. A new array. */
  postings(pair: number): Uint32Array {
    const page = this.postingsPage(pair);
    const list = pair - page.firstPair;
    if (list < 0 || list + 1 >= page.starts.length) throw this.file.corrupt('postings_page', page.firstPair, `no list of pair ${pair}`);
    return this.decoding('postings_page', page.firstPair, () =>
      decodePostings(page.bytes, page.starts[list]!, page.starts[list + 1]!, this.seriesCount));
  }

  seriesPage(series: number): SeriesPage {
    const id = Math.floor(series / SERIES_PER_PAGE);
    return this.cached('series_page', id, () => {
      const page = decodeSeriesPage(this.file.page('series_page', id));
      return { value: page, bytes: page.metric.length * 12 + page.kind.length * (page.startColumn ? 21 : 17) };
    });
  }

  labels(series: number): Labels {
    const page = this.seriesPage(series);
    const row = series % SERIES_PER_PAGE;
    if (row >= page.metric.length) throw this.file.corrupt('series_page', Math.floor(series / SERIES_PER_PAGE), `no series ${series}`);
    return this.labelsOf(page.metric[row]!, page.set[row]!);
  }

  /** Number of the series with exactly these labels, -1 if the block has none. Reads a page or two for each halving. */
  find(labels: Labels): number {
    let metric = 0;
    const pairs: number[] = [];
    for (let i = 0; i < labels.length; i++) {
      const name = this.name(labels.names[i]!);
      const pair = name === undefined ? -1 : this.pair(name, labels.values[i]!);
      if (pair < 0) return -1;
      if (labels.names[i] === METRIC_NAME) metric = pair + 1;
      else pairs.push(pair);
    }
    const set = firstWhere(this.file.meta.label_sets, (i) => this.compareSet(i, pairs) >= 0);
    if (set === this.file.meta.label_sets || this.compareSet(set, pairs) !== 0) return -1;
    const compare = (series: number): number => {
      const page = this.seriesPage(series);
      const row = series % SERIES_PER_PAGE;
      return page.metric[row]! - metric || page.set[row]! - set;
    };
    const series = firstWhere(this.seriesCount, (i) => compare(i) >= 0);
    return series < this.seriesCount && compare(series) === 0 ? series : -1;
  }

  /** Sign of label set i against pairs, in the order of the block. */
  private compareSet(set: number, pairs: readonly number[]): number {
    const page = this.setPage(set);
    const start = page.starts[set % SETS_PER_PAGE]!;
    const length = page.starts[(set % SETS_PER_PAGE) + 1]! - start;
    for (let i = 0; i < length && i < pairs.length; i++) if (page.pairs[start + i] !== pairs[i]) return page.pairs[start + i]! - pairs[i]!;
    return length - pairs.length;
  }

  /** Calls back with each pair of a series. */
  eachPair(series: number, call: (pair: number) => void): void {
    const page = this.seriesPage(series);
    const row = series % SERIES_PER_PAGE;
    if (page.metric[row]! > 0) call(page.metric[row]! - 1);
    const sets = this.setPage(page.set[row]!);
    const i = page.set[row]! % SETS_PER_PAGE;
    for (let at = sets.starts[i]!; at < sets.starts[i + 1]!; at++) call(sets.pairs[at]!);
  }

  private labelsOf(metric: number, set: number): Labels {
    const names: string[] = [];
    const values: string[] = [];
    const sets = this.setPage(set);
    const i = set % SETS_PER_PAGE;
    let metricName = metric > 0 ? this.value(metric - 1) : undefined;
    const end = sets.starts[i + 1];
    if (end === undefined) throw this.file.corrupt('label_set_page', Math.floor(set / SETS_PER_PAGE), `no label set ${set}`);
    for (let at = sets.starts[i]!; at < end; at++) {
      const pair = sets.pairs[at]!;
      const { name } = this.nameOf(pair);
      // Names that sort before __name__ come before it, although its pairs come first in the block.
      if (metricName !== undefined && compareUtf8(METRIC_NAME, name) < 0) {
        names.push(METRIC_NAME);
        values.push(metricName);
        metricName = undefined;
      }
      names.push(name);
      values.push(this.value(pair));
    }
    if (metricName !== undefined) {
      names.push(METRIC_NAME);
      values.push(metricName);
    }
    return Labels.fromSorted(names, values);
  }

  /** The page that has this label set. */
  setPage(set: number): LabelSetPage {
    const id = Math.floor(set / SETS_PER_PAGE);
    return this.cached('label_set_page', id, () => {
      const page = decodeLabelSets(this.file.page('label_set_page', id));
      return { value: page, bytes: page.starts.byteLength + page.pairs.byteLength };
    });
  }

  private postingsPage(pair: number): PostingsPage {
    const firstPair = this.file.floor(pair);
    return this.cached('postings_page', firstPair, () => {
      const bytes = this.file.page('postings_page', firstPair);
      const page = { firstPair, ...decodePostingsPage(bytes) };
      return { value: page, bytes: bytes.length + page.starts.byteLength };
    });
  }

  private valueGroup(group: number): readonly string[] {
    return this.cached('label_value_page', group, () => {
      const value = this.file.values(group);
      let bytes = 0;
      for (const text of value) bytes += STRING_BYTES + text.length;
      return { value, bytes };
    });
  }

  /** From the cache, or loaded into it. @throws BlockError */
  cached<T extends object>(table: keyof typeof TABLES, id: number, load: () => { value: T; bytes: number }): T {
    const shelf = this.shelves[TABLES[table]]!;
    const known = shelf.get(id);
    // A table is loaded in one place.
    if (known !== undefined) return known as T;
    const { value, bytes } = this.decoding(table, id, load);
    shelf.add(id, value, bytes);
    return value;
  }

  /** Decoding fails on bytes whose checksum is right only if their writer was wrong: damage all the same. */
  private decoding<T>(table: string, id: number, decode: () => T): T {
    try {
      return decode();
    } catch (cause) {
      if (cause instanceof BlockError) throw cause;
      throw this.file.corrupt(table, id, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
}

/** First of 0 .. count - 1 that fulfils a condition which all after it fulfil, too; count if none does. */
function firstWhere(count: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
