/**
 * The kernel walk of remote write 2.0 against the general decoder, as for 1.0: two stores get the same requests, one through the
 * kernels, the other decoded in full; afterwards they hold the same, and the same metadata has been handed over. Requests are random
 * (symbols in any order, unused and repeated ones, metadata, exemplars, fields in any order) and then damaged.
 */
import snappy from 'snappyjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { MetricMetadata } from '../../src/model/metadata.js';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import type { AppendReport } from '../../src/storage/appender.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { decodeWriteRequestV2 } from '../../src/wire/remote-write-v2.js';
import { WireError } from '../../src/wire/wire-error.js';
import { lookupType } from '../support/message-types.js';
import { damaged } from '../support/protobuf-mutation.js';
import { Random } from '../support/random.js';
import { append, HOUR, labels, openStore, readAll, readStarts, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const Request = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');
const OPTIONS = { outOfOrderWindowMs: 1000 * HOUR, maxDecodedBytes: 1 << 20, keepStarts: true };
const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function newStore(): Promise<OpenStore> {
  const store = await stores.open(OPTIONS);
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  return store;
}

interface Series {
  readonly labels: readonly (readonly [string, string])[];
  readonly points: readonly (readonly [t: number, v: number, startMs?: number])[];
  readonly metadata?: { readonly type: number; readonly help: string; readonly unit: string };
  readonly exemplar?: boolean;
}

/** A request as a sender would write it; `start` symbols go first, so that the same text has other numbers in other requests. */
function encode(series: readonly Series[], start: readonly string[] = []): Uint8Array {
  const symbols = ['', ...start];
  const ref = (text: string): number => {
    const at = symbols.indexOf(text);
    return at >= 0 ? at : symbols.push(text) - 1;
  };
  const timeseries = series.map(({ labels: pairs, points, metadata, exemplar }) => ({
    labelsRefs: pairs.flatMap(([name, value]) => [ref(name), ref(value)]),
    samples: points.map(([timestamp, value, startTimestamp]) => ({ timestamp, value, startTimestamp })),
    exemplars: exemplar === true ? [{ labelsRefs: [ref('trace_id'), ref('t')], value: 1, timestamp: points[0]?.[0] ?? 0 }] : [],
    metadata: metadata && { type: metadata.type, helpRef: ref(metadata.help), unitRef: ref(metadata.unit) },
  }));
  return Request.encode(Request.fromObject({ symbols, timeseries })).finish();
}

/**
 * Series that go another way than the others, as any may that is damaged, have names of their own in a request: which of two values
 * for one time wins depends on the order of processing.
 */
function randomSeries(random: Random, round: number, index: number, distinct: boolean): Series {
  const exemplar = random.below(8) === 0;
  const name = exemplar ? `exemplar_${index}` : distinct ? `m${index}_bucket` : random.pick(['up', 'down', 'm_bucket']);
  const others = Array.from({ length: random.below(5) }, (_, i) => [`l${i}`, random.pick(['', 'a', 'ü', 'x'.repeat(200), 'b'])] as const);
  const pairs = [['__name__', name] as const, ...others];
  if (random.below(12) === 0) pairs.reverse();
  const points = Array.from({ length: random.below(20) === 0 ? 0 : 1 + random.below(3) }, (_, i) => (
    [T0 + round * 1000 + i + random.below(3) * HOUR, random.pick([0, 1, -0.5, 1e300, NaN]), random.pick([0, 0, T0, T0 - 60_000, T0 + (round >> 5) * 7, -5])] as const));
  // Of one family all series say the same in one request, and something else in later ones.
  const version = name.length + (round >> 2);
  const metadata = { type: version % 8, help: ['', 'help', 'more'][version % 3]!, unit: ['', 'seconds'][version % 2]! };
  return random.below(3) === 0 ? { labels: pairs, points, exemplar } : { labels: pairs, points, exemplar, metadata };
}

function decodeOrUndefined(plain: Uint8Array): SampleBatch | undefined {
  try {
    return decodeWriteRequestV2(plain);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Newest metadata by family. */
type Families = Map<string, MetricMetadata>;

function remember(families: Families, entries: readonly MetricMetadata[]): void {
  for (const entry of entries) families.set(entry.family, entry);
}

interface Counts {
  samples: number;
  rejected: number;
}

function count(...reports: readonly (Pick<AppendReport, 'samples' | 'rejects'> | undefined)[]): Counts {
  const out = { samples: 0, rejected: 0 };
  for (const report of reports) {
    out.samples += report?.samples ?? 0;
    for (const { count: lost } of report?.rejects.values() ?? []) out.rejected += lost;
  }
  return out;
}

const lost = (batch: SampleBatch | undefined): number => batch?.rejects.reduce((sum, { points }) => sum + points, 0) ?? 0;

async function appendDecoded(store: OpenStore, batch: SampleBatch, families: Families): Promise<Counts> {
  remember(families, batch.metadata);
  const counts = count(await store.db.appendBatch(batch, new Uint8Array(batch.length)));
  return { samples: counts.samples, rejected: counts.rejected + lost(batch) };
}

/** As the ingester does it: kernels first, the general decoder for all or for the rest. */
async function throughKernels(store: OpenStore, plain: Uint8Array, families: Families): Promise<Counts> {
  const report = await store.db.appendRemoteWriteV2(snappy.compress(plain));
  if (report === 'general') return appendDecoded(store, decodeWriteRequestV2(plain), families);
  remember(families, report.metadata);
  const counts = count(report);
  if (report.rest === undefined) return counts;
  const rest = await appendDecoded(store, decodeWriteRequestV2(report.rest), families);
  return { samples: counts.samples + rest.samples, rejected: counts.rejected + rest.rejected };
}

describe('walk of remote write 2.0', () => {
  it.each([1, 2, 3])('stores, counts and learns what the general decoder does (seed %d)', async (seed) => {
    const random = new Random(seed);
    const [kernels, general, bin] = [await newStore(), await newStore(), await newStore()];
    const known: Families[] = [new Map(), new Map()];
    let valid = 0;
    for (let round = 0; round < 1200; round++) {
      const whole = round % 2 === 0;
      const series = Array.from({ length: 1 + random.below(6) }, (_, index) => randomSeries(random, round, index, !whole));
      const sent = encode(series, random.pick([[], ['unused'], ['b', 'up', 'up']]));
      const plain = whole ? sent : damaged(sent, random);
      const decoded = decodeOrUndefined(plain);
      if (decoded === undefined) {
        // Not a message: the kernels may keep what they understood of it, but nothing else may happen.
        await throughKernels(bin, plain, new Map()).catch((error: unknown) => {
          expect(error instanceof IngestError || error instanceof WireError).toBe(true);
        });
        continue;
      }
      valid++;
      const [ours, theirs]: Families[] = [new Map(), new Map()];
      const counts = await throughKernels(kernels, plain, ours!);
      expect([round, counts]).toEqual([round, await appendDecoded(general, decoded, theirs!)]);
      // What is not handed over is what was the newest already.
      for (const entry of ours!.values()) expect([round, theirs!.get(entry.family)]).toEqual([round, entry]);
      remember(known[0]!, [...ours!.values()]);
      remember(known[1]!, [...theirs!.values()]);
    }
    expect(valid).toBeGreaterThan(300);
    expect(readAll(kernels)).toEqual(readAll(general));
    expect(readStarts(kernels.heads)).toEqual(readStarts(general.heads));
    expect([...known[0]!.keys()].sort()).toEqual([...known[1]!.keys()].sort());
  });

  it('knows a series whatever numbers its symbols have', async () => {
    const store = await newStore();
    const series = (by: number): Series[] => Array.from({ length: 300 }, (_, i) => (
      { labels: [['__name__', 'm'], ['i', String(i)]], points: [[T0 + by, i]] }));
    for (const [by, start] of [[0, []], [1, ['x', '7', 'm']], [2, Array.from({ length: 200 }, (_, i) => String(i * 3))]] as const) {
      const report = await store.db.appendRemoteWriteV2(snappy.compress(encode(series(by), start)));
      expect(report).toMatchObject({ samples: 300, rest: undefined });
    }
    const all = readAll(store);
    for (let i = 0; i < 300; i++) expect(all[labels('m', { i: String(i) }).toString()]).toEqual([0, 1, 2].map((by) => [T0 + by, i]));
  });

  it('hands metadata over once, and again when it changes', async () => {
    const store = await newStore();
    const send = async (by: number, help: string): Promise<readonly MetricMetadata[]> => {
      const metadata = { type: 3, help, unit: 'seconds' };
      const series = ['h_bucket', 'h_sum', 'other'].flatMap((name): Series[] => (
        ['a', 'b'].map((job) => ({ labels: [['__name__', name], ['job', job]], points: [[T0 + by, 1]], metadata }))));
      const report = await store.db.appendRemoteWriteV2(snappy.compress(encode(series)));
      return report === 'general' ? [] : report.metadata;
    };
    const entry = (family: string, help: string): MetricMetadata => ({ family, type: 'histogram', help, unit: 'seconds' });
    expect(await send(1, 'A')).toEqual([entry('h', 'A'), entry('h', 'A'), entry('other', 'A')]);
    expect(await send(2, 'A')).toEqual([]);
    expect(await send(3, 'B')).toEqual([entry('h', 'B'), entry('h', 'B'), entry('other', 'B')]);
    expect(await send(4, 'A')).toEqual([entry('h', 'A'), entry('h', 'A'), entry('other', 'A')]);
  });

  it('leaves what it does not know to the general decoder, series by series', async () => {
    const store = await newStore();
    const plain: Series = { labels: [['__name__', 'plain']], points: [[T0 + 1, 1]] };
    const odd: Series = { labels: [['__name__', 'odd']], points: [[T0 + 1, 2]], exemplar: true };
    const report = await store.db.appendRemoteWriteV2(snappy.compress(encode([plain, odd, { ...plain, points: [[T0 + 2, 3]] }])));
    if (report === 'general' || report.rest === undefined) throw new Error('expected a rest');
    expect(report.samples).toBe(2);
    const rest = decodeWriteRequestV2(report.rest);
    expect([rest.series.map(String), rest.length, rest.exemplars.length]).toEqual([['odd'], 1, 1]);
  });
});
