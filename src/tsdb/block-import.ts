/**
 * Samples of any age straight into the blocks of a data directory that no server uses: the rules about late samples are for what comes in
 * over time, not for history. Blocks may overlap what is there; compaction merges them when the server runs.
 */
import path from 'node:path';
import { NodeDisk } from '../io/node-disk.js';
import type { Labels } from '../model/labels.js';
import { SampleColumns } from '../model/sample-columns.js';
import type { Queryable, Series } from '../storage/queryable.js';
import { QueryableSource } from './block/block-source.js';
import { writeBlock } from './block/block-writer.js';
import { ColumnCodec } from './block/column-codec.js';
import { BlockStore } from './block-store.js';
import { compactionLevels } from './compact/plan.js';
import { verifyFile } from './compact/verify-file.js';
import { sortByTime } from './head/sample-merge.js';

/** As of the server that will use the directory. */
export interface BlockImportOptions {
  readonly headRangeMs: number;
  /** Longest block that compaction makes. */
  readonly maxBlockMs: number;
  /** What is later may still change: no long block there. */
  readonly nowMs: number;
}

/** Samples in memory: 24 bytes each. */
const SAMPLES_MAX = 4_000_000;
/** What a series costs besides its samples, in a span: room for a few, labels, objects. */
const SERIES_COST = 32;
const HISTOGRAM_COST = 32;
const FIRST_CAPACITY = 8;

export class BlockImport {
  private readonly disk = new NodeDisk();
  private readonly codec: ColumnCodec;
  private readonly blocks: BlockStore;
  private nextId: number;
  /** Lengths of spans, the longest first. */
  private readonly lengths: readonly number[];
  /** By begin of the span. */
  private spans = new Map<number, Span>();
  private last: Span | undefined;
  private held = 0;
  /** Blocks written. */
  written = 0;
  samples = 0;
  /** Oldest and newest sample that was taken; infinite if there is none. */
  oldest = Infinity;
  newest = -Infinity;

  /** The lock of the directory is the caller's. @throws Error of the disk */
  constructor(directory: string, codec: WebAssembly.Module, private readonly options: BlockImportOptions) {
    const { headRangeMs, maxBlockMs } = options;
    this.lengths = [headRangeMs, ...compactionLevels(headRangeMs, maxBlockMs)].reverse();
    this.codec = new ColumnCodec(codec);
    this.disk.makeDirectory(directory);
    this.blocks = new BlockStore(this.disk, path.join(directory, 'blocks'));
    this.blocks.open();
    const heads = path.join(directory, 'heads');
    const ids = this.disk.stat(heads) ? this.disk.list(heads).map((name) => Number(/^(\d+)_/.exec(name)?.[1] ?? 0)) : [];
    this.nextId = Math.max(this.blocks.highestId(), 0, ...ids) + 1;
  }

  /** Takes the samples of a series. Keeps no reference to `columns`. @throws Error if a block cannot be written */
  add(labels: Labels, columns: SampleColumns): void {
    for (let i = 0; i < columns.length; i++) {
      const t = columns.timestamps[i]!;
      if (t < this.oldest) this.oldest = t;
      if (t > this.newest) this.newest = t;
      append(this.columnsOf(labels, t), columns, i);
    }
    this.held += columns.length;
    if (columns.histograms) this.held += columns.length * HISTOGRAM_COST;
    this.samples += columns.length;
    if (this.held >= SAMPLES_MAX) this.flush();
  }

  /** Writes what is in memory. @throws Error of the disk or SQLite */
  flush(): void {
    for (const { mint, maxt, level, series } of [...this.spans.values()].sort((a, b) => a.mint - b.mint)) {
      const id = this.nextId++;
      const file = this.blocks.temporaryFile(id, mint, maxt);
      const header = { mint, maxt, heads: [], parents: [], level };
      writeBlock(this.disk, file, header, new QueryableSource(new Collected(series), mint, maxt - 1), this.codec);
      this.blocks.publish(id, verifyFile(this.codec, file));
      this.written++;
    }
    this.spans = new Map();
    this.last = undefined;
    this.held = 0;
  }

  /** Newest sample of the blocks that are there. */
  newestStored(): number {
    return this.blocks.newestSample();
  }

  private columnsOf(labels: Labels, t: number): SampleColumns {
    const { series } = this.spanOf(t);
    const key = labels.key();
    let entry = series.get(key);
    if (!entry) {
      series.set(key, (entry = { labels, columns: new SampleColumns(FIRST_CAPACITY) }));
      this.held += SERIES_COST;
    }
    return entry.columns;
  }

  /** What compaction would make of this time: the longest aligned range that is over, never across the border of a longer one. */
  private spanOf(t: number): Span {
    const { lengths } = this;
    if (this.last && this.last.mint <= t && t < this.last.maxt) return this.last;
    let at = lengths.findIndex((length) => (Math.floor(t / length) + 1) * length <= this.options.nowMs);
    if (at < 0) at = lengths.length - 1;
    const mint = Math.floor(t / lengths[at]!) * lengths[at]!;
    let span = this.spans.get(mint);
    if (!span) {
      span = { mint, maxt: mint + lengths[at]!, level: lengths.length - 1 - at, series: new Map() };
      this.spans.set(mint, span);
    }
    this.last = span;
    return span;
  }
}

interface Span {
  readonly mint: number;
  readonly maxt: number;
  readonly level: number;
  /** By key of the labels. */
  readonly series: Map<string, CollectedSeries>;
}

interface CollectedSeries {
  readonly labels: Labels;
  readonly columns: SampleColumns;
}

function append(to: SampleColumns, from: SampleColumns, i: number): void {
  const histogram = from.histograms?.[i];
  if (histogram) to.pushHistogram(from.timestamps[i]!, histogram);
  else {
    to.pushFloat(from.timestamps[i]!, 0);
    // Typed array to typed array: a stale marker keeps its bits.
    to.values.set(from.values.subarray(i, i + 1), to.length - 1);
  }
  if (from.startTimestamps) to.setStarts(to.length - 1, from.startTimestamps.subarray(i, i + 1));
  else to.setStarts(to.length - 1);
}

class Collected implements Queryable {
  constructor(private readonly series: ReadonlyMap<string, CollectedSeries>) {}

  select(): Series[] {
    return Array.from(this.series.values(), ({ labels, columns }) => {
      sortByTime(columns, 0);
      return {
        labels,
        read: (out) => {
          for (let i = 0; i < columns.length; i++) append(out, columns, i);
        },
      };
    });
  }

  labelNames(): string[] {
    return [];
  }

  labelValues(): string[] {
    return [];
  }
}
