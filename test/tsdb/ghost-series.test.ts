/** A series whose samples are all refused for their time leaves nothing behind: no name, no label, whatever the protocol. */
import { afterEach, describe, expect, it } from 'vitest';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import type { WriteSeries } from '../support/remote-write-client.js';
import { append, clockAt, HOUR, labels, openStore, readAll, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos } from '../wire/otlp-encode.js';

const NEWEST = T0 + 110 * 60_000;
const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function door(): Promise<Door> {
  const store = await stores.open();
  await append(store, [[labels('seed'), [[NEWEST, 1]]]]);
  return new Door(store, clockAt(NEWEST));
}

const series = (name: string, ...times: number[]): WriteSeries =>
  ({ labels: { __name__: name, job: name }, samples: times.map((timestampMs) => ({ timestampMs, value: 1 })) });
const gauge = (name: string, t: number): object => {
  const dataPoints = [{ timeUnixNano: nanos(t), asDouble: 1 }];
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints } }] }] }] };
};

function expectNoGhost(s: OpenStore): void {
  expect(Object.keys(readAll(s)).sort()).toEqual(['kept{job="kept"}', 'seed']);
  expect(s.heads.labelValues('__name__', [], T0, T0 + 2 * HOUR)).toEqual(['kept', 'seed']);
  expect(s.heads.select([], T0, T0 + 2 * HOUR).length).toBe(2);
}

describe('a new series whose samples are all too old', () => {
  it.each([1, 2] as const)('remote write %i', async (version) => {
    const one = await door();
    const send = () => one.write(version, series('ghost', T0 + 1, T0 + 2), series('kept', T0 + 3, NEWEST + 1));
    const first = await send();
    expect([first.samplesWritten, countsByReason(first.rejects)]).toEqual([1, { too_old: 3 }]);
    expect(first.rejects[0]!.example).toMatch(/^too old sample: series (ghost|kept)\{/);
    expect((await send()).rejects[0]!.count).toBe(3);
    expectNoGhost(one.store);
  });

  it('OTLP', async () => {
    const one = await door();
    expect((await one.otlp(gauge('ghost', T0 + 1))).rejectedPoints).toBe(1);
    await append(one.store, [[labels('kept', { job: 'kept' }), [[NEWEST, 1]]]]);
    expectNoGhost(one.store);
  });
});

it('a known series is told the same as ever', async () => {
  const one = await door();
  await one.write(1, series('seed', NEWEST + 5));
  const { rejects } = await one.write(1, series('seed', T0 + 1));
  expect(countsByReason(rejects)).toEqual({ too_old: 1 });
});
