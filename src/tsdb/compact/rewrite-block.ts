/** A block without what was deleted from it -> a block beside it, complete, durable and read back. For a thread of its own. */
import type { Disk } from '../../io/disk.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { BlockDeletions } from '../block/block-deletions.js';
import type { BlockMeta } from '../block/block-format.js';
import { BlockReader } from '../block/block-reader.js';
import type { BlockSource } from '../block/block-source.js';
import { writeBlock, type BlockHeader } from '../block/block-writer.js';
import { ColumnCodec } from '../block/column-codec.js';
import { PageCache } from '../block/page-cache.js';
import type { BlockDescriptor } from '../head/descriptor.js';
import { verifyFile } from './verify-file.js';

export interface RewriteJob {
  readonly codec: WebAssembly.Module;
  readonly block: BlockDescriptor;
  readonly header: BlockHeader;
  /** Temporary name of the new block; whoever publishes it renames it. */
  readonly file: string;
}

const CACHE_BYTES = 16 * 1024 * 1024;

/** @throws Error (SQLite's or the disk's), BlockError if either block cannot be read; the file is of no use then */
export function rewriteBlock(disk: Disk, { codec: module, block, header, file }: RewriteJob): BlockMeta {
  const resources = { codec: new ColumnCodec(module), cache: new PageCache(CACHE_BYTES) };
  const reader = BlockReader.open(block.file, resources, block.deleted);
  try {
    writeBlock(disk, file, header, new BlockRemains(reader, block), resources.codec);
  } finally {
    reader.close();
  }
  return verifyFile(resources.codec, file);
}

/** What is left of a block, as the source of another. */
class BlockRemains implements BlockSource {
  readonly names: readonly string[];
  private readonly nameOf: Uint32Array;
  /** Series that still have samples. */
  private readonly series: Uint32Array;
  private readonly pairs: number[] = [];

  constructor(private readonly block: BlockReader, { deleted, file }: BlockDescriptor) {
    const { index, meta } = block;
    this.names = index.names.map((row) => row.name);
    this.nameOf = new Uint32Array(meta.pairs);
    index.names.forEach((row, i) => this.nameOf.fill(i, row.first_pair, row.first_pair + row.pairs));
    const deletions = deleted ? BlockDeletions.decode(deleted, file) : BlockDeletions.none;
    const columns = new SampleColumns();
    this.series = Uint32Array.from({ length: meta.series }, (_, i) => i).filter((series) => {
      if (deletions.of(series) === undefined) return true;
      columns.clear();
      this.readWhole(series, columns);
      return columns.length > 0;
    });
  }

  get pairCount(): number {
    return this.nameOf.length;
  }

  get seriesCount(): number {
    return this.series.length;
  }

  pairName(pair: number): number {
    return this.nameOf[pair]!;
  }

  pairValue(pair: number): string {
    return this.block.index.value(pair);
  }

  pairsOf(series: number): Uint32Array {
    this.pairs.length = 0;
    this.block.index.eachPair(this.series[series]!, (pair) => this.pairs.push(pair));
    return Uint32Array.from(this.pairs);
  }

  read(series: number, out: SampleColumns): void {
    this.readWhole(this.series[series]!, out);
  }

  private readWhole(series: number, out: SampleColumns): void {
    this.block.readSeries(series, out, -Infinity, Infinity);
  }
}
