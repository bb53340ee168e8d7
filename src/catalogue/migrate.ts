import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { CatalogueError } from './catalogue-error.js';

/** `migrations/` of the installation; src/ and dist/ are equally deep, so that the same path serves both. */
const INSTALLED = fileURLToPath(new URL('../../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Brings the database to the newest schema, one transaction a migration, and returns its version. Forward only.
 * @throws CatalogueError `newer_schema` (nothing is changed then), `bad_migrations`
 */
export function migrate(database: Database, directory = INSTALLED): number {
  const migrations = readMigrations(directory);
  const current = schemaVersion(database);
  refuseNewer(database, current, migrations.length);
  for (const migration of migrations.slice(current)) {
    // SQLite's DDL is transactional: a crash in between leaves the schema of the version before.
    database.transaction(() => {
      database.exec(migration.sql);
      database.pragma(`user_version = ${migration.version}`);
    }).immediate();
  }
  return migrations.length;
}

/**
 * For connections that may not write.
 * @throws CatalogueError `newer_schema`, `older_schema`, `bad_migrations`
 */
export function requireCurrentSchema(database: Database, directory = INSTALLED): void {
  const newest = readMigrations(directory).length;
  const current = schemaVersion(database);
  refuseNewer(database, current, newest);
  if (current < newest) {
    throw new CatalogueError('older_schema', database.name,
      `${database.name} has schema version ${current}, ${newest} is needed: open it for writing once`);
  }
}

function refuseNewer(database: Database, current: number, newest: number): void {
  if (current <= newest) return;
  throw new CatalogueError('newer_schema', database.name,
    `${database.name} has schema version ${current}, this narthex knows versions up to ${newest}: ` +
    'run the newer version again, or move the file away (metric metadata, exemplars and the reject ledger start anew)');
}

function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

function readMigrations(directory: string): Migration[] {
  let names: string[];
  try {
    names = fs.readdirSync(directory).filter((name) => name.endsWith('.sql')).sort();
  } catch (cause) {
    throw new CatalogueError('bad_migrations', directory, `cannot read the migrations in ${directory}`, { cause });
  }
  if (names.length === 0) throw new CatalogueError('bad_migrations', directory, `there are no migrations in ${directory}`);
  return names.map((name, i) => {
    const version = Number(FILE_NAME.exec(name)?.[1]);
    // A gap or a repeated number would make user_version mean different things in different installations.
    if (version !== i + 1) {
      throw new CatalogueError('bad_migrations', directory, `migration ${i + 1} expected, found ${name} in ${directory}`);
    }
    return { version, name, sql: fs.readFileSync(`${directory}/${name}`, 'utf8') };
  });
}
