/** `narthex inspect|verify|dump|import` on what a store left on disk. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResetHint, type Histogram } from '../../src/model/histogram.js';
import { Labels } from '../../src/model/labels.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { openMetricsLines, readOpenMetricsLine } from '../../src/tools/data/open-metrics.js';
import { decodeLine, encodeLine } from '../../src/tools/data/sample-lines.js';
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

beforeAll(async () => {
  const store = await openStore(data);
  const batch = new SampleBatch();
  const odd = batch.addSeries(labels('odd', { 'utf-8.name': 'Zoë "quoted" \\ \n line' }));
  WORDS.forEach((words, i) => {
    batch.addFloat(odd, T0 + i * 1000 + 1, 0, batch.length);
    batch.values.set(new Float64Array(Uint32Array.from(words).buffer), batch.length - 1);
  });
  const native = batch.addSeries(labels('native'));
  for (let i = 0; i < 5; i++) batch.addHistogram(native, T0 + i * 1000, histogram, batch.length);
  const plain = batch.addSeries(labels('plain', { job: 'a' }));
  for (let i = 0; i < 3000; i++) batch.addFloat(plain, T0 + i * 1000, i / 3, batch.length);
  for (let i = 0; i < 10; i++) batch.addFloat(plain, T0 + 2 * HOUR + i, i, batch.length);
  await store.db.appendBatch(batch, new Uint8Array(batch.length));
  await store.db.close();
}, 60_000);

describe('the data commands', () => {
  it('dump what import takes, exact to the bit', () => {
    const first = narthex('dump', data);
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out.split('\n').length).toBeGreaterThan(5);
    for (const [low, high] of WORDS.slice(0, 3)) {
      expect(first.out).toContain(`"0x${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}"`);
    }
    const file = path.join(folder, 'dump.jsonl');
    fs.writeFileSync(file, first.out);
    const copy = path.join(folder, 'copy');
    expect(narthex('import', '--path', copy, file)).toMatchObject({ code: 0, err: '', out: `${9 + 5 + 3010} samples in 1 blocks\n` });
    expect(narthex('verify', copy)).toMatchObject({ code: 0, out: '1 blocks and logs are whole\n' });
    expect(narthex('dump', copy).out).toBe(first.out);
    const part = narthex('dump', '--match', 'plain{job=~"a|b"}', '--start', String(T0 / 1000 + 10), '--end', String(T0 / 1000 + 11), data);
    expect(part.out).toBe(`{"labels":{"__name__":"plain","job":"a"},"t":[${T0 + 10_000},${T0 + 11_000}],"v":[${10 / 3},${11 / 3}]}\n`);
  }, 60_000);

  it('speak OpenMetrics as far as it goes', () => {
    const text = narthex('dump', '--format', 'openmetrics', data);
    expect(text.err).toContain('6 native histograms and stale markers');
    expect(text.out.endsWith('# EOF\n')).toBe(true);
    const file = path.join(folder, 'dump.om');
    fs.writeFileSync(file, text.out);
    const copy = path.join(folder, 'from-text');
    expect(narthex('import', '--path', copy, file)).toMatchObject({ code: 0, err: '' });
    expect(narthex('dump', '--format', 'openmetrics', copy).out).toBe(text.out);
  }, 60_000);

  it('inspect shows parts and series', () => {
    const { code, out } = narthex('inspect', '--series', data);
    expect(code).toBe(0);
    expect(out).toMatch(/^log .*\n {2}range: .*\n {2}head: 1\n/);
    expect(out).toContain('plain{job="a"}: 3010 samples, ');
    expect(narthex('inspect', path.join(folder, 'nothing'))).toMatchObject({ code: 1 });
    expect(narthex('inspect', '--limit', 'x', data)).toMatchObject({ code: 2 });
  }, 60_000);

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
  }, 60_000);

  it('import says where a line is wrong', () => {
    const file = path.join(folder, 'wrong.jsonl');
    fs.writeFileSync(file, '{"labels":{"__name__":"x"},"t":[1],"v":[1]}\n{"labels":{"__name__":"x"},"t":[1],"v":["one"]}\n');
    const { code, err } = narthex('import', '--path', path.join(folder, 'wrong'), file);
    expect(code).toBe(1);
    expect(err).toContain('line 2: "one" is no value; what came before is stored');
  }, 60_000);
});

describe('lines of samples', () => {
  it('keep starts and special sums', () => {
    const columns = new SampleColumns();
    columns.pushFloat(5, 1);
    columns.pushHistogram(6, { ...histogram, sum: Infinity, customValues: [1, 2.5] });
    columns.pushFloat(7, 1e21);
    columns.setStarts(0, Float64Array.of(0, 3, 4));
    const line = encodeLine(labels('a'), columns, 0, 3);
    const back = new SampleColumns();
    expect(decodeLine(line, () => back)).toBe(3);
    expect(encodeLine(labels('a'), back, 0, 3)).toBe(line);
    expect(Array.from(back.startTimestamps!.subarray(0, 3))).toEqual([0, 3, 4]);
  });

  it('of OpenMetrics may have any label', () => {
    const set = Labels.fromObject({ '__name__': 'with space', 'a': 'x,y="}', 'b.c': '\\\n' });
    const columns = new SampleColumns();
    columns.pushFloat(-1500, -Infinity);
    columns.pushFloat(1, NaN);
    const lines = openMetricsLines(set, columns, 0, 2, { count: 0 }).trimEnd().split('\n');
    expect(lines.map((line) => line.split('} ')[1])).toEqual(['-Inf -1.5', 'NaN 0.001']);
    const back = new SampleColumns();
    const seen: string[] = [];
    for (const line of lines) readOpenMetricsLine(line, (of) => (seen.push(of.key()), back));
    expect(seen).toEqual([set.key(), set.key()]);
    expect([...back.timestamps.subarray(0, 2), ...back.values.subarray(0, 2)]).toEqual([-1500, 1, -Infinity, NaN]);
  });
});
