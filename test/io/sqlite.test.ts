/** What better-sqlite3 makes is kept: where Node.js 24 collects it, the process dies. See src/io/sqlite.ts. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqlite, sqliteCode } from '../../src/io/sqlite.js';
import { collectGarbage } from '../../src/threads/collect-garbage.js';
import { tempDirectory } from '../support/store-fixture.js';

describe('what a thread made stays until it ends', () => {
  /** How many of the objects that `make` returns are collected. */
  async function collected(make: () => object): Promise<number> {
    let gone = 0;
    const registry = new FinalizationRegistry(() => gone++);
    for (let i = 0; i < 20; i++) registry.register(make(), i);
    for (let i = 0; i < 10; i++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return gone;
  }

  it('statements and databases', async () => {
    const database = openSqlite(':memory:');
    expect(await collected(() => ({}))).toBeGreaterThan(0);
    expect(await collected(() => database.prepare('SELECT 1'))).toBe(0);
    expect(await collected(() => {
      const other = openSqlite(':memory:');
      other.close();
      return other;
    })).toBe(0);
  });
});

it('pragmas: values, rows, settings', () => {
  const directory = tempDirectory();
  const database = openSqlite(path.join(directory, 'x.sqlite'));
  expect(database.pragma('user_version', { simple: true })).toBe(0);
  expect(database.pragma('user_version = 7')).toEqual([]);
  expect(database.pragma('user_version')).toEqual([{ user_version: 7 }]);
  expect(database.pragma('journal_mode = WAL', { simple: true })).toBe('wal');
  database.pragma('cache_size = -256');
  expect(database.pragma('cache_size', { simple: true })).toBe(-256);
  database.close();
  fs.rmSync(directory, { recursive: true });
});

it('errors by their name', () => {
  const database = openSqlite(':memory:');
  let error: unknown;
  try {
    database.prepare('no SQL');
  } catch (cause) {
    error = cause;
  }
  expect([sqliteCode(error), sqliteCode(new Error('another'))]).toEqual(['SQLITE_ERROR', undefined]);
});
