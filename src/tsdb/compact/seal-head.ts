/** A head whose time is over -> a block beside it, complete, durable and read back. For a thread of its own. */
import type { Disk } from '../../io/disk.js';
import type { BlockMeta } from '../block/block-format.js';
import { writeBlock } from '../block/block-writer.js';
import { ColumnCodec } from '../block/column-codec.js';
import { Arena } from '../head/arena.js';
import type { HeadDescriptor } from '../head/descriptor.js';
import { HeadReader } from '../head/head-reader.js';
import { HeadSource } from './head-source.js';
import { verifyFile } from './verify-file.js';

export interface SealJob {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
  readonly head: HeadDescriptor;
  /** Scratch slot of the thread in the head's arena. */
  readonly readerSlot: number;
  /** Temporary name of the block; whoever publishes it renames it. */
  readonly file: string;
}

/** @throws Error (SQLite's or the disk's), BlockError if the block does not read back; the file is of no use then */
export function sealHead(disk: Disk, { kernels, codec: codecModule, head, readerSlot, file }: SealJob): BlockMeta {
  const codec = new ColumnCodec(codecModule);
  const source = new HeadSource(new HeadReader(new Arena(kernels, head.memory), readerSlot));
  writeBlock(disk, file, { mint: head.mint, maxt: head.maxt, heads: [head.id], parents: [], level: 0 }, source, codec);
  return verifyFile(codec, file);
}
