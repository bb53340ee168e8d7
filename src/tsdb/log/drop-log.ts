import path from 'node:path';
import type { Disk } from '../../io/disk.js';

/** Ending of a log's directory that is on its way out. */
export const DROPPED = '.dropped';

/**
 * Removes the log of a head that is a block now, with its directory. By way of a rename: a log of which only some
 * segments are removed would look damaged at the next start. What a crash leaves, `removeDroppedLogs` removes.
 */
export function dropLog(disk: Disk, directory: string): void {
  const dropped = directory + DROPPED;
  removeLeft(disk, dropped);
  disk.rename(directory, dropped);
  disk.syncDirectorySync(path.dirname(directory));
  removeLog(disk, dropped);
}

/** Finishes what an interrupted `dropLog` left in the directory that holds the logs. For the start, before replay. */
export function removeDroppedLogs(disk: Disk, parent: string): void {
  for (const name of disk.list(parent)) if (name.endsWith(DROPPED)) removeLog(disk, path.join(parent, name));
}

/** Removes what an attempt that failed has left under this name. */
export function removeLeft(disk: Disk, directory: string): void {
  if (disk.stat(directory) !== undefined) removeLog(disk, directory);
}

/** Removes the files of a directory, and the directory. */
export function removeLog(disk: Disk, directory: string): void {
  for (const name of disk.list(directory)) disk.remove(path.join(directory, name));
  disk.removeDirectory(directory);
}
