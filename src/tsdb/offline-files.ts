/** Which files of a data directory tools read. */
import path from 'node:path';
import type { Disk } from '../io/disk.js';
import { BlockFile } from './block/block-file.js';
import { decodeHeader, segmentNumber, DATA_START, type LogIdentity } from './log/format.js';
import { readSegment } from './log/segment-file.js';

/** A log that is on its way out, or not complete, has another ending. */
const HEAD = /^\d+_-?\d+_-?\d+$/;

const BLOCK = /^\d+_-?\d+_-?\d+\.block$/;

/** Directories with blocks, directories of logs. */
export interface OfflineFiles {
  readonly blocks: readonly string[];
  readonly logs: readonly string[];
}

/** @throws Error if there is nothing at `location` that can be read, BlockError */
export function findFiles(disk: Disk, location: string): OfflineFiles {
  const entry = disk.stat(location);
  if (!entry) throw new Error(`${location}: there is nothing`);
  if (!entry.isDirectory) {
    // Says what is wrong with it if it is none.
    BlockFile.open(location).close();
    if (!BLOCK.test(path.basename(location))) throw new Error(`${location}: the name of a block is <id>_<mint>_<maxt>.block`);
    return { blocks: [path.dirname(location)], logs: [] };
  }
  if (isLog(disk, location)) return { blocks: [], logs: [location] };
  const [blocks, heads] = [path.join(location, 'blocks'), path.join(location, 'heads')];
  if (!disk.stat(blocks) && !disk.stat(heads)) throw new Error(`${location}: neither a data directory nor a log nor a block`);
  const logs = disk.list(heads).filter((name) => HEAD.test(name)).map((name) => path.join(heads, name));
  return { blocks: disk.stat(blocks) ? [blocks] : [], logs };
}

function isLog(disk: Disk, directory: string): boolean {
  return disk.list(directory).some((name) => segmentNumber(name) !== undefined);
}

/** What the headers of a log say it is; undefined if none can be read. */
export function identityOf(disk: Disk, directory: string): LogIdentity | undefined {
  for (const name of disk.list(directory).filter((one) => segmentNumber(one) !== undefined)) {
    const file = path.join(directory, name);
    const header = decodeHeader(file, readSegment(disk, file, new Uint8Array(DATA_START), DATA_START).bytes);
    if (header) return header;
  }
  return undefined;
}

/** Beside a running server a log appears before its header does, and disappears when its head has become a block. */
export function comesOrGoes(disk: Disk, directory: string): boolean {
  const segments = disk.list(directory).filter((name) => segmentNumber(name) !== undefined);
  return segments.every((name) => (disk.stat(path.join(directory, name))?.sizeBytes ?? 0) < DATA_START);
}
