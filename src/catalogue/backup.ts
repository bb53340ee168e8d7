import { openSqlite } from '../io/sqlite.js';

/**
 * Copies a catalogue that may be in use to a new file, as it is at one moment, by SQLite's online backup.
 * @throws Error of SQLite or the disk; the copy is of no use then
 */
export async function backupCatalogue(file: string, copy: string): Promise<void> {
  const database = openSqlite(file, { readonly: true, fileMustExist: true });
  try {
    // In one step: a copy in several begins anew whenever another connection writes.
    await database.backup(copy, { progress: () => 0x7fffffff });
  } finally {
    database.close();
  }
}
