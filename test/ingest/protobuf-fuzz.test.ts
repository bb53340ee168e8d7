/**
 * What the kernels store of a body is what protobufjs understands of it. Two stores: one gets random bodies as they are, written in unusual
 * ways and damaged, through the kernels; the other what protobufjs reads in them, written anew, through the general decoder. Of bodies that
 * are no messages nothing is expected but an error of the sender's, or an answer.
 *
 *   FUZZ_ROUNDS=20000 FUZZ_SEED=random npx vitest run test/ingest/protobuf-fuzz.test.ts
 */
import fs from 'node:fs';
import type protobuf from 'protobufjs';
import { afterAll, describe, expect, it } from 'vitest';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { systemClock } from '../../src/io/clock.js';
import type { Appender } from '../../src/storage/appender.js';
import { IngestError, type IngestOutcome } from '../../src/storage/ingestion.js';
import { ExportMetricsServiceRequest } from '../../src/wire/schemas.js';
import { lookupType } from '../support/message-types.js';
import { damaged, isWellFormed, rewritten } from '../support/protobuf-mutation.js';
import { Random } from '../support/random.js';
import { compress } from '../support/remote-write-client.js';
import { append, HOUR, labels, openStore, readAll, readStarts, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { otlpBody, writeBodyV1, writeBodyV2 } from './fuzz-bodies.js';

const SETTINGS = { maxDecodedBytes: 1 << 20, maxLabelNamesPerSeries: 60, maxLabelNameLength: 300, maxLabelValueLength: 300, maxMetadataFamilies: 1000, typeAndUnitLabels: false, zeroAtStart: false, maxFutureMs: 600_000 };
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 400);
const SEED = process.env['FUZZ_SEED'] === 'random' ? Date.now() % 1e9 : Number(process.env['FUZZ_SEED'] ?? 1);
/** After so many a store is left for another one: comparing takes time. */
const ROUNDS_PER_STORE = 400;

const stores: OpenStore[] = [];
afterAll(async () => {
  for (const store of stores) await closed(store);
});
async function closed(store: OpenStore): Promise<void> {
  await store.db.close();
  fs.rmSync(store.directory, { recursive: true, force: true });
}

class Side {
  fast = 0;
  readonly ingester: Ingester;
  readonly exemplars: string[] = [];

  constructor(readonly store: OpenStore, withKernels: boolean) {
    const { db } = store;
    const through = async <R>(append: () => Promise<R | 'general'>): Promise<R | 'general'> => {
      const report = withKernels ? await append() : 'general';
      if (report !== 'general') this.fast++;
      return report;
    };
    const appender: Appender = {
      appendRemoteWriteV1: (body, naming, rest) => through(() => db.appendRemoteWriteV1(body, naming, rest)),
      appendRemoteWriteV2: (body, naming, rest) => through(() => db.appendRemoteWriteV2(body, naming, rest)),
      appendOtlp: (body, naming) => through(() => db.appendOtlp(body, naming)),
      appendBatch: (batch, statuses) => db.appendBatch(batch, statuses),
      probeBatch: (batch, statuses) => db.probeBatch(batch, statuses),
    };
    const sink = {
      metadata: () => {}, rejects: () => {}, haElections: () => {},
      exemplars: (entries: readonly { series: { toString(): string }; exemplar: { value: number; timestampMs: number } }[]) => {
        for (const { series, exemplar } of entries) this.exemplars.push(`${series.toString()} ${exemplar.value}@${exemplar.timestampMs}`);
      },
    };
    const translator = new OtlpTranslator(OTLP_DEFAULTS);
    this.ingester = new Ingester(appender, sink, SETTINGS, () => T0 + HOUR, () => translator);
  }

  static async open(withKernels: boolean): Promise<Side> {
    const store = await openStore(tempDirectory(), { outOfOrderWindowMs: HOUR, keepStarts: true }, { ...systemClock, nowMs: () => T0 + HOUR });
    await append(store, [[labels('seed'), [[T0, 1]]]]);
    stores.push(store);
    return new Side(store, withKernels);
  }
}

interface Protocol {
  readonly type: protobuf.Type;
  readonly body: (random: Random, t: number) => Uint8Array;
  readonly send: (ingester: Ingester, body: Uint8Array) => Promise<IngestOutcome>;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'remote write 1.0': { type: lookupType('prompb/remote.proto', 'prometheus.WriteRequest'), body: writeBodyV1, send: (ingester, body) => ingester.remoteWriteV1(compress(body)) },
  'remote write 2.0': {
    type: lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request'), body: writeBodyV2, send: (ingester, body) => ingester.remoteWriteV2(compress(body)),
  },
  OTLP: { type: ExportMetricsServiceRequest, body: otlpBody, send: (ingester, body) => ingester.otlp(body) },
};

/** What the sender hears; `refused` if it is no message. */
async function answer(sending: Promise<IngestOutcome>): Promise<unknown> {
  try {
    const { samplesWritten, histogramsWritten, rejectedPoints, rejects } = await sending;
    return { samplesWritten, histogramsWritten, rejectedPoints, rejects: rejects.map(({ status, count }) => [status, count]).sort(([a], [b]) => a! - b!) };
  } catch (error) {
    if (error instanceof IngestError) return `refused: ${error.code}`;
    throw error;
  }
}

/** What protobufjs understands, in its own words; undefined if it is no message to it, or one that decoders read differently. */
function understood({ type }: Protocol, body: Uint8Array): Uint8Array | undefined {
  if (!isWellFormed(type, body)) return undefined;
  try {
    return type.encode(type.decode(body)).finish();
  } catch {
    return undefined;
  }
}

describe.each(Object.entries(PROTOCOLS))('%s', (_name, protocol) => {
  it(`is understood as protobufjs does (seed ${SEED})`, async () => {
    let compared = 0;
    for (let first = 0; first < ROUNDS; first += ROUNDS_PER_STORE) {
      const [ours, theirs, bin] = [await Side.open(true), await Side.open(false), await Side.open(true)];
      for (let round = 0; round < Math.min(ROUNDS_PER_STORE, ROUNDS - first); round++) {
        const random = new Random(SEED * 1_000_003 + first + round);
        const usual = protocol.body(random, T0 + 60_000 + round * 1000);
        const unusual = random.below(2) === 0 ? rewritten(protocol.type, usual, random) : usual;
        const body = random.below(2) === 0 ? damaged(unusual, random) : unusual;
        const same = understood(protocol, body);
        if (same === undefined) {
          await answer(protocol.send(bin.ingester, body));
          continue;
        }
        compared++;
        const told = await answer(protocol.send(ours.ingester, body));
        const where = `round ${first + round} of seed ${SEED}: ${Buffer.from(body).toString('base64')}`;
        expect(told, where).toEqual(await answer(protocol.send(theirs.ingester, same)));
      }
      const where = `seed ${SEED}, rounds from ${first}`;
      expect(readAll(ours.store), where).toEqual(readAll(theirs.store));
      expect(readStarts(ours.store.heads), where).toEqual(readStarts(theirs.store.heads));
      expect(ours.exemplars.toSorted(), where).toEqual(theirs.exemplars.toSorted());
      expect(ours.fast, where).toBeGreaterThan(Math.min(ROUNDS, ROUNDS_PER_STORE) / 8);
      for (const store of stores.splice(-3)) await closed(store);
    }
    expect(compared).toBeGreaterThan(ROUNDS / 3);
  }, 60_000 + ROUNDS * 200);
});
