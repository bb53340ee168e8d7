/**
 * The file of a block, read: rows by id, each checked against its checksum. This is the seam behind which SQLite could be replaced:
 * `page`, `timeColumn` and `values` get a row by id, `floor` the last row at or before one, `names` what is read whole.
 */
import type { Database, Statement } from 'better-sqlite3';
import {
  APPLICATION_ID, crcOf, crcOfMeta, crcOfNames, crcOfTimeColumn, FORMAT_VERSION, unpackPage, VALUES_PER_PAGE,
  type BlockMeta, type PageTable,
} from './block-format.js';
import { BlockError } from './block-error.js';
import { decodeLabelValues } from './label-pages.js';
import { openSqlite, sqliteCode } from '../../io/sqlite.js';

export interface NameRow {
  readonly id: number;
  readonly name: string;
  readonly first_pair: number;
  readonly pairs: number;
}

interface PageRow {
  readonly crc: number;
  readonly data: Uint8Array;
}

export interface TimeColumnRow {
  readonly crc: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly data: Uint8Array;
}

export class BlockFile {
  readonly meta: BlockMeta;
  private readonly pages: Record<PageTable, Statement<[number], PageRow>>;
  private readonly postingsFloor: Statement<[number], number>;
  private readonly times: Statement<[number], TimeColumnRow>;
  private readonly starts: Statement<[number], PageRow>;

  private constructor(readonly file: string, private readonly database: Database) {
    this.meta = readMeta(file, database);
    const page = (table: string, key = 'id'): Statement<[number], PageRow> =>
      database.prepare(`SELECT crc, data FROM ${table} WHERE ${key} = ?`);
    this.pages = {
      postings_page: page('postings_page', 'first_pair'),
      label_set_page: page('label_set_page'),
      series_page: page('series_page'),
      value_page: page('value_page'),
      histogram_page: page('histogram_page'),
      label_value_page: page('label_value_page'),
    };
    this.postingsFloor = database.prepare<[number], number>(
      'SELECT first_pair FROM postings_page WHERE first_pair <= ? ORDER BY first_pair DESC LIMIT 1').pluck();
    this.times = database.prepare('SELECT crc, count, min, max, data FROM time_column WHERE id = ?');
    this.starts = page('start_column');
  }

  /** @throws BlockError */
  static open(file: string): BlockFile {
    let database: Database | undefined;
    try {
      database = openSqlite(file, { readonly: true, fileMustExist: true });
      database.pragma('cache_size = -256');
      database.pragma('mmap_size = 0');
      const application = Number(database.pragma('application_id', { simple: true }));
      if (application !== APPLICATION_ID) throw new BlockError('not_a_block', file, `no block: application id ${application}`);
      const version = Number(database.pragma('user_version', { simple: true }));
      if (version > FORMAT_VERSION) {
        throw new BlockError('newer_block', file, `format ${version}, this narthex knows formats up to ${FORMAT_VERSION}`);
      }
      // One transaction for the life of the connection: without it every get locks, stats and unlocks the file.
      database.exec('BEGIN');
      return new BlockFile(file, database);
    } catch (cause) {
      database?.close();
      throw asBlockError(file, 'cannot be opened', cause);
    }
  }

  close(): void {
    this.database.close();
  }

  /** All label names, the metric's first. @throws BlockError */
  names(): NameRow[] {
    const rows = this.guard('label_name', () =>
      this.database.prepare<[], NameRow>('SELECT id, name, first_pair, pairs FROM label_name ORDER BY id').all());
    if (rows.length !== this.meta.names || crcOfNames(rows) !== this.meta.names_crc) throw this.corrupt('label_name', 0, 'checksum');
    if (rows.some((row) => typeof row.name !== 'string')) throw this.corrupt('label_name', 0, 'no text');
    return rows;
  }

  /** A page, inflated. @throws BlockError if it is missing or damaged */
  page(table: PageTable, id: number): Uint8Array {
    const row = this.guard(table, () => this.pages[table].get(id), id);
    if (row === undefined) throw this.corrupt(table, id, 'missing row');
    if (crcOf(table, id, row.data) !== row.crc) throw this.corrupt(table, id, 'checksum');
    try {
      return unpackPage(row.data);
    } catch (cause) {
      throw this.corrupt(table, id, 'no page', cause);
    }
  }

  /** Id of the last page of postings that begins at or before `pair`. @throws BlockError */
  floor(pair: number): number {
    const first = this.guard('postings_page', () => this.postingsFloor.get(pair), pair);
    if (first === undefined) throw this.corrupt('postings_page', pair, 'missing row');
    return first;
  }

  /** @throws BlockError */
  timeColumn(id: number): TimeColumnRow {
    const row = this.guard('time_column', () => this.times.get(id), id);
    if (row === undefined) throw this.corrupt('time_column', id, 'missing row');
    if (crcOfTimeColumn(id, row.count, row.min, row.max, row.data) !== row.crc) throw this.corrupt('time_column', id, 'checksum');
    return row;
  }

  /** Start timestamps of chunks, encoded. @throws BlockError */
  startColumn(id: number): Uint8Array {
    const row = this.guard('start_column', () => this.starts.get(id), id);
    if (row === undefined) throw this.corrupt('start_column', id, 'missing row');
    if (crcOf('start_column', id, row.data) !== row.crc) throw this.corrupt('start_column', id, 'checksum');
    return row.data;
  }

  /** The values of a page of pairs, first pair `id * VALUES_PER_PAGE`. @throws BlockError */
  values(id: number): string[] {
    const first = id * VALUES_PER_PAGE;
    const count = Math.min(this.meta.pairs, first + VALUES_PER_PAGE) - first;
    const page = this.page('label_value_page', id);
    try {
      return decodeLabelValues(page, count);
    } catch (cause) {
      throw this.corrupt('label_value_page', id, 'cannot be decoded', cause);
    }
  }

  corrupt(table: string, id: number, what: string, cause?: unknown): BlockError {
    return new BlockError('corrupt_block', this.file, `damaged: ${what} (table ${table}, id ${id})`, { cause });
  }

  private guard<T>(table: string, read: () => T, id = 0): T {
    try {
      return read();
    } catch (cause) {
      throw asBlockError(this.file, `cannot be read (table ${table}, id ${id})`, cause);
    }
  }
}

function readMeta(file: string, database: Database): BlockMeta {
  const rows = database.prepare<[], [string, number | string]>('SELECT key, value FROM block').raw().all();
  const { crc, ...meta } = Object.fromEntries(rows) as Record<string, number | string>;
  // The checksum covers every field, so the shape is what the writer of this format wrote.
  const checked = meta as { [key in keyof BlockMeta]: BlockMeta[key] };
  if (crc !== crcOfMeta(checked)) throw new BlockError('corrupt_block', file, 'damaged: checksum (table block)');
  return checked;
}

function asBlockError(file: string, what: string, cause: unknown): BlockError {
  if (cause instanceof BlockError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  const damaged = /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode(cause) ?? '');
  return new BlockError(damaged ? 'corrupt_block' : 'unreadable_block', file, `${what}: ${detail}`, { cause });
}
