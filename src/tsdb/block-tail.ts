/**
 * The end of a series in blocks, for the writer: a series that was silent for hours may go on, and its total with it. Looked at only
 * when the heads have nothing of the series, and then only as far back as is asked for.
 */
import { ST_CONFLICT, ST_DUPLICATE, ST_OK } from '../kernel/layout.js';
import { isSameHistogram } from '../model/histogram-codec.js';
import type { Labels } from '../model/labels.js';
import { SampleColumns } from '../model/sample-columns.js';
import { BlockError } from './block/block-error.js';
import { BlockReader, type BlockResources } from './block/block-reader.js';
import type { BlockStore, StoredBlock } from './block-store.js';
import type { RowValue } from './other-sources.js';
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
    let newest = -Infinity;
    for (const columns of this.parts(labels, since, before, () => newest)) {
      if (columns.length > 0) newest = Math.max(newest, columns.timestamps[columns.length - 1]!);
    }
    return newest;
  }

  /** The newest value in [since, before): neither a stale marker nor another NaN. */
  lastBefore(labels: Labels, since: number, before: number): TimedAmount | undefined {
    let last: TimedAmount | undefined;
    for (const columns of this.parts(labels, since, before, () => last?.timeMs ?? -Infinity)) {
      for (let n = columns.length - 1; n >= 0 && columns.timestamps[n]! > (last?.timeMs ?? -Infinity); n--) {
        const amount = columns.histograms?.[n] ?? columns.values[n]!;
        if (amount === amount) last = { timeMs: columns.timestamps[n]!, amount };
      }
    }
    return last;
  }

  /**
   * Whether a sample is stored at exactly this time. ST_OK: none; ST_DUPLICATE: this one; ST_CONFLICT: another value. The halves of a
   * double are compared as they are, since a stale marker is a NaN.
   */
  probe(labels: Labels, t: number, value: RowValue): number {
    for (const columns of this.parts(labels, t, t + 1, () => -Infinity)) {
      if (columns.length === 0) continue;
      const stored = columns.histograms?.[0];
      if (stored !== undefined) return 'schema' in value && isSameHistogram(stored, value) ? ST_DUPLICATE : ST_CONFLICT;
      if ('schema' in value) return ST_CONFLICT;
      const bits = new Uint32Array(columns.values.buffer, columns.values.byteOffset, 2);
      return bits[0] === value[0] && bits[1] === value[1] ? ST_DUPLICATE : ST_CONFLICT;
    }
    return ST_OK;
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

  /**
   * Samples of the series in [since, before), block by block, newest first. Blocks may overlap, so one that begins earlier may have
   * newer samples; those that end at `passed()` or before are left out. The columns are reused.
   */
  private *parts(labels: Labels, since: number, before: number, passed: () => number): Generator<SampleColumns> {
    const { columns } = this;
    const blocks = this.blocks.blocks();
    for (let i = blocks.length - 1; i >= 0; i--) {
      const { meta } = blocks[i]!;
      if (meta.min_time >= before || meta.max_time < since || meta.max_time <= passed()) continue;
      columns.clear();
      this.read(blocks[i]!, labels, since, before - 1);
      yield columns;
    }
  }

  private read(block: StoredBlock, labels: Labels, mint: number, maxt: number): void {
    const { id } = block.descriptor;
    try {
      if (!this.readers.has(id)) this.readers.set(id, BlockReader.open(block.descriptor.file, this.resources));
      const reader = this.readers.get(id);
      reader?.setDeleted(block.descriptor.deleted);
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
