/** Blocks: verification, and damage that is always found. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../../src/io/sqlite.js';
import { NodeDisk } from '../../../src/io/node-disk.js';
import { Matcher } from '../../../src/model/matcher.js';
import { SampleColumns } from '../../../src/model/sample-columns.js';
import { BlockError } from '../../../src/tsdb/block/block-error.js';
import { BlockReader } from '../../../src/tsdb/block/block-reader.js';
import { QueryableSource } from '../../../src/tsdb/block/block-source.js';
import { writeBlock } from '../../../src/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../../src/tsdb/block/column-codec.js';
import { PageCache } from '../../../src/tsdb/block/page-cache.js';
import { verifyBlock } from '../../../src/tsdb/block/verify-block.js';
import { loadCodecModule } from '../../../src/tsdb/kernel-loader.js';
import { MemoryStorage } from '../../../src/tools/conformance/memory-storage.js';
import { Random } from '../../support/random.js';
import { labels, tempDirectory, T0, HOUR } from '../../support/store-fixture.js';

const codec = new ColumnCodec(loadCodecModule());
const disk = new NodeDisk();
const directory = tempDirectory();
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));
let files = 0;
const header = { mint: T0, maxt: T0 + 2 * HOUR, heads: [7, 9], parents: [], level: 0 };

function fleet(series: number): MemoryStorage {
  const random = new Random(5);
  const storage = new MemoryStorage();
  for (let i = 0; i < series; i++) {
    const set = labels(`metric_${i % 20}`, { instance: `host-${Math.floor(i / 20)}`, pod: `p${random.below(2 ** 32)}` });
    const scale = random.below(1000) / 8;
    storage.append(set, Array.from({ length: 60 }, (_, k) => ({ timestampMs: T0 + k * 15_000 + (i % 5), value: Math.round(scale * k * 100) / 100, startMs: i % 3 === 0 ? T0 - 1000 * (1 + Math.floor(k / 40)) : 0 })));
  }
  return storage;
}

function write(storage: MemoryStorage): string {
  const file = path.join(directory, `${++files}.block`);
  writeBlock(disk, file, header, new QueryableSource(storage, header.mint, header.maxt - 1), codec);
  return file;
}

const open = (file: string): BlockReader => BlockReader.open(file, { codec, cache: new PageCache(1 << 22) });

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BlockError) return error.code;
    throw error;
  }
  return 'fine';
}

function verify(file: string): void {
  const block = open(file);
  try {
    verifyBlock(block);
  } finally {
    block.close();
  }
}

describe('a block', () => {
  it('says what is in it', () => {
    const file = write(fleet(1000));
    const block = open(file);
    expect(verifyBlock(block)).toMatchObject({
      mint: T0, maxt: T0 + 2 * HOUR, min_time: T0, max_time: T0 + 59 * 15_000 + 4, series: 1000, floats: 60_000, histograms: 0, time_columns: 5,
      start_columns: 1, starts: 20_040,
      chunks: 1000, heads: '7,9', level: 0,
    });
    block.close();
    expect(fs.readdirSync(directory).filter((name) => !name.endsWith('.block'))).toEqual([]);
  });

  it('is small: series of a fleet share columns of times, labels and pages', () => {
    const series = 2000;
    const size = fs.statSync(write(fleet(series))).size;
    // Random pod names alone are 10 bytes a series.
    expect(size / (series * 60)).toBeLessThan(1.5);
  });

  it('may be empty', () => {
    const file = write(new MemoryStorage());
    verify(file);
    expect(open(file).select([], T0, T0 + HOUR)).toEqual([]);
  });

  it('can be read by many at a time, and after it was unlinked', () => {
    const file = write(fleet(50));
    const readers = [open(file), open(file)];
    fs.rmSync(file);
    for (const reader of readers) {
      expect(reader.select([new Matcher('=', '__name__', 'metric_3')], T0, T0 + HOUR).length).toBe(3);
      reader.close();
    }
  });

  it('removes what it could not finish', () => {
    const file = path.join(directory, 'failed.block');
    const source = new QueryableSource(fleet(10), header.mint, header.maxt);
    source.read = () => {
      throw new Error('the source failed');
    };
    expect(() => writeBlock(disk, file, header, source, codec)).toThrow('the source failed');
    expect(fs.existsSync(file)).toBe(false);
  });
});

describe('damage', () => {
  it.each([
    ['a file that is not there', (file: string) => fs.rmSync(file), 'unreadable_block'],
    ['an empty file', (file: string) => fs.truncateSync(file, 0), 'not_a_block'],
    ['half a file', (file: string) => fs.truncateSync(file, 8192), 'corrupt_block'],
    ['another file', (file: string) => fs.writeFileSync(file, 'x'.repeat(9000)), 'corrupt_block'],
    ['a later format', (file: string) => alter(file, 'PRAGMA user_version = 99'), 'newer_block'],
    ['another database', (file: string) => alter(file, 'PRAGMA application_id = 1'), 'not_a_block'],
    ['a changed header', (file: string) => alter(file, `UPDATE block SET value = 0 WHERE key = 'mint'`), 'corrupt_block'],
    ['a missing name', (file: string) => alter(file, 'DELETE FROM label_name WHERE id = 1'), 'corrupt_block'],
    ['a missing page of label values', (file: string) => alter(file, 'DELETE FROM label_value_page WHERE id = 0'), 'corrupt_block'],
    ['a missing series page', (file: string) => alter(file, 'DELETE FROM series_page WHERE id = 1'), 'corrupt_block'],
    ['a missing page of values', (file: string) => alter(file, 'DELETE FROM value_page WHERE id = 0'), 'corrupt_block'],
    ['a missing page of postings', (file: string) => alter(file, 'DELETE FROM postings_page WHERE first_pair > 0'), 'corrupt_block'],
    ['a missing column of times', (file: string) => alter(file, 'DELETE FROM time_column WHERE id = 2'), 'corrupt_block'],
    ['a missing column of start timestamps', (file: string) => alter(file, 'DELETE FROM start_column WHERE id = 0'), 'corrupt_block'],
    ['changed start timestamps', (file: string) => alter(file, 'UPDATE start_column SET data = (SELECT data FROM time_column WHERE id = 0)'), 'corrupt_block'],
    ['a page in the place of another', (file: string) => alter(file, 'UPDATE series_page SET crc = (SELECT crc FROM series_page WHERE id = 1), data = (SELECT data FROM series_page WHERE id = 1) WHERE id = 0'), 'corrupt_block'],
    ['a changed time range', (file: string) => alter(file, 'UPDATE time_column SET min = min + 1 WHERE id = 1'), 'corrupt_block'],
  ])('%s is reported', (_name, damage, code) => {
    const file = write(fleet(600));
    damage(file);
    expect(codeOf(() => verify(file))).toBe(code);
  });

  it('of single bits never changes what is read', () => {
    const file = write(fleet(300));
    const good = contentOf(file);
    const random = new Random(11);
    const bytes = fs.readFileSync(file);
    const outcomes: Record<string, number> = {};
    for (let round = 0; round < 150; round++) {
      const at = random.below(bytes.length);
      const mask = 1 << random.below(8);
      bytes[at]! ^= mask;
      fs.writeFileSync(file, bytes);
      const code = codeOf(() => {
        verify(file);
        expect(contentOf(file) === good, `bit of byte ${at}`).toBe(true);
      });
      outcomes[code] = (outcomes[code] ?? 0) + 1;
      bytes[at]! ^= mask;
    }
    expect(outcomes['corrupt_block']).toBeGreaterThan(20);
  });
});

function alter(file: string, sql: string): void {
  const database = openSqlite(file);
  database.exec(sql);
  database.close();
}

function contentOf(file: string): string {
  const block = open(file);
  try {
    const columns = new SampleColumns();
    return block.select([], T0, T0 + 2 * HOUR).map((series) => {
      columns.clear();
      series.read(columns, T0, T0 + 2 * HOUR);
      return `${series.labels.toString()} ${columns.timestamps.subarray(0, columns.length).join()} ${columns.values.subarray(0, columns.length).join()} ${columns.startTimestamps?.subarray(0, columns.length).join() ?? ''}`;
    }).join('\n');
  } finally {
    block.close();
  }
}
