/** A block that the store wrote, read by nothing but `tsdb/block/format.md` and SQLite. */
import fs from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSealing } from '../support/sealing-store.js';
import { HOUR, labels, matchers, T0, append } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { ByteCursor, crc } from './byte-cursor.js';
import { columnBits, columnValues } from './column-by-hand.js';
import { histogramChunk } from './histogram-by-hand.js';
import { nameOf, story, tell, type Story } from './sample-story.js';

const stores = new Stores(openSealing);
const folder = stores.directory();
let file = '';
const wanted = story();
const DELETED = [T0 + 30_000, T0 + 60_000] as const;

beforeAll(async () => {
  const store = await stores.openIn(folder, { options: { keepStarts: true } });
  await tell(store, wanted);
  await append(store, [[labels('newer'), [[T0 + 9 * HOUR, 1]]]]);
  await store.db.maintain();
  await store.db.administration.deleteSeries([matchers(['__name__', '=', 'regular'])], ...DELETED);
  const [name] = fs.readdirSync(path.join(folder, 'blocks')).filter((one) => one.endsWith('.block'));
  file = path.join(folder, 'blocks', name!);
});
afterAll(() => stores.closeAll());

const TABLES = [
  'postings_page', 'label_set_page', 'series_page', 'time_column', 'value_page', 'histogram_page', 'label_value_page', 'start_column',
] as const;
type Table = (typeof TABLES)[number];

interface Row {
  readonly id: number;
  readonly crc: number;
  readonly data: Uint8Array;
  readonly count?: number;
  readonly min?: number;
  readonly max?: number;
}

class BlockByHand {
  private readonly database = new SqliteDatabase(file, { readonly: true });
  readonly meta: Record<string, string | number>;
  private readonly values: string[] = [];
  readonly pairs: [string, string][] = [];
  private readonly rows: Record<Table, Map<number, Row>>;

  constructor() {
    expect(this.database.pragma('application_id', { simple: true })).toBe(0x6e746878);
    expect(this.database.pragma('user_version', { simple: true })).toBe(1);
    this.rows = Object.fromEntries(TABLES.map((table, i) => [table, this.read(table, i + 1)])) as Record<Table, Map<number, Row>>;
    this.meta = this.readMeta();
    this.readPairs();
    this.database.close();
  }

  private readMeta(): Record<string, string | number> {
    const all = Object.fromEntries(this.database.prepare<[], [string, string | number]>('SELECT key, value FROM block').raw().all());
    const { crc: stored, ...meta } = all;
    const lines = Object.entries(meta).map(([key, value]) => `${key}=${value}`).sort().join('\n');
    expect(stored).toBe(crc(Buffer.from(lines)));
    return meta;
  }

  private read(table: Table, number: number): Map<number, Row> {
    const key = table === 'postings_page' ? 'first_pair' : 'id';
    const rows = this.database.prepare<[], Row>(`SELECT *, ${key} AS id FROM ${table}`).all();
    for (const row of rows) {
      const place = Buffer.alloc(12);
      place.writeUInt32LE(number);
      place.writeDoubleLE(row.id, 4);
      const times = table === 'time_column' ? [Buffer.from(Float64Array.of(row.count!, row.min!, row.max!).buffer)] : [];
      expect(row.crc, `${table} ${row.id}`).toBe(crc(Buffer.concat([place, ...times, row.data])));
    }
    return new Map(rows.map((row) => [row.id, row]));
  }

  count(table: Table): number {
    return this.rows[table].size;
  }

  private data(table: Table, id: number): Uint8Array {
    const row = this.rows[table].get(id);
    if (!row) throw new Error(`${table} ${id} is missing`);
    return row.data;
  }

  private page(table: Table, id: number): ByteCursor {
    const data = this.data(table, id);
    expect([0, 1]).toContain(data[0]);
    return new ByteCursor(data[0] === 1 ? inflateRawSync(data.subarray(1)) : data.subarray(1));
  }

  private readPairs(): void {
    const names = this.database.prepare<[], { id: number; name: string; first_pair: number; pairs: number }>('SELECT * FROM label_name ORDER BY id').all();
    const lines = names.map((row) => `${row.name}\0${row.first_pair}\0${row.pairs}`).join('\n');
    expect(this.meta['names_crc']).toBe(crc(Buffer.from(lines)));
    expect(names[0]!.name).toBe('__name__');
    for (let id = 0; this.values.length < Number(this.meta['pairs']); id++) {
      const c = this.page('label_value_page', id);
      while (c.left > 0) this.values.push(c.text(c.v()));
    }
    for (const { name, first_pair: first, pairs } of names) {
      expect(first).toBe(this.pairs.length);
      for (let i = 0; i < pairs; i++) this.pairs.push([name, this.values[first + i]!]);
    }
  }

  private labelSet(set: number): number[] {
    const c = this.page('label_set_page', Math.floor(set / 128));
    const widths = c.list(c.v(), () => c.v());
    const sets: number[][] = widths.map(() => []);
    for (let column = 0; column < Math.max(0, ...widths); column++) {
      let above = 0;
      widths.forEach((width, i) => {
        if (column < width) sets[i]!.push((above += c.z()));
      });
    }
    expect(c.left).toBe(0);
    return sets[set % 128]!;
  }

  private times(id: number): number[] {
    const { count, min, max, data } = this.rows.time_column.get(id)!;
    if (data[0] !== 7) {
      const times = columnValues(data, count!);
      expect([times[0], times.at(-1)]).toEqual([min, max]);
      return times;
    }
    const c = new ByteCursor(data, 1);
    const [whole, from] = [c.v(), c.v()];
    return this.times(whole).slice(from, from + count!);
  }

  /** All of a block by series, and the pairs of each series. */
  story(): { all: Story; pairsOf: number[][] } {
    const all: Story = {};
    const pairsOf: number[][] = [];
    for (let first = 0; first < Number(this.meta['series']); first += 256) {
      const c = this.page('series_page', first / 256);
      const [count, chunks] = [c.v(), c.v()];
      const place = [0, 1].map(() => ({ page: c.v(), offset: c.v() }));
      const differences = (length: number): number[] => {
        let value = 0;
        return c.list(length, () => (value += c.z()));
      };
      const [metrics, sets] = [differences(count), differences(count)];
      const chunksOf = c.list(count, () => c.v());
      const kinds = c.list(chunks, () => c.u8());
      const steps = c.list(chunks, () => c.v());
      const sizes = c.list(chunks, () => c.v());
      const times = differences(chunks);
      const starts = c.u8() === 1 ? differences(chunks) : kinds.map(() => 0);
      expect(c.left).toBe(0);
      let chunk = 0;
      for (let i = 0; i < count; i++) {
        const pairs = [...(metrics[i]! > 0 ? [metrics[i]! - 1] : []), ...this.labelSet(sets[i]!)];
        pairsOf.push(pairs);
        const samples: Story[string] = (all[nameOf(pairs.map((pair) => this.pairs[pair]!))] = []);
        for (const end = chunk + chunksOf[i]!; chunk < end; chunk++) {
          const where = place[kinds[chunk]!]!;
          if (steps[chunk]! > 0) Object.assign(where, { page: where.page + steps[chunk]!, offset: 0 });
          const page = this.page(kinds[chunk] === 0 ? 'value_page' : 'histogram_page', where.page);
          const part = new ByteCursor(page.bytes.subarray(where.offset, where.offset + sizes[chunk]!));
          where.offset += sizes[chunk]!;
          const at = this.times(times[chunk]!);
          const values = kinds[chunk] === 0 ? columnBits(part.bytes, at.length) : histogramChunk(part, at.length);
          const started = starts[chunk]! > 0 ? columnValues(this.data('start_column', starts[chunk]! - 1), at.length) : at.map(() => 0);
          at.forEach((t, n) => samples.push([t, started[n]!, values[n]!]));
        }
      }
      expect(chunk).toBe(chunks);
    }
    return { all, pairsOf };
  }

  /** Series of each pair. */
  postings(): number[][] {
    const lists: number[][] = [];
    for (const first of [...this.rows.postings_page.keys()].sort((a, b) => a - b)) {
      expect(first).toBe(lists.length);
      const c = this.page('postings_page', first);
      const sizes = c.list(c.v(), () => c.v());
      for (const size of sizes) {
        const part = c.part(size);
        const list: number[] = [];
        let end = 0;
        while (part.left > 0) {
          const head = part.v();
          const from = end + Math.floor(head / 2);
          end = from + (head % 2 === 0 ? 1 : part.v() + 2);
          for (let series = from; series < end; series++) list.push(series);
        }
        lists.push(list);
      }
      expect(c.left).toBe(0);
    }
    return lists;
  }
}

it('says what was stored, and every count and list agrees', () => {
  const block = new BlockByHand();
  const { all, pairsOf } = block.story();
  const sortedNames = (one: Story): Story => Object.fromEntries(Object.entries(one).map(([name, samples]) => [name.replace(/\{(.+),(.+)\}/, (_, a: string, b: string) => `{${[a, b].sort().join()}}`), samples]));
  expect(sortedNames(all)).toEqual(sortedNames(wanted));
  expect(block.postings()).toEqual(block.pairs.map((_, pair) => pairsOf.flatMap((pairs, series) => (pairs.includes(pair) ? [series] : []))));
  const samples = Object.values(wanted).flat();
  const histograms = samples.filter(([, , value]) => typeof value !== 'bigint').length;
  const times = samples.map(([t]) => t);
  expect(block.meta).toMatchObject({
    mint: T0, maxt: T0 + 2 * HOUR, min_time: Math.min(...times), max_time: Math.max(...times), series: Object.keys(wanted).length,
    floats: samples.length - histograms, histograms, starts: samples.filter(([, start]) => start !== 0).length, heads: '1', parents: '', level: 0,
    pairs: block.pairs.length, postings_pages: block.count('postings_page'), time_columns: block.count('time_column'),
    start_columns: block.count('start_column'), value_pages: block.count('value_page'), histogram_pages: block.count('histogram_page'),
  });
});

it('has beside it what was deleted', () => {
  const bytes = new Uint8Array(fs.readFileSync(`${file}.deleted`));
  const c = new ByteCursor(bytes, 0, bytes.length - 4);
  expect(c.text(8)).toBe('nthxdel1');
  let series = 0;
  const runs = c.list(c.v(), () => {
    const from = (series += c.v());
    const count = c.v();
    series += count;
    return { from, count, intervals: c.list(c.v(), () => [c.f64(), c.f64()]) };
  });
  expect(c.left).toBe(0);
  const number = new BlockByHand().story().pairsOf.length;
  expect(runs).toEqual([{ from: Object.keys(new BlockByHand().story().all).indexOf('regular{job="b"}'), count: 1, intervals: [[...DELETED]] }]);
  expect(number).toBe(Object.keys(wanted).length);
  expect(new ByteCursor(bytes, bytes.length - 4).u32()).toBe(crc(bytes.subarray(0, bytes.length - 4)));
});
