import { errnoOf } from '../../io/disk.js';
import type { Disk } from '../../io/disk.js';

export interface SegmentBytes {
  readonly bytes: Uint8Array;
  /** The disk refused parts: zeros stand in their place. */
  readonly readError: boolean;
}

const CHUNK_BYTES = 1024 * 1024;
/** What a disk refuses at least. */
const PAGE_BYTES = 4096;

/**
 * Reads up to `sizeBytes` of a file into `buffer`; the result is a view of it. A part that cannot be read (EIO) becomes
 * zeros, page by page, so that the records around it can be saved.
 */
export function readSegment(disk: Disk, path: string, buffer: Uint8Array, sizeBytes: number): SegmentBytes {
  const file = disk.openRead(path);
  let readError = false;
  let at = 0;
  try {
    while (at < sizeBytes) {
      let length = Math.min(CHUNK_BYTES, sizeBytes - at);
      if (readError) length = Math.min(length, PAGE_BYTES - (at % PAGE_BYTES));
      try {
        const got = file.readAt(buffer, at, length, at);
        if (got === 0) break;
        at += got;
      } catch (error) {
        if (errnoOf(error) !== 'EIO') throw error;
        if (readError) {
          buffer.fill(0, at, at + length);
          at += length;
        }
        readError = true;
      }
    }
  } finally {
    file.close();
  }
  return { bytes: buffer.subarray(0, at), readError };
}
