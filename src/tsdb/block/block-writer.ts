/**
 * Writes a block aside: a file under a temporary name, complete, durable and read back. Publishing it (rename, sync of the directory)
 * is the caller's, on the thread that owns the store.
 */
import type { Database } from 'better-sqlite3';
import { ByteWriter } from '../../encoding/byte-writer.js';
import type { Disk } from '../../io/disk.js';
import { SampleColumns } from '../../model/sample-columns.js';
import {
  APPLICATION_ID, blockSchema, CODEC_R_RANGE_MS, COMPACTED_PAGE_BYTES, crcOf, crcOfMeta, crcOfNames, crcOfTimeColumn,
  FLOATS, FORMAT_VERSION, HISTOGRAMS, packPage, POSTINGS_PAGE_BYTES, POSTINGS_PER_PAGE, SERIES_PER_PAGE, SETS_PER_PAGE, VALUES_PER_PAGE,
  VALUE_PAGE_BYTES, type BlockMeta, type PageTable,
} from './block-format.js';
import type { BlockSource, OrderedSource } from './block-source.js';
import { ChunkWriter } from './chunk-writer.js';
import type { CodecName, ColumnCodec } from './column-codec.js';
import { encodeLabelSets, encodeLabelValues, encodePostings, encodePostingsPage } from './label-pages.js';
import { encodeSeriesPage, type ChunkRef } from './series-pages.js';
import { orderSeries, type SeriesOrder } from './series-order.js';
import { openSqlite } from '../../io/sqlite.js';

export interface BlockHeader {
  /** Half-open range of the block, ms; all samples of the source lie in it. */
  readonly mint: number;
  readonly maxt: number;
  /** Heads whose samples are all in the source. */
  readonly heads: readonly number[];
  /** Blocks whose samples are all in the source. */
  readonly parents: readonly number[];
  /** 0: made from a head. */
  readonly level: number;
  /** R is smaller and slower to read. If not given, by the length of the range. */
  readonly codec?: CodecName;
}

type Insert = (id: number, raw: Uint8Array) => void;

/**
 * Writes all of `source` to a new file and makes it durable. Memory: label sets as numbers, 4 bytes a pair of a series, twice; samples
 * of one series at a time.
 * @throws Error (SQLite's or the disk's) and removes the file if it cannot be written
 */
export function writeBlock(
  disk: Disk, file: string, header: BlockHeader, source: BlockSource | OrderedSource, codec: ColumnCodec,
): BlockMeta {
  if (disk.stat(file)) disk.remove(file);
  const database = openSqlite(file);
  try {
    // Nothing to protect: a file that is not finished is thrown away. A write-ahead log would stay in the header for ever.
    // Blobs fill overflow pages but for the last part, which is alone in a page of its table: 2 % of a block less than with 4096.
    database.pragma('page_size = 1024');
    database.pragma('journal_mode = OFF');
    database.pragma('synchronous = OFF');
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('cache_size = -2000');
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${FORMAT_VERSION}`);
    database.exec(blockSchema());
    database.exec('BEGIN');
    const meta = new BlockContent(database, codec).write(header, source);
    database.exec('COMMIT');
    database.close();
    makeDurable(disk, file);
    return meta;
  } catch (error) {
    database.close();
    if (disk.stat(file)) disk.remove(file);
    throw error;
  }
}

function makeDurable(disk: Disk, file: string): void {
  const opened = disk.openWrite(file);
  try {
    opened.datasyncSync();
  } finally {
    opened.close();
  }
}

class BlockContent {
  constructor(private readonly database: Database, private readonly codec: ColumnCodec) {}

  write(header: BlockHeader, source: BlockSource | OrderedSource): BlockMeta {
    const order = 'order' in source ? source.order : orderSeries(source);
    const namesCrc = this.writeDictionary(order);
    this.writeLabelSets(order);
    const postingsPages = this.writePostings(order);
    const chunks = this.writeSeries(order, source, header);
    const meta: BlockMeta = {
      mint: header.mint,
      maxt: header.maxt,
      min_time: chunks.minTime === Infinity ? header.mint : chunks.minTime,
      max_time: chunks.maxTime === -Infinity ? header.mint : chunks.maxTime,
      names: order.names.length,
      pairs: order.values.length,
      label_sets: order.setCount,
      series: order.source.length,
      postings_pages: postingsPages,
      time_columns: chunks.timeColumnCount,
      start_columns: chunks.starts.count,
      value_pages: chunks.pageCount(FLOATS),
      histogram_pages: chunks.pageCount(HISTOGRAMS),
      chunks: chunks.chunks,
      floats: chunks.floats,
      histograms: chunks.histograms,
      starts: chunks.starts.samples,
      names_crc: namesCrc,
      heads: header.heads.join(','),
      parents: header.parents.join(','),
      level: header.level,
    };
    const insert = this.database.prepare('INSERT INTO block (key, value) VALUES (?, ?)');
    for (const [key, value] of Object.entries({ ...meta, crc: crcOfMeta(meta) })) insert.run(key, value);
    return meta;
  }

  private inserter(table: PageTable): Insert {
    const key = table === 'postings_page' ? 'first_pair' : 'id';
    const insert = this.database.prepare(`INSERT INTO ${table} (${key}, crc, data) VALUES (?, ?, ?)`);
    return (id, raw) => {
      const data = packPage(raw);
      insert.run(id, crcOf(table, id, data), data);
    };
  }

  private writeDictionary({ names, values }: SeriesOrder): number {
    const insertName = this.database.prepare('INSERT INTO label_name (id, name, first_pair, pairs) VALUES (?, ?, ?, ?)');
    const rows = names.map(({ name, firstPair, pairs }) => ({ name, first_pair: firstPair, pairs }));
    rows.forEach((row, id) => insertName.run(id, row.name, row.first_pair, row.pairs));
    const insert = this.inserter('label_value_page');
    for (let first = 0; first < values.length; first += VALUES_PER_PAGE) {
      insert(first / VALUES_PER_PAGE, encodeLabelValues(values.slice(first, first + VALUES_PER_PAGE)));
    }
    return crcOfNames(rows);
  }

  private writeLabelSets({ setStarts, setPairs, setCount }: SeriesOrder): void {
    const insert = this.inserter('label_set_page');
    for (let from = 0; from < setCount; from += SETS_PER_PAGE) {
      insert(from / SETS_PER_PAGE, encodeLabelSets(setStarts, setPairs, from, Math.min(setCount, from + SETS_PER_PAGE)));
    }
  }

  /** Returns the number of pages. */
  private writePostings(order: SeriesOrder): number {
    const { starts, refs } = invert(order);
    const insert = this.inserter('postings_page');
    const lists = new ByteWriter(POSTINGS_PAGE_BYTES * 2);
    const one = new ByteWriter(1024);
    let sizes: number[] = [];
    let first = 0;
    let pages = 0;
    const turn = (next: number): void => {
      if (sizes.length > 0) {
        insert(first, encodePostingsPage(sizes, lists.view()));
        pages++;
      }
      first = next;
      sizes = [];
      lists.reset();
    };
    for (let pair = 0; pair < order.values.length; pair++) {
      one.reset();
      encodePostings(refs.subarray(starts[pair]!, starts[pair + 1]!), one);
      if (sizes.length === POSTINGS_PER_PAGE || lists.length + one.length > POSTINGS_PAGE_BYTES) turn(pair);
      sizes.push(one.length);
      lists.bytes(one.view());
    }
    turn(0);
    return pages;
  }

  private writeSeries(order: SeriesOrder, source: BlockSource | OrderedSource, header: BlockHeader): ChunkWriter {
    const insertTimes = this.database.prepare('INSERT INTO time_column (id, crc, count, min, max, data) VALUES (?, ?, ?, ?, ?, ?)');
    const insertStarts = this.database.prepare('INSERT INTO start_column (id, crc, data) VALUES (?, ?, ?)');
    const insertPage = [this.inserter('value_page'), this.inserter('histogram_page')];
    const chunks = new ChunkWriter(this.codec, {
      timeColumn: (id, count, min, max, data) => insertTimes.run(id, crcOfTimeColumn(id, count, min, max, data), count, min, max, data),
      startColumn: (id, data) => insertStarts.run(id, crcOf('start_column', id, data), data),
      page: (kind, id, raw) => insertPage[kind]!(id, raw),
    }, {
      pageBytes: header.level > 0 ? COMPACTED_PAGE_BYTES : VALUE_PAGE_BYTES,
      codec: header.codec ?? (header.maxt - header.mint >= CODEC_R_RANGE_MS ? 'R' : 'P'),
    });
    const insertSeries = this.inserter('series_page');
    const samples = new SampleColumns(1024);
    for (let from = 0; from < order.source.length; from += SERIES_PER_PAGE) {
      const to = Math.min(order.source.length, from + SERIES_PER_PAGE);
      const refs: ChunkRef[][] = [];
      for (let i = from; i < to; i++) {
        samples.clear();
        source.read(order.source[i]!, samples);
        refs.push(chunks.add(samples));
      }
      insertSeries(from / SERIES_PER_PAGE, encodeSeriesPage(order.metric.subarray(from, to), order.set.subarray(from, to), refs));
    }
    chunks.finish();
    return chunks;
  }
}

/** Series by pair: those of pair p are refs[starts[p] .. starts[p + 1]), rising. */
function invert({ values, metric, set, setStarts, setPairs }: SeriesOrder): { starts: Uint32Array; refs: Uint32Array } {
  const starts = new Uint32Array(values.length + 1);
  const each = (series: number, call: (pair: number) => void): void => {
    if (metric[series]! > 0) call(metric[series]! - 1);
    for (let at = setStarts[set[series]!]!; at < setStarts[set[series]! + 1]!; at++) call(setPairs[at]!);
  };
  for (let series = 0; series < set.length; series++) each(series, (pair) => starts[pair + 1]!++);
  for (let pair = 0; pair < values.length; pair++) starts[pair + 1]! += starts[pair]!;
  const refs = new Uint32Array(starts[values.length]!);
  const next = starts.slice();
  for (let series = 0; series < set.length; series++) {
    each(series, (pair) => {
      refs[next[pair]!++] = series;
    });
  }
  return { starts, refs };
}
