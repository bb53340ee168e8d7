import path from 'node:path';
import type { Disk, DiskEntry, DiskFile } from '../../src/io/disk.js';

/** Disks write sectors whole or not at all; anything larger can tear. */
const SECTOR = 512;

/** In the message of every fault that was ordered. */
export const SIMULATED = 'simulated fault,';

export interface SimDiskOptions {
  readonly seed?: number;
  /** Bytes that all files together may hold; beyond it writes are short and then fail with ENOSPC. */
  capacityBytes?: number;
  /** Probability of a write that writes less than asked. */
  shortWrites?: number;
}

/** The machine stopped. Every later operation on handles of the same life throws it, too. */
export class SimCrash extends Error {
  override name = 'SimCrash';
}

type Operation = 'read' | 'write' | 'datasync' | 'create' | 'rename' | 'remove' | 'truncate' | 'preallocate' | 'syncDirectory';

interface Inode {
  /** What programs see. */
  bytes: Uint8Array;
  size: number;
  /** What the medium holds. */
  durable: Uint8Array;
  durableSize: number;
  /** Sectors that differ, or may. */
  readonly dirty: Set<number>;
  /** Sectors that a running sync has taken over from `dirty`. */
  readonly syncing: Set<number>;
  isDirectory: boolean;
  /** Of a directory: the names in it that are durable. They go with it when it is renamed. */
  readonly entries: Map<string, Inode>;
}

/** A name in a directory, wherever that is now. */
interface Entry {
  readonly directory: Inode;
  readonly name: string;
}

/** One change of names that is not durable yet: in the same entry the file, or nothing, as it is after the change. */
interface NameChange {
  readonly touched: readonly (Entry & { readonly inode: Inode | undefined })[];
}

/**
 * A disk in memory that keeps apart what was written and what is durable. `crash('power')` keeps, of everything that
 * was not synced, a random subset of sectors and name changes; `crash('process')` keeps all of it, as a kill does.
 * Same seed, same story.
 */
export class SimDisk implements Disk {
  private names = new Map<string, Inode>();
  private changes: NameChange[] = [];
  private state: number;
  private life = 1;
  private operationsLeft = Infinity;
  private readonly faults: { operation: Operation; code: string; left: number }[] = [];
  /** Syncs that `holdSyncs` keeps from finishing. */
  private held: (() => void)[] | undefined;
  /** Calls by operation, for tests that count syncs. */
  readonly calls = new Map<Operation, number>();
  /** Since the last crash. */
  failedSyncs = 0;

  constructor(readonly options: SimDiskOptions = {}) {
    this.state = (options.seed ?? 1) >>> 0;
    this.names.set('/', newInode(true));
  }

  // ---- what tests do to it

  /** The next `times` operations of a kind fail. A failed datasync drops what it should have made durable, in silence. */
  fail(operation: Operation, code: string, times = 1): void {
    this.faults.push({ operation, code, left: times });
  }

  /** Crashes in the middle of the n-th changing operation from now on (1 = the next). */
  crashAfter(operations: number): void {
    this.operationsLeft = operations;
  }

  /** True after the crash that `crashAfter` ordered, until `crash`. */
  get stopped(): boolean {
    return this.operationsLeft <= 0;
  }

  /** Syncs started from now on finish only with `releaseSyncs`. */
  holdSyncs(): void {
    this.held ??= [];
  }

  releaseSyncs(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const release of held) release();
  }

  /** Ends all open handles; the disk is then as the next start finds it. */
  crash(kind: 'power' | 'process'): void {
    this.life++;
    this.operationsLeft = Infinity;
    this.faults.length = 0;
    this.failedSyncs = 0;
    this.held = undefined;
    for (const inode of new Set(this.names.values())) {
      for (const sector of inode.syncing) inode.dirty.add(sector); // the sync did not get to its end
      inode.syncing.clear();
    }
    if (kind === 'process') return;
    const lost: Entry[] = [];
    const isLost = (entry: Entry): boolean => lost.some(({ directory, name }) => directory === entry.directory && name === entry.name);
    for (const change of this.changes) {
      // Changes of one name happen in order: without the first there is no second.
      if (change.touched.some(isLost) || this.chance(0.5)) lost.push(...change.touched);
      else makeDurable(change);
    }
    this.changes = [];
    // What lies in a directory that is lost is lost.
    const root = this.inode('/');
    this.names = new Map([['/', root]]);
    this.find(root, '/');
    for (const inode of new Set(this.names.values())) this.tear(inode);
  }

  /** Flips one bit, on the medium and in the cache. */
  flipBit(file: string, position: number, bit = 0): void {
    const inode = this.inode(file);
    inode.bytes[position]! ^= 1 << bit;
    if (position < inode.durable.length) inode.durable[position]! ^= 1 << bit;
  }

  /** A file that another program wrote and did not sync. Counts as no operation. */
  adopt(file: string, bytes: Uint8Array): void {
    let inode = this.names.get(file);
    if (inode === undefined) {
      this.inode(path.dirname(file));
      const created = newInode(false);
      this.change([file, created]);
      inode = created;
    }
    resize(inode, bytes.length);
    this.put(inode, bytes, 0);
  }

  /** Bytes behind the end of a file, as a write that was torn leaves them. Counts as no operation. */
  extend(file: string, bytes: Uint8Array): void {
    const inode = this.inode(file);
    this.put(inode, bytes, inode.size);
  }

  /** The disk works again: faults that were ordered and did not happen yet are called off. */
  heal(): void {
    this.faults.length = 0;
  }

  /** What programs see of a file, a copy. Counts as no operation. */
  content(file: string): Uint8Array {
    const inode = this.inode(file);
    return inode.bytes.slice(0, inode.size);
  }

  /** A random integer in [0, below), from the disk's seed. */
  random(below: number): number {
    // xorshift-multiply step of "mulberry32": small, seedable and good enough to choose victims.
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  chance(probability: number): boolean {
    return this.random(1_000_000) < probability * 1_000_000;
  }

  // ---- Disk

  openRead(file: string): DiskFile {
    return this.handle(file, this.inode(file));
  }

  openWrite(file: string): DiskFile {
    return this.handle(file, this.inode(file));
  }

  create(file: string): DiskFile {
    this.step('create');
    if (this.names.has(file)) throw failure('EEXIST', 'create', file);
    this.inode(path.dirname(file));
    const inode = newInode(false);
    this.change([file, inode]);
    return this.handle(file, inode);
  }

  rename(from: string, to: string): void {
    this.step('rename');
    const inode = this.inode(from);
    this.inode(path.dirname(to));
    if ([...this.names.keys()].some((name) => name.startsWith(`${to}/`))) throw failure('ENOTEMPTY', 'rename', to);
    const moved = [...this.names].filter(([name]) => name.startsWith(`${from}/`));
    this.change([from, undefined], [to, inode]);
    for (const [name] of moved) this.names.delete(name);
    for (const [name, held] of moved) this.names.set(to + name.slice(from.length), held);
  }

  link(from: string, to: string): void {
    this.step('create');
    if (this.names.has(to)) throw failure('EEXIST', 'link', to);
    const inode = this.inode(from);
    this.change([to, inode]);
  }

  remove(file: string): void {
    this.step('remove');
    this.inode(file);
    this.change([file, undefined]);
  }

  removeDirectory(directory: string): void {
    this.step('remove');
    if (this.list(directory).length > 0) throw failure('ENOTEMPTY', 'rmdir', directory);
    this.change([directory, undefined]);
  }

  list(directory: string): string[] {
    this.inode(directory);
    const prefix = directory === '/' ? '/' : `${directory}/`;
    return [...this.names.keys()]
      .filter((name) => name !== '/' && name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map((name) => name.slice(prefix.length))
      .sort();
  }

  /** With its parents, unlike a real disk: tests begin with nothing. */
  makeDirectory(directory: string): void {
    if (this.names.has(directory)) return;
    this.makeDirectory(path.dirname(directory));
    this.step('create');
    const inode = newInode(true);
    this.change([directory, inode]);
  }

  stat(file: string): DiskEntry | undefined {
    const inode = this.names.get(file);
    return inode && { sizeBytes: inode.size, modifiedMs: 0, isDirectory: inode.isDirectory };
  }

  freeBytes(): number {
    return this.options.capacityBytes === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, this.options.capacityBytes - this.used());
  }

  async syncDirectory(directory: string): Promise<void> {
    this.syncDirectorySync(directory);
  }

  syncDirectorySync(directory: string): void {
    this.step('syncDirectory');
    const inode = this.inode(directory);
    const mine = this.changes.filter((change) => change.touched.some((entry) => entry.directory === inode));
    for (const change of mine) makeDurable(change);
    this.changes = this.changes.filter((change) => !mine.includes(change));
  }

  // ---- inside

  private handle(file: string, inode: Inode): DiskFile {
    const life = this.life;
    const alive = (): void => {
      if (life !== this.life || this.stopped) throw new SimCrash(`${file}: the machine has stopped`);
    };
    return {
      path: file,
      sizeBytes: () => inode.size,
      readAt: (into, start, length, position) => {
        alive();
        this.fault('read', file);
        const end = Math.min(inode.size, position + length);
        if (end <= position) return 0;
        into.set(inode.bytes.subarray(position, end), start);
        return end - position;
      },
      writeAt: (from, start, length, position) => {
        alive();
        const crashing = this.count('write');
        this.fault('write', file);
        let size = length;
        if (crashing) size = this.random(length + 1);
        else if (length > 1 && this.chance(this.options.shortWrites ?? 0)) size = 1 + this.random(length - 1);
        size = Math.min(size, this.room(inode, position));
        if (size === 0 && length > 0 && !crashing) throw failure('ENOSPC', 'write', file);
        this.put(inode, from.subarray(start, start + size), position);
        if (crashing) this.stop();
        return size;
      },
      preallocate: (from, to) => {
        alive();
        this.step('preallocate');
        if (this.room(inode, from) < to - from) throw failure('ENOSPC', 'preallocate', file);
        this.put(inode, new Uint8Array(to - from), from);
      },
      truncate: (sizeBytes) => {
        alive();
        this.step('truncate');
        resize(inode, sizeBytes);
      },
      datasync: async () => {
        alive();
        this.count('datasync');
        const finish = this.beginSync(inode, file);
        if (this.held) await new Promise<void>((resolve) => void this.held!.push(resolve));
        else await Promise.resolve();
        alive();
        finish();
      },
      datasyncSync: () => {
        alive();
        this.step('datasync');
        this.beginSync(inode, file)();
      },
      close: () => undefined,
    };
  }

  /** Snapshot at the start of a sync; the returned call makes it durable (or fails). */
  private beginSync(inode: Inode, file: string): () => void {
    const sectors = [...inode.dirty].map((sector) => [sector, inode.bytes.slice(sector * SECTOR, (sector + 1) * SECTOR)] as const);
    const size = inode.size;
    for (const sector of inode.dirty) inode.syncing.add(sector);
    inode.dirty.clear();
    let error: unknown;
    try {
      this.fault('datasync', file);
    } catch (caught) {
      error = caught;
      this.failedSyncs++;
    }
    return () => {
      for (const [sector] of sectors) inode.syncing.delete(sector);
      if (error !== undefined) throw error; // the sectors are clean now, and lost
      for (const [sector, bytes] of sectors) putDurable(inode, sector, bytes);
      inode.durableSize = size;
    };
  }

  private put(inode: Inode, bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > inode.bytes.length) {
      const wider = new Uint8Array(Math.max(end, inode.bytes.length * 2));
      wider.set(inode.bytes.subarray(0, inode.size));
      inode.bytes = wider;
    }
    for (let sector = Math.floor(position / SECTOR); sector * SECTOR < end; sector++) {
      // The system writes back when it likes: an older version of a sector can be what is found after a crash.
      if (inode.dirty.has(sector) && this.chance(0.3)) putDurable(inode, sector, inode.bytes.slice(sector * SECTOR, (sector + 1) * SECTOR));
      inode.dirty.add(sector);
    }
    inode.bytes.set(bytes, position);
    inode.size = Math.max(inode.size, end);
  }

  /** What a power loss leaves of a file. */
  private tear(inode: Inode): void {
    for (const sector of inode.dirty) {
      if (this.chance(0.5)) putDurable(inode, sector, inode.bytes.slice(sector * SECTOR, (sector + 1) * SECTOR));
    }
    inode.dirty.clear();
    const size = this.chance(0.5) ? inode.size : inode.durableSize;
    inode.bytes = new Uint8Array(Math.max(size, 1));
    inode.bytes.set(inode.durable.subarray(0, size));
    inode.size = size;
    inode.durable = inode.bytes.slice();
    inode.durableSize = size;
  }

  private change(...names: readonly (readonly [file: string, inode: Inode | undefined])[]): void {
    this.changes.push({
      touched: names.map(([file, inode]) => ({ directory: this.inode(path.dirname(file)), name: path.basename(file), inode })),
    });
    for (const [file, inode] of names) {
      if (inode) this.names.set(file, inode);
      else this.names.delete(file);
    }
  }

  private find(directory: Inode, at: string): void {
    for (const [name, inode] of directory.entries) {
      this.names.set(path.join(at, name), inode);
      this.find(inode, path.join(at, name));
    }
  }

  private inode(file: string): Inode {
    const inode = this.names.get(file);
    if (!inode) throw failure('ENOENT', 'open', file);
    return inode;
  }

  private used(): number {
    let bytes = 0;
    for (const inode of new Set(this.names.values())) bytes += inode.size;
    return bytes;
  }

  private room(inode: Inode, position: number): number {
    if (this.options.capacityBytes === undefined) return Infinity;
    return Math.max(0, this.options.capacityBytes - this.used() + inode.size - position);
  }

  private step(operation: Operation): void {
    if (this.count(operation)) this.stop();
    this.fault(operation, '');
  }

  /** Counts an operation; true if the crash that was ordered happens in it. */
  private count(operation: Operation): boolean {
    if (this.stopped) throw new SimCrash('the machine has stopped');
    this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1);
    return --this.operationsLeft <= 0;
  }

  private stop(): never {
    throw new SimCrash('the machine stops');
  }

  private fault(operation: Operation, file: string): void {
    const fault = this.faults.find((entry) => entry.operation === operation && entry.left > 0);
    if (!fault) return;
    fault.left--;
    throw failure(fault.code, operation, file);
  }
}

function makeDurable({ touched }: NameChange): void {
  for (const { directory, name, inode } of touched) {
    if (inode) directory.entries.set(name, inode);
    else directory.entries.delete(name);
  }
}

function newInode(isDirectory: boolean): Inode {
  return { bytes: new Uint8Array(1024), size: 0, durable: new Uint8Array(0), durableSize: 0, dirty: new Set(), syncing: new Set(), isDirectory, entries: new Map() };
}

function resize(inode: Inode, size: number): void {
  if (size > inode.bytes.length) {
    const wider = new Uint8Array(size);
    wider.set(inode.bytes.subarray(0, inode.size));
    inode.bytes = wider;
  }
  inode.bytes.fill(0, Math.min(size, inode.size));
  for (let sector = Math.floor(Math.min(size, inode.size) / SECTOR); sector * SECTOR < Math.max(size, inode.size); sector++) inode.dirty.add(sector);
  inode.size = size;
}

function putDurable(inode: Inode, sector: number, bytes: Uint8Array): void {
  const end = (sector + 1) * SECTOR;
  if (end > inode.durable.length) {
    const wider = new Uint8Array(Math.max(end, inode.durable.length * 2));
    wider.set(inode.durable);
    inode.durable = wider;
  }
  inode.durable.fill(0, sector * SECTOR, end);
  inode.durable.set(bytes, sector * SECTOR);
}

function failure(code: string, operation: string, file: string): Error {
  return Object.assign(new Error(`${code}: ${SIMULATED} ${operation} '${file}'`), { code });
}
