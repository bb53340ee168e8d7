/** A store whose heads become blocks, on the thread of the test. */
import fs from 'node:fs';
import path from 'node:path';
import { systemClock, type Clock } from '../../src/io/clock.js';
import type { Disk } from '../../src/io/disk.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import type { AdminWork } from '../../src/tsdb/administration.js';
import { compactBlocks } from '../../src/tsdb/compact/compact-blocks.js';
import { rewriteBlock } from '../../src/tsdb/compact/rewrite-block.js';
import { sealHead } from '../../src/tsdb/compact/seal-head.js';
import type { BlockCompactor } from '../../src/tsdb/compaction.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { matchSeries } from '../../src/tsdb/match-series.js';
import type { HeadSealer } from '../../src/tsdb/upkeep.js';
import { openStoreWith, type OpenStore } from './store-fixture.js';

const kernels = loadKernelModule();
const codec = loadCodecModule();

/** As the block worker does it. */
export const sealHere: HeadSealer = async (head, file) => sealHead(new NodeDisk(), { kernels, codec, head, readerSlot: 15, file });

const compactHere: BlockCompactor = async (parents, header, file) => compactBlocks(new NodeDisk(), { codec, parents, header, file });

/** As the admin worker does it. */
const adminHere: AdminWork = {
  match: async (sources, matcherSets, mint, maxt) => matchSeries({ kernels, codec, readerSlot: 15, sources, matcherSets, mint, maxt }),
  rewrite: async (block, header, file) => rewriteBlock(new NodeDisk(), { codec, block, header, file }),
  copyCatalogue: async (file) => fs.writeFileSync(file, 'catalogue'),
};

export interface SealingSetup {
  readonly options?: Partial<DbOptions>;
  readonly sealer?: HeadSealer;
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly onExpired?: (beforeMs: number) => void;
  /** Blocks are compacted, too. */
  readonly compacts?: boolean;
}

export function openSealing(
  directory: string, { options = {}, sealer = sealHere, clock = systemClock, disk = new NodeDisk(), onExpired = () => {}, compacts = false }: SealingSetup = {},
): Promise<OpenStore> {
  return openStoreWith(directory, options, {
    disk, clock, codec, sealHead: sealer, adminWork: adminHere, onExpired, ...(compacts ? { compactBlocks: compactHere } : {}),
  });
}

/** Names of the heads or blocks of a store, oldest id first. */
export function filesOf(store: OpenStore, folder: 'heads' | 'blocks'): string[] {
  return fs.readdirSync(path.join(store.directory, folder)).sort();
}
