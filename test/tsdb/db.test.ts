import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HDR_HEAP_LIMIT, HDR_HEAP_TOP, SLAB_BYTES } from '../../src/kernel/layout.js';
import { isStaleAt } from '../../src/model/stale-nan.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { SYNC_FAILED } from '../../src/tsdb/log/log-writer.js';
import { replayLog } from '../../src/tsdb/log/replay.js';
import { append, batchOf, HOUR, labels, matchers, type MatcherSpec, openStore, readAll, remoteWriteV1, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

const up = (job: string) => labels('up', { job });

describe('what goes in comes out', () => {
  it('keeps the samples of several series, over many chunks', async () => {
    const s = await stores.open();
    const points: Point[] = Array.from({ length: 1000 }, (_, i) => [T0 + i * 5000 + (i % 7), Math.sin(i) * 1e6]);
    await append(s, [[up('a'), points], [up('b'), points.slice(0, 3)]]);
    expect(readAll(s)).toEqual({ 'up{job="a"}': points, 'up{job="b"}': points.slice(0, 3) });
    expect(readAll(s, [], points[10]![0], points[20]![0])['up{job="a"}']).toEqual(points.slice(10, 21));
  });

  it('keeps every bit: stale markers, NaN payloads, -0, infinities, subnormals', async () => {
    const s = await stores.open();
    const bits = [0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff8000000000123n, 0x8000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 1n, 0x7fefffffffffffffn];
    const source = new Float64Array(new BigUint64Array(bits).buffer);
    const batch = new SampleBatch();
    const series = batch.addSeries(up('bits'));
    for (let i = 0; i < bits.length; i++) batch.addFrom(series, T0 + i, source, i);
    await s.db.appendBatch(batch, new Uint8Array(batch.length));
    const expectBits = ({ heads }: OpenStore): void => {
      const columns = new SampleColumns();
      heads.select([], T0, T0 + 100)[0]!.read(columns, T0, T0 + 100);
      expect([...new BigUint64Array(columns.values.buffer, 0, columns.length)]).toEqual(bits);
      expect(isStaleAt(columns.values, 0)).toBe(true);
    };
    expectBits(s);
    expectBits(await stores.reopen(s));
  });

  it('spreads samples over heads and joins them again', async () => {
    const s = await stores.open({ outOfOrderWindowMs: 10 * HOUR });
    const points: Point[] = Array.from({ length: 100 }, (_, i) => [T0 + i * 5 * 60_000, i]);
    await append(s, [[up('a'), points]]);
    expect(s.heads.heads.length).toBe(5);
    expect(readAll(s)).toEqual({ 'up{job="a"}': points });
    expect(readAll(await stores.reopen(s))).toEqual({ 'up{job="a"}': points });
  });
});

describe('remote write 1.0 through the kernels', () => {
  it('stores what protobufjs and snappyjs encode', async () => {
    const s = await stores.open();
    await append(s, [[up('seed'), [[T0, 1]]]]);
    const entries = Array.from({ length: 3000 }, (_, i) => [labels(`metric_${i % 50}`, { instance: `host-${i}`, long: 'x'.repeat(i % 300) + 'y' }), [[T0 + 1000, i * 0.1], [T0 + 2000, i]] as Point[]] as const);
    const body = remoteWriteV1(entries);
    for (let round = 0; round < 3; round++) {
      // The first round creates, the second is predicted, both give the same; a repeat is not an error.
      const report = await s.db.appendRemoteWriteV1(body);
      expect(report).not.toBe('general');
      if (report !== 'general') expect([report.samples, report.rejects.size]).toEqual([6000, 0]);
    }
    const all = readAll(s);
    for (const [set, points] of entries) expect(all[set.toString()]).toEqual(points);
    expect(Object.keys(all).length).toBe(3001);
  });

  it('walks a body again for samples of the next head', async () => {
    const s = await stores.open();
    const border = T0 + 2 * HOUR;
    await append(s, [[up('a'), [[border - 60_000, 1]]]]);
    const report = await s.db.appendRemoteWriteV1(remoteWriteV1([[up('a'), [[border - 1, 2], [border, 3]]], [up('b'), [[border + 1, 4]]]]));
    expect(report === 'general' ? report : report.samples).toBe(3);
    expect(readAll(s)).toEqual({ 'up{job="a"}': [[border - 60_000, 1], [border - 1, 2], [border, 3]], 'up{job="b"}': [[border + 1, 4]] });
  });

  it('takes labels in any order as the same series', async () => {
    const s = await stores.open();
    await append(s, [[labels('up', { a: '1', b: '2' }), [[T0, 1]]]]);
    const sorted = remoteWriteV1([[labels('up', { a: '1', b: '2' }), [[T0 + 1, 2]]]]);
    await s.db.appendRemoteWriteV1(sorted);
    expect(Object.keys(readAll(s)).length).toBe(1);
  });

  it.each([
    ['not snappy', new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 'corrupt_body'],
    ['empty', new Uint8Array(0), 'corrupt_body'],
    ['declares 4 GiB', new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), 'body_too_large'],
  ] as const)('refuses a body that is %s', async (_name, body, code) => {
    const s = await stores.open();
    await append(s, [[up('seed'), [[T0, 1]]]]);
    await expect(s.db.appendRemoteWriteV1(body)).rejects.toMatchObject({ name: 'IngestError', code });
  });
});

describe('time rules', () => {
  const statusOf = async (s: OpenStore, t: number, v: number, job = 'a'): Promise<number> => {
    const batch = batchOf([[up(job), [[t, v]]]]);
    const statuses = new Uint8Array(1);
    await s.db.appendBatch(batch, statuses);
    return statuses[0]!;
  };
  const MIN = 60_000;
  const NEWEST = T0 + 90 * MIN;

  it.each([
    // window, offset from the newest sample, value, expected
    [0, 0, 1, AppendStatus.duplicate],
    [0, 0, 2, AppendStatus.conflict],
    [0, -1, 5, AppendStatus.outOfOrder],
    [0, -61 * MIN, 5, AppendStatus.outOfBounds],
    [30, -1, 5, AppendStatus.ok],
    [30, -30 * MIN, 5, AppendStatus.ok],
    [30, -30 * MIN - 1, 5, AppendStatus.tooOld],
    [30, 0, 2, AppendStatus.conflict],
  ])('window %d min: a sample %d ms from the newest of its series', async (windowMin, offset, value, expected) => {
    const s = await stores.open({ outOfOrderWindowMs: windowMin * MIN });
    await append(s, [[up('a'), [[NEWEST, 1]]]]);
    expect(await statusOf(s, NEWEST + offset, value)).toBe(expected);
  });

  it.each([
    [0, -59 * MIN, AppendStatus.ok],
    [0, -61 * MIN, AppendStatus.outOfBounds],
    [30, -59 * MIN, AppendStatus.ok],
    [30, -61 * MIN, AppendStatus.tooOld],
    [120, -61 * MIN, AppendStatus.ok],
    // Another head's range.
    [0, -95 * MIN, AppendStatus.outOfBounds],
    [120, -95 * MIN, AppendStatus.ok],
  ])('window %d min: a new series %d ms behind the newest sample of all', async (windowMin, offset, expected) => {
    const s = await stores.open({ outOfOrderWindowMs: windowMin * MIN });
    await append(s, [[up('a'), [[NEWEST, 1]]]]);
    expect(await statusOf(s, NEWEST + offset, 5, 'new')).toBe(expected);
  });

  it('measures a sample for an older head against the series\' newest sample in a newer head', async () => {
    const s = await stores.open({ outOfOrderWindowMs: 0 });
    const border = T0 + 2 * HOUR;
    await append(s, [[up('a'), [[border - 10 * MIN, 1], [border + 10 * MIN, 2]]], [up('idle'), [[border - 10 * MIN, 1]]]]);
    expect(await statusOf(s, border - 5 * MIN, 9)).toBe(AppendStatus.outOfOrder);
    expect(await statusOf(s, border - 5 * MIN, 9, 'idle')).toBe(AppendStatus.ok);
  });

  it('refuses samples far in the future, and keeps the rest of the request', async () => {
    const now = Date.now();
    const s = await stores.open();
    const batch = batchOf([[up('a'), [[now, 1], [now + 11 * MIN, 2]]], [up('b'), [[now + 9 * MIN, 3]]]]);
    const statuses = new Uint8Array(3);
    const report = await s.db.appendBatch(batch, statuses);
    expect([...statuses]).toEqual([AppendStatus.ok, AppendStatus.farFuture, AppendStatus.ok]);
    expect(report.samples).toBe(2);
    expect(report.rejects.get(AppendStatus.farFuture)?.example).toMatch(/too far in the future.*up\{job="a"\}/);
  });

  it('accepts an exact duplicate anywhere, also far behind and among late samples', async () => {
    const s = await stores.open({ outOfOrderWindowMs: 30 * MIN });
    const points: Point[] = Array.from({ length: 300 }, (_, i) => [T0 + i * 15_000, i]);
    await append(s, [[up('a'), points]]);
    expect(await statusOf(s, T0 + 60 * MIN + 1, 77)).toBe(AppendStatus.ok);
    expect(await statusOf(s, T0 + 60 * MIN + 1, 77)).toBe(AppendStatus.duplicate);
    expect(await statusOf(s, T0 + 60 * MIN + 1, 78)).toBe(AppendStatus.conflict);
    expect(await statusOf(s, points[3]![0], 3)).toBe(AppendStatus.duplicate);
    expect(await statusOf(s, points[3]![0], 4)).toBe(AppendStatus.tooOld);
  });

  it('returns late samples in their place', async () => {
    const s = await stores.open();
    const late: Point[] = Array.from({ length: 40 }, (_, i) => [T0 + (40 - i) * 1000 + 500, -i]);
    const regular: Point[] = Array.from({ length: 200 }, (_, i) => [T0 + i * 1000, i]);
    await append(s, [[up('a'), regular]]);
    for (const point of late) await append(s, [[up('a'), [point]]]);
    const expected = [...regular, ...late].sort((a, b) => a[0] - b[0]);
    expect(readAll(s)).toEqual({ 'up{job="a"}': expected });
    expect(readAll(await stores.reopen(s))).toEqual({ 'up{job="a"}': expected });
  });

  it('sorts what is out of order inside one request', async () => {
    const s = await stores.open({ outOfOrderWindowMs: 0 });
    const report = await append(s, [[up('a'), [[T0 + 3, 3], [T0 + 1, 1], [T0 + 2, 2]]]]);
    expect(report.rejects.size).toBe(0);
    expect(readAll(s)).toEqual({ 'up{job="a"}': [[T0 + 1, 1], [T0 + 2, 2], [T0 + 3, 3]] });
  });
});

describe('limits', () => {
  it('refuses new series above the limit and goes on with known ones', async () => {
    const s = await stores.open({ maxSeriesPerHead: 2 });
    await append(s, [[up('a'), [[T0, 1]]], [up('b'), [[T0, 1]]]]);
    const report = await append(s, [[up('c'), [[T0 + 1, 1]]], [up('a'), [[T0 + 1, 2]]]]);
    expect(report.samples).toBe(1);
    expect(report.rejects.get(AppendStatus.seriesLimit)).toMatchObject({ count: 1, example: 'series limit reached: new series up{job="c"}' });
    const wire = await s.db.appendRemoteWriteV1(remoteWriteV1([[up('c'), [[T0 + 2, 1]]], [up('a'), [[T0 + 2, 3]]]]));
    expect(wire === 'general' ? wire : [wire.samples, wire.rejects.get(AppendStatus.seriesLimit)?.count]).toEqual([1, 1]);
  });

  it('refuses a label set that no series can have, and readers go on', async () => {
    const s = await stores.open();
    const huge = labels('up', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`l${i}`, 'x'])));
    const report = await append(s, [[huge, [[T0, 1]]], [up('a'), [[T0, 2]]]]);
    expect(report.rejects.get(AppendStatus.invalidLabels)?.example).toMatch(/^invalid labels: too many or too long: up\{l0="x"/);
    expect(readAll(s)).toEqual({ 'up{job="a"}': [[T0, 2]] });
  });

  it('answers unavailable when the memory budget is used up, and loses nothing', async () => {
    const s = await stores.open({ headMemoryBytes: 300_000 });
    await append(s, [[up('a'), [[T0, 1]]]]);
    let refused: unknown;
    for (let i = 0; i < 5000 && refused === undefined; i++) {
      await append(s, [[up(`job-${i}`), [[T0 + i, i]]]]).catch((error: unknown) => (refused = error));
    }
    expect(refused).toBeInstanceOf(IngestError);
    expect(refused).toMatchObject({ code: 'unavailable' });
    expect(readAll(s, matchers(['job', '=', 'a']))).toEqual({ 'up{job="a"}': [[T0, 1]] });
  });
});

describe('selection', () => {
  it('finds series by every kind of matcher', async () => {
    const s = await stores.open();
    await append(s, [
      [labels('up', { job: 'a', env: 'prod' }), [[T0, 1]]],
      [labels('up', { job: 'b', env: 'dev' }), [[T0, 2]]],
      [labels('up', { job: 'c' }), [[T0, 3]]],
      [labels('down', { job: 'a', env: 'prod' }), [[T0, 4]]],
    ]);
    const values = (...specs: readonly MatcherSpec[]) => Object.values(readAll(s, matchers(...specs))).map((points) => points[0]![1]).sort();
    expect(values(['__name__', '=', 'up'])).toEqual([1, 2, 3]);
    expect(values(['__name__', '=', 'up'], ['job', '!=', 'a'])).toEqual([2, 3]);
    expect(values(['__name__', '=', 'up'], ['env', '=', ''])).toEqual([3]);
    expect(values(['__name__', '=', 'up'], ['env', '!=', ''])).toEqual([1, 2]);
    expect(values(['job', '=~', 'a|c'])).toEqual([1, 3, 4]);
    expect(values(['job', '=~', '[ab]'], ['env', '!~', 'p.*'])).toEqual([2]);
    expect(values(['env', '=~', '|dev'])).toEqual([2, 3]);
    expect(values(['nope', '=', 'x'])).toEqual([]);
    expect(values(['nope', '!=', 'x'])).toEqual([1, 2, 3, 4]);
    expect(s.heads.labelNames([], T0, T0)).toEqual(['__name__', 'env', 'job']);
    expect(s.heads.labelNames([matchers(['job', '=', 'c'])], T0, T0)).toEqual(['__name__', 'job']);
    expect(s.heads.labelValues('job', [], T0, T0)).toEqual(['a', 'b', 'c']);
    expect(s.heads.labelValues('job', [matchers(['env', '=', 'dev']), matchers(['__name__', '=', 'down'])], T0, T0)).toEqual(['a', 'b']);
    expect(s.heads.labelValues('nope', [], T0, T0)).toEqual([]);
    expect(s.heads.labelNames([], T0 + 100 * HOUR, T0 + 101 * HOUR)).toEqual([]);
  });

  it('reads long postings and many values', async () => {
    const s = await stores.open();
    const count = 20_000;
    await append(s, Array.from({ length: count }, (_, i) => [labels('m', { id: `i${i}`, even: i % 2 === 0 ? 'yes' : 'no' }), [[T0, i]] as Point[]] as const));
    expect(s.heads.select(matchers(['__name__', '=', 'm']), T0, T0).length).toBe(count);
    expect(s.heads.select(matchers(['even', '=', 'yes'], ['id', '=~', 'i1[0-9]*']), T0, T0).length).toBe(5555);
    expect(s.heads.labelValues('id', [], T0, T0).length).toBe(count);
    expect(s.heads.select(matchers(['id', '=', 'i777']), T0, T0)[0]!.labels.get('id')).toBe('i777');
  });
});

describe('restart', () => {
  it('finds everything again without a clean stop', async () => {
    const s = await stores.open();
    const points: Point[] = Array.from({ length: 500 }, (_, i) => [T0 + i * 1000, i % 3 === 0 ? i : Math.sin(i)]);
    for (let i = 0; i < points.length; i += 10) await append(s, [[up('a'), points.slice(i, i + 10)], [labels('x', { i: String(i) }), [points[i]!]]]);
    const again = await stores.openIn(stores.copyOf(s));
    expect(readAll(again)).toEqual(readAll(s));
    expect(again.notes).toEqual([]);
    // And goes on from there.
    await append(again, [[up('a'), [[T0 + 500_000, 1]]], [up('new'), [[T0 + 500_000, 2]]]]);
    const third = await stores.reopen(again);
    expect(readAll(third)['up{job="a"}']!.length).toBe(501);
    expect(readAll(third)['up{job="new"}']).toEqual([[T0 + 500_000, 2]]);
  });

  it.each(['batch', 'remote write'] as const)('finds what a request stored before there was no memory for the rest of it: %s', async (door) => {
    const s = await stores.open();
    const minute = 60_000;
    await append(s, [[up('a'), [[T0 + 20 * minute, 1]]], [up('b'), [[T0 + 20 * minute, 1]]]]);
    const { arena } = s.heads.heads[0]!;
    const limit = arena.u32[HDR_HEAP_LIMIT >>> 2]!;
    // Room for a block of late samples of the one, and not of the other.
    arena.u32[HDR_HEAP_LIMIT >>> 2] = arena.u32[HDR_HEAP_TOP >>> 2]! + 2 * SLAB_BYTES + 8;
    const late = [[up('a'), [[T0 + minute, 2]]], [up('b'), [[T0 + minute, 2]]]] as const;
    const sent = door === 'batch' ? append(s, late) : s.db.appendRemoteWriteV1(remoteWriteV1(late));
    await expect(sent).rejects.toMatchObject({ name: 'IngestError', code: 'unavailable' });
    arena.u32[HDR_HEAP_LIMIT >>> 2] = limit;
    // The window moves on; the repetition is accepted because memory has the sample.
    await s.db.appendRemoteWriteV1(remoteWriteV1([[up('c'), [[T0 + 100 * minute, 1]]]]));
    expect((await append(s, [[up('a'), [[T0 + minute, 2]]]])).samples).toBe(1);
    expect(readAll(await stores.openIn(stores.copyOf(s)))['up{job="a"}']).toEqual([[T0 + minute, 2], [T0 + 20 * minute, 1]]);
  });

  it('has no records in its log that grow with a request or a series', async () => {
    const s = await stores.open();
    const jobs = Array.from({ length: 500 }, (_, i) => up(String(i)));
    await append(s, jobs.map((job) => [job, [[T0 + HOUR / 4, -1]]]));
    await append(s, jobs.map((job) => [job, Array.from({ length: 240 }, (_, i): Point => [T0 + i, i])]));
    // One series that has as much.
    await append(s, [[up('dense'), Array.from({ length: 120_000 }, (_, i): Point => [T0 + i, i])]]);
    const [name] = fs.readdirSync(path.join(s.directory, 'heads'));
    const log = path.join(s.directory, 'heads', name!);
    const sizes = async (): Promise<number[]> => {
      const found: number[] = [];
      await replayLog(new NodeDisk(), log, (_type, payload) => void found.push(payload.length));
      return found;
    };
    const written = readAll(s);
    await stores.close(s);
    const late = await sizes();
    expect(Math.max(...late)).toBeLessThan(1.1 * 2 ** 20);
    expect(late.length).toBeGreaterThan(3);
    // Written anew, too.
    fs.writeFileSync(path.join(log, SYNC_FAILED), '');
    const again = await stores.openIn(s.directory);
    expect(readAll(again)).toEqual(written);
    await stores.close(again);
    const anew = await sizes();
    expect(Math.max(...anew)).toBeLessThan(1.1 * 2 ** 20);
    expect(anew.length).toBeGreaterThan(3);
  });

  it('begins a new log when a damaged one lost series, and keeps what is left', async () => {
    const s = await stores.open();
    await append(s, [[up('a'), [[T0, 1]]]]);
    await append(s, [[up('b'), [[T0 + 1, 2]]]]);
    await append(s, [[up('c'), [[T0 + 2, 3]]]]);
    await stores.close(s);
    const headDirectory = path.join(s.directory, 'heads', fs.readdirSync(path.join(s.directory, 'heads'))[0]!);
    const segment = path.join(headDirectory, fs.readdirSync(headDirectory).find((name) => name.endsWith('.log'))!);
    const bytes = fs.readFileSync(segment);
    // The dictionary record that introduces job="b".
    const at = bytes.indexOf(Buffer.from([1, 1, 0x62]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] = 0x7a;
    fs.writeFileSync(segment, bytes);
    const damaged = await stores.openIn(s.directory);
    expect(damaged.notes.join('\n')).toMatch(/no valid record/);
    expect(readAll(damaged)['up{job="a"}']).toEqual([[T0, 1]]);
    await append(damaged, [[up('d'), [[T0 + 3, 4]]]]);
    const again = await stores.reopen(damaged);
    expect(again.notes).toEqual([]);
    expect(readAll(again)).toMatchObject({ 'up{job="a"}': [[T0, 1]], 'up{job="d"}': [[T0 + 3, 4]] });
  });

  it('drops heads past the retention with their files', async () => {
    const s = await stores.open({ retentionMs: 4 * HOUR, outOfOrderWindowMs: 100 * HOUR });
    for (let h = 0; h < 10; h += 2) await append(s, [[up('a'), [[T0 + h * HOUR, h]]]]);
    await s.db.maintain();
    expect(readAll(s)).toEqual({ 'up{job="a"}': [[T0 + 4 * HOUR, 4], [T0 + 6 * HOUR, 6], [T0 + 8 * HOUR, 8]] });
    expect(fs.readdirSync(path.join(s.directory, 'heads')).length).toBe(3);
  });
});
