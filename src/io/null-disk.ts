import type { Disk, DiskEntry, DiskFile } from './disk.js';

/** A disk that keeps nothing: writes succeed, and there is never a file to read. For stores that live in memory only. */
export class NullDisk implements Disk {
  openRead(path: string): DiskFile {
    throw missing(path);
  }

  openWrite(path: string): DiskFile {
    throw missing(path);
  }

  create(path: string): DiskFile {
    return new NullFile(path);
  }

  rename(): void {}

  link(): void {}

  remove(): void {}

  removeDirectory(): void {}

  list(): string[] {
    return [];
  }

  makeDirectory(): void {}

  stat(): DiskEntry | undefined {
    return undefined;
  }

  freeBytes(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  syncDirectory(): Promise<void> {
    return Promise.resolve();
  }

  syncDirectorySync(): void {}
}

class NullFile implements DiskFile {
  constructor(readonly path: string) {}

  sizeBytes(): number {
    return 0;
  }

  readAt(): number {
    return 0;
  }

  writeAt(_from: Uint8Array, _start: number, length: number): number {
    return length;
  }

  preallocate(): void {}

  truncate(): void {}

  datasync(): Promise<void> {
    return Promise.resolve();
  }

  datasyncSync(): void {}

  close(): void {}
}

function missing(path: string): Error {
  return Object.assign(new Error(`${path}: a disk that keeps nothing has no files`), { code: 'ENOENT' });
}
