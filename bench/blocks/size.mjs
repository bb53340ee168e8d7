// Where the bytes of blocks are: by part, by form of the codec, by metric; and the same samples written again in other ways.
// Operator terms: the `blocks` directory of any server, or without an argument a fleet of targets scraped every 15 s for two hours.
// Expected: 0.2-0.4 B a sample of real scrapes, 0.8 of the referee's fleet, of which no codec can take less than 0.74.
//   npm run build && node bench/blocks/size.mjs [--smoke] [--metrics N] [--rewrite] [BLOCK or DIRECTORY of blocks ...]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import SqliteDatabase from 'better-sqlite3';
import { NodeDisk } from '../../dist/io/node-disk.js';
import { SampleColumns } from '../../dist/model/sample-columns.js';
import { unpackPage } from '../../dist/tsdb/block/block-format.js';
import { BlockReader } from '../../dist/tsdb/block/block-reader.js';
import { QueryableSource } from '../../dist/tsdb/block/block-source.js';
import { writeBlock } from '../../dist/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../dist/tsdb/block/column-codec.js';
import { PageCache } from '../../dist/tsdb/block/page-cache.js';
import { MergedSource } from '../../dist/tsdb/compact/merged-source.js';
import { loadCodecModule, loadKernelModule } from '../../dist/tsdb/kernel-loader.js';
import { MemoryHeads } from '../../dist/tsdb/memory-heads.js';
import { decodeWrite } from '../../dist/wire/remote-write.js';
import { uncompressBlock } from '../../dist/wire/snappy.js';
import { remoteWriteBodies } from '../lib/fleet.mjs';
import { cpuSeconds, header } from '../lib/report.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean' }, metrics: { type: 'string', default: '0' }, rewrite: { type: 'boolean' } },
});
const HOUR = 3_600_000;
const FORMS = ['constant', 'raw', 'xor', 'decimal', 'ordered'];
const codec = new ColumnCodec(loadCodecModule());
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));

const open = (file) => BlockReader.open(file, { codec, cache: new PageCache(32 << 20) });

/** Rewrites samples of all `readers` to one block; reports what that costs and what it takes. */
async function write(name, readers, level, codecName) {
  const file = path.join(directory, `${name}.block`);
  const mint = Math.min(...readers.map((reader) => reader.meta.mint));
  const maxt = Math.max(...readers.map((reader) => reader.meta.maxt));
  const seconds = await cpuSeconds(() => {
    writeBlock(new NodeDisk(), file, { mint, maxt, heads: [], parents: [], level, codec: codecName }, new MergedSource(readers), codec);
  });
  const samples = readers.reduce((sum, reader) => sum + reader.meta.floats + reader.meta.histograms, 0);
  console.log(`\n${name}: written in ${((seconds * 1e9) / samples).toFixed(0)} ns a sample`);
  return file;
}

function madeUp() {
  const targets = options.smoke ? 4 : 20;
  const scrapes = options.smoke ? 40 : 480;
  const startMs = Math.floor(Date.now() / (2 * HOUR)) * 2 * HOUR;
  const heads = new MemoryHeads(loadKernelModule(), 2 * HOUR);
  for (const { bytes } of remoteWriteBodies({ targets, scrapes, startMs })) {
    heads.append(decodeWrite(uncompressBlock(bytes, 1 << 26), 1, {}));
  }
  const file = path.join(directory, 'fleet.block');
  const range = { mint: startMs, maxt: startMs + 2 * HOUR };
  const source = new QueryableSource(heads.queryable, range.mint, range.maxt - 1);
  writeBlock(new NodeDisk(), file, { ...range, heads: [], parents: [], level: 0, codec: 'P' }, source, codec);
  return [file];
}

/** Bytes of the file by what they are for; the rest is what SQLite needs for its own pages. */
function parts(file) {
  const database = new SqliteDatabase(file, { readonly: true });
  const sum = (table, of = 'length(data)') => database.prepare(`SELECT coalesce(sum(${of}), 0) FROM ${table}`).pluck().get();
  const result = {
    values: sum('value_page'), histograms: sum('histogram_page'), times: sum('time_column'), 'series pages': sum('series_page'),
    'label sets': sum('label_set_page'), postings: sum('postings_page'),
    dictionary: sum('label_value_page') + sum('label_name', 'length(name)'),
  };
  database.close();
  const size = fs.statSync(file).size;
  return { ...result, slack: size - Object.values(result).reduce((a, b) => a + b, 0), total: size };
}

/** Sizes of chunks before they are deflated, by form and by metric. */
function chunks(file) {
  const reader = open(file);
  const database = new SqliteDatabase(file, { readonly: true });
  const pageRow = database.prepare('SELECT data FROM value_page WHERE id = ?').pluck();
  const byForm = new Map();
  const byMetric = new Map();
  const add = (map, key, bytes) => map.set(key, (map.get(key) ?? 0) + bytes);
  let pageId = -1;
  let page;
  for (let series = 0; series < reader.meta.series; series++) {
    const row = series % 256;
    const refs = reader.index.seriesPage(series);
    const metric = options.metrics > 0 ? reader.index.labels(series).get('__name__') : '';
    for (let chunk = refs.firstChunk[row]; chunk < refs.firstChunk[row + 1]; chunk++) {
      if (refs.kind[chunk] !== 0) continue;
      if (refs.page[chunk] !== pageId) page = unpackPage(pageRow.get(pageId = refs.page[chunk]));
      const at = refs.offset[chunk];
      const form = page[at] & 7;
      const ranged = form >= 3 && page[at + 1] >= 128 ? ' R' : '';
      const details = form >= 3 ? ` ${(page[at] >> 3) & 3}${page[at] & 32 ? ' residuals' : ''}${page[at] & 64 ? ' gcd' : ''}${ranged}` : '';
      add(byForm, FORMS[form] + details, refs.length[chunk]);
      if (metric) add(byMetric, metric, refs.length[chunk]);
    }
  }
  database.close();
  const list = (map) => [...map].sort((a, b) => b[1] - a[1]);
  const samples = reader.meta.floats;
  reader.close();
  return { forms: list(byForm), metrics: list(byMetric).slice(0, Number(options.metrics)), samples };
}

async function describe(file) {
  const reader = open(file);
  const { meta } = reader;
  const samples = meta.floats + meta.histograms;
  const each = (bytes) => (bytes / samples).toFixed(4);
  console.log(`${path.basename(file)}: ${(meta.maxt - meta.mint) / HOUR} h, ${samples} samples, ${meta.series} series`);
  console.log('  B a sample: ' + Object.entries(parts(file)).map(([name, bytes]) => `${name} ${each(bytes)}`).join(', '));
  const { forms, metrics } = chunks(file);
  console.log('  before deflating: ' + forms.map(([name, bytes]) => `${name} ${each(bytes)}`).join(', '));
  for (const [name, bytes] of metrics) console.log(`    ${each(bytes)} ${name}`);
  const columns = new SampleColumns(8192);
  const seconds = await cpuSeconds(() => {
    for (let series = 0; series < meta.series; series++) {
      columns.clear();
      reader.readSeries(series, columns, -Infinity, Infinity);
    }
  });
  console.log(`  read in ${((seconds * 1e9) / samples).toFixed(1)} ns a sample`);
  reader.close();
}

const files = positionals.flatMap((one) => (fs.statSync(one).isDirectory()
  ? fs.readdirSync(one).filter((name) => name.endsWith('.block')).sort().map((name) => path.join(one, name)) : [one]));
header(files.length > 0 ? `sizes of ${files.length} blocks` : 'sizes of a block of a made-up fleet');
const blocks = files.length > 0 ? files : madeUp();
for (const file of blocks) await describe(file);
if (options.rewrite || options.smoke) {
  const readers = blocks.map(open);
  const ways = { 'level 0, codec P': [0, 'P'], 'compacted, codec P': [1, 'P'], 'compacted, codec R': [1, 'R'] };
  for (const [name, [level, codecName]] of Object.entries(ways)) await describe(await write(name, readers, level, codecName));
}
