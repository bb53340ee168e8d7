/** Reads everything of a catalogue, for `narthex verify`: read only, also beside a server. */
import type { Database } from 'better-sqlite3';
import { METRIC_NAME } from '../model/labels.js';
import { METRIC_TYPES } from '../model/metadata.js';
import { CatalogueError } from './catalogue-error.js';
import { openQuietly } from './connection.js';
import { labelText, parseLabelText } from './label-text.js';
import { migrate, requireCurrentSchema } from './migrate.js';
import { openSqlite } from '../io/sqlite.js';

export interface CatalogueReport {
  /** A line for each damage. */
  damage(line: string): void;
  /** What is no damage. */
  note(line: string): void;
}

/** Lines about one kind of damage. */
const LINES_MAX = 20;

/**
 * SQLite's own check of pages and indexes, the version and the tables of the schema, and what the tables say of each other.
 * @returns false if there is no catalogue
 */
export function verifyCatalogue(file: string, report: CatalogueReport): boolean {
  let database: Database;
  try {
    database = openQuietly(file, () => {});
  } catch (error) {
    if (error instanceof Error && isMissing(error.cause)) return false;
    report.damage(error instanceof Error ? error.message : String(error));
    return true;
  }
  try {
    // Of one moment, beside a server that writes.
    database.exec('BEGIN');
    for (const line of damages(database, (text) => report.note(`${file}: ${text}`))) report.damage(`${file}: ${line}`);
  } catch (error) {
    report.damage(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    database.close();
  }
  return true;
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}

function* damages(database: Database, note: (text: string) => void): Iterable<string> {
  const pages = database.prepare<[], string>(`PRAGMA integrity_check(${LINES_MAX})`).pluck().all().filter((line) => line !== 'ok');
  yield* pages;
  // What lies on damaged pages need not be looked at.
  if (pages.length > 0) return;
  try {
    requireCurrentSchema(database);
  } catch (error) {
    if (error instanceof CatalogueError && error.code === 'older_schema') note('has an older schema; the next start brings it up to date');
    else yield error instanceof Error ? error.message : String(error);
    return;
  }
  yield* schemaDamages(database);
  const references = database.prepare<[], { table: string; rowid: number; parent: string }>('PRAGMA foreign_key_check').all();
  for (const { table, rowid, parent } of references.slice(0, LINES_MAX)) {
    yield `row ${rowid} of ${table} refers to a row of ${parent} that is not there`;
  }
  yield* exemplarDamages(database);
  yield* metadataDamages(database);
}

/** The tables and indexes have to be those that the migrations make. */
function* schemaDamages(database: Database): Iterable<string> {
  const expected = openSqlite(':memory:');
  try {
    migrate(expected);
    const wanted = objectsOf(expected);
    const found = objectsOf(database);
    for (const [name, sql] of wanted) if (found.get(name) !== sql) yield `${name} is not what the migrations make`;
    for (const name of found.keys()) if (!wanted.has(name)) yield `${name} is not in the migrations`;
  } finally {
    expected.close();
  }
}

function objectsOf(database: Database): Map<string, string | null> {
  // ANALYZE, which anybody may have called, leaves tables of SQLite's.
  const rows = database.prepare<[], [string, string, string | null]>(
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'").raw().all();
  return new Map(rows.map(([type, name, sql]) => [`${type} ${name}`, sql]));
}

interface SeriesRow {
  readonly id: number;
  readonly metric: string;
  readonly labels: string;
  readonly stored: number;
  readonly counted: number;
}

function* exemplarDamages(database: Database): Iterable<string> {
  const series = database.prepare<[], SeriesRow>(
    `SELECT id, metric, labels, stored, (SELECT count(*) FROM exemplar WHERE series = exemplar_series.id) AS counted FROM exemplar_series`);
  let lines = 0;
  for (const { id, metric, labels, stored, counted } of series.all()) {
    let fault = stored === counted ? '' : `${stored} exemplars are said to be stored, ${counted} are`;
    if (!isLabelText(labels)) fault = 'its labels are no label set';
    else if (parseLabelText(labels).get(METRIC_NAME) !== metric) fault = `its labels are not of the metric ${metric}`;
    if (fault !== '' && lines++ < LINES_MAX) yield `exemplar_series ${id}: ${fault}`;
  }
  const exemplars = database.prepare<[], { id: number; labels: string }>('SELECT id, labels FROM exemplar');
  for (const { id, labels } of exemplars.all()) {
    if (!isLabelText(labels) && lines++ < LINES_MAX) yield `exemplar ${id}: its labels are no label set`;
  }
}

function isLabelText(text: string): boolean {
  try {
    return labelText(parseLabelText(text)) === text;
  } catch {
    return false;
  }
}

function* metadataDamages(database: Database): Iterable<string> {
  const rows = database.prepare<[], { id: number; family: string; type: string; first: number; last: number }>(
    'SELECT id, family, type, first_seen_ms AS first, last_seen_ms AS last FROM metric_metadata');
  let lines = 0;
  const types: readonly string[] = METRIC_TYPES;
  for (const { id, family, type, first, last } of rows.all()) {
    let fault = family === '' ? 'it has no family' : '';
    if (!types.includes(type)) fault = `${type} is no type`;
    else if (first > last) fault = 'it was last seen before it was first seen';
    if (fault !== '' && lines++ < LINES_MAX) yield `metric_metadata ${id}: ${fault}`;
  }
}
