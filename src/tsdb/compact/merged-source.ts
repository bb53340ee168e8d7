/**
 * Several blocks as the source of one. Blocks have everything in the same order, so that names, values, label sets and series are merged
 * page by page and never sorted. Memory: the dictionary once, 8 bytes for each series and 4 for each pair of a label set of the union,
 * 4 bytes for each pair and label set of each block, and the samples of one series.
 */
import { invariant } from '../../invariant.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { SERIES_PER_PAGE } from '../block/block-format.js';
import type { BlockReader } from '../block/block-reader.js';
import type { OrderedSource } from '../block/block-source.js';
import type { SeriesOrder } from '../block/series-order.js';
import type { SeriesPage } from '../block/series-pages.js';
import { sortByTime } from '../head/sample-merge.js';
import { uniteDictionaries } from './dictionary-union.js';
import { uniteLabelSets } from './label-set-union.js';
import { NumberList } from './number-list.js';

export class MergedSource implements OrderedSource {
  readonly order: SeriesOrder;
  private readonly cursors: readonly SeriesCursor[];
  private next = 0;

  /**
   * @param blocks where several have a sample of the same series and time the first block's is taken
   * @throws BlockError if something of a block is damaged
   */
  constructor(blocks: readonly BlockReader[]) {
    const indexes = blocks.map((block) => block.index);
    const { names, values, ranks } = uniteDictionaries(indexes);
    const sets = uniteLabelSets(indexes, ranks);
    this.cursors = blocks.map((block, i) => new SeriesCursor(block, ranks[i]!, sets.ranks[i]!));
    const largest = blocks.reduce((count, block) => Math.max(count, block.meta.series), 0);
    const metric = new NumberList(largest);
    const set = new NumberList(largest);
    for (const cursor of this.cursors) cursor.rewind();
    for (let first = this.first(); first !== undefined; first = this.first()) {
      // Not read off the cursor in the loop: it moves there.
      const key = { metric: first.metric, set: first.set };
      metric.push(key.metric);
      set.push(key.set);
      for (const cursor of this.cursors) if (cursor.isAt(key.metric, key.set)) cursor.step();
    }
    for (const cursor of this.cursors) cursor.rewind();
    this.order = {
      names, values, setCount: sets.starts.length - 1, setStarts: sets.starts, setPairs: sets.pairs,
      source: Uint32Array.from({ length: metric.length }, (_, i) => i), metric: metric.view(), set: set.view(),
    };
  }

  /** Series have to be read in their order, each once: the blocks are read from front to back. @throws BlockError */
  read(series: number, out: SampleColumns): void {
    invariant(series === this.next, `series ${series} is read after ${this.next - 1}`);
    this.next++;
    const metric = this.order.metric[series]!;
    const set = this.order.set[series]!;
    const start = out.length;
    for (const cursor of this.cursors) {
      if (!cursor.isAt(metric, set)) continue;
      cursor.read(out);
      cursor.step();
    }
    // Looks at every time once, and sorts only where blocks overlap.
    sortByTime(out, start);
  }

  /** A cursor whose series comes first in the order of the union. */
  private first(): SeriesCursor | undefined {
    let first: SeriesCursor | undefined;
    for (const cursor of this.cursors) {
      if (cursor.atEnd) continue;
      if (first === undefined || cursor.metric < first.metric || (cursor.metric === first.metric && cursor.set < first.set)) first = cursor;
    }
    return first;
  }
}

/** The series of a block of which a sample is left, one after another, in the numbers of the union. */
class SeriesCursor {
  atEnd = false;
  /** Pair of the metric's name + 1, 0 if it has none; label set. */
  metric = 0;
  set = 0;
  private series = -1;
  private page: SeriesPage | undefined;
  private pageId = -1;
  private readonly scratch = new SampleColumns();

  constructor(private readonly block: BlockReader, private readonly pairRank: Uint32Array, private readonly setRank: Uint32Array) {}

  rewind(): void {
    this.series = -1;
    this.step();
  }

  isAt(metric: number, set: number): boolean {
    return !this.atEnd && this.metric === metric && this.set === set;
  }

  step(): void {
    do this.series++;
    while (this.series < this.block.meta.series && this.block.isDeleted(this.series, this.scratch));
    const { series } = this;
    this.atEnd = series >= this.block.meta.series;
    if (this.atEnd) return;
    const row = series % SERIES_PER_PAGE;
    const id = Math.floor(series / SERIES_PER_PAGE);
    if (id !== this.pageId || this.page === undefined) this.page = this.block.index.seriesPage(series);
    this.pageId = id;
    const metric = this.page.metric[row]!;
    this.metric = metric === 0 ? 0 : this.pairRank[metric - 1]! + 1;
    const set = this.setRank[this.page.set[row]!];
    const { file } = this.block.index;
    if (set === undefined) throw file.corrupt('series_page', id, `no label set of series ${series}`);
    this.set = set;
  }

  read(out: SampleColumns): void {
    this.block.readSeries(this.series, out, -Infinity, Infinity);
  }
}
