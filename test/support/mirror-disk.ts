/**
 * A directory of real files under a `SimDisk`: what the store does to its files is done to both, so that blocks, which SQLite writes
 * and reads by path, take part in simulated crashes. The real files are what programs see; the simulation knows what of it is durable.
 *
 * Simulated: every operation of `Disk` is a place to crash or to fail; names, contents and directories are durable only after their own
 * sync; unsynced sectors survive a power loss at random. Not simulated: the single writes of SQLite. A file of SQLite's is noticed
 * when the store touches it through the disk (or when the power goes), as written and not synced; until it is published nobody reads it.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Disk, DiskEntry, DiskFile } from '../../src/io/disk.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { SimDisk, type SimDiskOptions } from './sim-disk.js';

export class MirrorDisk implements Disk {
  readonly sim: SimDisk;
  private readonly real = new NodeDisk();
  private readonly opened = new Set<DiskFile>();

  /** @param root a real, empty directory, which is there for good */
  constructor(private readonly root: string, options: SimDiskOptions = {}) {
    this.sim = new SimDisk(options);
    this.sim.makeDirectory(root);
    for (let parent = root; parent !== '/'; parent = path.dirname(parent)) this.sim.syncDirectorySync(path.dirname(parent));
  }

  /** Ends the machine or the process and puts the real files into the state in which the next start finds them. */
  crash(kind: 'power' | 'process'): void {
    this.noticeAll(this.root);
    this.sim.crash(kind);
    for (const file of this.opened) file.close();
    this.opened.clear();
    for (const name of fs.readdirSync(this.root)) fs.rmSync(path.join(this.root, name), { recursive: true });
    this.restore(this.root);
  }

  openRead(file: string): DiskFile {
    this.notice(file);
    return this.sim.openRead(file);
  }

  openWrite(file: string): DiskFile {
    this.notice(file);
    return this.both(this.sim.openWrite(file), this.real.openWrite(file));
  }

  create(file: string): DiskFile {
    this.notice(file);
    return this.both(this.sim.create(file), this.real.create(file));
  }

  rename(from: string, to: string): void {
    this.notice(from);
    this.notice(to);
    this.sim.rename(from, to);
    this.real.rename(from, to);
  }

  link(existing: string, to: string): void {
    this.notice(existing);
    this.sim.link(existing, to);
    this.real.link(existing, to);
  }

  remove(file: string): void {
    this.notice(file);
    this.sim.remove(file);
    this.real.remove(file);
  }

  removeDirectory(directory: string): void {
    this.noticeAll(directory);
    this.sim.removeDirectory(directory);
    this.real.removeDirectory(directory);
  }

  list(directory: string): string[] {
    this.noticeAll(directory);
    return this.sim.list(directory);
  }

  makeDirectory(directory: string): void {
    this.sim.makeDirectory(directory);
    this.real.makeDirectory(directory);
  }

  stat(file: string): DiskEntry | undefined {
    this.notice(file);
    return this.sim.stat(file);
  }

  freeBytes(): number {
    return this.sim.freeBytes();
  }

  syncDirectory(directory: string): Promise<void> {
    this.noticeAll(directory);
    return this.sim.syncDirectory(directory);
  }

  syncDirectorySync(directory: string): void {
    this.noticeAll(directory);
    this.sim.syncDirectorySync(directory);
  }

  // ---- inside

  /** Takes in a file that was made, or written to, past the disk. */
  private notice(file: string): void {
    if (this.sim.stopped) return;
    const found = this.real.stat(file);
    if (found === undefined || found.isDirectory) return;
    if (this.sim.stat(file)?.sizeBytes === found.sizeBytes) return;
    this.sim.adopt(file, fs.readFileSync(file));
  }

  private noticeAll(directory: string): void {
    if (this.real.stat(directory)?.isDirectory !== true) return;
    for (const name of fs.readdirSync(directory)) this.notice(path.join(directory, name));
  }

  private both(simulated: DiskFile, real: DiskFile): DiskFile {
    this.opened.add(real);
    return {
      path: simulated.path,
      sizeBytes: () => simulated.sizeBytes(),
      readAt: (into, start, length, position) => simulated.readAt(into, start, length, position),
      writeAt: (from, start, length, position) => {
        const wrote = simulated.writeAt(from, start, length, position);
        for (let at = 0; at < wrote; ) at += real.writeAt(from, start + at, wrote - at, position + at);
        return wrote;
      },
      preallocate: (from, to) => {
        simulated.preallocate(from, to);
        real.preallocate(from, to);
      },
      truncate: (sizeBytes) => {
        simulated.truncate(sizeBytes);
        real.truncate(sizeBytes);
      },
      datasync: () => simulated.datasync(),
      datasyncSync: () => simulated.datasyncSync(),
      close: () => {
        simulated.close();
        real.close();
        this.opened.delete(real);
      },
    };
  }

  private restore(directory: string): void {
    for (const name of this.sim.list(directory)) {
      const file = path.join(directory, name);
      if (this.sim.stat(file)?.isDirectory === true) {
        fs.mkdirSync(file);
        this.restore(file);
      } else fs.writeFileSync(file, this.sim.content(file));
    }
  }
}
