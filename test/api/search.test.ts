import { describe, expect, it, test } from 'vitest';
import { textMatch } from '../../src/api/text-match.js';
import { call } from './context.js';
import type { FakeOptions } from './context.js';

const SERIES = [
  { labels: { __name__: 'http_requests_total', job: 'api' } },
  { labels: { __name__: 'http_request_duration_seconds', job: 'web' } },
  { labels: { __name__: 'go_goroutines', job: 'api', Pod: 'x' } },
];
const OPTIONS: FakeOptions = {
  searchApi: true, series: SERIES,
  metadata: [{ family: 'go_goroutines', type: 'gauge', help: 'Goroutines <now>.', unit: '' }],
};
type Endpoint = 'search_metric_names' | 'search_label_names' | 'search_label_values';
const lines = (endpoint: Endpoint, params: string): unknown[] =>
  call(endpoint, params, OPTIONS).body.trimEnd().split('\n').map((line): unknown => JSON.parse(line));
const names = (endpoint: Endpoint, params: string): string[] =>
  lines(endpoint, params).flatMap((line) => ((line as { results?: { name: string }[] }).results ?? []).map(({ name }) => name));

describe('answers', () => {
  it('one line of results, one for the end', () => {
    expect(call('search_label_names', '', OPTIONS)).toEqual({
      status: 200, type: 'application/x-ndjson; charset=utf-8',
      body: '{"results":[{"name":"Pod"},{"name":"__name__"},{"name":"job"}]}\n{"status":"success","has_more":false}\n',
    });
  });
  it('nothing found', () => expect(call('search_label_values', 'label=none', OPTIONS).body)
    .toBe('{"results":[]}\n{"status":"success","has_more":false}\n'));
  it('values carry the key that Grafana reads, too', () => expect(call('search_label_values', 'label=job&limit=1', OPTIONS).body)
    .toBe('{"results":[{"name":"api","value":"api"}]}\n{"status":"success","has_more":true}\n'));
  it('batches and the limit', () => expect(lines('search_metric_names', 'limit=2&batch_size=1')).toEqual([
    { results: [{ name: 'go_goroutines' }] }, { results: [{ name: 'http_request_duration_seconds' }] }, { status: 'success', has_more: true },
  ]));
  it('metadata and score', () => expect(call('search_metric_names', 'search[]=go&include_metadata=true&include_score=1', OPTIONS).body).toBe(
    '{"results":[{"name":"go_goroutines","score":1,"type":"gauge","help":"Goroutines \\u003cnow\\u003e."}]}\n{"status":"success","has_more":false}\n',
  ));
  test.each<[Endpoint, string, string[]]>([
    ['search_metric_names', 'search[]=hrt', ['http_request_duration_seconds', 'http_requests_total']],
    ['search_metric_names', 'search[]=total&sort_by=score', ['http_requests_total']],
    ['search_metric_names', 'search[]=go&search[]=seconds', ['go_goroutines', 'http_request_duration_seconds']],
    ['search_metric_names', 'search[]=HTTP', []],
    ['search_metric_names', 'search[]=HTTP&case_sensitive=false&sort_by=alpha&sort_dir=dsc', ['http_requests_total', 'http_request_duration_seconds']],
    ['search_metric_names', 'search[]=http_requets&fuzz_alg=jarowinkler', []],
    ['search_metric_names', 'search[]=http_requets_total&fuzz_alg=jarowinkler&fuzz_threshold=95', ['http_requests_total']],
    ['search_metric_names', 'match[]={job="web"}', ['http_request_duration_seconds']],
    ['search_label_names', 'match[]={job="web"}', ['__name__', 'job']],
    ['search_label_values', 'label=job&search[]=a', ['api']],
  ])('%s?%s', (endpoint, params, expected) => expect(names(endpoint, params)).toEqual(expected));
});

describe('errors', () => {
  it('off', () => expect(call('search_label_names', '', { series: SERIES })).toMatchObject({
    status: 500, body: '{"status":"error","errorType":"unavailable","error":"search API disabled"}',
  }));
  test.each([
    ['fuzz_threshold=101', 'invalid fuzz_threshold "101": must be 0-100'],
    ['fuzz_alg=x', 'unsupported fuzz_alg "x": must be one of [subsequence jarowinkler]'],
    ['case_sensitive=maybe', 'invalid case_sensitive "maybe": must be boolean'],
    ['sort_dir=asc', 'sort_dir is only valid when sort_by is set'],
    ['sort_by=score', 'sort_by=score requires search[] to be set'],
    ['sort_by=score&search[]=x&sort_dir=asc', 'sort_dir is not supported for sort_by=score'],
    ['sort_by=alpha&sort_dir=up', 'invalid sort_dir "up": must be "asc" or "dsc"'],
    ['sort_by=size', 'invalid sort_by "size" for label_names: must be "alpha" or "score"'],
    ['limit=-1', 'invalid limit "-1": must be non-negative integer'],
    ['batch_size=x', 'invalid batch_size "x": must be non-negative integer'],
    ['start=x', 'invalid parameter "start": invalid time value for \'start\': cannot parse "x" to a valid timestamp'],
  ])('%s', (params, error) => {
    const { status, body } = call('search_label_names', params, OPTIONS);
    expect([status, JSON.parse(body)]).toEqual([400, { status: 'error', errorType: 'bad_data', error }]);
  });
  it('a label is needed', () => expect(call('search_label_values', '', OPTIONS).body).toContain('missing required parameter \\"label\\"'));
});

describe('scores', () => {
  const score = (typed: string, text: string, threshold = 0): number | undefined => textMatch(typed, 'subsequence', threshold, true)(text);
  it('a beginning is perfect, gaps cost', () => {
    expect(score('ab', 'abc')).toBe(1);
    // One run of two behind one character of four, one character behind it.
    expect(score('bc', 'abcd')).toBeCloseTo((4 - 1 / 4 - 1 / 8) / 4, 12);
    expect(score('ac', 'xabc')).toBeCloseTo((2 - 1 / 4 - 1 / 4) / 4, 12);
    expect(score('ca', 'abc')).toBeUndefined();
  });
  it('the best beginning counts', () => expect(score('ab', 'xa_ab')).toBeCloseTo((4 - 3 / 5) / 4, 12));
  it('characters beyond ASCII are one each', () => expect(score('ö', 'xö')).toBeCloseTo(1 - 1 / 2, 12));
  test.each([['MARTHA', 'MARHTA', 0.9611], ['DIXON', 'DICKSONX', 0.8133], ['DWAYNE', 'DUANE', 0.84]])('Jaro-Winkler of %s and %s', (a, b, expected) => {
    expect(textMatch(a, 'jarowinkler', 0.5, true)(b)).toBeCloseTo(expected, 4);
  });
});
