/** Every endpoint that reads notes what it uses, and ends with a clear error when it gets no more. */
import { describe, expect, test } from 'vitest';
import { Labels } from '../../src/model/labels.js';
import { MemoryLimitError, type MemoryAccount } from '../../src/storage/memory-account.js';
import type { ApiEndpoint, ApiRequest } from '../../src/api/contract.js';
import { ReadResponseType } from '../../src/wire/remote-read-request.js';
import { ALL, ask, call, NOW_MS, PROTOBUF, type FakeOptions, type FakeSeries } from './context.js';

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
