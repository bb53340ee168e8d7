/** What replay does to damaged segments: copy aside, then mend so that the next replay passes over. */
import path from 'node:path';
import { crc32 } from '../../encoding/crc32.js';
import { writeFully } from '../../io/disk.js';
import type { Disk } from '../../io/disk.js';
import { crcSeed, encodeHeader, FILLER_TYPE, FRAME_BYTES } from './format.js';
import type { SegmentHeader } from './format.js';

/** Writes what could be read of a file into the quarantine. Returns the path of the copy. */
export function quarantineCopy(disk: Disk, directory: string, file: string, bytes: Uint8Array): string {
  const to = freeName(disk, directory, file);
  const copy = disk.create(to);
  try {
    writeFully(copy, bytes, 0);
    copy.datasyncSync();
  } finally {
    copy.close();
  }
  disk.syncDirectorySync(directory);
  return to;
}

/** Moves a file into the quarantine. Returns its new path. */
export function quarantineFile(disk: Disk, directory: string, file: string): string {
  const to = freeName(disk, directory, file);
  disk.rename(file, to);
  disk.syncDirectorySync(directory);
  disk.syncDirectorySync(path.dirname(file));
  return to;
}

/**
 * Makes one filler record of [from, to), keeping the damaged bytes as its payload but for the frame. `bytes` is the
 * content of the segment; what lies beyond it counts as zeros.
 */
export function fillRange(disk: Disk, path: string, bytes: Uint8Array, from: number, to: number, salt: number, segment: number): void {
  const range = new Uint8Array(Math.max(to - from, FRAME_BYTES));
  range.set(bytes.subarray(from, Math.min(to, bytes.length)));
  const frame = new DataView(range.buffer);
  const length = range.length - 8;
  frame.setUint32(0, length, true);
  range[8] = FILLER_TYPE;
  frame.setUint32(4, crc32(range.subarray(8), crcSeed(salt, segment, from, length)), true);
  overwrite(disk, path, range, from);
}

export function rewriteHeader(disk: Disk, path: string, header: SegmentHeader): void {
  overwrite(disk, path, encodeHeader(header), 0);
}

function overwrite(disk: Disk, path: string, bytes: Uint8Array, position: number): void {
  const file = disk.openWrite(path);
  try {
    writeFully(file, bytes, position);
    file.datasyncSync();
  } finally {
    file.close();
  }
}

/** `<log directory>-<segment>`, numbered if it is taken. */
function freeName(disk: Disk, directory: string, file: string): string {
  disk.makeDirectory(directory);
  const base = path.join(directory, `${path.basename(path.dirname(file))}-${path.basename(file)}`);
  let name = base;
  for (let i = 2; disk.stat(name); i++) name = `${base}.${i}`;
  return name;
}
