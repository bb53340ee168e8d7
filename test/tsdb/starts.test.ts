/** Start timestamps in the store: each sample keeps its own, through replay, rewritten logs, blocks and compaction. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { isAccepted } from '../../src/storage/append-status.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { compactBlocks } from '../../src/tsdb/compact/compact-blocks.js';
import { sealHead } from '../../src/tsdb/compact/seal-head.js';
import type { DbOptions } from '../../src/tsdb/db-options.js';
import { HeadSet } from '../../src/tsdb/head-set.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { plainHistogram } from '../support/plain-histogram.js';
import { Random } from '../support/random.js';
import { HOUR, labels, openStore, readStarts, remoteWriteV1, T0, tempDirectory, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const openKeeping = (directory: string, options: Partial<DbOptions> = {}): Promise<OpenStore> =>
  openStore(directory, { keepStarts: true, outOfOrderWindowMs: 100 * HOUR, ...options });
const stores = new Stores(openKeeping);
afterEach(() => stores.closeAll());

const kernels = loadKernelModule();
const codec = loadCodecModule();
const disk = new NodeDisk();

/** What blocks made of the store's heads hold, read one beside the other and compacted to one. */
function throughBlocks(from: OpenStore): Record<string, Point[]>[] {
  const directory = tempDirectory();
  const reader = new HeadSet(kernels, 3, { codec, cacheBytes: 1 << 22 });
  const blocks = from.heads.heads.map(({ arena: { memory }, mint, maxt }, i) => {
    const file = path.join(directory, `${i}.block`);
    sealHead(disk, { kernels, codec, head: { id: i + 1, mint, maxt, memory }, readerSlot: 4, file });
    return { id: i + 1, mint, maxt, file };
  });
  const range = { mint: blocks[0]!.mint, maxt: blocks.at(-1)!.maxt };
  const file = path.join(directory, 'all.block');
  const parents = blocks;
  compactBlocks(disk, { codec, parents, header: { ...range, heads: [], parents: [1, 2], level: 1 }, file });
  const results = [blocks, [{ id: 99, ...range, file }]].map((sources) => {
    reader.update(sources);
    return readStarts(reader);
  });
  reader.close();
  fs.rmSync(directory, { recursive: true });
  return results;
}

type Sent = readonly [job: string, t: number, startMs: number, kind?: 'histogram' | 'stale'];

async function send(to: OpenStore, samples: readonly Sent[]): Promise<Uint8Array> {
  const batch = new SampleBatch();
  const indexes = new Map<string, number>();
  for (const [job, t, startMs, kind] of samples) {
    let series = indexes.get(job);
    if (series === undefined) indexes.set(job, series = batch.addSeries(labels('up', { job })));
    if (kind === 'histogram') batch.addHistogram(series, t, plainHistogram(t % 100), 0, startMs);
    else if (kind === 'stale') batch.addStale(series, t);
    else batch.addFloat(series, t, t % 7, 0, startMs);
  }
  const statuses = new Uint8Array(batch.length);
  await to.db.appendBatch(batch, statuses);
  return statuses;
}

const up = (job: string): string => labels('up', { job }).toString();

/** What a naive store would hold: the first sample of each time. */
class Naive {
  readonly series = new Map<string, Map<number, number>>();

  add([job, t, startMs, kind]: Sent, status: number): void {
    const samples = this.series.get(up(job)) ?? new Map<number, number>();
    this.series.set(up(job), samples);
    if (isAccepted(status) && !samples.has(t)) samples.set(t, kind === 'stale' ? 0 : startMs);
  }

  all(mint = -Infinity, maxt = Infinity): Record<string, Point[]> {
    const within = [...this.series].map(([name, samples]) => (
      [name, [...samples].filter(([t]) => t >= mint && t <= maxt).sort(([a], [b]) => a - b)] as const));
    return Object.fromEntries(within.filter(([, samples]) => samples.length > 0));
  }
}

/** Senders that restart now and then, whose samples come in order, late, as floats and histograms, with and without starts. */
function randomSamples(random: Random, round: number): Sent[] {
  return Array.from({ length: 1 + random.below(12) }, () => {
    const job = random.pick(['plain', 'restarting', 'delta', 'mixed', 'histograms', 'none']);
    const t = T0 + round * 60_000 + random.below(50) * 1000 - (random.below(6) === 0 ? random.below(4 * HOUR) : 0);
    const start = job === 'none' ? 0 : job === 'plain' ? T0 - 5000 : job === 'delta' ? t - 15_000 : T0 + (round >> 4) * 960_000;
    const isHistogram = job === 'histograms' || (job === 'mixed' && random.below(2) === 0);
    if (random.below(30) === 0) return [job, t, 0, 'stale'];
    const startMs = job !== 'none' && random.below(25) === 0 ? random.pick([0, 1, -3, T0]) : start;
    return isHistogram ? [job, t, startMs, 'histogram'] : [job, t, startMs];
  });
}

describe('start timestamps', () => {
  it.each([1, 2, 3])('are those of each sample, also after a restart (seed %d)', async (seed) => {
    const random = new Random(seed);
    const naive = new Naive();
    let s = await stores.open();
    for (let round = 0; round < 300; round++) {
      const samples = randomSamples(random, round);
      const statuses = await send(s, samples);
      samples.forEach((sample, i) => naive.add(sample, statuses[i]!));
      if (round % 100 === 99) s = await stores.reopen(s);
    }
    expect(s.notes).toEqual([]);
    expect(readStarts(s.heads)).toEqual(naive.all());
    expect(throughBlocks(s)).toEqual([naive.all(), naive.all()]);
    for (let k = 0; k < 20; k++) {
      const mint = T0 + random.below(5 * HOUR);
      const maxt = mint + random.below(HOUR);
      expect(readStarts(s.heads, mint, maxt)).toEqual(naive.all(mint, maxt));
    }
  });

  it('are not there without the feature, and end where it was switched off', async () => {
    const off = await stores.open({ keepStarts: false });
    await send(off, [['a', T0, T0 - 1], ['b', T0, T0 - 1, 'histogram']]);
    expect(readStarts(off.heads)).toEqual({ [up('a')]: [[T0, 0]], [up('b')]: [[T0, 0]] });
    const on = await stores.reopen(off);
    await send(on, [['a', T0 + 1, T0 - 1], ['b', T0 + 1, T0 - 1, 'histogram'], ['c', T0 + 1, T0 - 1], ['c', T0 + 10, T0 - 1]]);
    const again = await stores.reopen(on, { keepStarts: false });
    await send(again, [['a', T0 + 2, T0 - 1], ['b', T0 + 2, T0 - 1, 'histogram'], ['c', T0 + 5, T0 - 1]]);
    const last = await stores.reopen(again);
    expect(readStarts(last.heads)).toEqual({
      [up('a')]: [[T0, 0], [T0 + 1, T0 - 1], [T0 + 2, 0]], [up('b')]: [[T0, 0], [T0 + 1, T0 - 1], [T0 + 2, 0]],
      [up('c')]: [[T0 + 1, T0 - 1], [T0 + 5, 0], [T0 + 10, T0 - 1]],
    });
  });

  it('of remote write 1.0 are none', async () => {
    const s = await stores.open();
    await send(s, [['a', T0, T0 - 1]]);
    expect(await s.db.appendRemoteWriteV1(remoteWriteV1([[labels('up', { job: 'a' }), [[T0 + 1, 1]]]]))).toMatchObject({ samples: 1 });
    expect(readStarts(s.heads)).toEqual({ [up('a')]: [[T0, T0 - 1], [T0 + 1, 0]] });
  });

  it('of an exact duplicate are those of the first', async () => {
    const s = await stores.open();
    await send(s, [['a', T0, 5]]);
    expect([...await send(s, [['a', T0, 6], ['a', T0 + 1, 6]])]).toEqual([AppendStatus.duplicate, AppendStatus.ok]);
    expect(readStarts(s.heads)).toEqual({ [up('a')]: [[T0, 5], [T0 + 1, 6]] });
  });

  it('are not looked up for who does not want them', async () => {
    const s = await stores.open();
    await send(s, [['a', T0, 5]]);
    const columns = new SampleColumns();
    columns.wantsStarts = false;
    s.heads.select([], T0, T0)[0]!.read(columns, T0, T0);
    expect([columns.length, columns.startTimestamps]).toEqual([1, undefined]);
  });

  it('survive a log that is written anew', async () => {
    const s = await stores.open();
    // What holds from the very beginning of a head on, with a late sample behind it.
    await send(s, [['first', T0, 5], ['first', T0 + 10, 5]]);
    await send(s, [['first', T0 + 5, 9]]);
    await send(s, [['a', T0, 5], ['a', T0 + 10, 6], ['h', T0, 7, 'histogram'], ['h', T0 + 1, 8]]);
    await send(s, [['bb', T0, 1]]);
    await send(s, [['a', T0 + 5, 9], ['a', T0 + 11, 6], ['a', T0 + 12, 0]]);
    const wanted = readStarts(s.heads);
    expect(wanted[up('a')]).toEqual([[T0, 5], [T0 + 5, 9], [T0 + 10, 6], [T0 + 11, 6], [T0 + 12, 0]]);
    expect(wanted[up('first')]).toEqual([[T0, 5], [T0 + 5, 9], [T0 + 10, 5]]);
    await stores.close(s);
    const head = path.join(s.directory, 'heads', fs.readdirSync(path.join(s.directory, 'heads'))[0]!);
    const segment = path.join(head, fs.readdirSync(head).find((name) => name.endsWith('.log'))!);
    const bytes = fs.readFileSync(segment);
    // The dictionary record that introduces job="bb".
    bytes[bytes.indexOf(Buffer.from('bb'))] = 0x7a;
    fs.writeFileSync(segment, bytes);
    const damaged = await stores.openIn(s.directory);
    expect(damaged.notes.join('\n')).toMatch(/the log is rewritten/);
    expect(readStarts(damaged.heads)).toMatchObject({ [up('a')]: wanted[up('a')], [up('h')]: wanted[up('h')] });
    const again = await stores.reopen(damaged);
    expect(again.notes).toEqual([]);
    expect(readStarts(again.heads)).toMatchObject({ [up('a')]: wanted[up('a')], [up('h')]: wanted[up('h')], [up('first')]: wanted[up('first')] });
  });

  it('behind a lost record are those before, of series that restarted in it, until the next restart', async () => {
    const s = await stores.open();
    await send(s, [['a', T0, 5], ['b', T0, 3]]);
    await send(s, [['a', T0 + 10_123, 9], ['b', T0 + 10_123, 3]]);
    const head = path.join(s.directory, 'heads', fs.readdirSync(path.join(s.directory, 'heads'))[0]!);
    const segment = path.join(head, '000001.log');
    const lost = fs.readFileSync(segment).length - 1;
    await send(s, [['a', T0 + 20_000, 9], ['b', T0 + 20_000, 3]]);
    await send(s, [['a', T0 + 30_000, 12], ['b', T0 + 30_000, 3]]);
    await stores.close(s);
    const bytes = fs.readFileSync(segment);
    bytes[lost]! ^= 1;
    fs.writeFileSync(segment, bytes);
    const damaged = await stores.openIn(s.directory);
    expect(damaged.notes.join('\n')).toMatch(/no valid record/);
    expect(readStarts(damaged.heads)).toEqual({
      [up('a')]: [[T0, 5], [T0 + 20_000, 5], [T0 + 30_000, 12]], [up('b')]: [[T0, 3], [T0 + 20_000, 3], [T0 + 30_000, 3]],
    });
  });
});
