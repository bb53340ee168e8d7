/** Reads a block from front to back, with memory for the pages at hand only. */
import type { BlockMeta } from '../block/block-format.js';
import { BlockReader } from '../block/block-reader.js';
import { ColumnCodec } from '../block/column-codec.js';
import { PageCache } from '../block/page-cache.js';
import { verifyBlock } from '../block/verify-block.js';

const CACHE_BYTES = 4 * 1024 * 1024;

/** @throws BlockError that names what is damaged */
export function verifyFile(codec: ColumnCodec, file: string): BlockMeta {
  const block = BlockReader.open(file, { codec, cache: new PageCache(CACHE_BYTES) });
  try {
    return verifyBlock(block);
  } finally {
    block.close();
  }
}

/** All that a thread which checks one block is told. */
export interface VerifyJob {
  readonly codec: WebAssembly.Module;
  readonly file: string;
}

/** As `verifyFile`, with a codec of its own. */
export function verifyBlockFile({ codec, file }: VerifyJob): BlockMeta {
  return verifyFile(new ColumnCodec(codec), file);
}
