import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../src/io/sqlite.js';
import { CatalogueReader } from '../../src/catalogue/catalogue-reader.js';
import { CatalogueWriter, DEFAULT_CATALOGUE_LIMITS } from '../../src/catalogue/catalogue-writer.js';
import { migrate } from '../../src/catalogue/migrate.js';
import { temporaryDirectory } from './fixture.js';

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const catalogueFile = (): string => path.join(directory, 'catalogue.sqlite');

function migrations(files: Record<string, string>): string {
  const folder = path.join(directory, 'migrations');
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, sql] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), sql);
  return folder;
}

test('a new file gets every migration, an old one only those it lacks', () => {
  const database = openSqlite(catalogueFile());
  expect(migrate(database, migrations({ '0001_one.sql': 'CREATE TABLE one (a INTEGER) STRICT;' }))).toBe(1);
  database.exec('INSERT INTO one VALUES (7)');
  expect(migrate(database, migrations({ '0002_two.sql': 'ALTER TABLE one ADD COLUMN b INTEGER NOT NULL DEFAULT 3;' }))).toBe(2);
  expect(database.prepare('SELECT a, b FROM one').get()).toEqual({ a: 7, b: 3 });
  expect(database.pragma('user_version', { simple: true })).toBe(2);
  database.close();
});

test('a migration that fails half-way changes nothing', () => {
  const database = openSqlite(catalogueFile());
  const folder = migrations({ '0001_one.sql': 'CREATE TABLE one (a INTEGER) STRICT; CREATE TABLE one (b INTEGER) STRICT;' });
  expect(() => migrate(database, folder)).toThrow(/already exists/);
  expect(database.prepare("SELECT count(*) AS n FROM sqlite_master").get()).toEqual({ n: 0 });
  expect(database.pragma('user_version', { simple: true })).toBe(0);
  database.close();
});

test.each([
  ['a gap', { '0002_two.sql': '' }],
  ['a repeated number', { '0001_a.sql': '', '0001_b.sql': '' }],
  ['a name without a number', { 'first.sql': '' }],
  ['no migration at all', {}],
])('%s in the migrations is refused', (_, files) => {
  const database = openSqlite(catalogueFile());
  expect(() => migrate(database, migrations(files))).toThrow(expect.objectContaining({ code: 'bad_migrations' }));
  database.close();
});

test('writer and reader refuse a newer file and leave it alone', () => {
  CatalogueWriter.open(catalogueFile()).close();
  const database = openSqlite(catalogueFile());
  database.pragma('user_version = 99');
  database.close();
  const refusal = expect.objectContaining({
    code: 'newer_schema', file: catalogueFile(), message: expect.stringContaining('schema version 99'),
  });
  expect(() => CatalogueWriter.open(catalogueFile())).toThrow(refusal);
  expect(() => CatalogueReader.open(catalogueFile())).toThrow(refusal);
});

test('a reader does not migrate, and needs the file', () => {
  expect(() => CatalogueReader.open(catalogueFile())).toThrow(expect.objectContaining({ code: 'unreadable' }));
  openSqlite(catalogueFile()).pragma('journal_mode = WAL');
  expect(() => CatalogueReader.open(catalogueFile())).toThrow(expect.objectContaining({ code: 'older_schema' }));
});

test('a file that is not a database is named', () => {
  fs.writeFileSync(catalogueFile(), 'x'.repeat(8192));
  expect(() => CatalogueWriter.open(catalogueFile(), DEFAULT_CATALOGUE_LIMITS)).toThrow(
    expect.objectContaining({ code: 'unreadable', message: expect.stringContaining(catalogueFile()) }),
  );
});
