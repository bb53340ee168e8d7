/** Blocks that become fewer: every sample is read once before, during and after, and a stop or damage anywhere loses none. */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/io/sqlite.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { BlockError } from '../../src/tsdb/block/block-error.js';
import { QueryableSource } from '../../src/tsdb/block/block-source.js';
import { writeBlock } from '../../src/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../src/tsdb/block/column-codec.js';
import { compactBlocks } from '../../src/tsdb/compact/compact-blocks.js';
import { verifyBlockFile } from '../../src/tsdb/compact/verify-file.js';
import type { BlockCompactor, BlockJobReport } from '../../src/tsdb/compaction.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import type { SourceDescriptor } from '../../src/tsdb/head/descriptor.js';
import { loadCodecModule } from '../../src/tsdb/kernel-loader.js';
import { MemoryStorage } from '../../src/tools/conformance/memory-storage.js';
import { SimClock } from '../support/sim-clock.js';
import { StoppingDisk } from '../support/stopping-disk.js';
import { append, HOUR, labels, openStoreWith, readAll, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const codec = loadCodecModule();
/** Aligned to every level: 54 hours. */
const START = Math.floor(T0 / (54 * HOUR)) * 54 * HOUR;
const stores = new Stores(openCompacting);
afterEach(() => stores.closeAll());

/** As the block worker does it, on this thread. */
const compactHere: BlockCompactor = async (parents, header, file) => compactBlocks(new NodeDisk(), { codec, parents, header, file });

interface Setup {
  readonly options?: Partial<DbOptions>;
  readonly disk?: NodeDisk;
  readonly compact?: BlockCompactor;
  readonly clock?: SimClock;
}

interface CompactingStore extends OpenStore {
  readonly jobs: BlockJobReport[];
  readonly lists: (readonly SourceDescriptor[])[];
  /** What the next release of a block waits for. */
  released: Promise<void>;
}

async function openCompacting(
  directory: string, { options = {}, disk = new NodeDisk(), compact = compactHere, clock = new SimClock(START + 1000 * HOUR) }: Setup = {},
): Promise<CompactingStore> {
  const jobs: BlockJobReport[] = [];
  const lists: (readonly SourceDescriptor[])[] = [];
  const opened = await openStoreWith(directory, { maxBlockMs: 18 * HOUR, sync: { mode: 'never', intervalMs: 50 }, ...options }, {
    disk, clock, codec, compactBlocks: compact, verifyBlock: async (file) => verifyBlockFile({ codec, file }), onBlockJob: (done) => jobs.push(done),
  });
  const store: CompactingStore = { ...opened, jobs, lists, released: Promise.resolve() };
  store.db.announceHeads((list) => {
    lists.push(list);
    store.heads.update(list);
  }, () => store.released);
  return store;
}

const up = (job: string) => labels('up', { job });
const blockFiles = (directory: string): string[] => fs.readdirSync(path.join(directory, 'blocks')).sort();
/** `0-6` in hours. */
const ranges = (directory: string): string[] => blockFiles(directory).map((name) => name.replace(/\.block$/, '').split('_').slice(1).map((t) => (Number(t) - START) / HOUR).join('-'))
  .sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b));

let ids = 0;
/** A block of a head, as if sealed by an earlier run. Returns its file. */
function putBlock(directory: string, fromHour: number, toHour: number, series: Readonly<Record<string, readonly Point[]>>): string {
  const storage = new MemoryStorage();
  for (const [job, points] of Object.entries(series)) storage.append(up(job), points.map(([timestampMs, value]) => ({ timestampMs, value, startMs: 0 })));
  const folder = path.join(directory, 'blocks');
  fs.mkdirSync(folder, { recursive: true });
  const head = ++ids;
  const [mint, maxt] = [START + fromHour * HOUR, START + toHour * HOUR];
  const file = path.join(folder, `${String(++ids).padStart(6, '0')}_${mint}_${maxt}.block`);
  writeBlock(new NodeDisk(), file, { mint, maxt, heads: [head], parents: [], level: 0 }, new QueryableSource(storage, mint, maxt - 1), new ColumnCodec(codec));
  return file;
}

function pointsOf(fromHour: number, toHour: number, stepMs = 300_000): Point[] {
  const points: Point[] = [];
  for (let t = START + fromHour * HOUR; t < START + toHour * HOUR; t += stepMs) points.push([t, t / 1000 - START / 1000]);
  return points;
}

/** Two-hour blocks of two series, and one that ends in the third hour. */
function putRun(directory: string, hours: number): Record<string, Point[]> {
  for (let hour = 0; hour < hours; hour += 2) putBlock(directory, hour, hour + 2, { a: pointsOf(hour, hour + 2), b: pointsOf(hour, hour + 2, 600_000), ...(hour < 4 ? { gone: pointsOf(hour, Math.min(3, hour + 2)) } : {}) });
  return { 'up{job="a"}': pointsOf(0, hours), 'up{job="b"}': pointsOf(0, hours, 600_000), 'up{job="gone"}': pointsOf(0, 3) };
}

function damage(file: string): void {
  // In a copy: who has the file open keeps it locked.
  const copy = `${file}.copy`;
  fs.copyFileSync(file, copy);
  const database = openSqlite(copy);
  database.exec('UPDATE value_page SET crc = crc + 1 WHERE id = 0');
  database.close();
  fs.renameSync(copy, file);
}

describe('neighbouring blocks', () => {
  it('become long ones once their range is over, and answers stay the same', async () => {
    const directory = stores.directory();
    const all = putRun(directory, 28);
    const store = await stores.openIn(directory);
    expect(readAll(store)).toEqual(all);
    await store.db.maintain();
    // The newest sample is at 27:55: 24 to 26 is over, but not all of 24 to 30.
    expect(ranges(directory)).toEqual(['0-18', '18-24', '24-26', '26-28']);
    expect(readAll(store)).toEqual(all);
    expect(readAll(store, [], START + 5 * HOUR, START + 20 * HOUR)['up{job="a"}']).toEqual(pointsOf(5, 20.01));
    expect(store.notes[0]).toMatch(/^compacted 9 neighbouring blocks from .* to .*: \d+ bytes became \d+/);
    expect(store.db.blockSummaries().map(({ level, heads, parents }) => [level, heads.length, parents.length])).toEqual([[1, 9, 9], [1, 3, 3], [0, 1, 0], [0, 1, 0]]);
    const again = await stores.reopen(store);
    expect(again.notes).toEqual([]);
    expect(readAll(again)).toEqual(all);
    await again.db.maintain();
    expect(again.jobs).toEqual([]);
  });

  it('are exchanged for the new one in one message, and stay on the disk while somebody reads them', async () => {
    const directory = stores.directory();
    const all = putRun(directory, 8);
    const store = await stores.openIn(directory);
    let release = (): void => {};
    store.released = new Promise((resolve) => (release = resolve));
    const before = store.lists.length;
    const maintaining = store.db.maintain();
    while (store.lists.length === before) await nextTurn();
    expect(store.lists.slice(before).map((list) => list.map(({ mint, maxt }) => [(mint - START) / HOUR, (maxt - START) / HOUR]))).toEqual([[[0, 6], [6, 8]]]);
    expect(ranges(directory)).toEqual(['0-2', '0-6', '2-4', '4-6', '6-8']);
    expect(readAll(store)).toEqual(all);
    release();
    await maintaining;
    expect(ranges(directory)).toEqual(['0-6', '6-8']);
  });

  it('are compacted only as far as the retention allows', async () => {
    const directory = stores.directory();
    putRun(directory, 28);
    const small = await stores.openIn(directory, { options: { maxBlockMs: 2 * HOUR } });
    await small.db.maintain();
    expect(small.jobs).toEqual([]);
    await stores.close(small);
    const bytes = blockFiles(directory).reduce((sum, name) => sum + fs.statSync(path.join(directory, 'blocks', name)).size, 0);
    const bySize = await stores.openIn(directory, { options: { retentionBytes: bytes } });
    await bySize.db.maintain();
    expect(bySize.jobs).toEqual([]);
    await stores.close(bySize);
    const byTime = await stores.openIn(directory, { options: { retentionMs: 10 * HOUR } });
    await byTime.db.maintain();
    expect(ranges(directory)).toEqual(['16-18', '18-24', '24-26', '26-28']);
  });

  it('wait while the disk is full', async () => {
    const directory = stores.directory();
    putRun(directory, 8);
    class FullDisk extends NodeDisk {
      free = 1000;
      override freeBytes(): number {
        return this.free;
      }
    }
    const disk = new FullDisk();
    const store = await stores.openIn(directory, { disk });
    await store.db.maintain();
    await store.db.maintain();
    expect(store.notes).toEqual([expect.stringMatching(/^compaction waits for space: \d+ bytes are needed, 1000 are free$/)]);
    expect(store.jobs.map((job) => job.outcome)).toEqual(['skipped', 'skipped']);
    disk.free = 1e12;
    await store.db.maintain();
    expect(ranges(directory)).toEqual(['0-6', '6-8']);
  });

  it('that were dropped meanwhile are not brought back', async () => {
    const directory = stores.directory();
    putRun(directory, 8);
    const store: CompactingStore = await stores.openIn(directory, {
      options: { retentionMs: 5.5 * HOUR },
      compact: async (parents, header, file) => {
        const meta = await compactHere(parents, header, file);
        // Time goes on while a block is written: now 2 to 4 is past the retention, and the next round of upkeep drops it.
        await append(store, [[up('a'), [[START + 9.6 * HOUR, 1]]]]);
        void store.db.maintain();
        while (ranges(directory).includes('2-4')) await nextTurn();
        return meta;
      },
    });
    await store.db.maintain();
    expect(store.jobs.filter((job) => job.kind === 'neighbours').map((job) => job.outcome)).toEqual(['skipped']);
    expect(ranges(directory)).toEqual(['4-6', '6-8']);
  });
});

describe('overlapping blocks', () => {
  it('become one, in which each sample is once and the older block is right', async () => {
    const directory = stores.directory();
    const early = pointsOf(0, 2, 600_000);
    putBlock(directory, 0, 2, { a: early });
    putBlock(directory, 0, 2, { a: pointsOf(0, 2).map(([t, v]) => [t, v + 0.5]), late: pointsOf(1, 2) });
    putBlock(directory, 4, 6, { a: pointsOf(4, 6) });
    const merged = pointsOf(0, 2).map(([t, v], i): Point => [t, i % 2 === 0 ? v : v + 0.5]);
    const all = { 'up{job="a"}': [...merged, ...pointsOf(4, 6)], 'up{job="late"}': pointsOf(1, 2) };
    const store = await stores.openIn(directory, { options: { maxBlockMs: 0 } });
    expect(readAll(store)).toEqual(all);
    await store.db.maintain();
    expect(ranges(directory)).toEqual(['0-2', '4-6']);
    expect(store.jobs.map((job) => job.kind)).toEqual(['overlap']);
    expect(readAll(store)).toEqual(all);
  });
});

describe('a stop at any step of a compaction', () => {
  it('loses nothing and leaves nothing behind', async () => {
    const prepared = stores.directory();
    const all = putRun(prepared, 8);
    let steps = 0;
    for (let stopAfter = 0; steps === 0; stopAfter++) {
      const directory = stores.directory();
      fs.cpSync(prepared, directory, { recursive: true });
      const disk = new StoppingDisk();
      const stopping = await stores.openIn(directory, { disk });
      disk.left = stopAfter;
      await stopping.db.maintain();
      if (disk.left >= 0) steps = stopAfter;
      expect(readAll(stopping), `still open after ${stopAfter} changes`).toEqual(all);
      // What the process had is gone; the files are as it left them.
      disk.left = Infinity;
      const copy = stores.copyOf(stopping);
      await stores.close(stopping);
      const after = await stores.openIn(copy);
      expect(after.notes, `stopped after ${stopAfter} changes`).toEqual([]);
      expect(readAll(after), `stopped after ${stopAfter} changes`).toEqual(all);
      await after.db.maintain();
      expect(readAll(after), `compacted again after ${stopAfter} changes`).toEqual(all);
      expect(ranges(copy)).toEqual(['0-6', '6-8']);
      await stores.close(after);
    }
    // Rename and sync of the block, removal and sync of three parents.
    expect(steps).toBeGreaterThanOrEqual(8);
  });

  it('that leaves half a block is cleaned up', async () => {
    const directory = stores.directory();
    const all = putRun(directory, 8);
    fs.writeFileSync(path.join(directory, 'blocks', `000900_${START}_${START + 6 * HOUR}.block.tmp`), 'half');
    const store = await stores.openIn(directory);
    expect(readAll(store)).toEqual(all);
    expect(ranges(directory)).toEqual(['0-2', '2-4', '4-6', '6-8']);
  });

  it('does not let a block that cannot be opened take its parents along', async () => {
    const directory = stores.directory();
    const all = putRun(directory, 8);
    const copy = stores.directory();
    fs.cpSync(directory, copy, { recursive: true });
    const store = await stores.openIn(directory);
    await store.db.maintain();
    await stores.close(store);
    const compacted = blockFiles(directory).find((name) => !fs.existsSync(path.join(copy, 'blocks', name)))!;
    fs.writeFileSync(path.join(copy, 'blocks', compacted), fs.readFileSync(path.join(directory, 'blocks', compacted)).subarray(0, 5000));
    const again = await stores.openIn(copy, { options: { maxBlockMs: 0 } });
    expect(again.notes).toEqual([expect.stringMatching(/malformed|cannot be opened/)]);
    expect(readAll(again)).toEqual(all);
    expect(again.db.stats().unreadableBlocks).toBe(1);
    // Its number is not given away.
    await append(again, [[up('a'), [[START + 20 * HOUR, 1]]]]);
    const head = Number(fs.readdirSync(path.join(copy, 'heads'))[0]!.split('_')[0]);
    expect(head).toBeGreaterThan(Number(compacted.split('_')[0]));
  });
});

describe('a compaction that fails', () => {
  it('because a block is damaged says where, leaves everything, and is not tried again', async () => {
    const directory = stores.directory();
    const all = putRun(directory, 14);
    damage(path.join(directory, 'blocks', blockFiles(directory)[1]!));
    let tries = 0;
    const store = await stores.openIn(directory, {
      compact: (...job) => {
        tries++;
        return compactHere(...job);
      },
    });
    for (let i = 0; i < 3; i++) await store.db.maintain();
    expect(tries).toBe(2);
    expect(ranges(directory)).toEqual(['0-2', '2-4', '4-6', '6-12', '12-14']);
    expect(store.notes.filter((note) => note.startsWith('compaction:'))).toEqual([expect.stringMatching(/_\d+\.block: damaged: checksum \(table value_page, id 0\); the block is left as it is/)]);
    expect(store.jobs.map((job) => job.outcome).sort()).toEqual(['done', 'failed']);
    expect(store.db.stats().damagedBlocks).toBe(1);
    expect(store.db.blockSummaries().map((block) => block.damaged)).toEqual([false, true, false, false, false]);
    expect(readAll(store, [], START + 4 * HOUR)['up{job="a"}']).toEqual(all['up{job="a"}']!.slice(48));
    expect(() => readAll(store, [], START + 3 * HOUR)).toThrow(/damaged: checksum \(table value_page, id 0\)/);
  });

  it('for another reason is tried again, later each time', async () => {
    const directory = stores.directory();
    putRun(directory, 8);
    const minutes: number[] = [];
    const clock = new SimClock(START + 1000 * HOUR);
    const store = await stores.openIn(directory, {
      clock,
      compact: (parents, header, file) => {
        minutes.push((clock.nowMs() - START - 1000 * HOUR) / 60_000);
        if (minutes.length < 4) {
          fs.writeFileSync(file, 'half a block');
          return Promise.reject(new Error('ENOSPC'));
        }
        return compactHere(parents, header, file);
      },
    });
    for (let minute = 0; minute < 10; minute++) {
      await store.db.maintain();
      await store.db.maintain();
      clock.advance(60_000);
    }
    expect(minutes).toEqual([0, 1, 3, 7]);
    expect(ranges(directory)).toEqual(['0-6', '6-8']);
  });
});

describe('a block that cannot be read for another reason than damage', () => {
  it('does not keep others from being compacted', async () => {
    const directory = stores.directory();
    putRun(directory, 14);
    const unreadable = path.join(directory, 'blocks', blockFiles(directory)[4]!);
    const store = await stores.openIn(directory, {
      compact: (parents, header, file) =>
        (parents.some((parent) => parent.file === unreadable) ? Promise.reject(new BlockError('unreadable_block', unreadable, 'EIO')) : compactHere(parents, header, file)),
    });
    for (let i = 0; i < 3; i++) await store.db.maintain();
    expect(store.notes.filter((note) => note.startsWith('compaction'))).toEqual([expect.stringMatching(/^compaction failed, .*next try in 1 min: .*EIO$/)]);
    expect(ranges(directory)).toEqual(['0-6', '6-8', '8-10', '10-12', '12-14']);
    expect(store.db.stats().damagedBlocks).toBe(0);
  });
});

describe('the background check', () => {
  it('reads each block once in an interval and reports damage', async () => {
    const directory = stores.directory();
    putRun(directory, 6);
    const now = Date.now();
    const clock = new SimClock(now);
    const store = await stores.openIn(directory, { clock, options: { scrubIntervalMs: HOUR, maxBlockMs: 0 } });
    await store.db.check();
    expect(store.jobs).toEqual([]);
    clock.advance(1.1 * HOUR);
    for (let i = 0; i < 5; i++) await store.db.check();
    expect(store.jobs.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual(['scrub done', 'scrub done', 'scrub done']);
    damage(path.join(directory, 'blocks', blockFiles(directory)[2]!));
    clock.advance(1.1 * HOUR);
    for (let i = 0; i < 5; i++) await store.db.check();
    expect(store.jobs.length).toBe(6);
    expect(store.notes).toEqual([expect.stringMatching(/^scrub: .*damaged: checksum \(table value_page, id 0\); queries that need it fail/)]);
    expect(store.db.stats().damagedBlocks).toBe(1);
  });

  it('can be switched off', async () => {
    const directory = stores.directory();
    putRun(directory, 2);
    const clock = new SimClock(Date.now());
    const store = await stores.openIn(directory, { clock });
    clock.advance(10 * HOUR);
    await store.db.check();
    expect(store.jobs).toEqual([]);
  });
});

it('a compaction that is ended for the stop of the store is no failure', async () => {
  const directory = stores.directory();
  const all = putRun(directory, 8);
  let end = (_reason: Error): void => {};
  const store = await stores.openIn(directory, { compact: () => new Promise((_resolve, reject) => (end = reject)) });
  void store.db.maintain();
  await nextTurn();
  const idle = store.db.stopUpkeep();
  end(new Error('the thread ended with code 1'));
  await idle;
  expect([store.notes, store.jobs]).toEqual([[], []]);
  expect(readAll(store)).toEqual(all);
});
