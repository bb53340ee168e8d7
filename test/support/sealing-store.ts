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
import { Db } from '../../src/tsdb/db.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { HeadSet } from '../../src/tsdb/head-set.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { matchSeries } from '../../src/tsdb/match-series.js';
import type { HeadSealer } from '../../src/tsdb/upkeep.js';
import { decodeLabelRun } from '../../src/wire/label-run.js';
import { HOUR, tempDirectory, type OpenStore } from './store-fixture.js';

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
  readonly directory?: string;
  readonly options?: Partial<DbOptions>;
  readonly sealer?: HeadSealer;
  readonly clock?: Clock;
  readonly disk?: Disk;
  readonly onExpired?: (beforeMs: number) => void;
  /** Blocks are compacted, too. */
  readonly compacts?: boolean;
}

/** Opens stores, and closes and removes them after a test. */
export class SealingStores {
  private readonly opened: OpenStore[] = [];
  private readonly directories = new Set<string>();

  async open({
    directory = tempDirectory(), options = {}, sealer = sealHere, clock = systemClock, disk = new NodeDisk(), compacts = false, onExpired = () => {},
  }: SealingSetup = {}): Promise<OpenStore> {
    this.directories.add(directory);
    const notes: string[] = [];
    const db = await Db.open(
      {
        directory, headRangeMs: 2 * HOUR, maxSeriesPerHead: 0, headMemoryBytes: 1 << 30, outOfOrderWindowMs: HOUR / 2, maxFutureMs: 600_000,
        retentionMs: 0, maxDecodedBytes: 32 << 20, sync: { mode: 'interval', intervalMs: 50 }, logSegmentBytes: 1 << 20, ...options,
      },
      {
        disk, clock, module: kernels, codec, decodeLabelRun, sealHead: sealer, adminWork: adminHere, onExpired,
        ...(compacts ? { compactBlocks: compactHere } : {}),
        report: (_level, message) => notes.push(message),
      },
    );
    notes.push(...db.openReport.notes.map((note) => note.text));
    const heads = new HeadSet(kernels, 1, { codec, cacheBytes: 1 << 20 });
    db.announceHeads((list) => heads.update(list), () => Promise.resolve());
    const store = { db, heads, directory, notes };
    this.opened.push(store);
    return store;
  }

  async close(store: OpenStore): Promise<void> {
    this.opened.splice(this.opened.indexOf(store), 1);
    store.heads.close();
    await store.db.close();
  }

  async closeAll(): Promise<void> {
    for (const store of [...this.opened]) await this.close(store);
    for (const directory of this.directories) fs.rmSync(directory, { recursive: true, force: true });
    this.directories.clear();
  }
}

/** Names of the heads or blocks of a store, oldest id first. */
export function filesOf(store: OpenStore, folder: 'heads' | 'blocks'): string[] {
  return fs.readdirSync(path.join(store.directory, folder)).sort();
}
