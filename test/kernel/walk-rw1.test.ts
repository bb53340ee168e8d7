/**
 * The kernel walk of remote write 1.0 against the general decoder: two stores get the same requests, one through the kernels, the
 * other decoded in full; afterwards they hold the same. Requests are random and then damaged.
 */
import snappy from 'snappyjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { decodeWriteRequestV1 } from '../../src/wire/remote-write-v1.js';
import { WireError } from '../../src/wire/wire-error.js';
import { damaged } from '../support/protobuf-mutation.js';
import { Random } from '../support/random.js';
import { append, HOUR, labels, openStore, readAll, remoteWriteV1, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const OPTIONS = { outOfOrderWindowMs: 1000 * HOUR, maxDecodedBytes: 1 << 20 };
const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function newStore(): Promise<OpenStore> {
  const store = await stores.open(OPTIONS);
  await append(store, [[labels('seed'), [[T0, 1]]]]);
  return store;
}

function randomRequest(random: Random, round: number): Uint8Array {
  const entries = Array.from({ length: 1 + random.below(6) }, () => {
    const others = Object.fromEntries(Array.from({ length: random.below(5) }, (_, i) => [`l${i}`, random.pick(['', 'a', 'ü', 'x'.repeat(200), 'b'])]));
    const points = Array.from({ length: 1 + random.below(3) }, (_, i): Point => [T0 + round * 1000 + i + random.below(3) * HOUR, random.pick([0, 1, -0.5, 1e300, NaN])]);
    return [labels(random.pick(['up', 'down', 'm']), others), points] as const;
  });
  return snappy.uncompress(remoteWriteV1(entries));
}

async function throughKernels(store: OpenStore, plain: Uint8Array, decoded: SampleBatch | undefined): Promise<void> {
  const report = await store.db.appendRemoteWriteV1(snappy.compress(plain));
  if (report === 'general' && decoded) await store.db.appendBatch(decoded, new Uint8Array(decoded.length));
  if (report === 'general' || report.rest === undefined) return;
  const rest = decodeWriteRequestV1(report.rest);
  await store.db.appendBatch(rest, new Uint8Array(rest.length));
}

function decodeOrUndefined(plain: Uint8Array): SampleBatch | undefined {
  try {
    return decodeWriteRequestV1(plain);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

describe('walk of remote write 1.0', () => {
  it.each([1, 2, 3])('stores what the general decoder stores (seed %d)', async (seed) => {
    const random = new Random(seed);
    const [kernels, general, bin] = [await newStore(), await newStore(), await newStore()];
    let valid = 0;
    for (let round = 0; round < 1200; round++) {
      const sent = randomRequest(random, round);
      const plain = random.below(3) === 0 ? sent : damaged(sent, random);
      const decoded = decodeOrUndefined(plain);
      if (decoded === undefined) {
        // Not a message: the kernels may keep what they understood of it, but nothing else may happen.
        await throughKernels(bin, plain, undefined).catch((error: unknown) => expect(error instanceof IngestError || error instanceof WireError).toBe(true));
        continue;
      }
      valid++;
      await throughKernels(kernels, plain, decodeWriteRequestV1(plain));
      await general.db.appendBatch(decoded, new Uint8Array(decoded.length));
    }
    expect(valid).toBeGreaterThan(300);
    expect(readAll(kernels)).toEqual(readAll(general));
  });

  it('predicts: a repeated request, then another order, then the first again', async () => {
    const store = await newStore();
    const entries = Array.from({ length: 500 }, (_, i) => [labels('m', { i: String(i) }), [[T0 + 1, i]] as Point[]] as const);
    const shifted = (by: number) => entries.map(([set, points]) => [set, points.map(([t, v]): Point => [t + by, v])] as const);
    await store.db.appendRemoteWriteV1(remoteWriteV1(shifted(0)));
    await store.db.appendRemoteWriteV1(remoteWriteV1(shifted(1)));
    await store.db.appendRemoteWriteV1(remoteWriteV1(shifted(2).reverse()));
    await store.db.appendRemoteWriteV1(remoteWriteV1(shifted(3)));
    const all = readAll(store);
    for (const [set, points] of entries) {
      expect(all[set.toString()]).toEqual([0, 1, 2, 3].map((by) => [points[0]![0] + by, points[0]![1]]));
    }
  });
});
