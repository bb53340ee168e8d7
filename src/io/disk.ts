/**
 * The only seam to files: the log, the blocks and the lock of the data directory see a `Disk`, never `node:fs`, so
 * that tests can put a simulated disk under them which crashes, tears writes, fills up and fails.
 *
 * Every operation that fails throws (or rejects with) an Error whose `code` is the errno name, as Node's do: `ENOSPC`,
 * `EIO`, `ENOENT`, `EEXIST`, … (`errnoOf`). Byte views may lie over a SharedArrayBuffer everywhere.
 */
export interface Disk {
  /** An existing file for reading. */
  openRead(path: string): DiskFile;
  /** An existing file for reading and writing; its content stays. */
  openWrite(path: string): DiskFile;
  /** A new, empty file for reading and writing. @throws EEXIST: this is also how two processes race for a name. */
  create(path: string): DiskFile;
  /** Atomically takes the place of `to` if that exists. Durable only after `syncDirectory` of the directory. */
  rename(from: string, to: string): void;
  /** A second name for the same file. @throws EEXIST; EPERM, EXDEV, … where the file system cannot */
  link(from: string, to: string): void;
  remove(path: string): void;
  /** An empty directory. @throws ENOTEMPTY */
  removeDirectory(path: string): void;
  /** Names (not paths) of the entries, sorted; without `.` and `..`. */
  list(directory: string): string[];
  /**
   * Nothing happens if it exists. Never with its parents: a data directory that was moved away must not come into being again.
   * @throws ENOENT if the parent is missing
   */
  makeDirectory(path: string): void;
  /** undefined if there is nothing at the path. */
  stat(path: string): DiskEntry | undefined;
  /** Bytes that an unprivileged process may still write on the file system that holds `path`. */
  freeBytes(path: string): number;
  /**
   * Makes creations, renames and removals in the directory durable. A synced file whose name was never synced can be
   * gone after a power loss.
   */
  syncDirectory(path: string): Promise<void>;
  syncDirectorySync(path: string): void;
}

export interface DiskEntry {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly isDirectory: boolean;
}

export interface DiskFile {
  readonly path: string;
  sizeBytes(): number;
  /** Reads into `into[start, start + length)` from `position`. Returns the bytes read: fewer than asked near the end, 0 at it. */
  readAt(into: Uint8Array, start: number, length: number, position: number): number;
  /**
   * One positional write of `from[start, start + length)`. Returns the bytes written, which may be fewer than asked
   * (a nearly full disk): the caller goes on or keeps the rest. `from` is not kept.
   */
  writeAt(from: Uint8Array, start: number, length: number, position: number): number;
  /** Writes zeros over [from, to), so that later writes there change neither the size nor the extents of the file. */
  preallocate(from: number, to: number): void;
  /** Cuts or (with zeros) extends. */
  truncate(sizeBytes: number): void;
  /**
   * Makes everything written before the call durable, size included; what is written while it runs may be left out.
   * After a failure the system may have dropped the pages and a second call may succeed without them: never retry.
   */
  datasync(): Promise<void>;
  datasyncSync(): void;
  /** Not while a `datasync` runs. */
  close(): void;
}

/** The errno name of a failed operation, '' if the error has none. */
export function errnoOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** Reads a whole file. */
export function readFile(disk: Disk, path: string): Uint8Array {
  const file = disk.openRead(path);
  try {
    const bytes = new Uint8Array(file.sizeBytes());
    let at = 0;
    while (at < bytes.length) {
      const got = file.readAt(bytes, at, bytes.length - at, at);
      if (got === 0) return bytes.subarray(0, at); // cut by someone else meanwhile
      at += got;
    }
    return bytes;
  } finally {
    file.close();
  }
}

/** Writes all of `bytes` at `position`, going on after short writes. */
export function writeFully(file: DiskFile, bytes: Uint8Array, position: number): void {
  let at = 0;
  while (at < bytes.length) {
    const wrote = file.writeAt(bytes, at, bytes.length - at, position + at);
    if (wrote === 0) throw Object.assign(new Error(`${file.path}: nothing written at ${position + at}`), { code: 'ENOSPC' });
    at += wrote;
  }
}
