import { describe, expect, test } from 'vitest';
import { CatalogueQueue, DEFAULT_QUEUE_LIMITS } from '../../src/threads/catalogue-queue.js';
import type { CatalogueQueueLimits } from '../../src/threads/catalogue-queue.js';
import { exemplar, metadata } from '../catalogue/fixture.js';

const queue = (limits: Partial<CatalogueQueueLimits> = {}) => new CatalogueQueue({ ...DEFAULT_QUEUE_LIMITS, ...limits });
const reject = (reason: string, count: number, example: string, atMs = 1) => ({ reason, source: 'otlp', count, example, atMs });

test('metadata: equal entries are one, the latest order stays', () => {
  const pending = queue();
  const [a, b] = [metadata('m', 'a'), metadata('m', 'b')];
  pending.addMetadata([a, b], 1);
  pending.addMetadata([{ ...a }], 2);
  expect(pending.size).toBe(2);
  expect(pending.take().metadata).toEqual([{ metadata: b, atMs: 1 }, { metadata: a, atMs: 2 }]);
  expect(pending.size).toBe(0);
});

test('exemplars: each series once, columns as long as there are exemplars, whatever the growth', () => {
  const pending = queue();
  const count = 1_000;
  pending.addExemplars(Array.from({ length: count }, (_, i) => exemplar({ __name__: 'm', i: String(i % 3) }, i, i / 2, `t${i}`)));
  const { exemplars } = pending.take();
  expect(exemplars.series).toEqual([0, 1, 2].map((i) => ({ metric: 'm', labels: `["__name__","m","i","${i}"]` })));
  const columns = [exemplars.seriesIndex, exemplars.timestamps, exemplars.values, exemplars.labels];
  expect(columns.map((column) => column.length)).toEqual([count, count, count, count]);
  expect(columns.map((column) => column[998])).toEqual([2, 998, 499, '["trace_id","t998"]']);
  pending.addExemplars([exemplar({ __name__: 'n' }, 5, 5)]);
  expect(pending.take().exemplars).toMatchObject({ series: [{ metric: 'n' }], labels: ['[]'] });
});

test('rejects are added up, the newest examples stay', () => {
  const pending = queue({ maxRejectExamples: 2 });
  pending.addRejects([reject('a', 1, 'x', 5), reject('a', 2, 'y', 6), reject('b', 1, 'x', 7)]);
  pending.addRejects([reject('a', 4, 'x', 9), reject('a', 8, 'z', 3)]);
  expect(pending.take().rejects).toEqual([
    {
      reason: 'a', source: 'otlp', points: 15, firstSeenMs: 3, lastSeenMs: 9,
      examples: [{ example: 'x', points: 5, atMs: 9 }, { example: 'z', points: 8, atMs: 3 }],
    },
    { reason: 'b', source: 'otlp', points: 1, firstSeenMs: 7, lastSeenMs: 7, examples: [{ example: 'x', points: 1, atMs: 7 }] },
  ]);
});

describe('what does not fit is dropped and counted', () => {
  test('by number', () => {
    const pending = queue({ maxMetadata: 1, maxExemplars: 2, maxRejectGroups: 1 });
    pending.addMetadata([metadata('a', ''), metadata('b', ''), metadata('a', '')], 1);
    pending.addExemplars([1, 2, 3, 4].map((t) => exemplar({ __name__: 'm' }, t, t)));
    pending.addRejects([reject('a', 1, 'x'), reject('b', 7, 'x'), reject('a', 1, 'x')]);
    expect(pending.dropped).toEqual({ metadata: 1, exemplars: 2, rejects: 7 });
    expect(pending.size).toBe(4);
  });

  test('by length of texts, until they are taken', () => {
    const pending = queue({ maxTextLength: 1_000 });
    pending.addMetadata([metadata('a', 'x'.repeat(2_000)), metadata('b', 'x'.repeat(900))], 1);
    pending.addExemplars([exemplar({ __name__: 'm' }, 1, 1, 'y'.repeat(120))]);
    expect(pending.dropped).toEqual({ metadata: 1, exemplars: 1, rejects: 0 });
    pending.take();
    pending.addExemplars([exemplar({ __name__: 'm' }, 1, 1, 'y'.repeat(120))]);
    expect(pending.dropped.exemplars).toBe(1);
  });

  test('when a batch is given up', () => {
    const pending = queue();
    pending.addMetadata([metadata('a', '')], 1);
    pending.addExemplars([exemplar({ __name__: 'm' }, 1, 1)]);
    pending.addRejects([reject('a', 5, 'x')]);
    pending.countDropped(pending.take());
    expect(pending.dropped).toEqual({ metadata: 1, exemplars: 1, rejects: 5 });
  });
});
