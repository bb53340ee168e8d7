/** Every endpoint that reads notes what it uses, and ends with a clear error when it gets no more. */
import { describe, expect, test } from 'vitest';
import { compareLabels, Labels } from '../../src/model/labels.js';
import { MemoryLimitError, type MemoryAccount } from '../../src/storage/memory-account.js';
import type { ApiEndpoint, ApiRequest } from '../../src/api/contract.js';
import { ReadResponseType } from '../../src/wire/remote-read-request.js';
import { decodeSamplesAnswer } from '../support/remote-read-client.js';
import { ask, call, NOW_MS, type FakeOptions, type FakeSeries } from './context.js';

const COUNT = 400;
const SERIES: FakeSeries[] = Array.from({ length: COUNT }, (_, i) => ({
  labels: { __name__: `m${i % 50}`, i: String(i) }, samples: [[NOW_MS - 10, i]],
}));
const EXEMPLARS = Array.from({ length: COUNT }, (_, i) => ({
  series: Labels.fromObject({ __name__: 'm', i: String(i) }), exemplars: [{ labels: Labels.EMPTY, value: 1, timestampMs: NOW_MS }],
}));

const read = (responseType: ReadResponseType): Partial<ApiRequest> => ({
  read: { responseType, queries: [{ mint: NOW_MS - 1000, maxt: NOW_MS, matchers: [{ type: '!=', name: '__name__', value: '' }] }] },
});
const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const ALL = 'match[]={__name__!=""}';
/** Bytes a series that each endpoint notes at least. Federation and remote read hold 32 of the 50 metrics at a time. */
const ENDPOINTS: readonly [what: string, endpoint: ApiEndpoint, params: string, leastBytes: number, extra?: Partial<ApiRequest>][] = [
  ['federate', 'federate', ALL, 250],
  ['federate in protobuf', 'federate', ALL, 250, { accept: PROTOBUF }],
  ['remote read, samples', 'read', '', 220, read(ReadResponseType.samples)],
  ['remote read, chunks', 'read', '', 220, read(ReadResponseType.streamedXorChunks)],
  ['series', 'series', ALL, 300],
  ['label values', 'label_values', '', 64, { pathArgument: 'i' }],
  ['label names', 'labels', '', 0.1],
  ['search', 'search_label_values', 'label=i', 100],
  ['exemplars', 'query_exemplars', 'query=m', 20],
];

describe.each(ENDPOINTS)('%s', (_what, endpoint, params, leastBytes, extra = {}) => {
  const options: FakeOptions = { series: SERIES, exemplars: EXEMPLARS, searchApi: true, readSampleLimit: 0 };
  const run = (memory?: MemoryAccount): ReturnType<typeof call> => call(endpoint, params, memory ? { ...options, memory } : options, extra);

  test('notes what it uses, and answers the same', () => {
    let noted = 0;
    const answer = run({ take: (bytes) => void (noted += bytes) });
    expect(answer).toEqual(run());
    expect(answer.status).toBe(200);
    expect(noted).toBeGreaterThanOrEqual(COUNT * leastBytes);
  });

  test.each([['alone', 422, 'execution'], ['together', 503, 'unavailable']] as const)('refused: %s', (code, status, type) => {
    const answer = run({
      take: () => {
        throw new MemoryLimitError(code, 'too much memory');
      },
    });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ status: 'error', errorType: type, error: 'too much memory' });
  });
});

test.each([[false], [true]])('remote read is ordered by labels, whatever sorts before the name: %s', (before) => {
  const series = Array.from({ length: 300 }, (_, i) => ({
    labels: { ...(i % 7 === 0 ? {} : { __name__: `m.${i % 100}` }), ...(before && i % 3 === 0 ? { Zone: `z${i % 5}` } : {}), i: String(i) },
    samples: [[NOW_MS - 10, i]] as const,
  }));
  const request = { responseType: ReadResponseType.samples, queries: [{ mint: NOW_MS - 1000, maxt: NOW_MS, matchers: [] }] };
  const { status, body } = ask('read', '', { series, readSampleLimit: 0 }, { read: request });
  expect(status).toBe(200);
  const values = decodeSamplesAnswer(body)[0]!.map(({ samples }) => samples![0]!.value);
  const sorted = series.map(({ labels }) => Labels.fromObject(labels)).sort(compareLabels);
  expect(values).toEqual(sorted.map((labels) => Number(labels.get('i'))));
});

test('federate comes in pages of whole metrics', () => {
  const series = Array.from({ length: 6_000 }, (_, i) => ({
    labels: { __name__: `m${String(i % 200).padStart(3, '0')}`, a: 'x'.repeat(2000), i: String(i) }, samples: [[NOW_MS - 10, i]] as const,
  }));
  const options = { series, maxResponseBytes: 1e8 };
  const pages: Buffer[] = [];
  for (let cursor: ApiRequest['cursor']; ;) {
    const { status, body, next } = ask('federate', ALL, options, cursor ? { cursor } : {});
    expect(status).toBe(200);
    pages.push(Buffer.from(body));
    if (next === undefined) break;
    cursor = next;
  }
  expect(pages.length).toBeGreaterThan(2);
  for (const page of pages.slice(0, -1)) expect(page.length).toBeGreaterThan(4 * 1024 * 1024);
  const lines = Buffer.concat(pages).toString().split('\n').slice(0, -1);
  expect(lines.filter((line) => line.startsWith('#'))).toHaveLength(200);
  expect(lines).toHaveLength(200 + series.length);
  const names = lines.filter((line) => line.startsWith('#'));
  expect(names).toEqual([...names].sort());
});

test.each([['federate', ALL, {}], ['read', '', read(ReadResponseType.streamedXorChunks)]] as const)(
  '%s notes what it holds at a time, and not all that it went through', (endpoint, params, extra) => {
    // Most series have ended, so that thousands of metrics make one page.
    const series = Array.from({ length: 10_000 }, (_, i) => ({
      labels: { __name__: `m${i % 2000}`, i: String(i) }, samples: i < 10 ? [[NOW_MS - 10, i]] as const : [],
    }));
    let noted = 0;
    const { status } = ask(endpoint, params, { series, memory: { take: (bytes) => void (noted += bytes) } }, extra);
    expect(status).toBe(200);
    expect(noted).toBeLessThan(10_000 * 100);
  });

test('metrics with long names are batched as well', () => {
  const series = Array.from({ length: 40 }, (_, i) => ({
    labels: { __name__: `${'n.'.repeat(20_000)}${i}` }, samples: [[NOW_MS - 10, i]] as const,
  }));
  const { status, body } = call('federate', ALL, { series, maxResponseBytes: 1e8 });
  expect(status).toBe(200);
  expect(body.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(40);
});

test('federate has a largest page', () => {
  const series = [{ labels: { __name__: 'm', a: 'x'.repeat(3000) }, samples: [[NOW_MS, 1]] as const }];
  const { status, body } = call('federate', ALL, { series, maxResponseBytes: 1024 });
  expect([status, body]).toEqual([422, expect.stringContaining('query.max_response_size')]);
});
