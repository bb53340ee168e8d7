/**
 * A store without a head takes its first body through the kernels, too: nothing in a process is as slow as the code that runs for the first
 * time, and the general path is a lot of code for one request.
 */
import { afterEach, expect, it, test } from 'vitest';
import { Door } from '../support/ingest-fixture.js';
import type { WriteSeries, WriteVersion } from '../support/remote-write-client.js';
import { clockAt, HOUR, openStore, readAll, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos } from '../wire/otlp-encode.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

/** Of a store that has nothing yet. */
async function door(): Promise<Door> {
  const clock = clockAt(T0 + HOUR);
  return new Door(await stores.open({}, clock), clock);
}

const up = (...times: readonly number[]): WriteSeries => ({
  labels: { __name__: 'up', job: 'a' }, samples: times.map((timestampMs, value) => ({ timestampMs, value })),
});

test.each<WriteVersion>([1, 2])('remote write %s.0', async (version) => {
  const one = await door();
  const { samplesWritten, rejects } = await one.write(version, up(T0, T0 + 1));
  expect([samplesWritten, rejects, one.appender.batches]).toEqual([2, [], 0]);
  expect(readAll(one.store)).toEqual({ 'up{job="a"}': [[T0, 0], [T0 + 1, 1]] });
});

test('OTLP', async () => {
  const one = await door();
  const { samplesWritten, rejects } = await one.otlp({ resourceMetrics: [{
    scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [{ timeUnixNano: nanos(T0), asDouble: 4 }] } }] }],
  }] });
  expect([samplesWritten, rejects, one.appender.batches]).toEqual([1, [], 0]);
  expect(readAll(one.store)).toEqual({ g: [[T0, 4]] });
});

it('a body that no single head can take goes the general way, as in a store that has heads', async () => {
  const one = await door();
  const { samplesWritten, rejects } = await one.write(1, up(T0 - 1, T0));
  expect([samplesWritten, rejects, one.appender.batches, one.store.heads.heads.length]).toEqual([2, [], 1, 2]);
});

it('nothing to store leaves no head behind', async () => {
  const one = await door();
  expect((await one.write(1, up())).samplesWritten).toBe(0);
  expect((await one.write(1, up(T0 + 48 * HOUR))).rejects.length).toBe(1);
  expect((await one.otlp({ resourceMetrics: [] })).samplesWritten).toBe(0);
  expect(one.store.heads.heads.length).toBe(0);
});
