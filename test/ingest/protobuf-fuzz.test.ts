/**
 * What the kernels store of a body is what protobufjs understands of it. Two stores: one gets random bodies as they are, written in unusual
 * ways and damaged, through the kernels; the other what protobufjs reads in them, written anew, through the general decoder. Of bodies that
 * are no messages nothing is expected but an error of the sender's, or an answer.
 *
 *   FUZZ_ROUNDS=20000 FUZZ_SEED=random npx vitest run test/ingest/protobuf-fuzz.test.ts
 */
import type protobuf from 'protobufjs';
import { afterEach, describe, expect, it } from 'vitest';
import { IngestError, type IngestOutcome } from '../../src/storage/ingestion.js';
import { ExportMetricsServiceRequest } from '../../src/wire/schemas.js';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { lookupType } from '../support/message-types.js';
import { damaged, isWellFormed, rewritten } from '../support/protobuf-mutation.js';
import { Random } from '../support/random.js';
import { compress } from '../support/remote-write-client.js';
import { append, clockAt, HOUR, labels, openStore, readAll, readStarts, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { otlpBody, writeBodyV1, writeBodyV2 } from './fuzz-bodies.js';

const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 400);
const SEED = process.env['FUZZ_SEED'] === 'random' ? Date.now() % 1e9 : Number(process.env['FUZZ_SEED'] ?? 1);
/** After so many a store is left for another one: comparing takes time. */
const ROUNDS_PER_STORE = 400;

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function open(withKernels: boolean): Promise<Door> {
  const clock = clockAt(T0 + HOUR);
  const store = await stores.open({ outOfOrderWindowMs: HOUR, keepStarts: true }, clock);
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  return new Door(store, clock, { settings: { maxFutureMs: 600_000 }, withKernels });
}

interface Protocol {
  readonly type: protobuf.Type;
  readonly body: (random: Random, t: number) => Uint8Array;
  readonly send: (door: Door, body: Uint8Array) => Promise<IngestOutcome>;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'remote write 1.0': { type: lookupType('prompb/remote.proto', 'prometheus.WriteRequest'), body: writeBodyV1, send: (door, body) => door.remoteWrite(1, compress(body)) },
  'remote write 2.0': {
    type: lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request'), body: writeBodyV2, send: (door, body) => door.remoteWrite(2, compress(body)),
  },
  OTLP: { type: ExportMetricsServiceRequest, body: otlpBody, send: (door, body) => door.ingester.otlp(body) },
};

/** What the sender hears; `refused` if it is no message. */
async function answer(sending: Promise<IngestOutcome>): Promise<unknown> {
  try {
    const { samplesWritten, histogramsWritten, rejectedPoints, rejects } = await sending;
    return { samplesWritten, histogramsWritten, rejectedPoints, rejects: countsByReason(rejects) };
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
      const [ours, theirs, bin] = [await open(true), await open(false), await open(true)];
      for (let round = 0; round < Math.min(ROUNDS_PER_STORE, ROUNDS - first); round++) {
        const random = new Random(SEED * 1_000_003 + first + round);
        const usual = protocol.body(random, T0 + 60_000 + round * 1000);
        const unusual = random.below(2) === 0 ? rewritten(protocol.type, usual, random) : usual;
        const body = random.below(2) === 0 ? damaged(unusual, random) : unusual;
        const same = understood(protocol, body);
        if (same === undefined) {
          await answer(protocol.send(bin, body));
          continue;
        }
        compared++;
        const told = await answer(protocol.send(ours, body));
        const where = `round ${first + round} of seed ${SEED}: ${Buffer.from(body).toString('base64')}`;
        expect(told, where).toEqual(await answer(protocol.send(theirs, same)));
      }
      const where = `seed ${SEED}, rounds from ${first}`;
      expect(readAll(ours.store), where).toEqual(readAll(theirs.store));
      expect(readStarts(ours.store.heads), where).toEqual(readStarts(theirs.store.heads));
      expect(ours.sink.exemplarLines.toSorted(), where).toEqual(theirs.sink.exemplarLines.toSorted());
      expect(ours.appender.fast, where).toBeGreaterThan(Math.min(ROUNDS, ROUNDS_PER_STORE) / 8);
      await stores.closeAll();
    }
    expect(compared).toBeGreaterThan(ROUNDS / 3);
  }, 60_000 + ROUNDS * 200);
});
