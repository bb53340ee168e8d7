/** Heads that become blocks: every sample is read once before, during and after, and a stop at any step loses none. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/io/sqlite.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { BlockDeletions } from '../../src/tsdb/block/block-deletions.js';
import { BlockReader } from '../../src/tsdb/block/block-reader.js';
import { ColumnCodec } from '../../src/tsdb/block/column-codec.js';
import { PageCache } from '../../src/tsdb/block/page-cache.js';
import { loadCodecModule } from '../../src/tsdb/kernel-loader.js';
import type { HeadSealer } from '../../src/tsdb/upkeep.js';
import { openSealing, sealHere } from '../support/sealing-store.js';
import { StoppingDisk } from '../support/stopping-disk.js';
import { append, HOUR, labels, matchers, readAll, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const codec = loadCodecModule();
const stores = new Stores(openSealing);
afterEach(() => stores.closeAll());

const up = (job: string) => labels('up', { job });
const names = (store: OpenStore, folder: string): string[] => fs.readdirSync(path.join(store.directory, folder)).sort();

/** Samples every five minutes for so many hours, in two series, and one series that ends early. */
async function fill(store: OpenStore, hours: number): Promise<Record<string, Point[]>> {
  const points = Array.from({ length: hours * 12 }, (_, i): Point => [T0 + i * 300_000, i * 1.5]);
  for (let i = 0; i < points.length; i += 6) {
    await append(store, [[up('a'), points.slice(i, i + 6)], [up('b'), points.slice(i, i + 6)]]);
    if (i === 0) await append(store, [[up('gone'), [points[3]!]]]);
  }
  return { 'up{job="a"}': points, 'up{job="b"}': points, 'up{job="gone"}': [points[3]!] };
}

describe('a head whose time is over', () => {
  it('becomes a block, and its log and memory go', async () => {
    const store = await stores.open();
    const all = await fill(store, 7);
    expect(readAll(store)).toEqual(all);
    await store.db.maintain();
    expect(store.notes.filter((note) => !note.startsWith('block: from'))).toEqual([]);
    // The newest sample is at 06:55: nothing before 05:55 is accepted, so two heads of two hours are final.
    expect(names(store, 'blocks').length).toBe(2);
    expect(names(store, 'heads').length).toBe(2);
    expect(store.heads.heads.length).toBe(2);
    expect(readAll(store)).toEqual(all);
    expect(readAll(store, matchers(['job', '=', 'gone']), T0, T0 + HOUR)).toEqual({ 'up{job="gone"}': all['up{job="gone"}'] });
    expect(readAll(store, [], T0 + HOUR, T0 + 5 * HOUR)['up{job="a"}']!.length).toBe(49);
    expect(store.heads.labelValues('job', [], T0, T0 + 8 * HOUR)).toEqual(['a', 'b', 'gone']);
    expect(store.db.stats()).toMatchObject({ blocks: 2, heads: 2, newestMs: all['up{job="a"}']!.at(-1)![0] });
  });

  it('is a block after a restart, which goes on where it stopped', async () => {
    const first = await stores.open();
    const all = await fill(first, 7);
    await first.db.maintain();
    const again = await stores.reopen(first);
    expect(again.notes).toEqual([]);
    expect(readAll(again)).toEqual(all);
    await append(again, [[up('a'), [[T0 + 12 * HOUR, 7]]]]);
    await again.db.maintain();
    expect(readAll(again)['up{job="a"}']).toEqual([...all['up{job="a"}']!, [T0 + 12 * HOUR, 7]]);
    expect(names(again, 'heads').length).toBe(1);
    // Without any head, the newest sample of the blocks is what late samples are measured from.
    await stores.close(again);
    fs.rmSync(path.join(again.directory, 'heads'), { recursive: true });
    const blocksOnly = await stores.openIn(first.directory);
    expect((await append(blocksOnly, [[up('a'), [[T0 + HOUR, 9]]]])).samples).toBe(0);
  });

  it('stays a head when there is no block, and is tried again', async () => {
    let failures = 2;
    const sealer: HeadSealer = async (head, file) => {
      fs.writeFileSync(file, 'half a block');
      if (failures-- > 0) throw new Error('the disk is full');
      return sealHere(head, file);
    };
    const store = await stores.open({ sealer });
    const all = await fill(store, 7);
    await store.db.maintain();
    expect(store.notes.join()).toMatch(/stays in memory: the disk is full/);
    expect(names(store, 'blocks')).toEqual([]);
    expect(readAll(store)).toEqual(all);
    failures = 0;
    await store.db.maintain();
    expect(names(store, 'blocks').length).toBe(2);
    expect(readAll(store)).toEqual(all);
  });

  it('is read once, also while both are there', async () => {
    const store = await stores.open();
    const all = await fill(store, 7);
    await stores.close(store);
    const heads = path.join(store.directory, 'heads');
    fs.cpSync(heads, `${heads}-before`, { recursive: true });
    const sealing = await stores.openIn(store.directory);
    await sealing.db.maintain();
    await stores.close(sealing);
    // The old logs under new ids: the same samples in blocks and in heads.
    for (const name of fs.readdirSync(`${heads}-before`)) {
      const [id, ...range] = name.split('_');
      if (!fs.existsSync(path.join(heads, name))) fs.cpSync(path.join(`${heads}-before`, name), path.join(heads, [`9${id!.slice(1)}`, ...range].join('_')), { recursive: true });
    }
    const both = await stores.openIn(store.directory, { sealer: () => Promise.reject(new Error('not now')) });
    expect(both.heads.heads.length).toBe(4);
    expect(readAll(both)).toEqual(all);
    expect(readAll(both, [], T0 + 600_000, T0 + 900_000)).toEqual({
      'up{job="a"}': all['up{job="a"}']!.slice(2, 4), 'up{job="b"}': all['up{job="b"}']!.slice(2, 4), 'up{job="gone"}': all['up{job="gone"}'],
    });
  });
});

describe('a stop at any step', () => {
  it('loses nothing and leaves nothing behind', async () => {
    const prepared = await stores.open();
    const all = await fill(prepared, 7);
    await stores.close(prepared);
    let steps = 0;
    for (let stopAfter = 0; steps === 0; stopAfter++) {
      const disk = new StoppingDisk();
      const stopping = await stores.openIn(stores.copyOf(prepared), { disk });
      disk.left = stopAfter;
      await stopping.db.maintain();
      if (disk.left >= 0) steps = stopAfter;
      // What the process had is gone; the files are as it left them.
      disk.left = Infinity;
      const copy = stores.copyOf(stopping);
      await stores.close(stopping);
      const after = await stores.openIn(copy);
      expect(after.notes, `stopped after ${stopAfter} changes`).toEqual([]);
      expect(readAll(after), `stopped after ${stopAfter} changes`).toEqual(all);
      await after.db.maintain();
      expect(readAll(after), `sealed again after ${stopAfter} changes`).toEqual(all);
      expect(names(after, 'blocks').map((name) => name.replace(/^\d+/, ''))).toEqual([0, 1].map((i) => `_${T0 + i * 2 * HOUR}_${T0 + (i + 1) * 2 * HOUR}.block`));
      expect(names(after, 'heads').length).toBe(2);
      await stores.close(after);
    }
    // Two heads: rename and sync of the block, rename and sync and removals of the log.
    expect(steps).toBeGreaterThanOrEqual(10);
  });
});

describe('a series that goes on after its samples became a block', () => {
  async function delta(store: OpenStore, job: string, t: number, value: number, maxIdleMs: number): Promise<void> {
    const batch = new SampleBatch();
    batch.deltaMaxIdleMs = maxIdleMs;
    batch.markDelta(batch.addFloat(batch.addSeries(up(job)), t, value, 0, t - 60_000));
    await store.db.appendBatch(batch, new Uint8Array(1));
  }

  it('adds deltas to the total in the block, if that is not too old', async () => {
    const store = await stores.open();
    for (const job of ['x', 'y', 'z']) await delta(store, job, T0 + 60_000, 5, HOUR);
    await fill(store, 9);
    await store.db.maintain();
    expect(names(store, 'blocks').length).toBe(3);
    const t = T0 + 8.95 * HOUR;
    await delta(store, 'x', t, 2, 24 * HOUR);
    await delta(store, 'y', t, 2, HOUR);
    await delta(store, 'new', t, 2, 24 * HOUR);
    const last = (job: string): number => readAll(store, matchers(['job', '=', job]))[`up{job="${job}"}`]!.at(-1)![1];
    expect([last('x'), last('y'), last('z'), last('new')]).toEqual([7, 2, 5, 2]);
  });

  it('finds every series of a block by its labels, and no other', async () => {
    const store = await stores.open();
    await fill(store, 7);
    await store.db.maintain();
    const block = BlockReader.open(path.join(store.directory, 'blocks', names(store, 'blocks')[0]!), { codec: new ColumnCodec(codec), cache: new PageCache(1 << 20) });
    for (let series = 0; series < block.meta.series; series++) expect(block.index.find(block.index.labels(series))).toBe(series);
    expect([up('c'), labels('up'), labels('down', { job: 'a' }), labels('up', { job: 'a', x: 'y' })].map((set) => block.index.find(set))).toEqual([-1, -1, -1, -1]);
    block.close();
  });
});

describe('retention', () => {
  it('by time drops blocks with their files', async () => {
    const store = await stores.open({ options: { retentionMs: 5 * HOUR } });
    await fill(store, 7);
    await store.db.maintain();
    expect(names(store, 'blocks').length).toBe(2);
    await append(store, [[up('a'), [[T0 + 9.5 * HOUR, 1]]]]);
    await store.db.maintain();
    expect(names(store, 'blocks').map((name) => name.split('_')[1])).toEqual([String(T0 + 4 * HOUR), String(T0 + 6 * HOUR)]);
    expect(readAll(store)['up{job="b"}']![0]![0]).toBe(T0 + 4 * HOUR);
  });

  it('tells others from when on something is kept', async () => {
    const told: number[] = [];
    const store = await stores.open({ options: { retentionMs: 5 * HOUR }, onExpired: (beforeMs) => told.push(beforeMs) });
    await store.db.maintain();
    expect(told).toEqual([]);
    await append(store, [[up('a'), [[T0 + 9 * HOUR, 1]]]]);
    await store.db.maintain();
    expect(told.at(-1)).toBe(T0 + 4 * HOUR);
  });

  const treeBytes = (file: string): number => (fs.statSync(file).isDirectory()
    ? fs.readdirSync(file).reduce((sum, name) => sum + treeBytes(path.join(file, name)), 0) : fs.statSync(file).size);

  it('by size drops the oldest', async () => {
    const store = await stores.open({ options: { retentionBytes: 60_000 } });
    await fill(store, 13);
    await store.db.maintain();
    expect(treeBytes(store.directory)).toBeLessThanOrEqual(60_000);
    expect(names(store, 'blocks').length).toBeGreaterThan(0);
    expect(store.notes.join('\n')).toMatch(/retention by size: dropping the block from/);
  });

  const putFile = (file: string): void => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.alloc(50_000));
  };
  /** Intervals of more bytes than the room that the test leaves. */
  const deleteSome = (data: string): void => {
    let deletions = BlockDeletions.none;
    for (let i = 0; i < 300; i++) deletions = deletions.with(Uint32Array.of(0), T0 + i * 10, T0 + i * 10 + 1);
    const block = fs.readdirSync(path.join(data, 'blocks')).sort()[0]!;
    fs.writeFileSync(path.join(data, 'blocks', `${block}.deleted`), deletions.encode());
  };

  it.each([
    ['logs', -1, () => undefined, true],
    ['the catalogue and its log', 1000, (data: string) => putFile(path.join(data, 'catalogue.sqlite-wal')), true],
    ['damaged logs', 1000, (data: string) => putFile(path.join(data, 'heads', 'quarantine', 'old', '000001.log')), true],
    ['lists of what was deleted', 1000, deleteSome, true],
    ['no copies that an operator made', 1000, (data: string) => putFile(path.join(data, 'snapshots', 'one', 'blocks', 'x.block')), false],
  ] as const)('by size counts %s', async (_, room, put, drops) => {
    const first = await stores.open();
    await fill(first, 9);
    await first.db.maintain();
    const before = names(first, 'blocks').length;
    const retentionBytes = treeBytes(first.directory) + room;
    await stores.close(first);
    put(first.directory);
    const store = await stores.openIn(first.directory, { options: { retentionBytes } });
    await store.db.maintain();
    expect(names(store, 'blocks').length < before).toBe(drops);
    expect(names(store, 'heads').filter((name) => name !== 'quarantine').length, 'heads stay').toBeGreaterThan(0);
  });

  it('leaves a block to a reader that is slow, and drops no other one because of it', async () => {
    const first = await stores.open();
    await fill(first, 9);
    await first.db.maintain();
    const before = names(first, 'blocks').filter((name) => name.endsWith('.block'));
    const retentionBytes = treeBytes(first.directory) - 1;
    await stores.close(first);
    const store = await stores.openIn(first.directory, { options: { retentionBytes } });
    let release = (): void => undefined;
    store.db.announceHeads((list) => store.heads.update(list), () => new Promise<void>((resolve) => (release = resolve)));
    const maintaining = store.db.maintain();
    while (store.db.stats().blocks === before.length) await new Promise((resolve) => setImmediate(resolve));
    // Other rounds do not wait for the reader either.
    await Promise.race([store.db.maintain(), new Promise((resolve) => setImmediate(resolve))]);
    expect(names(store, 'blocks')).toEqual(before);
    expect(store.db.stats().blocks).toBe(before.length - 1);
    release();
    await maintaining;
    expect(names(store, 'blocks')).toEqual(before.slice(1));
  });
});

describe('a damaged block', () => {
  it('is reported at the start, and queries of its time fail while it is damaged', async () => {
    const first = await stores.open();
    const all = await fill(first, 7);
    await first.db.maintain();
    const file = path.join(first.directory, 'blocks', names(first, 'blocks')[0]!);
    await stores.close(first);
    const database = openSqlite(file);
    database.exec('UPDATE value_page SET crc = crc + 1');
    database.close();
    const damaged = await stores.openIn(first.directory);
    expect(() => readAll(damaged, [], T0, T0 + HOUR)).toThrow(/damaged|malformed|cannot be/);
    expect(readAll(damaged, [], T0 + 4 * HOUR)['up{job="a"}']).toEqual(all['up{job="a"}']!.slice(48));
    await stores.close(damaged);
    fs.writeFileSync(file, 'no block at all');
    const unreadable = await stores.openIn(first.directory);
    expect(unreadable.notes.join()).toMatch(/its samples are missing from answers/);
    expect(readAll(unreadable)['up{job="a"}']).toEqual(all['up{job="a"}']!.slice(24));
  });
});
