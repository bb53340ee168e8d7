/** The blocks of the data directory, on the thread that writes: which there are, publishing and dropping them. */
import path from 'node:path';
import type { Disk } from '../io/disk.js';
import type { BlockMeta } from './block/block-format.js';
import { BlockFile } from './block/block-file.js';
import type { BlockDescriptor } from './head/descriptor.js';

export interface StoredBlock {
  readonly descriptor: BlockDescriptor;
  readonly meta: BlockMeta;
  readonly sizeBytes: number;
}

/** `000013_1700000000000_1700007200000.block`: id, mint, maxt. */
const FILE = /^(\d+)_(-?\d+)_(-?\d+)\.block$/;
const TEMPORARY = '.tmp';

export class BlockStore {
  /** Oldest first. */
  private ordered: StoredBlock[] = [];

  constructor(private readonly disk: Disk, private readonly directory: string) {}

  /** Finds the blocks and removes what was not finished. Returns a line for each block that cannot be read. */
  open(): string[] {
    const { disk, directory } = this;
    disk.makeDirectory(directory);
    disk.syncDirectorySync(path.dirname(directory));
    const unreadable: string[] = [];
    for (const name of disk.list(directory)) {
      const file = path.join(directory, name);
      const match = FILE.exec(name);
      // A journal beside a block, left by another program, would be replayed into it.
      if (name.endsWith(TEMPORARY) || /\.block(\.tmp)?-(journal|wal|shm)$/.test(name)) disk.remove(file);
      if (match === null) continue;
      const descriptor = { id: Number(match[1]), mint: Number(match[2]), maxt: Number(match[3]), file };
      try {
        const opened = BlockFile.open(file);
        this.insert({ descriptor, meta: opened.meta, sizeBytes: disk.stat(file)?.sizeBytes ?? 0 });
        opened.close();
      } catch (error) {
        unreadable.push(`${error instanceof Error ? error.message : String(error)}; its samples are missing from answers`);
      }
    }
    return unreadable;
  }

  blocks(): readonly StoredBlock[] {
    return this.ordered;
  }

  descriptors(): BlockDescriptor[] {
    return this.ordered.map((block) => block.descriptor);
  }

  /** True if all samples of this head are in a block. */
  holdsHead(id: number, mint: number, maxt: number): boolean {
    return this.ordered.some(({ meta }) => meta.mint === mint && meta.maxt === maxt && headsOf(meta).includes(id));
  }

  /** Highest id in use, of a block or of a head that became one; 0 if there is none. */
  highestId(): number {
    return this.ordered.reduce((highest, { descriptor, meta }) => Math.max(highest, descriptor.id, ...headsOf(meta)), 0);
  }

  newestSample(): number {
    return this.ordered.reduce((newest, { meta }) => Math.max(newest, meta.series > 0 ? meta.max_time : -Infinity), -Infinity);
  }

  /** Bytes of a block's file, 0 if there is no such block. */
  sizeOf(id: number): number {
    return this.ordered.find((block) => block.descriptor.id === id)?.sizeBytes ?? 0;
  }

  totalBytes(): number {
    return this.ordered.reduce((sum, block) => sum + block.sizeBytes, 0);
  }

  /** Where a block is written before it is published. */
  temporaryFile(id: number, mint: number, maxt: number): string {
    return this.file(id, mint, maxt) + TEMPORARY;
  }

  /** Gives a finished block its name, for good. */
  publish(id: number, meta: BlockMeta): void {
    const file = this.file(id, meta.mint, meta.maxt);
    this.disk.rename(file + TEMPORARY, file);
    this.disk.syncDirectorySync(this.directory);
    const descriptor = { id, mint: meta.mint, maxt: meta.maxt, file };
    this.insert({ descriptor, meta, sizeBytes: this.disk.stat(file)?.sizeBytes ?? 0 });
  }

  /** Takes a block out of use; its file stays until `erase`. */
  detach(block: StoredBlock): void {
    this.ordered = this.ordered.filter((one) => one !== block);
  }

  erase(block: StoredBlock): void {
    this.disk.remove(block.descriptor.file);
    this.disk.syncDirectorySync(this.directory);
  }

  /** Removes what a failed job left. */
  discard(temporaryFile: string): void {
    if (this.disk.stat(temporaryFile)) this.disk.remove(temporaryFile);
  }

  private file(id: number, mint: number, maxt: number): string {
    return path.join(this.directory, `${String(id).padStart(6, '0')}_${mint}_${maxt}.block`);
  }

  private insert(block: StoredBlock): void {
    this.ordered.push(block);
    this.ordered.sort((a, b) => a.descriptor.mint - b.descriptor.mint || a.descriptor.id - b.descriptor.id);
  }
}

function headsOf(meta: BlockMeta): number[] {
  return meta.heads === '' ? [] : String(meta.heads).split(',').map(Number);
}
