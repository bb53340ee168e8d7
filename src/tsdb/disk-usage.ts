/** Bytes of the data directory besides the blocks, for the retention by size. */
import path from 'node:path';
import type { Disk } from '../io/disk.js';
import type { HeadStore } from './head-store.js';

/** Copies that an operator asked for are his to remove; most of their bytes are those of blocks that are here, too. */
const NOT_COUNTED = new Set(['blocks', 'heads', 'snapshots']);

export class DiskUsage {
  constructor(private readonly disk: Disk, private readonly directory: string, private readonly heads: HeadStore) {}

  /**
   * Logs and snapshots of the heads in use, logs that damage was found in, the catalogue with its own log. Not the logs of heads that are
   * blocks now: they are on their way out. A few calls of the system for each file. @throws Error of the disk
   */
  besidesBlocks(): number {
    const { disk, directory } = this;
    let bytes = this.treeBytes(path.join(directory, 'heads', 'quarantine'));
    for (const { log } of this.heads.heads()) if (log) bytes += this.treeBytes(log.directory);
    for (const name of disk.list(directory)) if (!NOT_COUNTED.has(name)) bytes += this.treeBytes(path.join(directory, name));
    return bytes;
  }

  private treeBytes(file: string): number {
    const entry = this.disk.stat(file);
    if (!entry?.isDirectory) return entry?.sizeBytes ?? 0;
    return this.disk.list(file).reduce((sum, name) => sum + this.treeBytes(path.join(file, name)), 0);
  }
}
