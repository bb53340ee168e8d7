/** Where imported lines end up: samples in blocks, metadata and exemplars in the catalogue. Of a directory that no server uses. */
import path from 'node:path';
import { CATALOGUE_FILE } from '../../catalogue/connection.js';
import { CatalogueWriter, DEFAULT_CATALOGUE_LIMITS, type CatalogueLimits } from '../../catalogue/catalogue-writer.js';
import type { SeenMetadata } from '../../catalogue/catalogue-batch.js';
import type { SeriesExemplars } from '../../catalogue/exemplar-table.js';
import { labelText } from '../../catalogue/label-text.js';
import { METRIC_NAME, type Labels } from '../../model/labels.js';
import type { MetricMetadata } from '../../model/metadata.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { BlockImport, type BlockImportOptions } from '../../tsdb/block-import.js';
import type { LineTarget } from './line-target.js';
import { SampleLineError } from './sample-lines.js';

/** No limit of the server's is applied here, where it would be to what is in the catalogue already: it does that when it starts. */
const LIMITS: CatalogueLimits = {
  ...DEFAULT_CATALOGUE_LIMITS,
  maxExemplars: Number.MAX_SAFE_INTEGER, maxExemplarsPerSeries: Number.MAX_SAFE_INTEGER, outOfOrderWindowMs: Infinity,
  maxMetadata: Number.MAX_SAFE_INTEGER,
};

/** Entries held before they are written. */
const BATCH_MAX = 10_000;
/** Years 1653 to 2286: what is outside is no time in ms, but one in another unit. */
const TIME_MAX = 1e13;

export class ImportTarget implements LineTarget {
  readonly columns = new SampleColumns();
  readonly blocks: BlockImport;
  metadataCount = 0;
  exemplarCount = 0;
  private readonly file: string;
  private readonly nowMs: number;
  private catalogue: CatalogueWriter | undefined;
  private heldMetadata: SeenMetadata[] = [];
  private heldExemplars: SeriesExemplars[] = [];

  /** The lock of the directory is the caller's. @throws Error of the disk */
  constructor(directory: string, codec: WebAssembly.Module, options: BlockImportOptions) {
    this.blocks = new BlockImport(directory, codec, options);
    this.file = path.join(directory, CATALOGUE_FILE);
    this.nowMs = options.nowMs;
  }

  samples(labels: Labels): void {
    if (labels.length === 0) throw new SampleLineError('there are no labels');
    const { timestamps, length } = this.columns;
    for (let i = 0; i < length; i++) {
      if (Math.abs(timestamps[i]!) > TIME_MAX) throw new SampleLineError(`${timestamps[i]} ms is no time since 1970`);
    }
    this.blocks.add(labels, this.columns);
  }

  metadata(metadata: MetricMetadata): void {
    this.heldMetadata.push({ metadata, atMs: this.nowMs });
    this.metadataCount++;
    if (this.heldMetadata.length >= BATCH_MAX) this.flushCatalogue();
  }

  exemplars(exemplars: SeriesExemplars): void {
    this.heldExemplars.push(exemplars);
    if (this.heldExemplars.length >= BATCH_MAX) this.flushCatalogue();
  }

  /** Writes what is in memory. @throws Error of the disk or SQLite */
  flush(): void {
    this.blocks.flush();
    this.flushCatalogue();
  }

  close(): void {
    this.catalogue?.close();
  }

  private flushCatalogue(): void {
    if (this.heldMetadata.length + this.heldExemplars.length === 0) return;
    this.catalogue ??= CatalogueWriter.open(this.file, LIMITS);
    const lists = this.heldExemplars;
    const all = lists.reduce((sum, { values }) => sum + values.length, 0);
    const values = new Float64Array(all);
    const timestamps = new Float64Array(all);
    const seriesIndex = new Uint32Array(all);
    let at = 0;
    lists.forEach((list, i) => {
      seriesIndex.fill(i, at, at + list.values.length);
      timestamps.set(list.timestamps, at);
      values.set(list.values, at);
      at += list.values.length;
    });
    const { exemplarsStored } = this.catalogue.apply({
      metadata: this.heldMetadata, rejects: [], haElections: [],
      exemplars: {
        series: lists.map(({ series }) => ({ metric: series.get(METRIC_NAME), labels: labelText(series) })),
        seriesIndex, timestamps, values, labels: lists.flatMap(({ labels }) => labels.map(labelText)),
      },
    });
    this.exemplarCount += exemplarsStored;
    this.heldMetadata = [];
    this.heldExemplars = [];
  }
}
