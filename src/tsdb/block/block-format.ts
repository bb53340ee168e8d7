/** Numbers that the writer and the reader of blocks share. `format.md` explains them. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { crc32 } from '../../encoding/crc32.js';

/** 'nthx', in the header of the file. */
export const APPLICATION_ID = 0x6e746878;
/** In the header's user_version. */
export const FORMAT_VERSION = 1;

export const SERIES_PER_PAGE = 256;
export const SETS_PER_PAGE = 128;
export const VALUES_PER_PAGE = 128;
/** Raw bytes of a page of values: large enough to compress well, small enough that one series costs one small read. */
export const VALUE_PAGE_BYTES = 32 * 1024;
/** The same in a block that was compacted: its chunks are longer, and it is read less often. */
export const COMPACTED_PAGE_BYTES = 64 * 1024;
export const POSTINGS_PAGE_BYTES = 4 * 1024;
export const POSTINGS_PER_PAGE = 256;
/**
 * Blocks as long as this are written by codec R, which is some ten times slower to read than P: what is in them is old. Shorter ones
 * have the days that dashboards ask for.
 */
export const CODEC_R_RANGE_MS = 48 * 3_600_000;
/** Samples of a chunk: 8 h at 15 s. Longer chunks compress no better, and all of a chunk is decoded to read one sample of it. */
export const CHUNK_SAMPLES_MAX = 2048;
/** What a page may inflate to: a bound on damage, far above what the writer makes. */
export const PAGE_BYTES_MAX = 64 * 1024 * 1024;

/** Tables of blobs. The number is part of the checksum: a blob of another table or row is not taken for this one. */
export const TABLES = {
  postings_page: 1, label_set_page: 2, series_page: 3, time_column: 4, value_page: 5, histogram_page: 6, label_value_page: 7,
  start_column: 8,
} as const;
export type BlobTable = keyof typeof TABLES;
/** Tables whose blobs are pages, which may be deflated. Columns of times are packed so tightly that it gains nothing. */
export type PageTable = Exclude<BlobTable, 'time_column' | 'start_column'>;

/** Kinds of chunks. */
export const FLOATS = 0;
export const HISTOGRAMS = 1;

/** Row of the table `block`: what the block is, and how many rows each table must have. */
export interface BlockMeta {
  /** Half-open range that the block was made for, ms. */
  readonly mint: number;
  readonly maxt: number;
  /** Oldest and newest sample. */
  readonly min_time: number;
  readonly max_time: number;
  readonly names: number;
  readonly pairs: number;
  readonly label_sets: number;
  readonly series: number;
  readonly postings_pages: number;
  readonly time_columns: number;
  readonly start_columns: number;
  readonly value_pages: number;
  readonly histogram_pages: number;
  readonly chunks: number;
  readonly floats: number;
  readonly histograms: number;
  /** Samples that have a start timestamp. */
  readonly starts: number;
  readonly names_crc: number;
  /** Ids of the heads whose samples are in here, separated by commas. Their logs are not needed any more. */
  readonly heads: string;
  /** Ids of the blocks whose samples are in here, separated by commas. They are dropped in favour of this one. */
  readonly parents: string;
  /** How often its samples were compacted; 0 for a block made from a head. The highest of its parents' and one more. */
  readonly level: number;
}

const header = new DataView(new ArrayBuffer(12));
const headerBytes = new Uint8Array(header.buffer);

/** Checksum of a blob in its place. */
export function crcOf(table: BlobTable, id: number, ...parts: readonly Uint8Array[]): number {
  header.setUint32(0, TABLES[table], true);
  header.setFloat64(4, id, true);
  let crc = crc32(headerBytes);
  for (const part of parts) crc = crc32(part, crc);
  return crc;
}

/** Checksum of count, min, max and data of a time column. */
export function crcOfTimeColumn(id: number, count: number, min: number, max: number, data: Uint8Array): number {
  return crcOf('time_column', id, new Uint8Array(Float64Array.of(count, min, max).buffer), data);
}

/** Checksum of the rows of `label_name`. */
export function crcOfNames(rows: readonly { readonly name: string; readonly first_pair: number; readonly pairs: number }[]): number {
  return crc32(Buffer.from(rows.map((row) => `${row.name}\0${row.first_pair}\0${row.pairs}`).join('\n'), 'utf8'));
}

/** Checksum of the table `block`, without its own row. */
export function crcOfMeta(meta: BlockMeta): number {
  const rows = Object.entries(meta).map(([key, value]) => `${key}=${String(value)}`);
  return crc32(Buffer.from(rows.sort().join('\n'), 'utf8'));
}

/** A page may take a quarter more than it has; below that copying costs more than it saves. */
const SLACK_PARTS = 4;

/** First byte of a page. */
const STORED = 0;
const DEFLATED = 1;

/**
 * A page as it is stored: deflated if that saves a 32nd, since inflating costs more than decoding what is in it. Level 1: half the time of
 * level 6 and within 2 % of its size on packed columns.
 */
export function packPage(raw: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(raw, { level: 1 });
  const pays = deflated.length < raw.length - (raw.length >> 5);
  const data = pays ? deflated : raw;
  const page = new Uint8Array(data.length + 1);
  page[0] = pays ? DEFLATED : STORED;
  page.set(data, 1);
  return page;
}

/** The page that `packPage` was given; for a stored one a view. @throws Error if the bytes are no page, or inflate to too many */
export function unpackPage(page: Uint8Array): Uint8Array {
  const data = page.subarray(1);
  if (page[0] === STORED) return data;
  if (page[0] !== DEFLATED) throw new Error(`page of kind ${String(page[0])}`);
  const inflated = inflateRawSync(data, { maxOutputLength: PAGE_BYTES_MAX });
  // What fits into the first 16 KiB that Node inflates into comes as a view of them: a page that is kept would keep them all, and
  // whoever counts bytes would count a third of what is taken.
  const slack = inflated.buffer.byteLength - inflated.length;
  return slack * SLACK_PARTS > inflated.length ? new Uint8Array(inflated) : inflated;
}

/** Statements that make an empty block. The path is the same seen from src/tsdb/block and dist/tsdb/block. */
export function blockSchema(): string {
  return fs.readFileSync(fileURLToPath(new URL('../../../migrations/block/0001_block.sql', import.meta.url)), 'utf8');
}
