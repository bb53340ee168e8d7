import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RejectRecord } from '../../src/catalogue/catalogue-batch.js';
import { CatalogueReader } from '../../src/catalogue/catalogue-reader.js';
import { CatalogueWriter, DEFAULT_CATALOGUE_LIMITS } from '../../src/catalogue/catalogue-writer.js';
import type { CatalogueLimits } from '../../src/catalogue/catalogue-writer.js';
import { labelText, parseLabelText } from '../../src/catalogue/label-text.js';
import { Labels } from '../../src/model/labels.js';
import { Matcher } from '../../src/model/matcher.js';
import { putStale } from '../../src/model/stale-nan.js';
import { batch, exemplar, exemplarColumns, metadata, temporaryDirectory } from './fixture.js';

let directory: string;
let open: { close(): void }[];
beforeEach(() => {
  directory = temporaryDirectory();
  open = [];
});
afterEach(() => {
  for (const connection of open.reverse()) connection.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

function writer(limits: Partial<CatalogueLimits> = {}): CatalogueWriter {
  const connection = CatalogueWriter.open(path.join(directory, 'catalogue.sqlite'), { ...DEFAULT_CATALOGUE_LIMITS, ...limits });
  open.push(connection);
  return connection;
}

function reader(): CatalogueReader {
  const connection = CatalogueReader.open(path.join(directory, 'catalogue.sqlite'));
  open.push(connection);
  return connection;
}

describe('label texts', () => {
  test.each([
    [{}],
    [{ __name__: 'up', job: 'a' }],
    [{ '1': 'one', __proto__x: 'p', a: 'quote " and \\ and \u0000' }],
    [{ 'sp ace': 'ü\u{1F600}', z: '\ufffe' }],
  ])('%j comes back', (object) => {
    const labels = Labels.fromObject(object);
    expect(parseLabelText(labelText(labels)).equals(labels)).toBe(true);
  });

  test.each(['{}', '["a"]', '7', 'nonsense'])('%s is not a label set', (text) => {
    expect(() => parseLabelText(text)).toThrow(SyntaxError);
  });
});

describe('metadata', () => {
  test('families are sorted by bytes, the newest version comes first', () => {
    writer().apply(batch({
      metadata: [[metadata('b_total', 'first'), 10], [metadata('a_total', 'a'), 10], [metadata('b_total', 'second'), 20]],
    }));
    expect([...reader().metadata('', 0, 0)]).toEqual([
      ['a_total', [metadata('a_total', 'a')]],
      ['b_total', [metadata('b_total', 'second'), metadata('b_total', 'first')]],
    ]);
  });

  test('what is seen again becomes the newest, within one millisecond, too', () => {
    const [a, b] = [metadata('m', 'a'), metadata('m', 'b')];
    writer().apply(batch({ metadata: [[a, 10], [b, 10], [a, 10]] }));
    expect(reader().metadata('m', 0, 0).get('m')).toEqual([a, b]);
  });

  test.each([
    ['one family', 'b', 0, 0, ['b:3', 'b:2', 'b:1']],
    ['unknown family', 'x', 0, 0, []],
    ['limit', '', 1, 0, ['a:1']],
    ['limit per metric', '', 0, 2, ['a:1', 'b:3', 'b:2', 'c:1']],
    ['both limits', '', 2, 1, ['a:1', 'b:3']],
  ])('selection: %s', (_, metric, limit, limitPerMetric, expected) => {
    writer().apply(batch({
      metadata: [['b', '1'], ['b', '2'], ['c', '1'], ['b', '3'], ['a', '1']].map(([family, help], i) => [metadata(family!, help!), i]),
    }));
    const rows = [...reader().metadata(metric, limit, limitPerMetric).values()].flat();
    expect(rows.map((row) => `${row.family}:${row.help}`)).toEqual(expected);
  });

  test('the history is capped per family and in all, oldest first', () => {
    writer({ maxMetadataPerFamily: 2, maxMetadata: 3 }).apply(batch({
      metadata: ['1', '2', '3', '4'].map((help, i) => [metadata('m', help), i] as const),
    }));
    expect(reader().metadata('m', 0, 0).get('m')!.map((row) => row.help)).toEqual(['4', '3']);
    const again = writer({ maxMetadataPerFamily: 2, maxMetadata: 3 });
    again.apply(batch({ metadata: [[metadata('n', 'x'), 10], [metadata('o', 'x'), 11]] }));
    expect([...reader().metadata('', 0, 0)].map(([family, rows]) => `${family} ${rows.length}`)).toEqual(['m 1', 'n 1', 'o 1']);
  });

  test('survives reopening, and history goes on', () => {
    const first = CatalogueWriter.open(path.join(directory, 'catalogue.sqlite'));
    first.apply(batch({ metadata: [[metadata('m', 'old', 'gauge', 'bytes'), 10]] }));
    first.close();
    writer().apply(batch({ metadata: [[metadata('m', 'new', 'gauge', 'bytes'), 5]] }));
    expect(reader().metadata('m', 0, 0).get('m')).toEqual([metadata('m', 'new', 'gauge', 'bytes'), metadata('m', 'old', 'gauge', 'bytes')]);
  });
});

describe('exemplars', () => {
  const up = (instance: string) => ({ __name__: 'up', instance });
  const name = (value: string) => [new Matcher('=', '__name__', value)];

  test('are selected by matchers, in time, sorted by series', () => {
    writer().apply(batch({
      exemplars: [
        exemplar(up('b'), 1000, 1, 't1'), exemplar(up('a'), 1500, 2, 't2'), exemplar(up('b'), 2000, 3, 't3'),
        exemplar({ __name__: 'down', instance: 'b' }, 1200, 4, 't4'), exemplar(up('c'), 9000, 5, 't5'),
      ],
    }));
    const show = (sets: Matcher[][], start = 0, end = 5000) =>
      reader().exemplars(sets, start, end).map(({ series, exemplars }) =>
        `${series} ${exemplars.map((e) => `${e.value}@${e.timestampMs} ${e.labels.get('trace_id')}`).join(' ')}`);
    expect(show([name('up')])).toEqual(['up{instance="a"} 2@1500 t2', 'up{instance="b"} 1@1000 t1 3@2000 t3']);
    expect(show([name('up')], 1000, 1500)).toEqual(['up{instance="a"} 2@1500 t2', 'up{instance="b"} 1@1000 t1']);
    expect(show([[new Matcher('!=', '__name__', 'up')]])).toEqual(['down{instance="b"} 4@1200 t4']);
    expect(show([[new Matcher('=', 'instance', 'b')]])).toEqual(['down{instance="b"} 4@1200 t4', 'up{instance="b"} 1@1000 t1 3@2000 t3']);
    expect(show([name('up'), name('down'), name('up')]).length).toBe(3);
    expect(show([[...name('up'), new Matcher('=', 'absent', '')]]).length).toBe(2);
    expect(show([name('nothing')])).toEqual([]);
    expect(show([name('up')], -Infinity, Infinity).length).toBe(3);
  });

  test('those older than the retention go, and their series with them', () => {
    const target = writer({ maxExemplars: 3 });
    target.apply(batch({ exemplars: [exemplar(up('a'), 1000, 1, 't1'), exemplar(up('b'), 1000, 2, 't2'), exemplar(up('b'), 2000, 3, 't3')] }));
    expect(target.expireExemplars(1500.5)).toBe(2);
    expect(target.expireExemplars(1500.5)).toBe(0);
    const times = (): number[] => reader().exemplars([[]], 0, 9000).flatMap(({ exemplars }) => exemplars.map((e) => e.timestampMs));
    expect(times()).toEqual([2000]);
    // There is room again.
    target.apply(batch({ exemplars: [exemplar(up('a'), 3000, 1, 't4'), exemplar(up('c'), 3000, 1, 't5')] }));
    expect(times().toSorted()).toEqual([2000, 3000, 3000]);
  });

  test('order rules per series: equal to the newest is nothing new, older than the window is out of order', () => {
    const target = writer({ outOfOrderWindowMs: 100 });
    const s = up('a');
    const give = (...entries: ReturnType<typeof exemplar>[]) => target.apply(batch({ exemplars: entries }));
    expect(give(exemplar(s, 1000, 5, 'x'))).toEqual({ exemplarsStored: 1, exemplarsDuplicate: 0, exemplarsOutOfOrder: 0 });
    expect(give(exemplar(s, 1000, 5, 'x'))).toMatchObject({ exemplarsDuplicate: 1 });
    expect(give(exemplar(s, 1000, 4, 'y'))).toMatchObject({ exemplarsOutOfOrder: 1 });
    expect(give(exemplar(s, 1000, 6, 'z'))).toMatchObject({ exemplarsStored: 1 });
    expect(give(exemplar(s, 899, 1, 'old'))).toMatchObject({ exemplarsOutOfOrder: 1 });
    expect(give(exemplar(s, 900, 1, 'late'))).toMatchObject({ exemplarsStored: 1 });
    expect(give(exemplar(s, 900, 1, 'late'))).toMatchObject({ exemplarsStored: 0, exemplarsDuplicate: 1 });
    expect(give(exemplar(s, 2 ** 60, 1, 'never'))).toMatchObject({ exemplarsStored: 0, exemplarsOutOfOrder: 1 });
    expect(give(exemplar(up('b'), 10, 1))).toMatchObject({ exemplarsStored: 1 });
    const [found] = reader().exemplars([name('up')], 0, 5000);
    expect(found!.exemplars.map((e) => `${e.timestampMs}=${e.value}`)).toEqual(['900=1', '1000=5', '1000=6']);
  });

  test('the ring: the first to arrive leaves, and series without exemplars with it', () => {
    const target = writer({ maxExemplars: 3 });
    target.apply(batch({ exemplars: [exemplar(up('a'), 1, 1), exemplar(up('b'), 2, 2)] }));
    target.apply(batch({ exemplars: [exemplar(up('b'), 3, 3), exemplar(up('c'), 4, 4)] }));
    const instances = () =>
      reader().exemplars([name('up')], 0, 100).map(({ series, exemplars }) => `${series.get('instance')}${exemplars.length}`);
    expect(instances()).toEqual(['b2', 'c1']);
    // The interned series went, too: it may come back with an older time.
    expect(target.apply(batch({ exemplars: [exemplar(up('a'), 1, 1)] }))).toMatchObject({ exemplarsStored: 1 });
    expect(instances()).toEqual(['a1', 'b1', 'c1']);
  });

  test('one series does not push out the others', () => {
    writer({ maxExemplars: 10, maxExemplarsPerSeries: 4 }).apply(batch({
      exemplars: [exemplar(up('quiet'), 1, 1), ...Array.from({ length: 50 }, (_, i) => exemplar(up('busy'), i, i))],
    }));
    const [busy, quiet] = reader().exemplars([name('up')], 0, 100);
    expect(busy!.exemplars.map((e) => e.timestampMs)).toEqual([46, 47, 48, 49]);
    expect(quiet!.exemplars.length).toBe(1);
  });

  test.each([[0, 0], [2, 2]])('a limit lowered to %d holds from the next start on', (maxExemplars, left) => {
    const first = CatalogueWriter.open(path.join(directory, 'catalogue.sqlite'));
    first.apply(batch({ exemplars: [1, 2, 3, 4].map((t) => exemplar(up('a'), t, t)) }));
    first.close();
    const second = writer({ maxExemplars });
    expect(reader().exemplars([name('up')], 0, 100).flatMap((found) => found.exemplars).length).toBe(left);
    second.apply(batch({ exemplars: [exemplar(up('a'), 9, 9)] }));
    expect(reader().exemplars([name('up')], 0, 100).flatMap((found) => found.exemplars).length).toBe(left);
  });

  test('values keep their bits', () => {
    const values = new Float64Array([-0, NaN, Infinity, -Infinity, 5e-324, 0.1 + 0.2, 2 ** 53 + 2, 0]);
    putStale(values, 7);
    const columns = { ...exemplarColumns(Array.from(values, (_, i) => exemplar(up('a'), i, 0))), values };
    const target = writer();
    target.apply({ ...batch({}), exemplars: columns });
    const read = reader().exemplars([name('up')], 0, 100)[0]!.exemplars.map((e) => e.value);
    expect(read.slice(0, 7)).toEqual([...values.subarray(0, 7)]);
    expect(Object.is(read[0], -0)).toBe(true);
    expect(read[7]).toBeNaN();
    // The second time each equals what is stored, NaN included.
    expect(target.apply({ ...batch({}), exemplars: columns })).toMatchObject({ exemplarsStored: 0, exemplarsDuplicate: 8 });
  });
});

describe('rejects', () => {
  const reject = (reason: string, points: number, atMs: number, ...examples: string[]): RejectRecord => ({
    reason, source: 'otlp', points, firstSeenMs: atMs, lastSeenMs: atMs,
    examples: examples.map((example) => ({ example, points: 1, atMs })),
  });

  test('are added up by reason and source, latest first, with their newest examples', () => {
    const target = writer({ maxRejectExamples: 2 });
    target.apply(batch({ rejects: [reject('too_old', 3, 10, 'a', 'b'), reject('conflict', 1, 11, 'c')] }));
    target.apply(batch({ rejects: [reject('too_old', 4, 20, 'b', 'd')] }));
    expect(reader().rejects()).toEqual([
      {
        reason: 'too_old', source: 'otlp', points: 7, firstSeenMs: 10, lastSeenMs: 20,
        examples: [{ example: 'b', points: 2, atMs: 20 }, { example: 'd', points: 1, atMs: 20 }],
      },
      {
        reason: 'conflict', source: 'otlp', points: 1, firstSeenMs: 11, lastSeenMs: 11,
        examples: [{ example: 'c', points: 1, atMs: 11 }],
      },
    ]);
  });

  test('groups are capped', () => {
    writer({ maxRejectGroups: 2 }).apply(batch({ rejects: [1, 2, 3, 4].map((n) => reject(`r${n}`, 1, n, 'x')) }));
    expect(reader().rejects().map((group) => group.reason)).toEqual(['r4', 'r3']);
  });
});

test('a batch that fails is not written at all', () => {
  const target = writer({ maxExemplars: 5 });
  const good = batch({ exemplars: [exemplar({ __name__: 'up' }, 1, 1)] });
  // A count that is not a number fails at the end of the transaction, after the exemplars.
  const broken = { ...good, rejects: [{ reason: 'x', source: 'y', points: NaN, firstSeenMs: 1, lastSeenMs: 1, examples: [] }] };
  expect(() => target.apply(broken)).toThrow(/NOT NULL/);
  expect(reader().exemplars([[]], 0, 10)).toEqual([]);
  expect(target.apply(good)).toMatchObject({ exemplarsStored: 1 });
});

test('settings are kept', () => {
  const target = writer();
  expect(target.settings.get('a')).toBeUndefined();
  target.settings.set('a', '1', 5);
  target.settings.set('a', '2', 6);
  expect(reader().setting('a')).toBe('2');
});
