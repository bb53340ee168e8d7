import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, writeFully, type Disk } from './disk.js';

const PIECE_BYTES = 1024 * 1024;

/** Copies the first `sizeBytes` of a file to a new one and makes the content durable; other work goes on in between. */
export async function copyFile(disk: Disk, from: string, to: string, sizeBytes: number): Promise<void> {
  const source = disk.openRead(from);
  try {
    const target = disk.create(to);
    try {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(1, sizeBytes)));
      for (let at = 0; at < sizeBytes; ) {
        const got = source.readAt(piece, 0, Math.min(piece.length, sizeBytes - at), at);
        if (got === 0) throw new Error(`${from}: ends at ${at}, ${sizeBytes} bytes expected`);
        writeFully(target, piece.subarray(0, got), at);
        at += got;
        await nextTurn();
      }
      await target.datasync();
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}

/** A second name for a file that never changes; a copy where the file system has no such names. */
export async function linkOrCopy(disk: Disk, from: string, to: string): Promise<void> {
  try {
    disk.link(from, to);
  } catch (error) {
    if (!['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'].includes(errnoOf(error))) throw error;
    await copyFile(disk, from, to, disk.stat(from)?.sizeBytes ?? 0);
  }
}
