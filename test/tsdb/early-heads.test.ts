/** Heads under memory pressure: closed early, followed by successors, joined by late heads, and every sample is read once. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Labels } from '../../src/model/labels.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { Random } from '../support/random.js';
import { filesOf, openSealing, sealHere } from '../support/sealing-store.js';
import { SimClock } from '../support/sim-clock.js';
import { append, batchOf, HOUR, labels, readAll, remoteWriteV1, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openSealing);
afterEach(() => stores.closeAll());

const MIN = 60_000;
const BUDGET = 1_500_000;
/** Closes as soon as the budget asks for it. */
const TINY = { headMemoryBytes: BUDGET, headCloseAt: 0.5, headCloseMinAgeMs: 0 };
const up = (job: string): Labels => labels('up', { job });
const pod = (n: number): Labels => labels('requests_total', { pod: `pod-${n}`, node: `node-${n % 50}` });

async function statusOf(s: OpenStore, set: Labels, t: number, v: number): Promise<number> {
  const statuses = new Uint8Array(1);
  await s.db.appendBatch(batchOf([[set, [[t, v]]]]), statuses);
  return statuses[0]!;
}

/** A scrape every 15 s of ten series that stay and of `churn` that come once; returns everything written. */
async function churn(s: OpenStore, scrapes: number, perScrape: number, from = T0): Promise<Record<string, Point[]>> {
  const written: Record<string, Point[]> = {};
  for (let i = 0; i < scrapes; i++) {
    const t = from + i * 15_000;
    const entries: [Labels, Point[]][] = [];
    for (let k = 0; k < 10; k++) entries.push([up(`job-${k}`), [[t, i + k / 10]]]);
    for (let k = 0; k < perScrape; k++) entries.push([pod(i * perScrape + k), [[t, k]]]);
    if (i % 2 === 0) await append(s, entries);
    else expect(await s.db.appendRemoteWriteV1(remoteWriteV1(entries))).not.toBe('general');
    for (const [set, points] of entries) (written[set.toString()] ??= []).push(...points);
    if (i % 5 === 4) await s.db.maintain();
  }
  return written;
}

describe('a churn storm', () => {
  it('ends in blocks, without a refusal and with every sample', async () => {
    const s = await stores.open({ options: TINY });
    const written = await churn(s, 60, 200);
    expect(filesOf(s, 'blocks').length).toBeGreaterThan(3);
    expect(s.db.stats().usedBytes).toBeLessThan(BUDGET);
    expect(readAll(s)).toEqual(written);
    const again = await stores.reopen(s, { options: TINY });
    expect(readAll(again)).toEqual(written);
  });

  it('is followed by heads that only know the series that live', async () => {
    const s = await stores.open({ options: TINY });
    await churn(s, 60, 200);
    expect(s.db.stats().series).toBeLessThan(60 * 200 / 3);
  });

  it('leaves the closed heads in memory until their blocks are there, and refuses only when all of it is used', async () => {
    let fail = true;
    const s = await stores.open({ options: TINY, sealer: async (head, file) => {
      if (fail) throw new Error('no space left');
      return sealHere(head, file);
    } });
    const failure = await churn(s, 400, 200).then(() => undefined, (error: unknown) => error);
    expect(failure).toMatchObject({ name: 'IngestError', code: 'unavailable' });
    const before = readAll(s);
    fail = false;
    await s.db.maintain();
    expect(readAll(s)).toEqual(before);
    expect(await statusOf(s, up('after'), T0 + HOUR, 1)).toBe(AppendStatus.ok);
  });
});

describe('late samples for a range that was closed early', () => {
  /** Forty scrapes, the first ones in a block, the last ones in a head. */
  async function closed(): Promise<{ s: OpenStore; written: Record<string, Point[]> }> {
    const s = await stores.open({ options: TINY });
    const written = await churn(s, 40, 200);
    await s.db.maintain();
    expect(filesOf(s, 'blocks').length).toBeGreaterThan(0);
    return { s, written };
  }

  it('are accepted in silence if they are there already, and no head is opened for them', async () => {
    const { s, written } = await closed();
    const heads = filesOf(s, 'heads').length;
    expect(await statusOf(s, up('job-1'), T0, 0.1)).toBe(AppendStatus.duplicate);
    expect(await statusOf(s, pod(0), T0, 0)).toBe(AppendStatus.duplicate);
    expect(filesOf(s, 'heads').length).toBe(heads);
    expect(readAll(s)).toEqual(written);
  });

  it('are refused if another value is there', async () => {
    const { s, written } = await closed();
    const report = await append(s, [[up('job-1'), [[T0, 7]]]]);
    expect(report.rejects.get(AppendStatus.conflict)?.example).toMatch(/^duplicate sample for timestamp: series up\{job="job-1"\}/);
    expect(readAll(s)).toEqual(written);
  });

  it('go to a late head, where the same rules hold', async () => {
    const { s, written } = await closed();
    expect(await statusOf(s, up('job-1'), T0 + 1, 7)).toBe(AppendStatus.ok);
    // The late head is open now: conflicts with the block, and with what is in itself.
    expect(await statusOf(s, up('job-1'), T0, 7)).toBe(AppendStatus.conflict);
    expect(await statusOf(s, up('job-1'), T0, 0.1)).toBe(AppendStatus.duplicate);
    expect(await statusOf(s, up('job-1'), T0 + 1, 8)).toBe(AppendStatus.conflict);
    expect(await statusOf(s, up('job-1'), T0 + 1, 7)).toBe(AppendStatus.duplicate);
    expect(await statusOf(s, pod(0), T0 + 2, 5)).toBe(AppendStatus.ok);
    const wire = await s.db.appendRemoteWriteV1(remoteWriteV1([[up('job-2'), [[T0, 0.2], [T0 + 3, 4]]], [up('job-3'), [[T0, 99]]]]));
    expect(wire === 'general' ? wire : [wire.samples, [...wire.rejects.keys()]]).toEqual([2, [AppendStatus.conflict]]);
    written['up{job="job-1"}']!.splice(1, 0, [T0 + 1, 7]);
    written['up{job="job-2"}']!.splice(1, 0, [T0 + 3, 4]);
    written[pod(0).toString()]!.push([T0 + 2, 5]);
    expect(readAll(s)).toEqual(written);
    expect(readAll(await stores.reopen(s, { options: TINY }))).toEqual(written);
  });

  it('become a block of their own when the window has passed', async () => {
    const { s, written } = await closed();
    await statusOf(s, up('job-1'), T0 + 1, 7);
    written['up{job="job-1"}']!.splice(1, 0, [T0 + 1, 7]);
    await statusOf(s, up('new'), T0 + 5 * HOUR, 1);
    written['up{job="new"}'] = [[T0 + 5 * HOUR, 1]];
    await s.db.maintain();
    expect(filesOf(s, 'heads').length).toBe(1);
    expect(readAll(s)).toEqual(written);
  });
});

describe('a scrape that is under way when a head has to end', () => {
  /** Scrapes in ten requests each, whose samples are up to 9 ms older or newer than those before; a restart after `restartAt` scrapes. */
  async function scrapes(count: number, restartAt = -1): Promise<{ s: OpenStore; written: Record<string, Point[]> }> {
    const options = { headMemoryBytes: 4 * BUDGET, headCloseAt: 0.2, headCloseMinAgeMs: 2 * MIN };
    const clock = new SimClock(T0 + 48 * HOUR);
    let s = await stores.open({ options, clock });
    const written: Record<string, Point[]> = {};
    for (let i = 0; i < count; i++) {
      for (let target = 0; target < 10; target++) {
        const t = T0 + i * 15_000 + (target * 7) % 10;
        const entries = Array.from({ length: 20 }, (_, k): [Labels, Point[]] => [pod((i * 10 + target) * 20 + k), [[t, k]]]);
        if ((await s.db.appendRemoteWriteV1(remoteWriteV1(entries))) === 'general') await append(s, entries);
        for (const [set, points] of entries) (written[set.toString()] ??= []).push(...points);
      }
      await s.db.maintain();
      if (i === restartAt) s = await stores.reopen(s, { options, clock });
    }
    return { s, written };
  }

  it('goes to that head: there are no late heads, and blocks do not overlap', async () => {
    // Not at the moment at which one is ending and its successor is there already.
    const { s, written } = await scrapes(62);
    const early = s.notes.filter((note) => note.startsWith('a head was closed early')).length;
    expect(early).toBeGreaterThan(1);
    expect(filesOf(s, 'blocks').length).toBe(early);
    const spans = filesOf(s, 'heads').concat(filesOf(s, 'blocks')).map((name) => name.split('_').slice(1).map(parseFloat));
    // Every head begins where the one before ended, and only the last one is open.
    expect([spans.length, new Set(spans.map(([mint]) => mint)).size]).toEqual([early + 1, early + 1]);
    expect(readAll(s)).toEqual(written);
  });

  it.each([10, 21, 22])('loses nothing by a restart after scrape %i', async (restartAt) => {
    const { s, written } = await scrapes(40, restartAt);
    expect(readAll(s)).toEqual(written);
    expect(readAll(await stores.reopen(s, { options: TINY }))).toEqual(written);
  });

  it('is waited for on the clock as well: a head that ends is closed when nothing comes any more', async () => {
    const options = { headMemoryBytes: 4 * BUDGET, headCloseAt: 0.2, headCloseMinAgeMs: MIN };
    const clock = new SimClock(T0 + 48 * HOUR);
    const s = await stores.open({ options, clock });
    await append(s, [[up('first'), [[T0, 1]]]]);
    clock.advance(2 * MIN);
    for (let i = 0; i < 100; i++) await append(s, Array.from({ length: 100 }, (_, k): [Labels, Point[]] => [pod(i * 100 + k), [[T0 + MIN, k]]]));
    await s.db.maintain();
    expect([filesOf(s, 'blocks').length, await statusOf(s, up('rest'), T0 + MIN - 1, 1)]).toEqual([0, AppendStatus.ok]);
    expect(filesOf(s, 'heads').length).toBe(1);
    clock.advance(MIN);
    await s.db.maintain();
    expect([filesOf(s, 'heads').length, filesOf(s, 'blocks').length]).toEqual([0, 1]);
  });
});

describe('when not even the series that live fit', () => {
  it('new ones wait until the head is old enough, and known ones go on', async () => {
    const clock = new SimClock(T0);
    const options = { headMemoryBytes: BUDGET, headCloseAt: 0.5, headCloseMinAgeMs: 30 * MIN };
    const s = await stores.open({ options, clock });
    await append(s, [[up('known'), [[T0, 1]]]]);
    let refused: unknown;
    let n = 0;
    for (; n < 20_000 && refused === undefined; n += 100) {
      const entries = Array.from({ length: 100 }, (_, k): [Labels, Point[]] => [pod(n + k), [[T0 + n, 1]]]);
      await append(s, entries).catch((error: unknown) => (refused = error));
    }
    expect(refused).toMatchObject({ name: 'IngestError', code: 'unavailable' });
    expect(s.db.stats().isStarved).toBe(true);
    expect(await statusOf(s, up('known'), T0 + MIN, 2)).toBe(AppendStatus.ok);
    const mixed = remoteWriteV1([[up('known'), [[T0 + 2 * MIN, 3]]], [up('unknown'), [[T0 + 2 * MIN, 3]]]]);
    const message: unknown = expect.stringMatching(/up\{job="unknown"\}/);
    await expect(s.db.appendRemoteWriteV1(mixed)).rejects.toMatchObject({ code: 'unavailable', message });
    const used = s.db.stats().usedBytes;
    for (let i = 0; i < 50; i++) await append(s, [[pod(1_000_000 + i), [[T0 + MIN, 1]]]]).catch(() => undefined);
    expect(s.db.stats().usedBytes).toBe(used);
    clock.advance(30 * MIN);
    await s.db.maintain();
    await append(s, [[up('known'), [[T0 + 3 * MIN, 4]]]]).catch(() => undefined);
    await s.db.maintain();
    expect(await s.db.appendRemoteWriteV1(mixed)).toBe('general');
    expect(await statusOf(s, up('unknown'), T0 + 4 * MIN, 3)).toBe(AppendStatus.ok);
    expect(readAll(s)['up{job="known"}']).toEqual([[T0, 1], [T0 + MIN, 2], [T0 + 2 * MIN, 3], [T0 + 3 * MIN, 4]]);
  });
});

describe('against a model', () => {
  it.each([1, 2, 3, 4])('seed %i: late, repeated and conflicting samples, restarts and blocks at any moment', async (seed) => {
    const random = new Random(seed);
    let s = await stores.open({ options: TINY });
    const model = new Map<string, Map<number, number>>();
    let newest = T0;
    let fresh = 0;
    for (let step = 0; step < 120; step++) {
      newest += random.below(3 * MIN);
      const entries: [Labels, Point[]][] = [];
      const expected: AppendStatus[] = [];
      for (let k = 0; k < 60; k++) {
        const set = random.below(3) === 0 ? up(`job-${random.below(8)}`) : pod(random.below(4) === 0 ? random.below(fresh + 1) : fresh++);
        const t = random.below(3) === 0 ? newest - 1000 * random.below(25 * 60) : newest;
        const key = set.toString();
        if (entries.some(([other]) => other.toString() === key)) continue;
        const series = model.get(key) ?? new Map<number, number>();
        const times = [...series.keys()].filter((known) => known > newest - 29 * MIN);
        const isRepeat = times.length > 0 && random.below(4) === 0;
        const at = isRepeat ? random.pick(times) : t;
        const known = series.get(at);
        const value = known !== undefined && random.below(2) === 0 ? known : random.below(1000);
        entries.push([set, [[at, value]]]);
        expected.push(known === undefined ? AppendStatus.ok : known === value ? AppendStatus.duplicate : AppendStatus.conflict);
        model.set(key, series.set(at, known ?? value));
      }
      const body = random.below(2) === 0 ? await s.db.appendRemoteWriteV1(remoteWriteV1(entries)) : 'general';
      if (body === 'general') {
        const statuses = new Uint8Array(entries.length);
        await s.db.appendBatch(batchOf(entries), statuses);
        // What a walk stored before it gave up is there already.
        expected.forEach((status, i) => expect([status, status === AppendStatus.ok ? AppendStatus.duplicate : status]).toContain(statuses[i]));
      } else {
        expect([step, body.rejects.get(AppendStatus.conflict)?.count ?? 0]).toEqual([step, expected.filter((one) => one === AppendStatus.conflict).length]);
        expect(body.samples).toBe(expected.filter((one) => one !== AppendStatus.conflict).length);
      }
      if (random.below(8) === 0) await s.db.maintain();
      if (random.below(25) === 0) s = await stores.reopen(s, { options: TINY });
      if (step % 20 === 19) expectModel(s, model);
    }
    await s.db.maintain();
    expectModel(s, model);
    expectModel(await stores.reopen(s, { options: TINY }), model);
    expect(filesOf(s, 'blocks').length).toBeGreaterThan(1);
  });
});

function expectModel(s: OpenStore, model: ReadonlyMap<string, ReadonlyMap<number, number>>): void {
  const wanted: Record<string, Point[]> = {};
  for (const [key, series] of model) wanted[key] = [...series].sort(([a], [b]) => a - b);
  expect(readAll(s)).toEqual(wanted);
}
