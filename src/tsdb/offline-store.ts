/**
 * What is in a data directory, a head's log or a block, for tools: read only, also while a server uses it. Nothing is repaired, no lock is
 * taken. Of a log that is written to one sees what was in it when it was opened.
 */
import path from 'node:path';
import type { Disk } from '../io/disk.js';
import { NodeDisk } from '../io/node-disk.js';
import { ReadOnlyDisk } from '../io/read-only-disk.js';
import { BlockDeletions } from './block/block-deletions.js';
import { BlockFile } from './block/block-file.js';
import { ColumnCodec } from './block/column-codec.js';
import { BlockStore } from './block-store.js';
import { verifyFile } from './compact/verify-file.js';
import { HeadSet } from './head-set.js';
import type { SourceDescriptor } from './head/descriptor.js';
import { Head } from './head/head.js';
import { replayHead } from './head/replay-head.js';
import { RecordType } from './head/records.js';
import { decodeHeader, segmentNumber, DATA_START } from './log/format.js';
import { replayLog } from './log/replay.js';
import { describeDamage } from './log/replay-report.js';

export interface OfflineModules {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
}

/** One block or log. */
export interface OfflinePart {
  readonly kind: 'block' | 'log';
  /** File of a block, directory of a log. */
  readonly path: string;
  readonly mint: number;
  readonly maxt: number;
  /** What a person wants to know about it, in order. */
  readonly facts: readonly (readonly [name: string, value: string | number])[];
}

/** Heads have ids of their own here: a log is told from a block by it, whatever their names. */
const FIRST_LOG_ID = 2 ** 40;
const CACHE_BYTES = 64 * 1024 * 1024;
const READER_SLOT = 1;

export class OfflineStore {
  /** Everything together, each sample once. */
  readonly samples: HeadSet;
  readonly parts: OfflinePart[] = [];
  /** Damage, and what else is not as it should be. */
  readonly notes: string[] = [];
  private readonly sources: SourceDescriptor[] = [];
  private readonly disk: Disk = new ReadOnlyDisk(new NodeDisk());

  private constructor(private readonly modules: OfflineModules) {
    this.samples = new HeadSet(modules.kernels, READER_SLOT, { codec: modules.codec, cacheBytes: CACHE_BYTES });
  }

  /** @throws Error if there is nothing at `location` that can be read */
  static async open(location: string, modules: OfflineModules): Promise<OfflineStore> {
    const store = new OfflineStore(modules);
    const { blocks, logs } = find(store.disk, location);
    for (const directory of blocks) store.openBlocks(directory, location);
    let id = FIRST_LOG_ID;
    for (const directory of logs) await store.openLog(directory, id++);
    store.samples.update(store.sources);
    return store;
  }

  close(): void {
    this.samples.close();
  }

  /** @param only the one block to open, or a directory: all of them */
  private openBlocks(directory: string, only: string): void {
    const blocks = new BlockStore(this.disk, directory);
    for (const note of blocks.open()) if (!only.endsWith('.block') || note.includes(only)) this.notes.push(note);
    for (const { descriptor, meta, sizeBytes } of blocks.blocks()) {
      if (only.endsWith('.block') && path.resolve(descriptor.file) !== path.resolve(only)) continue;
      this.sources.push(descriptor);
      const facts = Object.entries(meta).map(([name, value]) => [name, value] as const);
      const deleted = descriptor.deleted ? ([['deletions', `${descriptor.deleted.length} bytes`]] as const) : [];
      this.parts.push({
        kind: 'block', path: descriptor.file, mint: descriptor.mint, maxt: descriptor.maxt,
        facts: [['bytes', sizeBytes], ...facts, ...deleted],
      });
    }
  }

  private async openLog(directory: string, id: number): Promise<void> {
    const identity = identityOf(this.disk, directory);
    if (!identity) {
      this.notes.push(`${directory}: no segment has a readable header`);
      return;
    }
    const { mint, maxt, headId } = identity;
    const head = new Head(this.modules.kernels, id, { mint, maxt, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: true }, undefined);
    const { report, samplesLost, recordsUnusable } = await replayHead(this.disk, directory, head);
    for (const one of report.damage) this.notes.push(describeDamage({ ...one, quarantine: undefined, repairError: '' }));
    if (samplesLost + recordsUnusable > 0) {
      this.notes.push(`${directory}: ${samplesLost} samples and ${recordsUnusable} records refer to what is lost`);
    }
    this.sources.push(head.descriptor);
    const types = await recordsByType(this.disk, directory);
    const torn = report.tornTail ? ([['torn tail', `${report.tornTail.bytes} bytes at ${report.tornTail.offset}`]] as const) : [];
    this.parts.push({
      kind: 'log', path: directory, mint, maxt, facts: [
        ['head', headId], ['mint', mint], ['maxt', maxt],
        ['segments', report.segments], ['bytes', report.bytes], ['records', report.records],
        ...types, ['series', head.arena.seriesCount], ['samples', head.arena.sampleCount], ...torn,
      ],
    });
  }
}

async function recordsByType(disk: Disk, directory: string): Promise<(readonly [string, number])[]> {
  const counts = new Map<number, number>();
  await replayLog(disk, directory, (type) => counts.set(type, (counts.get(type) ?? 0) + 1));
  return Object.entries(RecordType).map(([name, type]) => [`records of ${name}`, counts.get(type) ?? 0] as const);
}

/**
 * Reads everything at `location`: every page of every block, every record of every log, every list of deletions.
 * @param report called with a line for each damage, which names file and place
 * @returns the number of blocks and logs that were read
 * @throws Error if there is nothing at `location`
 */
export async function verifyStore(location: string, modules: OfflineModules, report: (line: string) => void): Promise<number> {
  const disk = new ReadOnlyDisk(new NodeDisk());
  const codec = new ColumnCodec(modules.codec);
  const { blocks, logs } = find(disk, location);
  let count = 0;
  for (const directory of blocks) {
    for (const name of location.endsWith('.block') ? [path.basename(location)] : disk.list(directory)) {
      const file = path.join(directory, name);
      if (!name.endsWith('.block')) continue;
      count++;
      attempt(report, () => verifyFile(codec, file));
      attempt(report, () => verifyDeletions(disk, `${file}.deleted`));
    }
  }
  for (const directory of logs) {
    count++;
    const identity = identityOf(disk, directory);
    if (!identity) {
      report(`${directory}: no segment has a readable header`);
      continue;
    }
    const { mint, maxt } = identity;
    const head = new Head(modules.kernels, 1, { mint, maxt, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: true }, undefined);
    const replay = await replayHead(disk, directory, head);
    for (const one of replay.report.damage) report(describeDamage({ ...one, quarantine: undefined, repairError: '' }));
    const { samplesLost, recordsUnusable } = replay;
    if (samplesLost + recordsUnusable > 0) {
      report(`${directory}: ${samplesLost} samples and ${recordsUnusable} records refer to what is lost`);
    }
  }
  return count;
}

function attempt(report: (line: string) => void, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    report(error instanceof Error ? error.message : String(error));
  }
}

function verifyDeletions(disk: Disk, file: string): void {
  const size = disk.stat(file)?.sizeBytes;
  if (size === undefined) return;
  const bytes = new Uint8Array(size);
  const opened = disk.openRead(file);
  try {
    opened.readAt(bytes, 0, size, 0);
  } finally {
    opened.close();
  }
  BlockDeletions.decode(bytes, file);
}

function find(disk: Disk, location: string): { blocks: string[]; logs: string[] } {
  const entry = disk.stat(location);
  if (!entry) throw new Error(`${location}: there is nothing`);
  if (!entry.isDirectory) {
    // Says what is wrong with it if it is none.
    BlockFile.open(location).close();
    return { blocks: [path.dirname(location)], logs: [] };
  }
  if (isLog(disk, location)) return { blocks: [], logs: [location] };
  const [blocks, heads] = [path.join(location, 'blocks'), path.join(location, 'heads')];
  if (!disk.stat(blocks) && !disk.stat(heads)) throw new Error(`${location}: neither a data directory nor a log nor a block`);
  const logs = disk.list(heads).map((name) => path.join(heads, name)).filter((directory) => isLog(disk, directory));
  return { blocks: disk.stat(blocks) ? [blocks] : [], logs };
}

function isLog(disk: Disk, directory: string): boolean {
  return !directory.endsWith('.dropped') && disk.list(directory).some((name) => segmentNumber(name) !== undefined);
}

function identityOf(disk: Disk, directory: string): { headId: number; mint: number; maxt: number } | undefined {
  for (const name of disk.list(directory).filter((one) => segmentNumber(one) !== undefined)) {
    const file = path.join(directory, name);
    const bytes = new Uint8Array(DATA_START);
    const opened = disk.openRead(file);
    try {
      opened.readAt(bytes, 0, bytes.length, 0);
    } finally {
      opened.close();
    }
    const header = decodeHeader(file, bytes);
    if (header) return header;
  }
  return undefined;
}
