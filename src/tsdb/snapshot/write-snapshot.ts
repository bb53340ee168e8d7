/** Writes the snapshot of a head whose log is closed: what the next start reads instead of the log. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from '../../encoding/crc32.js';
import { writeFully } from '../../io/disk.js';
import type { Disk, DiskFile } from '../../io/disk.js';
import type { Head } from '../head/head.js';
import type { LogIdentity } from '../log/format.js';
import type { LogPosition } from '../log/log-position.js';
import { usedParts } from './arena-parts.js';
import { encodeSnapshotHeader, headerBytes, SNAPSHOT_NAME, SNAPSHOT_TEMPORARY_NAME, type SnapshotPiece } from './format.js';

/** What lies between two looks at the clock; also what one CRC stands for. */
const PIECE_BYTES = 4 * 1024 * 1024;

export interface SnapshotPlace {
  readonly disk: Disk;
  /** The log's directory. */
  readonly directory: string;
  readonly arenaFormat: number;
  /** The log up to here, all of it, is in the arena. */
  readonly log: LogIdentity;
  readonly position: LogPosition;
}

/**
 * Written aside, synced, renamed: a file of this name is whole, or a disk has damaged it since. Gives up when `inTime` says so and
 * leaves nothing then. Returns its bytes, 0 if it gave up. @throws the disk's error, likewise
 */
export async function writeSnapshot(head: Head, place: SnapshotPlace, inTime: () => boolean): Promise<number> {
  const { disk, directory } = place;
  const temporary = path.join(directory, SNAPSHOT_TEMPORARY_NAME);
  if (disk.stat(temporary)) disk.remove(temporary);
  const file = disk.create(temporary);
  let bytes = 0;
  try {
    bytes = await writePieces(head, place, file, inTime);
    if (bytes > 0) await file.datasync();
  } catch (error) {
    bytes = 0;
    throw error;
  } finally {
    file.close();
    if (bytes === 0) disk.remove(temporary);
  }
  if (bytes === 0) return 0;
  disk.rename(temporary, path.join(directory, SNAPSHOT_NAME));
  await disk.syncDirectory(directory);
  return bytes;
}

async function writePieces(head: Head, place: SnapshotPlace, file: DiskFile, inTime: () => boolean): Promise<number> {
  const { log, position, arenaFormat } = place;
  const spans = usedParts(head.arena).flatMap(({ start, end }) => {
    const addresses = Array.from({ length: Math.ceil((end - start) / PIECE_BYTES) }, (_, i) => start + i * PIECE_BYTES);
    return addresses.map((address) => ({ address, end: Math.min(end, address + PIECE_BYTES) }));
  });
  const pieces: SnapshotPiece[] = [];
  let at = headerBytes(spans.length);
  for (const { address, end } of spans) {
    const bytes = head.arena.bytes.subarray(address, end);
    writeFully(file, bytes, at);
    pieces.push({ address, length: bytes.length, crc: crc32(bytes) });
    at += bytes.length;
    await nextTurn();
    if (!inTime()) return 0;
  }
  writeFully(file, encodeSnapshotHeader({ log, position, arenaFormat, pieces }), 0);
  return at;
}
