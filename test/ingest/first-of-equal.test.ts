/**
 * Of several samples of one series and time in one request the first counts, whichever of them go through the kernels and which through the
 * decoder, as in Prometheus. If the first is refused, the next is judged as if it had come alone.
 */
import { afterEach, describe, expect, it, test } from 'vitest';
import type { IngestOutcome } from '../../src/storage/ingestion.js';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { zeroHistogram, type WriteSeries, type WriteVersion } from '../support/remote-write-client.js';
import { clockAt, HOUR, openStore, readAll, T0, type OpenStore } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nanos } from '../wire/otlp-encode.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function door(): Promise<Door> {
  const clock = clockAt(T0 + 3 * HOUR);
  return new Door(await stores.open({ outOfOrderWindowMs: HOUR }, clock), clock);
}

const sample = (t: number, value: number) => ({ timestampMs: T0 + t, value });
const plain = (name: string, t: number, value: number): WriteSeries => ({ labels: { __name__: name }, samples: [sample(t, value)] });
/** What the kernels leave to the decoder: a series that has a histogram, too, or exemplars. */
const mixed = (name: string, t: number, value: number): WriteSeries => ({
  ...plain(name, t, value), histograms: [zeroHistogram(T0 + t + 5)],
});
const withExemplar = (name: string, t: number, value: number): WriteSeries => ({ ...plain(name, t, value), exemplars: [{ labels: { trace_id: 'x' }, ...sample(t, value) }] });

test.each([['before', true], ['behind', false]] as const)('OTLP: a delta with a point without a value %s it is accepted, and so is a repetition', async (_where, isBefore) => {
  const one = await door();
  const at = (t: number, more: object) => ({ startTimeUnixNano: nanos(T0), timeUnixNano: nanos(T0 + t), ...more });
  const [delta, empty] = [at(10_000, { asDouble: 3 }), at(10_000, { flags: 1 })];
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [
    { name: 'd', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: isBefore ? [empty, delta] : [delta, empty] } },
  ] }] }] };
  for (let i = 0; i < 3; i++) expect((await one.otlp(request)).rejects, `request ${i}`).toEqual([]);
});

/** Without the histograms, whose values are NaN. */
const floats = (store: OpenStore): unknown => Object.fromEntries(Object.entries(readAll(store)).map(([series, points]) =>
  [series, points.filter(([, value]) => !Number.isNaN(value))]));

describe.each<WriteVersion>([1, 2])('remote write %i.0', (version) => {
  it('keeps the first, and says nothing about the second', async () => {
    const one = await door();
    const outcomes = [await one.write(version, mixed('a', 0, 1), plain('a', 0, 2)), await one.write(version, plain('b', 0, 1), mixed('b', 0, 2))];
    // Known series, in a body that is longer.
    outcomes.push(await one.write(version, plain('c', 10, 7), mixed('a', 10, 3), plain('b', 10, 3), plain('a', 10, 4), mixed('b', 10, 4)));
    expect(outcomes.map(({ samplesWritten, rejects }) => [samplesWritten, rejects])).toEqual([[2, []], [2, []], [5, []]]);
    expect(floats(one.store)).toEqual({ a: [[T0, 1], [T0 + 10, 3]], b: [[T0, 1], [T0 + 10, 3]], c: [[T0 + 10, 7]] });
  });

  it('likewise when it is sent again, however old it is by then', async () => {
    const one = await door();
    const old = { labels: { __name__: 'a' }, samples: [sample(0, 1), sample(0, 2)] };
    const first = await one.write(version, old);
    // In another head: what is behind the window is not looked at in the same way.
    await one.write(version, plain('b', 2.5 * HOUR, 1));
    const outcomes = [first, await one.write(version, old), await one.write(version, old, mixed('c', 2.5 * HOUR, 1)), await one.write(version, plain('b', 2.5 * HOUR, 1), old)];
    expect(outcomes.map(({ samplesWritten, rejects }) => [samplesWritten, rejects])).toEqual([[2, []], [2, []], [3, []], [3, []]]);
    expect(floats(one.store)).toMatchObject({ a: [[T0, 1]] });
  });

  it('series that are on one side only take the fast path, and the rest of the body with them', async () => {
    const one = await door();
    await one.write(version, plain('a', 0, 1), mixed('b', 0, 1));
    await one.write(version, plain('a', 10, 1), mixed('b', 10, 1), plain('c', 10, 1));
    expect(one.appender.reports.map((report) => report !== 'general' && report.samples)).toEqual([1, 2]);
  });
});

it('exemplars of 1.0 apart from their samples, as Prometheus sends them, do not cost the fast path', async () => {
  const one = await door();
  await one.write(1, plain('a', 0, 1), { ...withExemplar('a', 0, 1), samples: [] });
  await one.write(1, withExemplar('a', 10, 1), plain('a', 10, 2));
  expect(one.appender.reports.map((report) => report !== 'general')).toEqual([true, false]);
  expect(floats(one.store)).toEqual({ a: [[T0, 1], [T0 + 10, 1]] });
});

test.each([0, 1])('OTLP: a second point is judged by itself where the first is refused (the other point %i s before them)', async (other) => {
  const one = await door();
  const point = (t: number, asDouble: number) => ({ timeUnixNano: nanos(T0 + t), asDouble });
  const send = (...dataPoints: object[]): Promise<IngestOutcome> => one.otlp({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
    { name: 'g', gauge: { dataPoints } }, { name: 'h', gauge: { dataPoints: [point(10_000 - other * 1000, 5)] } },
  ] }] }] });
  await send(point(10_000, 1));
  // Two that contradict what is stored are two lost points; one that repeats it is not.
  const outcome = await send(point(10_000, 2), point(10_000, 3), point(10_000, 1));
  expect([outcome.rejectedPoints, countsByReason(outcome.rejects)]).toEqual([2, { conflict: 2 }]);
  expect((await send(point(20_000, 1), point(20_000, 2))).rejectedPoints).toBe(0);
  expect(floats(one.store)).toMatchObject({ g: [[T0 + 10_000, 1], [T0 + 20_000, 1]] });
});
