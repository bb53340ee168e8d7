import SqliteDatabase from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { CatalogueError } from './catalogue-error.js';
import { migrate, requireCurrentSchema } from './migrate.js';

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

function open(file: string, options: SqliteDatabase.Options, prepare: (database: Database) => void): Database {
  let database: Database | undefined;
  try {
    database = new SqliteDatabase(file, { ...options, timeout: BUSY_TIMEOUT_MS });
    prepare(database);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof CatalogueError) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CatalogueError('unreadable', file,
      `cannot open ${file}: ${detail}. If the file is damaged, move it away: metric metadata, exemplars and the reject ledger start anew`,
      { cause });
  }
}
