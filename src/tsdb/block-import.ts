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
import { verifyFile } from './compact/verify-file.js';
import { sortByTime } from './head/sample-merge.js';

/** Nine times the usual range of a head: what compaction would make of it anyway, and never across its borders. */
const SPAN_MS = 18 * 3_600_000;
/** Samples in memory: 24 bytes each, and the labels of their series. */
const SAMPLES_MAX = 4_000_000;

export class BlockImport {
  private readonly disk = new NodeDisk();
  private readonly codec: ColumnCodec;
  private readonly blocks: BlockStore;
  private nextId: number;
  /** By begin of the span, then by labels. */
  private spans = new Map<number, Map<string, { readonly labels: Labels; readonly columns: SampleColumns }>>();
  private held = 0;
  /** Blocks written. */
  written = 0;
  samples = 0;

  /** The lock of the directory is the caller's. @throws Error of the disk */
  constructor(directory: string, codec: WebAssembly.Module) {
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
      append(this.columnsOf(labels, Math.floor(t / SPAN_MS) * SPAN_MS), columns, i);
    }
    this.held += columns.length;
    this.samples += columns.length;
    if (this.held >= SAMPLES_MAX) this.flush();
  }

  /** Writes what is in memory. @throws Error of the disk or SQLite */
  flush(): void {
    for (const [mint, series] of [...this.spans].sort((a, b) => a[0] - b[0])) {
      const id = this.nextId++;
      const file = this.blocks.temporaryFile(id, mint, mint + SPAN_MS);
      const header = { mint, maxt: mint + SPAN_MS, heads: [], parents: [], level: 0 };
      writeBlock(this.disk, file, header, new QueryableSource(new Collected(series), mint, mint + SPAN_MS - 1), this.codec);
      this.blocks.publish(id, verifyFile(this.codec, file));
      this.written++;
    }
    this.spans = new Map();
    this.held = 0;
  }

  private columnsOf(labels: Labels, span: number): SampleColumns {
    let series = this.spans.get(span);
    if (!series) this.spans.set(span, (series = new Map()));
    const key = labels.key();
    let entry = series.get(key);
    if (!entry) series.set(key, (entry = { labels, columns: new SampleColumns(64) }));
    return entry.columns;
  }
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
  constructor(private readonly series: ReadonlyMap<string, { readonly labels: Labels; readonly columns: SampleColumns }>) {}

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
