/** A series whose samples are all refused for their time leaves nothing behind: no name, no label, whatever the protocol. */
import fs from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Ingester } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { compress, encodeWrite, type WriteSeries } from '../support/remote-write-client.js';
import { append, HOUR, labels, openStore, readAll, T0, tempDirectory, type OpenStore } from '../support/store-fixture.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';

const NEWEST = T0 + 110 * 60_000;
const UNLIMITED = {
  maxDecodedBytes: 1 << 20, maxLabelNamesPerSeries: Infinity, maxLabelNameLength: 300, maxLabelValueLength: Infinity,
  maxMetadataFamilies: 1000, typeAndUnitLabels: false, zeroAtStart: false, maxFutureMs: 0,
};
let open: OpenStore | undefined;
afterEach(async () => {
  await open?.db.close();
  if (open) fs.rmSync(open.directory, { recursive: true });
});

async function store(): Promise<{ s: OpenStore; ingester: Ingester }> {
  const s = (open = await openStore(tempDirectory()));
  await append(s, [[labels('seed'), [[NEWEST, 1]]]]);
  const sink = { metadata: () => {}, exemplars: () => {}, rejects: () => {}, haElections: () => {} };
  return { s, ingester: new Ingester(s.db, sink, UNLIMITED, () => NEWEST, () => new OtlpTranslator(OTLP_DEFAULTS)) };
}

const series = (name: string, ...times: number[]): WriteSeries =>
  ({ labels: { __name__: name, job: name }, samples: times.map((timestampMs) => ({ timestampMs, value: 1 })) });
const gauge = (name: string, t: number): object => {
  const dataPoints = [{ timeUnixNano: `${BigInt(t) * 1_000_000n}`, asDouble: 1 }];
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints } }] }] }] };
};

function expectNoGhost(s: OpenStore): void {
  expect(Object.keys(readAll(s)).sort()).toEqual(['kept{job="kept"}', 'seed']);
  expect(s.heads.labelValues('__name__', [], T0, T0 + 2 * HOUR)).toEqual(['kept', 'seed']);
  expect(s.heads.select([], T0, T0 + 2 * HOUR).length).toBe(2);
}

describe('a new series whose samples are all too old', () => {
  it.each([1, 2] as const)('remote write %i', async (version) => {
    const { s, ingester } = await store();
    const body = compress(encodeWrite(version, [series('ghost', T0 + 1, T0 + 2), series('kept', T0 + 3, NEWEST + 1)]));
    const send = () => version === 1 ? ingester.remoteWriteV1(body) : ingester.remoteWriteV2(body);
    const first = await send();
    expect([first.samplesWritten, first.rejects.map((group) => [group.status, group.count])]).toEqual([1, [[3, 3]]]);
    expect(first.rejects[0]!.example).toMatch(/^too old sample: series (ghost|kept)\{/);
    expect((await send()).rejects[0]!.count).toBe(3);
    expectNoGhost(s);
  });

  it('OTLP', async () => {
    const { s, ingester } = await store();
    expect((await ingester.otlp(otlpProtobuf(gauge('ghost', T0 + 1)))).rejectedPoints).toBe(1);
    await append(s, [[labels('kept', { job: 'kept' }), [[NEWEST, 1]]]]);
    expectNoGhost(s);
  });
});

it('a known series is told the same as ever', async () => {
  const { ingester } = await store();
  const known = compress(encodeWrite(1, [series('seed', NEWEST + 5)]));
  await ingester.remoteWriteV1(known);
  const again = await ingester.remoteWriteV1(compress(encodeWrite(1, [series('seed', T0 + 1)])));
  expect(again.rejects.map((group) => [group.status, group.count])).toEqual([[3, 1]]);
});
