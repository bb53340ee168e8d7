/** Several blocks -> one block beside them, complete, durable and read back. For a thread of its own. */
import type { Disk } from '../../io/disk.js';
import type { BlockMeta } from '../block/block-format.js';
import { BlockReader } from '../block/block-reader.js';
import { writeBlock, type BlockHeader } from '../block/block-writer.js';
import { ColumnCodec } from '../block/column-codec.js';
import { PageCache } from '../block/page-cache.js';
import type { BlockDescriptor } from '../head/descriptor.js';
import { MergedSource } from './merged-source.js';
import { verifyFile } from './verify-file.js';

export interface CompactJob {
  readonly codec: WebAssembly.Module;
  /** What was deleted from them is left out. Where several have a sample of the same series and time, the one named first is right. */
  readonly parents: readonly Pick<BlockDescriptor, 'file' | 'deleted'>[];
  readonly header: BlockHeader;
  /** Temporary name of the block; whoever publishes it renames it. */
  readonly file: string;
}

/**
 * Pages are read in order, so that it only has to hold those at hand: a page of values of each block, and the columns of times that
 * their series share, 4 KB a target and two hours. What it had stays with the C library when the thread is gone, so it should be little;
 * decoding a column again takes microseconds, merging the samples of its series tenths of a millisecond.
 */
const CACHE_BYTES = 8 * 1024 * 1024;

/** @throws BlockError if a parent is damaged or the result does not read back, Error (SQLite's or the disk's); nothing is left then */
export function compactBlocks(disk: Disk, { codec: codecModule, parents, header, file }: CompactJob): BlockMeta {
  const codec = new ColumnCodec(codecModule);
  const cache = new PageCache(CACHE_BYTES);
  const readers: BlockReader[] = [];
  try {
    for (const { file: parent, deleted } of parents) readers.push(BlockReader.open(parent, { codec, cache }, deleted));
    writeBlock(disk, file, header, new MergedSource(readers), codec);
  } finally {
    for (const reader of readers) reader.close();
  }
  try {
    return verifyFile(codec, file);
  } catch (error) {
    disk.remove(file);
    throw error;
  }
}
