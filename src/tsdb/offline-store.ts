/**
 * What is in a data directory, a head's log or a block, for tools: read only, also while a server uses it. Nothing is repaired, no lock is
 * taken. Of a log that is written to one sees what was in it when it was opened.
 */
import path from 'node:path';
import type { Disk } from '../io/disk.js';
import { NodeDisk } from '../io/node-disk.js';
import { ReadOnlyDisk } from '../io/read-only-disk.js';
import { BlockStore } from './block-store.js';
import { HeadSet } from './head-set.js';
import { isBlock, type SourceDescriptor } from './head/descriptor.js';
import { Head } from './head/head.js';
import { replayHead } from './head/replay-head.js';
import { RecordType } from './head/records.js';
import { replayLog } from './log/replay.js';
import { describeDamage } from './log/replay-report.js';
import { comesOrGoes, findFiles, identityOf } from './offline-files.js';

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
/** A running server may replace blocks by others while they are opened. */
const ATTEMPTS = 10;

export class OfflineStore {
  /** Everything together, each sample once. */
  readonly samples: HeadSet;
  readonly parts: OfflinePart[] = [];
  /** Damage, and what else is not as it should be. */
  readonly notes: string[] = [];
  private readonly disk: Disk = new ReadOnlyDisk(new NodeDisk());

  private constructor(private readonly modules: OfflineModules) {
    this.samples = new HeadSet(modules.kernels, READER_SLOT, { codec: modules.codec, cacheBytes: CACHE_BYTES });
  }

  /** @throws Error if there is nothing at `location` that can be read */
  static async open(location: string, modules: OfflineModules): Promise<OfflineStore> {
    const store = new OfflineStore(modules);
    const { blocks, logs } = findFiles(store.disk, location);
    // Logs first: a head that becomes a block meanwhile is in both then, and never in neither.
    const heads: OpenedPart[] = [];
    let id = FIRST_LOG_ID;
    for (const directory of logs) {
      const opened = await store.openLog(directory, id++);
      if (opened) heads.push(opened);
    }
    store.openAll(blocks, location, heads);
    return store;
  }

  close(): void {
    this.samples.close();
  }

  /** Opens the blocks, again if some of them were replaced by others meanwhile. */
  private openAll(blocks: readonly string[], location: string, heads: readonly OpenedPart[]): void {
    for (let attempt = 1; ; attempt++) {
      const notes: string[] = [];
      const opened = blocks.flatMap((directory) => this.openBlocks(directory, location, notes));
      this.samples.update([...opened, ...heads].map((one) => one.source));
      const isGone = ({ source }: OpenedPart): boolean => isBlock(source) && this.disk.stat(source.file) === undefined;
      // What is open can be read though its name is gone. What was gone before that is in a block that this list does not have.
      if (attempt < ATTEMPTS && (opened.some(isGone) || notes.length > 0)) continue;
      this.parts.push(...opened.map((one) => one.part), ...heads.map((one) => one.part));
      this.notes.push(...notes);
      return;
    }
  }

  /** @param only the one block to open, or a directory: all of them */
  private openBlocks(directory: string, only: string, notes: string[]): OpenedPart[] {
    const blocks = new BlockStore(this.disk, directory);
    for (const note of blocks.open()) if (!only.endsWith('.block') || note.includes(only)) notes.push(note);
    const isWanted = (file: string): boolean => !only.endsWith('.block') || path.resolve(file) === path.resolve(only);
    return blocks.blocks().filter(({ descriptor }) => isWanted(descriptor.file)).map(({ descriptor, meta, sizeBytes }) => {
      const { file, mint, maxt, deleted } = descriptor;
      const facts = Object.entries(meta).map(([name, value]) => [name, value] as const);
      const deletions = deleted ? ([['deletions', `${deleted.length} bytes`]] as const) : [];
      return { source: descriptor, part: { kind: 'block', path: file, mint, maxt, facts: [['bytes', sizeBytes], ...facts, ...deletions] } };
    });
  }

  /** undefined if a running server is just making or removing it. */
  private async openLog(directory: string, id: number): Promise<OpenedPart | undefined> {
    try {
      return await this.readLog(directory, id);
    } catch (error) {
      if (comesOrGoes(this.disk, directory)) return undefined;
      throw error;
    }
  }

  private async readLog(directory: string, id: number): Promise<OpenedPart | undefined> {
    const identity = identityOf(this.disk, directory);
    if (!identity) {
      if (!comesOrGoes(this.disk, directory)) this.notes.push(`${directory}: no segment has a readable header`);
      return undefined;
    }
    const { mint, maxt, headId } = identity;
    const head = new Head(this.modules.kernels, id, { mint, maxt, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: true }, undefined);
    const { report, samplesLost, recordsUnusable } = await replayHead(this.disk, directory, head);
    const types = await recordsByType(this.disk, directory);
    for (const one of report.damage) this.notes.push(describeDamage({ ...one, quarantine: undefined, repairError: '' }));
    if (samplesLost + recordsUnusable > 0) {
      this.notes.push(`${directory}: ${samplesLost} samples and ${recordsUnusable} records refer to what is lost`);
    }
    const torn = report.tornTail ? ([['torn tail', `${report.tornTail.bytes} bytes at ${report.tornTail.offset}`]] as const) : [];
    return {
      source: head.descriptor,
      part: {
        kind: 'log', path: directory, mint, maxt, facts: [
          ['head', headId], ['mint', mint], ['maxt', maxt],
          ['segments', report.segments], ['bytes', report.bytes], ['records', report.records],
          ...types, ['series', head.arena.seriesCount], ['samples', head.arena.sampleCount], ...torn,
        ],
      },
    };
  }
}

interface OpenedPart {
  readonly source: SourceDescriptor;
  readonly part: OfflinePart;
}

async function recordsByType(disk: Disk, directory: string): Promise<(readonly [string, number])[]> {
  const counts = new Map<number, number>();
  await replayLog(disk, directory, (type) => counts.set(type, (counts.get(type) ?? 0) + 1));
  return Object.entries(RecordType).map(([name, type]) => [`records of ${name}`, counts.get(type) ?? 0] as const);
}
