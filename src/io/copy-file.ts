import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, writeFully, type Disk, type DiskFile } from './disk.js';

const PIECE_BYTES = 1024 * 1024;
/** What a file system answers that has no second names for a file. */
const NO_LINKS: readonly string[] = ['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'];

/** Copies the first `sizeBytes` of a file to a new one and makes the content durable; other work goes on in between. */
export async function copyFile(disk: Disk, from: string, to: string, sizeBytes: number): Promise<void> {
  await copyOpened(disk, disk.openRead(from), to, sizeBytes);
}

/**
 * Second names for files that never change; copies where the file system has no such names. The files are held from the call on: who
 * removes one of them while others are copied does no harm.
 */
export async function linkOrCopy(disk: Disk, files: readonly { readonly from: string; readonly to: string }[]): Promise<void> {
  const sources: { readonly source: DiskFile; readonly to: string }[] = [];
  try {
    for (const { from, to } of files) {
      try {
        disk.link(from, to);
      } catch (error) {
        if (!NO_LINKS.includes(errnoOf(error))) throw error;
        sources.push({ source: disk.openRead(from), to });
      }
    }
    for (let next = sources.shift(); next; next = sources.shift()) await copyOpened(disk, next.source, next.to, next.source.sizeBytes());
  } finally {
    for (const { source } of sources) source.close();
  }
}

/** Closes `source`. */
async function copyOpened(disk: Disk, source: DiskFile, to: string, sizeBytes: number): Promise<void> {
  try {
    const target = disk.create(to);
    try {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(1, sizeBytes)));
      for (let at = 0; at < sizeBytes; ) {
        const got = source.readAt(piece, 0, Math.min(piece.length, sizeBytes - at), at);
        if (got === 0) throw new Error(`${source.path}: ends at ${at}, ${sizeBytes} bytes expected`);
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
