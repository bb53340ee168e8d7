import type { Disk, DiskEntry, DiskFile } from './disk.js';
import { NullDisk } from './null-disk.js';

/**
 * A disk whose files can be read and never change: writes, renames and removals succeed and do nothing. For looking at what a server has
 * on disk with the code that otherwise repairs and tidies up while it reads.
 */
export class ReadOnlyDisk extends NullDisk {
  constructor(private readonly disk: Disk) {
    super();
  }

  override openRead(path: string): DiskFile {
    return this.disk.openRead(path);
  }

  /** What is written goes nowhere. */
  override openWrite(path: string): DiskFile {
    return this.create(path);
  }

  override list(directory?: string): string[] {
    return directory === undefined || this.disk.stat(directory)?.isDirectory !== true ? [] : this.disk.list(directory);
  }

  override stat(path?: string): DiskEntry | undefined {
    return path === undefined ? undefined : this.disk.stat(path);
  }
}
