/** `narthex inspect|verify|dump|import` on what a store left on disk. */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResetHint, type Histogram } from '../../src/model/histogram.js';
import { Labels } from '../../src/model/labels.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { CatalogueWriter } from '../../src/catalogue/catalogue-writer.js';
import { JsonLinesReader } from '../../src/tools/data/json-lines.js';
import type { LineTarget } from '../../src/tools/data/line-target.js';
import { OpenMetricsWriter } from '../../src/tools/data/open-metrics.js';
import { OpenMetricsReader } from '../../src/tools/data/open-metrics-reader.js';
import { PromtoolDumpReader } from '../../src/tools/data/promtool-dump.js';
import { encodeLine } from '../../src/tools/data/sample-lines.js';
import { batch as catalogueBatch, exemplar, metadata } from '../catalogue/fixture.js';
import { labels, T0, tempDirectory, openStore, HOUR } from '../support/store-fixture.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const folder = tempDirectory();
const data = path.join(folder, 'data');
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function narthex(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { code: status, out: stdout, err: stderr };
}

const histogram: Histogram = {
  float: true, schema: 2, zeroThreshold: 1e-128, zeroCount: 0.5, count: 4.25, sum: -1.5, positiveSpans: [{ offset: -3, length: 1 }, { offset: 2, length: 1 }],
  positiveBuckets: [1.25, 1.5], negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [1], customValues: [], resetHint: ResetHint.unknown,
};
/** A stale marker, two other NaNs, infinities, a negative zero, doubles that need all their digits. */
const WORDS: readonly (readonly [number, number])[] = [
  [2, 0x7ff00000], [0, 0x7ff80000], [1, 0x7ff80000], [0, 0x7ff00000], [0, 0xfff00000], [0, 0x80000000], [1, 0], [0x9999999a, 0x3fb99999], [0xffffffff, 0x7fefffff],
];

/** Every kind: float and integer, with custom buckets, of gauges, with sums that are none. */
const HISTOGRAMS: readonly Histogram[] = [
  histogram,
  { ...histogram, float: false, zeroCount: 1, count: 7, positiveBuckets: [1, 3], negativeBuckets: [2], resetHint: ResetHint.reset },
  { ...histogram, resetHint: ResetHint.gauge, sum: Infinity },
  { ...histogram, sum: NaN, count: 5.25 },
  {
    ...histogram, float: false, schema: -53, zeroThreshold: 0, zeroCount: 0, count: 3, sum: 2, negativeSpans: [], negativeBuckets: [],
    positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: [1, 2], customValues: [0.1, 5],
  },
];

function writeCatalogue(file: string): void {
  const catalogue = CatalogueWriter.open(file);
  const plain = { __name__: 'plain_total', job: 'a' };
  catalogue.apply(catalogueBatch({
    metadata: [
      [metadata('plain_total', 'first'), 1], [metadata('plain_total', 'then "this" \\ \n line'), 2], [metadata('plain_total', 'first'), 3],
      [metadata('odd', '', 'gauge', 'seconds'), 4],
    ],
    exemplars: [
      exemplar(plain, T0, 1, 'a'), exemplar(plain, T0 + 10, -0, 'b'),
      // Late, two at one time, the lower value last: an order in which they are accepted only while something newer is there.
      exemplar(plain, T0 + 5, 3, 'c'), exemplar(plain, T0 + 5, 2, 'd'), exemplar({ __name__: 'odd' }, T0, NaN, 'e'),
    ],
  }));
  catalogue.close();
}

beforeAll(async () => {
  fs.mkdirSync(data);
  const store = await openStore(data, { keepStarts: true });
  const batch = new SampleBatch();
  const odd = batch.addSeries(labels('odd', { 'utf-8.name': 'Zoë "quoted" \\ \n line' }));
  WORDS.forEach((words, i) => {
    batch.addFloat(odd, T0 + i * 1000 + 1, 0, batch.length);
    batch.values.set(new Float64Array(Uint32Array.from(words).buffer), batch.length - 1);
  });
  const native = batch.addSeries(labels('native'));
  HISTOGRAMS.forEach((one, i) => batch.addHistogram(native, T0 + i * 1000, one, batch.length, i === 2 ? T0 - 1 : 0));
  batch.addStaleHistogram(native, T0 + 9000, batch.length);
  const plain = batch.addSeries(labels('plain_total', { job: 'a' }));
  for (let i = 0; i < 3000; i++) batch.addFloat(plain, T0 + i * 1000, i / 3, batch.length, i < 1500 ? 0 : T0 - 5);
  for (let i = 0; i < 10; i++) batch.addFloat(plain, T0 + 2 * HOUR + i, i, batch.length);
  const report = await store.db.appendBatch(batch, new Uint8Array(batch.length));
  expect(report.rejects.size).toBe(0);
  await store.db.close();
  writeCatalogue(path.join(data, 'catalogue.sqlite'));
});

describe('the data commands', () => {
  it('dump what import takes, exact to the bit', () => {
    const first = narthex('dump', data);
    expect([first.code, first.err]).toEqual([0, '']);
    for (const [low, high] of WORDS.slice(0, 3)) {
      expect(first.out).toContain(`"0x${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}"`);
    }
    const kinds = first.out.split('\n').map((line) => Object.keys((line === '' ? {} : JSON.parse(line)) as object).join());
    expect([...new Set(kinds)].sort()).toEqual(['', 'labels,exemplars', 'labels,t,v', 'labels,t,v,st', 'labels,t,v,st,h', 'metadata']);
    const file = path.join(folder, 'dump.jsonl');
    fs.writeFileSync(file, first.out);
    const copy = path.join(folder, 'copy');
    expect(narthex('import', '--path', copy, file)).toMatchObject({
      code: 0, err: '', out: `${9 + 6 + 3010} samples in 1 blocks, 3 metadata, 5 exemplars\n`,
    });
    expect(narthex('verify', copy)).toMatchObject({ code: 0, out: '1 blocks and logs and the catalogue are whole\n' });
    expect(narthex('dump', copy).out).toBe(first.out);
    const part = narthex('dump', '--match', 'plain_total{job=~"a|b"}', '--start', String(T0 / 1000 + 10), '--end', String(T0 / 1000 + 11), data);
    const lines = part.out.trimEnd().split('\n');
    expect(lines.length).toBe(3);
    expect(lines.slice(0, 2).map((line) => Object.keys(JSON.parse(line) as object))).toEqual([['metadata'], ['metadata']]);
    expect(lines[2]).toBe(`{"labels":{"__name__":"plain_total","job":"a"},"t":[${T0 + 10_000},${T0 + 11_000}],"v":[${10 / 3},${11 / 3}]}`);
  });

  it('import makes blocks as long as those of compaction, and never of times that are not over', () => {
    const now = Date.now();
    const hour = Math.floor(now / HOUR) * HOUR;
    const lines = [T0 - 40 * 24 * HOUR, T0, hour].map((t) => `{"labels":{"__name__":"x"},"t":[${t}],"v":[1]}\n`);
    const file = path.join(folder, 'spans.jsonl');
    fs.writeFileSync(file, lines.join(''));
    const spans = (to: string, ...options: string[]): number[] => {
      const target = path.join(folder, to);
      expect(narthex('import', '--path', target, ...options, file).code).toBe(0);
      const names = fs.readdirSync(path.join(target, 'blocks')).map((name) => name.split(/[_.]/).map(Number));
      return names.sort((a, b) => a[1]! - b[1]!).map(([, mint, maxt]) => (maxt! - mint!) / HOUR);
    };
    // With the usual retention of 15 d blocks have up to 36 h: 18 h is the longest of 2, 6, 18, 54 ….
    expect(spans('spans')).toEqual([18, 18, 2]);
    const config = path.join(folder, 'spans.yml');
    fs.writeFileSync(config, 'storage:\n  tsdb:\n    retention:\n      time: 10y\n');
    expect(spans('long-spans', '--config.file', config)).toEqual([486, 486, 2]);
    expect(narthex('import', '--path', path.join(folder, 'spans'), file).err).toContain('storage.tsdb.retention.time = 15d removes what is older');
  });

  it('speak OpenMetrics as far as it goes', () => {
    const text = narthex('dump', '--format', 'openmetrics', data);
    expect(text.err).toContain('7 native histograms and stale markers');
    expect(text.out.endsWith('# EOF\n')).toBe(true);
    expect(text.out).toContain('# TYPE plain counter\n# HELP plain first\nplain_total{job="a"} 0 ');
    const file = path.join(folder, 'dump.om');
    fs.writeFileSync(file, text.out);
    const copy = path.join(folder, 'from-text');
    expect(narthex('import', '--path', copy, file)).toMatchObject({ code: 0, err: '' });
    expect(narthex('dump', '--format', 'openmetrics', copy).out).toBe(text.out);
    expect(narthex('dump', copy).out).toContain('{"metadata":{"family":"plain_total","type":"counter","help":"first","unit":""}}\n');
  });

  it.each(['dump', 'inspect'])('%s ends without a word when nobody reads on', async (command) => {
    const child = spawn(process.execPath, [MAIN, command, data], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, err]).toEqual([0, '']);
  });

  it('inspect shows parts and series', () => {
    const { code, out } = narthex('inspect', '--series', data);
    expect(code).toBe(0);
    expect(out).toMatch(/^log .*\n {2}range: .*\n {2}head: 1\n/);
    expect(out).toContain('plain_total{job="a"}: 3010 samples, ');
    expect(narthex('inspect', path.join(folder, 'nothing'))).toMatchObject({ code: 1 });
    expect(narthex('inspect', '--limit', 'x', data)).toMatchObject({ code: 2 });
  });

  it('verify finds damage in logs and blocks, and changes nothing', () => {
    const broken = path.join(folder, 'broken');
    fs.cpSync(data, broken, { recursive: true });
    fs.cpSync(path.join(folder, 'copy', 'blocks'), path.join(broken, 'blocks'), { recursive: true });
    const files = [
      ...fs.readdirSync(path.join(broken, 'blocks')).map((name) => path.join(broken, 'blocks', name)),
      ...fs.readdirSync(path.join(broken, 'heads')).sort().slice(0, 1).map((name) => path.join(broken, 'heads', name, '000001.log')),
    ];
    expect(files.length).toBe(2);
    for (const file of files) {
      const bytes = fs.readFileSync(file);
      bytes[file.endsWith('.log') ? 1200 : Math.floor(bytes.length * 0.6)]! ^= 0xff;
      fs.writeFileSync(file, bytes);
    }
    const before = files.map((file) => fs.readFileSync(file));
    const { code, out } = narthex('verify', broken);
    expect(code).toBe(1);
    expect(out).toContain(files[0]);
    expect(out).toContain(`${files[1]} at `);
    files.forEach((file, i) => expect(fs.readFileSync(file).equals(before[i]!)).toBe(true));
    expect(fs.existsSync(path.join(broken, 'heads', 'quarantine'))).toBe(false);
  });

  it('import names bad lines and keeps the good ones', () => {
    const file = path.join(folder, 'wrong.jsonl');
    const good = (t: number): string => `{"labels":{"__name__":"x"},"t":[${t}],"v":[1]}`;
    const bad = [
      '{"labels":{"__name__":"x"},"t":[2,3],"v":[1,"one"]}', '{"labels":{"__name__":"x"},"t":[2],"v":[1', '[]', '7',
      '{"labels":{},"t":[2],"v":[1]}', '{"labels":{"__name__":7},"t":[2],"v":[1]}', '{"labels":{"__name__":"x"},"t":[2.5],"v":[1]}',
      '{"labels":{"__name__":"x"},"t":[1e15],"v":[1]}', '{"labels":{"__name__":"x"},"t":[2],"v":[null],"h":{"0":{}}}',
      '{"metadata":{"family":"x","type":"many"}}', '{"labels":{"__name__":"x"},"exemplars":[{"t":1,"v":"x","labels":{}}]}',
    ];
    fs.writeFileSync(file, [good(1), ...bad, good(4)].join('\n'));
    const target = path.join(folder, 'wrong');
    const { code, err, out } = narthex('import', '--path', target, file);
    expect([code, out]).toEqual([1, '2 samples in 1 blocks\n']);
    expect(err.split('\n').slice(0, bad.length + 1)).toEqual([
      `${file}:2: "one" is no value`, `${file}:3: this is no JSON`, `${file}:4: "labels" is not an object of strings`, `${file}:5: this is no object`,
      `${file}:6: there are no labels`, `${file}:7: "labels" is not an object of strings`, `${file}:8: "t" has 2.5, which is no time in ms`,
      `${file}:9: 1000000000000000 ms is no time since 1970`, `${file}:10: a histogram is not complete`,
      `${file}:11: "metadata" has no "type" that is known: "many"`, `${file}:12: "x" is no value`,
      'narthex import: 11 of 13 lines are left out, all others are stored',
    ]);
    expect(narthex('dump', target).out).toBe('{"labels":{"__name__":"x"},"t":[1,4],"v":[1,1]}\n');
  });
});

/** A target that keeps what it is given, as lines. */
function noting(): LineTarget & { readonly seen: string[] } {
  const seen: string[] = [];
  const columns = new SampleColumns();
  return {
    seen, columns,
    samples(set) {
      seen.push(encodeLine(set, columns, 0, columns.length));
      columns.clear();
    },
    metadata: (one) => void seen.push(JSON.stringify(one)),
    exemplars: ({ series, timestamps, values, labels: sets }) => void seen.push(`${series.toString()} # ${sets[0]!.toString()} ${values[0]} ${timestamps[0]}`),
  };
}

describe('lines of samples', () => {
  it('keep starts and special sums', () => {
    const columns = new SampleColumns();
    columns.pushFloat(5, 1);
    columns.pushHistogram(6, { ...histogram, sum: Infinity });
    columns.pushHistogram(7, HISTOGRAMS.at(-1)!);
    columns.pushFloat(8, 1e21);
    columns.setStarts(0, Float64Array.of(0, 3, 4, 0));
    const line = encodeLine(labels('a'), columns, 0, 4);
    const target = noting();
    new JsonLinesReader(target).line(line);
    expect(target.seen).toEqual([line]);
  });

  it('of OpenMetrics may have any label', () => {
    const set = Labels.fromObject({ '__name__': 'with space', 'a': 'x,y="}', 'b.c': '\\\n' });
    const columns = new SampleColumns();
    columns.pushFloat(-1500, -Infinity);
    columns.pushFloat(1, NaN);
    const lines = new OpenMetricsWriter(new Map()).samples(set, columns, 0, 2).trimEnd().split('\n');
    expect(lines.map((line) => line.split('} ')[1])).toEqual(['-Inf -1.5', 'NaN 0.001']);
    const target = noting();
    const reader = new OpenMetricsReader(target);
    for (const line of lines) reader.line(line);
    expect(target.seen).toEqual([0, 1].map((i) => encodeLine(set, columns, i, i + 1)));
  });

  it('of OpenMetrics have metadata and exemplars', () => {
    const target = noting();
    const reader = new OpenMetricsReader(target);
    const text = [
      '# HELP http Requests "so \\\\ far"\\n', '# TYPE http counter', 'http_total{code="200"} 5 1700000000 # {trace_id="x"} 0.5 1700000000.25',
      '# TYPE "a.b" gauge', '# UNIT "a.b" seconds', '{"a.b",c="d"} +Inf 1.7e9', '# any comment', '# TYPE old untyped', '# EOF',
    ];
    for (const line of text) reader.line(line);
    reader.end();
    expect(target.seen).toEqual([
      '{"labels":{"__name__":"http_total","code":"200"},"t":[1700000000000],"v":[5]}',
      'http_total{code="200"} # {trace_id="x"} 0.5 1700000000250',
      '{"family":"http_total","type":"counter","help":"Requests \\"so \\\\ far\\"\\n","unit":""}',
      '{"labels":{"__name__":"a.b","c":"d"},"t":[1700000000000],"v":["+Inf"]}',
      '{"family":"a.b","type":"gauge","help":"","unit":"seconds"}', '{"family":"old","type":"unknown","help":"","unit":""}',
    ]);
    for (const line of ['x 1', 'x one 1700000000', 'x{a="b" 1 1', 'x 1 12:30', '# TYPE x tally', 'x{a=b} 1 1', '{__name__="x"} 1 1700000000000']) {
      expect(() => reader.line(line), line).toThrow();
    }
  });

  it('of promtool have times in ms and names among the labels', () => {
    const target = noting();
    const reader = new PromtoolDumpReader(target);
    reader.line(String.raw`{__name__="up", "a.b"="c\td\x01", job="x, y=\"z\"}"} -1.5e-09 1700000000123`);
    reader.line('{__name__="h"} {count:7, sum:-2.5, [-1.414213562373095,-1):1, [-0.001,0.001]:2, (0.5,0.7071067811865475]:1, (1,1.414213562373095]:3} 5');
    expect(target.seen.map((line) => JSON.parse(line) as unknown)).toEqual([
      { labels: { '__name__': 'up', 'a.b': 'c\td\x01', 'job': 'x, y="z"}' }, t: [1700000000123], v: [-1.5e-9] },
      {
        labels: { __name__: 'h' }, t: [5], v: [null], h: { 0: {
          float: true, schema: 1, zeroThreshold: 0.001, zeroCount: 2, count: 7, sum: -2.5, resetHint: 0, customValues: [],
          positiveSpans: [[-1, 1], [1, 1]], positiveBuckets: [1, 3], negativeSpans: [[1, 1]], negativeBuckets: [1],
        } },
      },
    ]);
    for (const line of ['{__name__="h"} {count:3, sum:1, (0.1,0.25]:1, (0.25,7]:2} 5', 'up 1 1', '{__name__="up"} 1 1.5', '{__name__="h"} {count:1} 5']) {
      expect(() => reader.line(line), line).toThrow();
    }
  });
});
