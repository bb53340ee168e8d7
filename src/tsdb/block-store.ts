/**
 * The blocks of the data directory, on the thread that writes: which there are, publishing, replacing and dropping them.
 *
 * A damaged block never hides what is good. What can be opened is in use, and whoever asks for a page of it that is damaged is told so;
 * what cannot be opened at all is left in its place, is not in use, and is reported at every start: its cause may pass, and nobody but
 * the operator may throw it away.
 */
import path from 'node:path';
import { readFile, writeFully, type Disk } from '../io/disk.js';
import type { BlockSummary } from '../storage/block-summary.js';
import type { BlockMeta } from './block/block-format.js';
import { BlockDeletions } from './block/block-deletions.js';
import { BlockFile } from './block/block-file.js';
import type { SampleSpan } from './head-range.js';
import type { BlockDescriptor } from './head/descriptor.js';

/** Immutable: a block from which something was deleted is another object. */
export interface StoredBlock {
  readonly descriptor: BlockDescriptor;
  readonly meta: BlockMeta;
  readonly sizeBytes: number;
  /** When the file was written, ms. */
  readonly modifiedMs: number;
}

/** `000013_1700000000000_1700007200000.block`: id, mint, maxt. */
const FILE = /^(\d+)_(-?\d+)_(-?\d+)\.block$/;
const TEMPORARY = '.tmp';
/** Beside a block: what was deleted from it. */
const DELETED = '.deleted';

export class BlockStore {
  /** Oldest first. */
  private ordered: StoredBlock[] = [];
  /** Of all files, those that cannot be opened included: an id must not come back. */
  private highestInUse = 0;
  private readonly damagedIds = new Set<number>();
  private unreadableFiles = 0;

  constructor(private readonly disk: Disk, private readonly directory: string) {}

  /** Finds the blocks and removes what was not finished. Returns a line for each block that cannot be read. */
  open(): string[] {
    const { disk, directory } = this;
    disk.makeDirectory(directory);
    disk.syncDirectorySync(path.dirname(directory));
    // What a killed process renamed is found here, and logs and parents are removed because of it: so it has to be durable first.
    disk.syncDirectorySync(directory);
    const unreadable: { descriptor: BlockDescriptor; text: string }[] = [];
    const damagedLists: string[] = [];
    const names = disk.list(directory);
    for (const name of names) {
      const file = path.join(directory, name);
      const match = FILE.exec(name);
      // A journal beside a block, left by another program, would be replayed into it.
      if (name.endsWith(TEMPORARY) || /\.block(\.tmp)?-(journal|wal|shm)$/.test(name)) disk.remove(file);
      // The block went first.
      if (name.endsWith(DELETED) && !names.includes(name.slice(0, -DELETED.length))) disk.remove(file);
      if (match === null) continue;
      const descriptor = { id: Number(match[1]), mint: Number(match[2]), maxt: Number(match[3]), file };
      try {
        const opened = BlockFile.open(file);
        const deleted = names.includes(name + DELETED) ? this.readDeleted(descriptor, damagedLists) : undefined;
        this.insert(deleted ? { ...descriptor, deleted } : descriptor, opened.meta);
        opened.close();
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        unreadable.push({ descriptor, text: `${detail}; the file is left as it is, its samples are missing from answers` });
      }
      this.highestInUse = Math.max(this.highestInUse, descriptor.id);
    }
    const replaced = this.removeReplaced(unreadable.map((one) => one.descriptor));
    const missing = unreadable.filter(({ descriptor }) => !replaced.has(descriptor.id));
    this.unreadableFiles = missing.length;
    return [...missing.map((one) => one.text), ...damagedLists];
  }

  /** Removes the blocks whose samples are in another one: the process ended between the two. Returns their ids. */
  private removeReplaced(unreadable: readonly BlockDescriptor[]): Set<number> {
    const replaced = new Set(this.ordered.flatMap(({ meta }) => idsOf(meta.parents)));
    const all = [...this.ordered.map((block) => block.descriptor), ...unreadable];
    const files = all.filter((descriptor) => replaced.has(descriptor.id)).map((descriptor) => descriptor.file);
    for (const file of files) this.disk.remove(file);
    if (files.length > 0) this.disk.syncDirectorySync(this.directory);
    for (const file of files) this.discard(file + DELETED);
    this.ordered = this.ordered.filter((block) => !replaced.has(block.descriptor.id));
    return replaced;
  }

  private readDeleted({ id, file: blockFile }: BlockDescriptor, damagedLists: string[]): Uint8Array | undefined {
    const file = blockFile + DELETED;
    try {
      const deleted = readFile(this.disk, file);
      BlockDeletions.decode(deleted, file);
      return deleted;
    } catch (error) {
      // Not compacted: what shall be deleted again must not be in a longer block by then, and the list must not go with its block.
      this.damagedIds.add(id);
      damagedLists.push(`${error instanceof Error ? error.message : String(error)}; what was deleted from this block is in answers again, `
        + 'until it is deleted once more');
      return undefined;
    }
  }

  /**
   * Replaces what is deleted from a block; durable when the call returns. Readers must be told, also when it fails.
   * @param deleted encoded `BlockDeletions`
   * @throws Error of the disk: everything is as before, or deleted but not durable
   */
  setDeleted(block: StoredBlock, deleted: Uint8Array): void {
    const file = block.descriptor.file + DELETED;
    const aside = file + TEMPORARY;
    this.discard(aside);
    const opened = this.disk.create(aside);
    try {
      writeFully(opened, deleted, 0);
      opened.datasyncSync();
    } finally {
      opened.close();
    }
    this.disk.rename(aside, file);
    // From here on it holds at the next start, so it must not hold less before.
    const changed = { ...block, descriptor: { ...block.descriptor, deleted } };
    this.ordered = this.ordered.map((one) => (one === block ? changed : one));
    this.disk.syncDirectorySync(this.directory);
  }

  blocks(): readonly StoredBlock[] {
    return this.ordered;
  }

  /** The block that ends first. */
  oldest(): StoredBlock | undefined {
    let oldest: StoredBlock | undefined;
    for (const block of this.ordered) if (oldest === undefined || block.descriptor.maxt < oldest.descriptor.maxt) oldest = block;
    return oldest;
  }

  summaries(): BlockSummary[] {
    return this.ordered.map(({ descriptor: { id }, meta, sizeBytes }) => ({
      id, mint: meta.mint, maxt: meta.maxt, series: meta.series, floats: meta.floats, histograms: meta.histograms, chunks: meta.chunks,
      sizeBytes, level: meta.level, heads: idsOf(meta.heads), parents: idsOf(meta.parents), damaged: this.damagedIds.has(id),
    }));
  }

  descriptors(): BlockDescriptor[] {
    return this.ordered.map((block) => block.descriptor);
  }

  /** Paths of all blocks and of what lies beside them. */
  files(): string[] {
    return this.ordered.flatMap(({ descriptor: { file, deleted } }) => (deleted ? [file, file + DELETED] : [file]));
  }

  /** True if all samples of this head are in a block. */
  holdsHead(id: number, mint: number, maxt: number): boolean {
    return this.ordered.some(({ meta }) => meta.mint <= mint && maxt <= meta.maxt && idsOf(meta.heads).includes(id));
  }

  /** Highest id in use, of a block or of a head that became one; 0 if there is none. A block's parents have lower ones than itself. */
  highestId(): number {
    const { highestInUse } = this;
    return this.ordered.reduce((highest, { descriptor, meta }) => Math.max(highest, descriptor.id, ...idsOf(meta.heads)), highestInUse);
  }

  /** Blocks that are known to have damaged pages, by id. */
  get damaged(): ReadonlySet<number> {
    return this.damagedIds;
  }

  /** Files that cannot be opened. */
  get unreadable(): number {
    return this.unreadableFiles;
  }

  markDamaged(block: StoredBlock): void {
    const { id } = block.descriptor;
    if (this.ordered.some((one) => one.descriptor.id === id)) this.damagedIds.add(id);
  }

  hasAll(blocks: readonly StoredBlock[]): boolean {
    return blocks.every((block) => this.ordered.includes(block));
  }

  /** Bytes that may still be written where the blocks are. */
  freeBytes(): number {
    return this.disk.freeBytes(this.directory);
  }

  /** Where the samples of the blocks are in time. */
  sampleSpans(): SampleSpan[] {
    return this.ordered.filter(({ meta }) => meta.series > 0).map(({ meta }) => ({ minTime: meta.min_time, maxTime: meta.max_time }));
  }

  newestSample(): number {
    return this.ordered.reduce((newest, { meta }) => Math.max(newest, meta.series > 0 ? meta.max_time : -Infinity), -Infinity);
  }

  /** Infinity if there is none. */
  oldestSample(): number {
    return this.ordered.reduce((oldest, { meta }) => Math.min(oldest, meta.series > 0 ? meta.min_time : Infinity), Infinity);
  }

  /** Bytes of a block's file, 0 if there is no such block. */
  sizeOf(id: number): number {
    return this.ordered.find((block) => block.descriptor.id === id)?.sizeBytes ?? 0;
  }

  /** Of the blocks in use, with what was deleted from them. */
  totalBytes(): number {
    return this.ordered.reduce((sum, { sizeBytes, descriptor }) => sum + sizeBytes + (descriptor.deleted?.length ?? 0), 0);
  }

  /** Where a block is written before it is published. */
  temporaryFile(id: number, mint: number, maxt: number): string {
    return this.file(id, mint, maxt) + TEMPORARY;
  }

  /**
   * Gives a finished block its name, for good. Where that fails the block is removed: a second one will be made, and the next start must
   * not take this one for what replaces blocks that changed meanwhile.
   */
  publish(id: number, meta: BlockMeta): void {
    const file = this.file(id, meta.mint, meta.maxt);
    try {
      this.disk.rename(file + TEMPORARY, file);
      this.disk.syncDirectorySync(this.directory);
    } catch (error) {
      for (const name of [file, file + TEMPORARY]) this.discard(name);
      throw error;
    }
    const descriptor = { id, mint: meta.mint, maxt: meta.maxt, file };
    this.insert(descriptor, meta);
  }

  /**
   * Gives a finished block its name and takes those out of use whose samples are in it; their files stay until `erase`.
   * @throws Error (the disk's): everything is as it was then
   */
  replace(parents: readonly StoredBlock[], id: number, meta: BlockMeta): void {
    this.publish(id, meta);
    for (const parent of parents) this.detach(parent);
  }

  /** Takes a block out of use; its file stays until `erase`. */
  detach(block: StoredBlock): void {
    this.ordered = this.ordered.filter((one) => one !== block);
    this.damagedIds.delete(block.descriptor.id);
  }

  erase(block: StoredBlock): void {
    this.disk.remove(block.descriptor.file);
    // A power failure must not bring the block back without what was deleted from it. The next start removes a list without a block.
    this.disk.syncDirectorySync(this.directory);
    this.discard(block.descriptor.file + DELETED);
  }

  /** Removes what a failed job left, if it can: the next start removes temporary files, and reads no sample twice. */
  discard(file: string): void {
    try {
      if (this.disk.stat(file)) this.disk.remove(file);
    } catch {
      // Why the job failed is what is to be told.
    }
  }

  private file(id: number, mint: number, maxt: number): string {
    return path.join(this.directory, `${String(id).padStart(6, '0')}_${mint}_${maxt}.block`);
  }

  private insert(descriptor: BlockDescriptor, meta: BlockMeta): void {
    const { sizeBytes = 0, modifiedMs = 0 } = this.disk.stat(descriptor.file) ?? {};
    this.ordered.push({ descriptor, meta, sizeBytes, modifiedMs });
    this.ordered.sort((a, b) => a.descriptor.mint - b.descriptor.mint || a.descriptor.id - b.descriptor.id);
  }
}

/** The ids in `BlockMeta.heads` or `.parents`. SQLite gives back a single one as a number. */
export function idsOf(list: string): number[] {
  return list === '' ? [] : String(list).split(',').map(Number);
}
