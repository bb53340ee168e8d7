/**
 * The only way to a SQLite database. Every object that better-sqlite3 makes is kept until its thread ends, because Node.js 24 dies when
 * one is collected: since 24.16 the destructor of what addons of the kind of better-sqlite3 12 wrap looks up the environment, and where
 * V8 collects outside any script, in a task of its own, there is none ("RemoveEnvironmentCleanupHook: Assertion failed: (env) !=
 * nullptr"). better-sqlite3 13 has no such objects, but does not run on Node.js 20.
 *
 * What is kept is small, some hundred bytes a statement: a closed database has given back its memory and its file. So statements are
 * prepared once for a connection, not for a call, and `iterate`, which makes an object for each call, is not used.
 */
import SqliteDatabase from 'better-sqlite3';
import type { Database, Statement } from 'better-sqlite3';

const kept: unknown[] = [];

class KeptDatabase extends SqliteDatabase {
  constructor(source: string | Buffer, options: SqliteDatabase.Options) {
    super(source, options);
    kept.push(this);
  }

  override prepare<Parameters extends unknown[] | object = unknown[], Result = unknown>(source: string) {
    const statement = super.prepare<Parameters, Result>(source);
    kept.push(statement);
    return statement;
  }

  /** As the inherited one, whose statement nobody would keep. */
  override pragma(source: string, { simple = false } = {}): unknown {
    const statement: Statement<[], unknown> = this.prepare<[], unknown>(`PRAGMA ${source}`);
    if (!statement.reader) {
      statement.run();
      return simple ? undefined : [];
    }
    return simple ? statement.pluck().get() : statement.all();
  }
}

export type SqliteOptions = SqliteDatabase.Options;

/** SQLite's name of an error, `SQLITE_CORRUPT`; undefined if the error is not SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof SqliteDatabase.SqliteError ? error.code : undefined;
}

/** @throws Error of SQLite; see better-sqlite3 for the options */
export function openSqlite(source: string | Buffer, options: SqliteOptions = {}): Database {
  return new KeptDatabase(source, options);
}
