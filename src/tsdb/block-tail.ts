/**
 * The end of a series in blocks, for the writer: a series that was silent for hours may go on, and its total with it. Looked at only
 * when the heads have nothing of the series, and then only as far back as is asked for.
 */
import type { Labels } from '../model/labels.js';
import { SampleColumns } from '../model/sample-columns.js';
import { BlockError } from './block/block-error.js';
import { BlockReader, type BlockResources } from './block/block-reader.js';
import type { BlockStore, StoredBlock } from './block-store.js';
import type { TimedAmount } from './series-tail.js';

export class BlockTail {
  private readonly readers = new Map<number, BlockReader | undefined>();
  private readonly columns = new SampleColumns(512);

  /** @param report told once of each block that cannot be read: its series are then taken for new */
  constructor(
    private readonly blocks: BlockStore,
    private readonly resources: BlockResources,
    private readonly report: (message: string) => void,
  ) {
    this.columns.wantsStarts = false;
  }

  /** Time of the newest sample in [since, before), stale markers included; -Infinity if there is none. */
  newestTime(labels: Labels, since: number, before: number): number {
    for (const columns of this.parts(labels, since, before)) if (columns.length > 0) return columns.timestamps[columns.length - 1]!;
    return -Infinity;
  }

  /** The newest value in [since, before): neither a stale marker nor another NaN. */
  lastBefore(labels: Labels, since: number, before: number): TimedAmount | undefined {
    for (const columns of this.parts(labels, since, before)) {
      for (let n = columns.length - 1; n >= 0; n--) {
        const amount = columns.histograms?.[n] ?? columns.values[n]!;
        if (amount === amount) return { timeMs: columns.timestamps[n]!, amount };
      }
    }
    return undefined;
  }

  /** Closes what is not a block any more. */
  prune(): void {
    const ids = new Set(this.blocks.blocks().map((block) => block.descriptor.id));
    for (const [id, reader] of this.readers) {
      if (ids.has(id)) continue;
      reader?.close();
      this.readers.delete(id);
    }
  }

  close(): void {
    for (const reader of this.readers.values()) reader?.close();
    this.readers.clear();
  }

  /** Samples of the series in [since, before), block by block, newest first. The columns are reused. */
  private *parts(labels: Labels, since: number, before: number): Generator<SampleColumns> {
    const { columns } = this;
    const blocks = this.blocks.blocks();
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i]!;
      if (block.meta.min_time >= before || block.meta.max_time < since) continue;
      columns.clear();
      this.read(block, labels, since, before - 1);
      yield columns;
    }
  }

  private read(block: StoredBlock, labels: Labels, mint: number, maxt: number): void {
    const { id } = block.descriptor;
    try {
      if (!this.readers.has(id)) this.readers.set(id, BlockReader.open(block.descriptor.file, this.resources));
      const reader = this.readers.get(id);
      const series = reader?.index.find(labels) ?? -1;
      if (series >= 0) reader!.readSeries(series, this.columns, mint, maxt);
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      this.readers.get(id)?.close();
      this.readers.set(id, undefined);
      this.report(error.message);
    }
  }
}
