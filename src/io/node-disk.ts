import fs from 'node:fs';
import { invariant } from '../invariant.js';
import type { Disk, DiskEntry, DiskFile } from './disk.js';
import { errnoOf } from './disk.js';

/** Zeros for `preallocate`: large enough that the calls do not count, small enough to stay in the cache. */
const ZEROS = new Uint8Array(256 * 1024);

class NodeFile implements DiskFile {
  private syncsRunning = 0;
  private open = true;

  constructor(
    readonly path: string,
    private readonly fd: number,
  ) {}

  sizeBytes(): number {
    return fs.fstatSync(this.fd).size;
  }

  readAt(into: Uint8Array, start: number, length: number, position: number): number {
    return fs.readSync(this.fd, into, start, length, position);
  }

  writeAt(from: Uint8Array, start: number, length: number, position: number): number {
    return fs.writeSync(this.fd, from, start, length, position);
  }

  preallocate(from: number, to: number): void {
    for (let at = from; at < to; ) at += fs.writeSync(this.fd, ZEROS, 0, Math.min(ZEROS.length, to - at), at);
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.fd, sizeBytes);
  }

  datasync(): Promise<void> {
    this.syncsRunning++;
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.fd, (error) => {
        this.syncsRunning--;
        if (error) reject(error);
        else resolve();
      });
    });
  }

  datasyncSync(): void {
    fs.fdatasyncSync(this.fd);
  }

  close(): void {
    // A descriptor that is closed under a running fdatasync can already be another file when the call gets to it.
    invariant(this.syncsRunning === 0, `${this.path} closed while it is being synced`);
    if (!this.open) return;
    this.open = false;
    fs.closeSync(this.fd);
  }
}

/** The real disk. */
export class NodeDisk implements Disk {
  openRead(path: string): DiskFile {
    return new NodeFile(path, fs.openSync(path, 'r'));
  }

  openWrite(path: string): DiskFile {
    return new NodeFile(path, fs.openSync(path, 'r+'));
  }

  create(path: string): DiskFile {
    return new NodeFile(path, fs.openSync(path, 'wx+', 0o644));
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  link(from: string, to: string): void {
    fs.linkSync(from, to);
  }

  remove(path: string): void {
    fs.unlinkSync(path);
  }

  removeDirectory(path: string): void {
    fs.rmdirSync(path);
  }

  list(directory: string): string[] {
    return fs.readdirSync(directory).sort();
  }

  makeDirectory(path: string): void {
    try {
      fs.mkdirSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || !fs.statSync(path).isDirectory()) throw error;
    }
  }

  stat(path: string): DiskEntry | undefined {
    try {
      const stat = fs.statSync(path);
      return { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, isDirectory: stat.isDirectory() };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  freeBytes(path: string): number {
    const stat = fs.statfsSync(path);
    return stat.bavail * stat.bsize;
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = await fs.promises.open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  syncDirectorySync(path: string): void {
    const fd = fs.openSync(path, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }
}
