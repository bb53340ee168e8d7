/** Snapshots of heads save time and nothing else: whatever their state, a start finds exactly what the log says. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import * as layout from '../../src/kernel/layout.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import type { Histogram } from '../../src/model/histogram.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { kernelArenaFormat } from '../../src/tsdb/kernel-loader.js';
import { LEFT_OUT, TAKEN } from '../../src/tsdb/snapshot/arena-parts.js';
import { decodeSnapshotHeader, encodeSnapshotHeader, headerBytes, pieceCount } from '../../src/tsdb/snapshot/format.js';
import { append, HOUR, labels, openStore, readAll, readStarts, remoteWriteV1, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const headSnapshots = { arenaFormat: kernelArenaFormat(), timeoutMs: 60_000 };
const openWithSnapshots = (directory: string, options: Partial<DbOptions> = {}): Promise<OpenStore> =>
  openStore(directory, { headSnapshots, outOfOrderWindowMs: 10 * HOUR, ...options });
const stores = new Stores(openWithSnapshots);
afterEach(() => stores.closeAll());

/** Paths of the snapshots in a data directory. */
function snapshots(place: string): string[] {
  const heads = path.join(place, 'heads');
  return fs.readdirSync(heads).map((name) => path.join(heads, name, 'arena.snapshot')).filter((file) => fs.existsSync(file));
}

const up = (job: string, others: Record<string, string> = {}) => labels('up', { job, ...others });

function histogram(count: number): Histogram {
  return {
    float: false, schema: 0, zeroThreshold: 1e-128, zeroCount: 1, count, sum: count / 7, positiveSpans: [{ offset: 1, length: 2 }],
    negativeSpans: [], positiveBuckets: [count - 2, 1], negativeBuckets: [], customValues: [], resetHint: 0,
  };
}

/** Chunks sealed and open, late samples, several heads, a long label, texts beyond ASCII, a stale marker. */
async function fill(store: OpenStore): Promise<void> {
  const steady: Point[] = Array.from({ length: 500 }, (_, i) => [T0 + i * 15_000, Math.round(Math.sin(i) * 1e6) / 7]);
  await append(store, [
    [up('a'), steady], [up('ü', { long: 'x'.repeat(5000) }), steady.slice(0, 130)], [up('constant'), steady.map(([t]) => [t, 3] as const)],
  ]);
  await append(store, [[up('a'), [[T0 + 7, 1], [T0 + 22_001, NaN]]], [up('late'), [[T0 + 9000, 1]]], [up('late'), [[T0 + 1000, 2]]]]);
  const entries = Array.from({ length: 700 }, (_, i) => [labels(`m_${i % 9}`, { i: `${i}` }), [[T0 + 1000, i * 0.1]] as Point[]] as const);
  await store.db.appendRemoteWriteV1(remoteWriteV1(entries));
  const stale = new SampleBatch();
  const source = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);
  stale.addFrom(stale.addSeries(up('stale')), T0 + 5000, source, 0);
  const histograms = stale.addSeries(up('histogram'));
  for (let i = 0; i < 5; i++) stale.addHistogram(histograms, T0 + i * 1000, histogram(i + 3), i + 1);
  await store.db.appendBatch(stale, new Uint8Array(stale.length));
}

function bitsOf(store: OpenStore): string[] {
  const columns = new SampleColumns(4);
  return [...store.heads.select([], T0 - HOUR, T0 + 24 * HOUR)].map((series) => {
    columns.clear();
    series.read(columns, T0 - HOUR, T0 + 24 * HOUR);
    const bits = new BigUint64Array(columns.values.buffer, columns.values.byteOffset, columns.length);
    const histograms = JSON.stringify(columns.histograms?.slice(0, columns.length) ?? []);
    return `${series.labels} ${[...columns.timestamps.subarray(0, columns.length)]} ${[...bits]} ${histograms}`;
  }).sort();
}

describe('a clean stop and a start', () => {
  it('reads the snapshot and no log, bit by bit the same', async () => {
    const before = await stores.open();
    await fill(before);
    const [stored, figures] = [bitsOf(before), before.db.stats()];
    await stores.close(before);
    expect(snapshots(before.directory)).toHaveLength(2);
    const after = await stores.openIn(before.directory);
    expect(after.db.openReport).toMatchObject({ heads: 2, restored: 2, logBytes: 0, notes: [], samples: figures.samples });
    expect(bitsOf(after)).toEqual(stored);
    expect(after.db.stats().series).toBe(figures.series);
  });

  it('goes on from there: known series are known, new ones are new, duplicates are duplicates, others conflict', async () => {
    const before = await stores.open();
    await fill(before);
    const after = await stores.reopen(before);
    const { series } = after.db.stats();
    const others = await append(after, [[up('a'), [[T0 + 7, 1], [T0 + 8, 3]]], [up('new', { fresh: 'label' }), [[T0 + 8, 1]]]]);
    expect([others.samples, others.rejects.size]).toEqual([3, 0]);
    const conflict = await append(after, [[up('a'), [[T0 + 7, 2]]]]);
    expect([conflict.samples, [...conflict.rejects.values()].map((one) => one.count)]).toEqual([0, [1]]);
    const body = remoteWriteV1([[labels('m_0', { i: '0' }), [[T0 + 3000, 1]]], [labels('m_0', { i: 'never' }), [[T0 + 3000, 1]]]]);
    expect(await after.db.appendRemoteWriteV1(body)).toMatchObject({ samples: 2 });
    expect(after.db.stats().series).toBe(series);
    const all = readAll(after);
    expect(all['m_0{i="0"}']).toEqual([[T0 + 1000, 0], [T0 + 3000, 1]]);
    expect(all['m_0{i="never"}']).toEqual([[T0 + 3000, 1]]);
    expect(all['up{fresh="label", job="new"}']).toEqual([[T0 + 8, 1]]);
  });

  it('while a table grows, which then begins anew', async () => {
    const entries = (count: number) => Array.from({ length: count }, (_, i) => [up(`job-${i}`), [[T0 + 1000, i]] as Point[]] as const);
    const before = await stores.open();
    await append(before, entries(506));
    expect(before.heads.heads[0]!.arena.field(layout.HDR_SERIES_TABLE + layout.HDR_GROWTH)).toBeGreaterThan(0);
    const stored = bitsOf(before);
    const after = await stores.reopen(before);
    expect(after.db.openReport).toMatchObject({ restored: 1, logBytes: 0 });
    expect(bitsOf(after)).toEqual(stored);
    await append(after, entries(1200));
    expect(after.db.stats().series).toBe(1200);
    expect(readAll(after)['up{job="job-1199"}']).toEqual([[T0 + 1000, 1199]]);
  });

  it.each([true, false])('start timestamps too, whether they are still kept (%s) or not', async (keepStarts) => {
    const before = await stores.open({ keepStarts: true });
    const batch = new SampleBatch();
    for (const job of ['a', 'b']) {
      const series = batch.addSeries(up(job));
      for (let i = 0; i < 200; i++) batch.addFloat(series, T0 + i * 1000, i, i, job === 'b' ? 0 : T0 - 5 + Math.floor(i / 60) * 60_000);
    }
    await before.db.appendBatch(batch, new Uint8Array(batch.length));
    const starts = readStarts(before.heads);
    expect(new Set(starts['up{job="a"}']!.map(([, start]) => start)).size).toBe(4);
    const after = await stores.reopen(before, { keepStarts });
    expect(after.db.openReport).toMatchObject({ restored: 1, logBytes: 0 });
    expect(readStarts(after.heads)).toEqual(starts);
    await append(after, [[up('a'), [[T0 + 300_000, 1]]]]);
    expect(readStarts(after.heads)['up{job="a"}']!.at(-1)).toEqual([T0 + 300_000, 0]);
  });

  it('any number of times, with and without writes between', async () => {
    const place = stores.directory();
    const expected: Point[] = [];
    for (let round = 0; round < 6; round++) {
      const store = await stores.openIn(place);
      expect(store.notes).toEqual([]);
      expect(store.db.openReport.restored).toBe(round === 0 ? 0 : 1);
      expect(readAll(store)['up{job="a"}'] ?? []).toEqual(expected);
      if (round % 2 === 0) {
        const points = Array.from({ length: 70 }, (_, i): Point => [T0 + round * 600_000 + i * 1000, round + i]);
        await append(store, [[up('a'), points], [up(`round-${round}`), points.slice(0, 2)]]);
        expected.push(...points);
      }
      await stores.close(store);
    }
  });
});

describe('kill -9', () => {
  it('after further writes: snapshot, and the log behind it', async () => {
    const before = await stores.open();
    await fill(before);
    const running = await stores.reopen(before);
    await append(running, [[up('a'), [[T0 + 8_000_000, 1]]], [up('later'), [[T0 + 9000, 5], [T0 + 1000, 4]]]]);
    const stored = bitsOf(running);
    const killed = await stores.openIn(stores.copyOf(running));
    expect(killed.db.openReport).toMatchObject({ restored: 2, notes: [] });
    expect(killed.db.openReport.logBytes).toBeGreaterThan(0);
    expect(bitsOf(killed)).toEqual(stored);
    // Nothing of it twice.
    expect(killed.db.stats().samples).toBe(running.db.stats().samples);
    const again = await stores.reopen(killed);
    expect(again.db.openReport).toMatchObject({ restored: 2, logBytes: 0 });
    expect(bitsOf(again)).toEqual(stored);
  });

  it('while a snapshot is written: what there is of it is removed', async () => {
    const store = await stores.open();
    await fill(store);
    const stored = bitsOf(store);
    const killed = stores.copyOf(store);
    await stores.close(store);
    const half = path.join(killed, path.relative(store.directory, snapshots(store.directory)[0]!)) + '.tmp';
    fs.writeFileSync(half, fs.readFileSync(snapshots(store.directory)[0]!).subarray(0, 1000));
    const again = await stores.openIn(killed);
    expect(again.db.openReport).toMatchObject({ restored: 0, notes: [] });
    expect(bitsOf(again)).toEqual(stored);
    expect(fs.existsSync(half)).toBe(false);
  });
});

describe('a snapshot that cannot be used', () => {
  /** What a start finds after `harm` was done to the snapshot of a filled store. */
  async function startAfter(harm: (file: string) => void, options: Partial<DbOptions> = {}): Promise<OpenStore> {
    const store = await stores.open();
    await fill(store);
    const stored = bitsOf(store);
    await stores.close(store);
    for (const file of snapshots(store.directory)) harm(file);
    const again = await stores.openIn(store.directory, options);
    expect(again.db.openReport.restored).toBe(0);
    expect(bitsOf(again)).toEqual(stored);
    await stores.close(again);
    return again;
  }

  it.each([0, 9, 20, 30, 70, 80, 200, 3000, 0.3, 0.6, 0.999])('a flipped bit at %d', async (where) => {
    const again = await startAfter((file) => {
      const bytes = fs.readFileSync(file);
      bytes[where < 1 && where > 0 ? Math.floor(where * bytes.length) : where]! ^= 4;
      fs.writeFileSync(file, bytes);
    });
    expect(again.notes).toHaveLength(2);
    expect(again.notes[0]).toMatch(/arena\.snapshot .*: the log is replayed instead, nothing is lost$/);
  });

  it.each([0, 10, 76, 500, 0.5, 0.9999])('cut off at %d', async (where) => {
    const again = await startAfter((file) => fs.truncateSync(file, where < 1 ? Math.floor(where * fs.statSync(file).size) : where));
    expect(again.notes).toHaveLength(2);
  });

  it('of another version of the arena', async () => {
    const again = await startAfter(() => {}, { headSnapshots: { arenaFormat: 1, timeoutMs: 60_000 } });
    expect(again.notes[0]).toContain('was written by another version of this program');
  });

  it('switched off: none is read, and none is written', async () => {
    const again = await startAfter((file) => fs.writeFileSync(file, 'x'), { headSnapshots: undefined as never });
    expect(again.notes).toEqual([]);
    for (const file of snapshots(again.directory)) expect(fs.readFileSync(file, 'utf8')).toBe('x');
  });

  it('newer than the log beside it, as after a restored backup', async () => {
    const store = await stores.open();
    await append(store, [[up('a'), [[T0, 1]]]]);
    const backup = stores.copyOf(store);
    await append(store, [[up('a'), [[T0 + 1000, 2]]], [up('b'), [[T0, 2]]]]);
    await stores.close(store);
    const file = snapshots(store.directory)[0]!;
    fs.copyFileSync(file, path.join(backup, path.relative(store.directory, file)));
    const again = await stores.openIn(backup);
    expect(again.notes[0]).toContain('does not fit the log');
    expect(readAll(again)).toEqual({ 'up{job="a"}': [[T0, 1]] });
  });

  it('of another store with the same heads', async () => {
    const [mine, theirs] = [await stores.open(), await stores.open()];
    await append(mine, [[up('a'), [[T0, 1]]]]);
    await append(theirs, [[up('a'), [[T0, 9]]]]);
    await stores.close(mine);
    await stores.close(theirs);
    fs.copyFileSync(snapshots(theirs.directory)[0]!, snapshots(mine.directory)[0]!);
    const again = await stores.openIn(mine.directory);
    expect(again.notes[0]).toContain('does not fit the log');
    expect(readAll(again)).toEqual({ 'up{job="a"}': [[T0, 1]] });
  });
});

describe('a stop that cannot write one', () => {
  it('gives up in time', async () => {
    const store = await stores.open({ headSnapshots: { ...headSnapshots, timeoutMs: 0 } });
    await fill(store);
    const stored = bitsOf(store);
    await stores.close(store);
    expect(store.notes.at(-1)).toMatch(/^no snapshot of .*not within 0 ms/);
    expect(snapshots(store.directory)).toEqual([]);
    const again = await stores.openIn(store.directory);
    expect(bitsOf(again)).toEqual(stored);
  });

  it('goes on where the disk refuses', async () => {
    const store = await stores.open();
    await append(store, [[up('a'), [[T0, 1]]]]);
    const heads = path.join(store.directory, 'heads');
    fs.mkdirSync(path.join(heads, fs.readdirSync(heads)[0]!, 'arena.snapshot.tmp'));
    await stores.close(store);
    expect(store.notes.at(-1)).toMatch(/^no snapshot of /);
  });
});

describe('format', () => {
  it('knows what becomes of every region of an arena', () => {
    const regions = Object.keys(layout).filter((name) => name.endsWith('_BASE'));
    expect(regions.sort()).toEqual([...TAKEN, ...LEFT_OUT].sort());
  });

  it('the header reads back, and no changed byte of it does', () => {
    const header = {
      log: { headId: 7, mint: -5, maxt: 1_700_007_200_000, salt: 0xdeadbeef }, position: { segment: 3, end: 4096 }, arenaFormat: 0xfeedf00d,
      pieces: [{ address: 1024, length: 512, crc: 0x12345678 }, { address: 0x66000000, length: 4_194_304, crc: 0xffffffff }],
    };
    const bytes = Uint8Array.from(encodeSnapshotHeader(header));
    expect([bytes.length, pieceCount(bytes)]).toEqual([headerBytes(2), 2]);
    expect(decodeSnapshotHeader(bytes)).toEqual(header);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= 1;
      expect(decodeSnapshotHeader(bytes), `byte ${i}`).toBeUndefined();
      bytes[i]! ^= 1;
    }
  });
});
