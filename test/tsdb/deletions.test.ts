/** Deleting, cleaning up behind it, and snapshots, against a store that is written to, closed and opened again. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HDR_HEAP_LIMIT, HDR_HEAP_TOP } from '../../src/kernel/layout.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { plainHistogram } from '../support/plain-histogram.js';
import { Random } from '../support/random.js';
import { openSealing } from '../support/sealing-store.js';
import { append, HOUR, labels, matchers, readAll, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { StoppingDisk } from '../support/stopping-disk.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openSealing);
afterEach(() => stores.closeAll());

const up = (job: string) => labels('up', { job });
const times = (from: number, to: number, step: number): Point[] =>
  Array.from({ length: Math.floor((to - from) / step) }, (_, i): Point => [from + i * step, i * 1.25]);
const seriesNames = (store: OpenStore, from = T0, to = T0 + 24 * HOUR): string[] =>
  store.heads.select([], from, to).map((series) => series.labels.toString()).sort();
const files = (store: OpenStore, folder: string): string[] => fs.readdirSync(path.join(store.directory, folder)).sort();

describe('samples of a head', () => {
  it('are gone at once and after a restart, and leave the others alone', async () => {
    let store = await stores.open();
    const points = times(T0, T0 + HOUR, 10_000);
    await append(store, [[up('a'), points], [up('b'), points]]);
    const [from, to] = [points[100]![0], points[200]![0]];
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], from, to);
    const kept = points.filter(([t]) => t < from || t > to);
    for (let round = 0; round < 3; round++) {
      expect(readAll(store)).toEqual({ 'up{job="a"}': kept, 'up{job="b"}': points });
      expect(store.db.stats().samples).toBe(kept.length + points.length);
      store = await stores.reopen(store);
      expect(store.notes).toEqual([]);
    }
  });

  it('make room for new ones at the same times: the same value, another value, and times that were never there', async () => {
    let store = await stores.open();
    const points = times(T0, T0 + HOUR / 4, 10_000);
    await append(store, [[up('a'), points]]);
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], points[10]![0], points[19]![0]);
    const fresh: Point[] = [points[12]!, [points[13]![0], 999], [points[14]![0] + 1, 7]];
    expect((await append(store, [[up('a'), fresh]])).samples).toBe(3);
    const expected = [...points.slice(0, 10), ...fresh, ...points.slice(20)];
    for (let round = 0; round < 2; round++) {
      expect(readAll(store)).toEqual({ 'up{job="a"}': expected });
      store = await stores.reopen(store);
    }
  });

  it('that are all of a series take the series out of the list, until it comes back', async () => {
    const store = await stores.open();
    await append(store, [[up('a'), times(T0, T0 + HOUR, 60_000)], [up('b'), [[T0, 1]]]]);
    await store.db.administration.deleteSeries([matchers(['job', '=~', 'b.*'])], -9e15, 9e15);
    expect(seriesNames(store)).toEqual(['up{job="a"}']);
    await append(store, [[up('b'), [[T0 + HOUR, 2]]]]);
    expect(seriesNames(store)).toEqual(['up{job="a"}', 'up{job="b"}']);
    expect(readAll(store)['up{job="b"}']).toEqual([[T0 + HOUR, 2]]);
  });

  it('may be late ones, histograms and stale markers, and those that stay keep their bits', async () => {
    let store = await stores.open();
    const mixed = new SampleBatch();
    const other = mixed.addSeries(up('h'));
    for (let i = 0; i < 10; i++) {
      if (i % 3 === 0) mixed.addFloat(other, T0 + i * 400_000, i, mixed.length);
      else mixed.addHistogram(other, T0 + i * 400_000, plainHistogram(i), mixed.length);
    }
    await store.db.appendBatch(mixed, new Uint8Array(mixed.length));
    const batch = new SampleBatch();
    const series = batch.addSeries(up('a'));
    for (let i = 0; i < 400; i++) batch.addFloat(series, T0 + i * 10_000, i, batch.length);
    const stale = new Uint32Array([2, 0x7ff00000]);
    batch.addFloat(series, T0 + 400 * 10_000, 0, batch.length);
    batch.values.set(new Float64Array(stale.buffer), batch.length - 1);
    await store.db.appendBatch(batch, new Uint8Array(batch.length));
    await store.db.administration.deleteSeries([matchers(['job', '=', 'h'])], T0 + 400_000, T0 + 3 * 400_000);
    await append(store, [[up('a'), [[T0 + 395 * 10_000 + 5, 1], [T0 + 390 * 10_000 + 5, 2]]]]);
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], T0 + 393 * 10_000, T0 + 396 * 10_000);
    for (let round = 0; round < 2; round++) {
      const columns = new SampleColumns();
      store.heads.select(matchers(['job', '=', 'a']), T0, T0 + 2 * HOUR)[0]!.read(columns, T0, T0 + 2 * HOUR);
      expect(columns.length).toBe(400 + 1 + 2 - 4 - 1);
      const words = new Uint32Array(columns.values.buffer, columns.values.byteOffset, columns.length * 2);
      expect([words[columns.length * 2 - 2], words[columns.length * 2 - 1]]).toEqual([2, 0x7ff00000]);
      columns.clear();
      store.heads.select(matchers(['job', '=', 'h']), T0, T0 + 2 * HOUR)[0]!.read(columns, T0, T0 + 2 * HOUR);
      expect(Array.from(columns.timestamps.subarray(0, columns.length), (t) => (t - T0) / 400_000)).toEqual([0, 4, 5, 6, 7, 8, 9]);
      const kept = Array.from({ length: columns.length }, (_, i) => columns.histograms?.[i] ?? columns.values[i]);
      expect(kept).toEqual([0, plainHistogram(4), plainHistogram(5), 6, plainHistogram(7), plainHistogram(8), 9]);
      store = await stores.reopen(store);
    }
  });
});

describe('deleting in a full head', () => {
  it('is refused, changes nothing that it does not report, and can be repeated when there is room', async () => {
    let store = await stores.open();
    const points = times(T0, T0 + HOUR, 10_000);
    await append(store, [[up('a'), points], [up('b'), points]]);
    const { arena } = store.heads.heads[0]!;
    const limit = arena.u32[HDR_HEAP_LIMIT >>> 2]!;
    arena.u32[HDR_HEAP_LIMIT >>> 2] = arena.u32[HDR_HEAP_TOP >>> 2]! + 64;
    const remove = (): Promise<void> => store.db.administration.deleteSeries([matchers(['__name__', '=', 'up'])], points[10]![0], points[300]![0]);
    await expect(remove()).rejects.toMatchObject({ name: 'IngestError', code: 'unavailable', message: expect.stringContaining('memory is full') as string });
    expect(readAll(store)).toEqual({ 'up{job="a"}': points, 'up{job="b"}': points });
    arena.u32[HDR_HEAP_LIMIT >>> 2] = limit;
    await remove();
    const kept = points.filter((_, i) => i < 10 || i > 300);
    expect(readAll(store)).toEqual({ 'up{job="a"}': kept, 'up{job="b"}': kept });
    store = await stores.reopen(store);
    expect(readAll(store)).toEqual({ 'up{job="a"}': kept, 'up{job="b"}': kept });
  });
});

describe('samples of blocks', () => {
  it('are gone at once if they will be at the next start, though the disk does not promise it', async () => {
    const disk = new StoppingDisk();
    const store = await stores.open({ disk });
    await append(store, [[up('a'), [[T0, 1]]], [up('b'), [[T0, 1]]]]);
    await store.db.administration.flush();
    // The list of what is deleted gets its name, and then the directory cannot be synced.
    disk.left = 1;
    await expect(store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], -9e15, 9e15)).rejects.toThrow('the process has ended');
    disk.left = Infinity;
    expect(readAll(store)).toEqual({ 'up{job="b"}': [[T0, 1]] });
    expect(readAll(await stores.reopen(store))).toEqual({ 'up{job="b"}': [[T0, 1]] });
  });

  async function withBlocks(): Promise<{ store: OpenStore; points: Point[] }> {
    const store = await stores.open();
    const points = times(T0, T0 + 7 * HOUR, 300_000);
    for (let i = 0; i < points.length; i += 6) await append(store, [[up('a'), points.slice(i, i + 6)], [up('b'), points.slice(i, i + 6)]]);
    await append(store, [[up('c'), [points.at(-1)!]]]);
    await store.db.maintain();
    expect(files(store, 'blocks').length).toBe(2);
    return { store, points };
  }

  it('are gone at once, after a restart, and after the blocks were written anew', async () => {
    let { store, points } = await withBlocks();
    const [from, to] = [T0 + HOUR, T0 + 5 * HOUR];
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a']), matchers(['job', '=', 'none'])], from, to);
    const expected = { 'up{job="a"}': points.filter(([t]) => t < from || t > to), 'up{job="b"}': points, 'up{job="c"}': [points.at(-1)!] };
    expect(readAll(store)).toEqual(expected);
    expect(seriesNames(store, T0 + 2 * HOUR, T0 + 3 * HOUR)).toEqual(['up{job="b"}']);
    expect(files(store, 'blocks').filter((name) => name.endsWith('.deleted')).length).toBe(2);
    store = await stores.reopen(store);
    expect(store.notes).toEqual([]);
    expect(readAll(store)).toEqual(expected);
    await store.db.administration.cleanTombstones();
    expect(files(store, 'blocks').filter((name) => !name.endsWith('.block'))).toEqual([]);
    expect(readAll(store)).toEqual(expected);
    store = await stores.reopen(store);
    expect(store.notes).toEqual([]);
    expect(readAll(store)).toEqual(expected);
    expect(files(store, 'blocks').length).toBe(2);
  });

  it('that were all drop the block when it is cleaned', async () => {
    const { store, points } = await withBlocks();
    await store.db.administration.deleteSeries([matchers(['job', '=~', '.+'])], -9e15, T0 + 4 * HOUR - 1);
    await store.db.administration.cleanTombstones();
    expect(files(store, 'blocks')).toEqual([]);
    expect(readAll(store)['up{job="b"}']).toEqual(points.filter(([t]) => t >= T0 + 4 * HOUR));
  });

  it('deleted again and again add up', async () => {
    const { store, points } = await withBlocks();
    const random = new Random(7);
    let expected: Record<string, Point[]> = { 'up{job="a"}': points, 'up{job="b"}': points, 'up{job="c"}': [points.at(-1)!] };
    for (let i = 0; i < 25; i++) {
      const job = random.pick(['a', 'b']);
      const from = T0 + random.below(6 * 60) * 60_000;
      const to = from + random.below(40) * 60_000;
      await store.db.administration.deleteSeries([matchers(['job', '=', job])], from, to);
      expected = { ...expected, [`up{job="${job}"}`]: expected[`up{job="${job}"}`]!.filter(([t]) => t < from || t > to) };
      expect(readAll(store)).toEqual(expected);
    }
    await store.db.administration.cleanTombstones();
    expect(readAll(store)).toEqual(expected);
    const reopened = await stores.reopen(store);
    expect(readAll(reopened)).toEqual(expected);
  });

  it('come back with a word about it if the list of what is deleted is damaged', async () => {
    const { store, points } = await withBlocks();
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], T0, T0 + HOUR);
    await stores.close(store);
    const [name] = fs.readdirSync(path.join(store.directory, 'blocks')).filter((one) => one.endsWith('.deleted'));
    const file = path.join(store.directory, 'blocks', name!);
    const bytes = fs.readFileSync(file);
    bytes[12]! ^= 1;
    fs.writeFileSync(file, bytes);
    const reopened = await stores.openIn(store.directory);
    expect(reopened.notes.join('\n')).toContain(`${file}: damaged`);
    expect(readAll(reopened)['up{job="a"}']).toEqual(points);
  });
});

describe('a snapshot', () => {
  it('is a store of its own with the same samples, while the first goes on', async () => {
    const store = await stores.open();
    const points = times(T0, T0 + 7 * HOUR, 300_000);
    for (let i = 0; i < points.length; i += 6) await append(store, [[up('a'), points.slice(i, i + 6)]]);
    await store.db.maintain();
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], T0 + HOUR, T0 + 2 * HOUR);
    await store.db.administration.deleteSeries([matchers(['job', '=', 'a'])], T0 + 6 * HOUR, T0 + 6.5 * HOUR);
    const before = readAll(store);
    const name = await store.db.administration.snapshot(true);
    await append(store, [[up('a'), [[T0 + 6.95 * HOUR, 1]]]]);
    expect(name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
    const copy = await stores.openIn(path.join(store.directory, 'snapshots', name));
    expect(copy.notes).toEqual([]);
    expect(readAll(copy)).toEqual(before);
    await append(copy, [[up('z'), [[T0 + 7 * HOUR, 2]]]]);
    expect(Object.keys(readAll(store))).toEqual(['up{job="a"}']);
    const blocksOnly = await stores.openIn(path.join(store.directory, 'snapshots', await store.db.administration.snapshot(false)));
    expect(readAll(blocksOnly)).toEqual({ 'up{job="a"}': before['up{job="a"}']!.filter(([t]) => t < T0 + 4 * HOUR) });
    expect(fs.readdirSync(path.join(store.directory, 'snapshots')).length).toBe(2);
  });
});
