/**
 * A copy of the store in a directory of its own, which `--storage.tsdb.path` opens. Blocks and what was deleted from them are further
 * names of the same files, since neither is ever written to again; the logs of heads are copied up to where they were at one moment,
 * while they go on.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { copyFile, linkOrCopy } from '../io/copy-file.js';
import type { Disk } from '../io/disk.js';
import { IngestError } from '../storage/ingestion.js';
import type { BlockStore } from './block-store.js';
import type { Head } from './head/head.js';
import { segmentNumber } from './log/format.js';

export interface SnapshotPlace {
  readonly disk: Disk;
  /** Data directory. */
  readonly directory: string;
  readonly blocks: BlockStore;
  readonly nowMs: () => number;
  /** Copies the catalogue to a file. */
  readonly copyCatalogue: (file: string) => Promise<void>;
}

interface LogPart {
  readonly from: string;
  readonly to: string;
  readonly sizeBytes: number;
}

/**
 * While no head becomes a block and nothing is dropped.
 * @param heads to be copied, none if heads are to be left out
 * @returns the name of the directory in `snapshots`
 * @throws IngestError `unavailable` while a head's log cannot be made durable; Error of the disk. What was copied is removed then
 */
export async function takeSnapshot(place: SnapshotPlace, heads: readonly Head[]): Promise<string> {
  const { disk, directory } = place;
  const time = new Date(place.nowMs()).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `${time}-${randomBytes(8).toString('hex')}`;
  const folder = path.join(directory, 'snapshots');
  // Whoever lists the snapshots finds complete ones only.
  const aside = path.join(folder, `${name}.tmp`);
  for (const each of [folder, aside]) disk.makeDirectory(each);
  try {
    for (const each of ['blocks', 'heads']) disk.makeDirectory(path.join(aside, each));
    await linkOrCopy(disk, place.blocks.files().map((from) => ({ from, to: path.join(aside, 'blocks', path.basename(from)) })));
    await copyHeads(disk, heads, path.join(aside, 'heads'));
    await place.copyCatalogue(path.join(aside, 'catalogue.sqlite'));
    for (const folderOf of ['blocks', 'heads', '.']) await disk.syncDirectory(path.join(aside, folderOf));
  } catch (error) {
    removeTree(disk, aside);
    throw error;
  }
  disk.rename(aside, path.join(folder, name));
  await disk.syncDirectory(folder);
  return name;
}

async function copyHeads(disk: Disk, heads: readonly Head[], folder: string): Promise<void> {
  // In one go, so that all logs end at the same moment.
  const parts: LogPart[] = [];
  for (const { log } of heads) {
    if (!log) continue;
    // Of what came in since, memory has all and the log nothing.
    if (log.failure) {
      throw new IngestError('unavailable', `no copy before the log is written anew: ${log.failure.message}`, { cause: log.failure });
    }
    log.flushPending();
    const { position } = log;
    for (const name of disk.list(log.directory)) {
      const number = segmentNumber(name);
      if (number === undefined) continue;
      const from = path.join(log.directory, name);
      const sizeBytes = position.segment === number ? position.end : disk.stat(from)!.sizeBytes;
      parts.push({ from, to: path.join(folder, path.basename(log.directory), name), sizeBytes });
    }
  }
  for (const { from, to, sizeBytes } of parts) {
    disk.makeDirectory(path.dirname(to));
    await copyFile(disk, from, to, sizeBytes);
  }
  for (const directory of new Set(parts.map(({ to }) => path.dirname(to)))) await disk.syncDirectory(directory);
}

/** Removes what attempts that were cut short have left. */
export function removeUnfinishedSnapshots(disk: Disk, directory: string): void {
  const folder = path.join(directory, 'snapshots');
  if (!disk.stat(folder)) return;
  for (const name of disk.list(folder)) if (name.endsWith('.tmp')) removeTree(disk, path.join(folder, name));
}

function removeTree(disk: Disk, directory: string): void {
  for (const name of disk.list(directory)) {
    const entry = path.join(directory, name);
    if (disk.stat(entry)?.isDirectory) removeTree(disk, entry);
    else disk.remove(entry);
  }
  disk.removeDirectory(directory);
}
