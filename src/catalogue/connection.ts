import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import { CatalogueError } from './catalogue-error.js';
import { migrate, requireCurrentSchema } from './migrate.js';
import { openSqlite, type SqliteOptions } from '../io/sqlite.js';

/** Name of the file in the data directory. */
export const CATALOGUE_FILE = 'catalogue.sqlite';

/** Longest wait for another connection, ms. There is one writer, so that only checkpoints are ever waited for. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * The only writing connection; creates and migrates the file.
 * @throws CatalogueError
 */
export function openForWriting(file: string, migrationsDirectory?: string): Database {
  return open(file, {}, (database) => {
    // Write-ahead log: readers in other threads never wait for the writer, nor it for them. With `normal`, a power
    // cut may take the last commits and never the file; what lies here is not covered by an acknowledgement.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    migrate(database, migrationsDirectory);
  });
}

/**
 * A connection that cannot write. The file must exist in the newest schema.
 * @throws CatalogueError
 */
export function openForReading(file: string, migrationsDirectory?: string): Database {
  return open(file, { readonly: true, fileMustExist: true }, (database) => requireCurrentSchema(database, migrationsDirectory));
}

/**
 * As `openForReading`, for tools. A catalogue that no server has open lies there without its write-ahead log; opening it in the usual way
 * would make one, and need the right to. So it is read into memory instead.
 * @throws CatalogueError
 */
export function openForLooking(file: string, migrationsDirectory?: string): Database {
  return openQuietly(file, (database) => requireCurrentSchema(database, migrationsDirectory));
}

/** @param prepare may throw @throws CatalogueError */
export function openQuietly(file: string, prepare: (database: Database) => void): Database {
  for (let attempt = 0; attempt < ATTEMPTS && !hasLog(file); attempt++) {
    const bytes = readDatabase(file);
    // A server that started meanwhile may have written while we read.
    if (!hasLog(file)) return open(bytes, {}, prepare, file);
  }
  return open(file, { readonly: true, fileMustExist: true }, prepare);
}

const ATTEMPTS = 3;
/** Offsets of the versions for writing and reading: 2 = write-ahead log, which a database in memory cannot have; 1 = without. */
const VERSION_BYTES = [18, 19];

function hasLog(file: string): boolean {
  return fs.existsSync(`${file}-wal`);
}

function readDatabase(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  for (const at of VERSION_BYTES) if (bytes[at] === 2) bytes[at] = 1;
  return bytes;
}

/** @param file what `source` is called in messages, if that is no name */
function open(
  source: string | Buffer, options: SqliteOptions, prepare: (database: Database) => void, file = String(source),
): Database {
  let database: Database | undefined;
  try {
    database = openSqlite(source, { ...options, timeout: BUSY_TIMEOUT_MS });
    prepare(database);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof CatalogueError) throw cause;
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): CatalogueError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new CatalogueError('unreadable', file,
    `cannot open ${file}: ${detail}. If the file is damaged, move it away: metric metadata, exemplars and the reject ledger start anew`,
    { cause });
}
