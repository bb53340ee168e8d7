/** Fills a fresh head from the snapshot beside its log, if there is one that can be trusted. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ARENA_VERSION, HDR_VERSION } from '../../kernel/layout.js';
import { crc32 } from '../../encoding/crc32.js';
import { errnoOf } from '../../io/disk.js';
import type { Disk, DiskFile } from '../../io/disk.js';
import type { Head } from '../head/head.js';
import { DATA_START, decodeHeader, segmentName } from '../log/format.js';
import type { LogIdentity } from '../log/format.js';
import type { LogPosition } from '../log/log-position.js';
import { decodeSnapshotHeader, headerBytes, pieceCount, SNAPSHOT_NAME, SNAPSHOT_TEMPORARY_NAME, type SnapshotHeader } from './format.js';

export type SnapshotOutcome =
  | { readonly kind: 'absent' }
  /** The head has what the log says up to `position`; what follows is to be replayed. */
  | { readonly kind: 'loaded'; readonly position: LogPosition; readonly bytes: number }
  /** Whole, but not of this log or not for this program: nothing is wrong, the log is to be replayed. The head is untouched. */
  | { readonly kind: 'other'; readonly reason: string }
  /** The head is filled in part and of no use. */
  | { readonly kind: 'damaged'; readonly reason: string };

/** Reads a snapshot into `head`, of which nothing was used yet. */
export async function loadSnapshot(disk: Disk, directory: string, head: Head, arenaFormat: number): Promise<SnapshotOutcome> {
  removeTemporary(disk, directory);
  const name = path.join(directory, SNAPSHOT_NAME);
  if (disk.stat(name) === undefined) return { kind: 'absent' };
  try {
    const file = disk.openRead(name);
    try {
      return await load(disk, directory, head, file, arenaFormat);
    } finally {
      file.close();
    }
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    return { kind: 'damaged', reason: `${name} cannot be read: ${errnoOf(error)}` };
  }
}

async function load(disk: Disk, directory: string, head: Head, file: DiskFile, arenaFormat: number): Promise<SnapshotOutcome> {
  const damaged = (what: string): SnapshotOutcome => ({ kind: 'damaged', reason: `${file.path} ${what}` });
  const other = (what: string): SnapshotOutcome => ({ kind: 'other', reason: `${file.path} ${what}` });
  const header = readHeader(file);
  if (header === undefined) return damaged('has no valid header');
  if (header.arenaFormat !== arenaFormat) return other('was written by another version of this program');
  const { log, position, pieces } = header;
  if (log.headId !== head.id || log.mint !== head.mint || log.maxt !== head.maxt) return other('belongs to another head');
  if (!endsAt(disk, directory, log, position)) return other('does not fit the log');
  let at = headerBytes(pieces.length);
  for (const { address, length, crc } of pieces) {
    if (address + length > head.arena.bytes.length) return damaged(`has a piece at ${address}, outside of an arena`);
    const bytes = head.arena.bytes.subarray(address, address + length);
    if (!readFully(file, bytes, at)) return damaged(`ends before ${at + length}`);
    if (crc32(bytes) !== crc) return damaged(`is damaged between ${at} and ${at + length}`);
    at += length;
    await nextTurn();
  }
  if (head.arena.field(HDR_VERSION) !== ARENA_VERSION) return damaged('holds no arena');
  head.revive();
  return { kind: 'loaded', position, bytes: at };
}

export function readHeader(file: DiskFile): SnapshotHeader | undefined {
  const first = new Uint8Array(headerBytes(0));
  if (!readFully(file, first, 0)) return undefined;
  const pieces = pieceCount(first);
  if (pieces === undefined) return undefined;
  const whole = new Uint8Array(headerBytes(pieces));
  return readFully(file, whole, 0) ? decodeSnapshotHeader(whole) : undefined;
}

/**
 * True if the segment of the position is there, of the same log, and has exactly this length. An old segment is never written again, so
 * that nothing can have been added before the position; what was added later is in later segments.
 */
function endsAt(disk: Disk, directory: string, log: LogIdentity, position: LogPosition): boolean {
  const name = path.join(directory, segmentName(position.segment));
  if (disk.stat(name)?.sizeBytes !== position.end) return false;
  const bytes = new Uint8Array(DATA_START);
  const segment = disk.openRead(name);
  try {
    if (!readFully(segment, bytes, 0)) return false;
  } finally {
    segment.close();
  }
  const header = decodeHeader(name, bytes);
  return header !== undefined && header.salt === log.salt && header.segment === position.segment && header.headId === log.headId;
}

export function readFully(file: DiskFile, into: Uint8Array, position: number): boolean {
  let at = 0;
  while (at < into.length) {
    const got = file.readAt(into, at, into.length - at, position + at);
    if (got === 0) return false;
    at += got;
  }
  return true;
}

/** What a stop could not finish. */
function removeTemporary(disk: Disk, directory: string): void {
  const name = path.join(directory, SNAPSHOT_TEMPORARY_NAME);
  if (disk.stat(name)) disk.remove(name);
}
