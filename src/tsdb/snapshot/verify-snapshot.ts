/** Checks a head's snapshot without an arena: any program can say whether its bytes are what was written. */
import path from 'node:path';
import { crc32 } from '../../encoding/crc32.js';
import { errnoOf, type Disk } from '../../io/disk.js';
import { headerBytes, SNAPSHOT_NAME } from './format.js';
import { readFully, readHeader } from './load-snapshot.js';

/** Returns what is wrong, '' if nothing is or there is no snapshot. */
export function verifySnapshot(disk: Disk, directory: string): string {
  const name = path.join(directory, SNAPSHOT_NAME);
  if (disk.stat(name) === undefined) return '';
  try {
    const file = disk.openRead(name);
    try {
      const header = readHeader(file);
      if (header === undefined) return `${name} has no valid header`;
      let at = headerBytes(header.pieces.length);
      for (const { length, crc } of header.pieces) {
        const bytes = new Uint8Array(length);
        if (!readFully(file, bytes, at)) return `${name} ends before ${at + length}`;
        if (crc32(bytes) !== crc) return `${name} is damaged between ${at} and ${at + length}`;
        at += length;
      }
      return '';
    } finally {
      file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    if (errnoOf(error) === '') throw error;
    return `${name} cannot be read: ${errnoOf(error)}`;
  }
}
