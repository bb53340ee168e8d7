import { describe, expect, it, test } from 'vitest';
import type { ApiEndpoint } from '../../src/api/contract.js';
import { call, NOW_MS, type FakeSeries } from './context.js';

const SERIES: FakeSeries[] = [
  { labels: { __name__: 'up', job: 'b', instance: 'i' }, samples: [[NOW_MS - 1000, 1]] },
  { labels: { __name__: 'up', job: 'a' }, samples: [[NOW_MS - 2000, 0], [NOW_MS - 1500, 1234567.5]] },
  { labels: { __name__: 'http.req', 'k8s.pod': 'p"\n' }, samples: [[NOW_MS - 400_000, 9], [NOW_MS, 1e-7]] },
  { labels: { __name__: 'gone', job: 'a' }, samples: [[NOW_MS - 1000, 'stale']] },
  { labels: { __name__: 'old', job: 'a' }, samples: [[NOW_MS - 301_000, 1]] },
];

const ok = (data: string, rest = ''): string => `{"status":"success","data":${data}${rest}}`;
const bad = (message: string): string => `{"status":"error","errorType":"bad_data","error":${JSON.stringify(message)}}`;
const CUT = ',"warnings":["results truncated due to limit"]';

describe('/series', () => {
  it('sorted, as label maps', () => expect(call('series', 'match[]=up', { series: SERIES }).body).toBe(
    ok('[{"__name__":"up","instance":"i","job":"b"},{"__name__":"up","job":"a"}]'),
  ));
  it('several match[] are a union', () => {
    const { body } = call('series', 'match[]=up{job="a"}&match[]={job="a"}', { series: SERIES });
    expect(JSON.parse(body)).toMatchObject({ data: [{ __name__: 'gone' }, { __name__: 'old' }, { __name__: 'up' }] });
  });
  it('limit', () => expect(call('series', 'match[]=up&limit=1', { series: SERIES }).body).toBe(ok('[{"__name__":"up","instance":"i","job":"b"}]', CUT)));
  it('an empty range is empty, not an error', () => expect(call('series', 'match[]=up&start=5&end=3', { series: SERIES }).body).toBe(ok('[]')));
  test.each([
    ['start=x&limit=x', 'no match[] parameter provided'],
    ['match[]=(&start=x&limit=x', 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    ['match[]=(&start=x', `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`],
    ['match[]={}', 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ['match[]={a=~".*"}', 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'],
    ['match[]=sum(x)', 'invalid parameter "match[]": 1:4: parse error: unexpected "("'],
    ['match[]=', 'invalid parameter "match[]": unknown position: parse error: unexpected end of input'],
    ['match[]=%zz', 'error parsing form values: invalid URL escape "%zz"'],
  ])('%s', (params, message) => {
    const { status, body } = call('series', params, { series: SERIES });
    expect(body).toBe(bad(message));
    expect(status).toBe(400);
  });
});

describe('/labels and /label/<name>/values', () => {
  it('names', () => expect(call('labels', '', { series: SERIES }).body).toBe(ok('["__name__","instance","job","k8s.pod"]')));
  it('names of a selection, a trailing comma is fine', () => {
    expect(call('labels', 'match[]={__name__=~".%2B",job="b",}', { series: SERIES }).body).toBe(ok('["__name__","instance","job"]'));
  });
  it('empty is []', () => expect(call('labels', '').body).toBe(ok('[]')));
  it('limit', () => expect(call('labels', 'limit=1', { series: SERIES }).body).toBe(ok('["__name__"]', CUT)));
  it('values', () => expect(call('label_values', '', { series: SERIES }, { pathArgument: 'job' }).body).toBe(ok('["a","b"]')));
  it('values under an escaped and a raw name', () => {
    const expected = ok('["p\\"\\n"]');
    expect(call('label_values', '', { series: SERIES }, { pathArgument: 'U__k8s_2e_pod' }).body).toBe(expected);
    expect(call('label_values', '', { series: SERIES }, { pathArgument: 'k8s.pod' }).body).toBe(expected);
  });
  it('unknown label', () => expect(call('label_values', '', {}, { pathArgument: 'nope' }).body).toBe(ok('[]')));
  it('patterns of all selectors have a limit together', () => {
    const pattern = Array.from({ length: 25 }, (_, k) => `\\\\w{990}${k}\\\\d{990}`).join('|');
    const sets = (count: number): string => Array.from({ length: count }, (_, i) => `match[]=${encodeURIComponent(`{a="b",a${i}=~"${pattern}"}`)}`).join('&');
    expect(call('labels', sets(2)).body).toBe(ok('[]'));
    expect(call('labels', sets(6)).body).toMatch(/"bad_data".*regular expressions are too large together/);
  });
  it('no name', () => expect(call('label_values', '', {}, { pathArgument: '' }).body).toBe(bad('invalid label name: ""')));
  test.each([
    ['match[]=(&start=x&limit=x', 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    ['match[]=(&start=x', `invalid parameter "start": invalid time value for 'start': cannot parse "x" to a valid timestamp`],
    ['match[]={}', 'match[] must contain at least one non-empty matcher'],
    ['match[]=x(', '1:2: parse error: unexpected "("'],
  ])('%s', (params, message) => {
    expect(call('labels', params).body).toBe(bad(message));
    expect(call('label_values', params, {}, { pathArgument: 'job' }).body).toBe(bad(message));
  });
  test.each<[ApiEndpoint, string]>([
    ['series', 'match[]=up'],
    // While a long pattern is read.
    ...(['parse_query', 'format_query', 'query_exemplars'] as const).map((endpoint): [ApiEndpoint, string] =>
      [endpoint, `query=${encodeURIComponent(`m{a=~"(?i)${'b.c|'.repeat(2000)}d"}`)}`]),
  ])('%s stops when asked to', (endpoint, params) => {
    const { status, body } = call(endpoint, params, { series: SERIES, stop: 'timeout' });
    expect([status, body]).toEqual([503, '{"status":"error","errorType":"timeout","error":"query timed out in query execution"}']);
  });
});

describe('/metadata', () => {
  const metadata = [
    { family: 'z', type: 'gauge', help: 'a <z>', unit: 'bytes' },
    { family: 'a_total', type: 'counter', help: 'new', unit: '' },
    { family: 'a_total', type: 'counter', help: 'old', unit: '' },
  ] as const;
  const z = '"z":[{"type":"gauge","help":"a \\u003cz\\u003e","unit":"bytes"}]';
  const a = '{"type":"counter","help":"new","unit":""}';
  test.each([
    ['', `{"a_total":[${a},{"type":"counter","help":"old","unit":""}],${z}}`],
    ['limit_per_metric=1', `{"a_total":[${a}],${z}}`],
    ['metric=z', `{${z}}`],
    ['metric=nope', '{}'],
    ['limit=0', '{}'],
    ['limit=1', `{${z}}`],
    ['limit=-1&metric=z', `{${z}}`],
  ])('%s', (params, data) => expect(call('metadata', params, { metadata }).body).toBe(ok(data)));
  it('wrong numbers', () => {
    expect(call('metadata', 'limit=x').body).toBe(bad('limit must be a number'));
    expect(call('metadata', 'limit_per_metric=x').body).toBe(bad('limit_per_metric must be a number'));
  });
});

describe('/status/tsdb', () => {
  it('figures', () => {
    const { body } = call('status_tsdb', '', {
      cardinality: {
        head: { numSeries: 5, numLabelPairs: 8, chunkCount: 9, minTimeMs: 1_000, maxTimeMs: 2_000 },
        seriesByMetricName: [{ name: 'up', value: 2 }],
        valuesByLabelName: [{ name: '__name__', value: 4 }],
        bytesByLabelName: [{ name: '__name__', value: 17 }],
        seriesByLabelPair: [{ name: 'job=a', value: 3 }],
      },
    });
    expect(body).toBe(ok('{"headStats":{"numSeries":5,"numLabelPairs":8,"chunkCount":9,"minTime":1000,"maxTime":2000},'
      + '"seriesCountByMetricName":[{"name":"up","value":2}],"labelValueCountByLabelName":[{"name":"__name__","value":4}],'
      + '"memoryInBytesByLabelName":[{"name":"__name__","value":17}],"seriesCountByLabelValuePair":[{"name":"job=a","value":3}]}'));
  });
  it('empty, as Prometheus shows it', () => expect(call('status_tsdb', '').body).toBe(ok(
    '{"headStats":{"numSeries":0,"numLabelPairs":0,"chunkCount":0,"minTime":9223372036854775807,"maxTime":-9223372036854775808},'
    + '"seriesCountByMetricName":[],"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}',
  )));
  test.each(['0', 'x', '-1'])('limit=%s', (limit) => expect(call('status_tsdb', `limit=${limit}`).body).toBe(bad('limit must be a positive number')));
  it('limit=10001', () => expect(call('status_tsdb', 'limit=10001').body).toBe(bad('limit must not exceed 10000')));
});

describe('/federate', () => {
  const TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
  it('newest samples with their own times, no stale or old ones, instance added', () => {
    const reply = call('federate', 'match[]={__name__!=""}', { series: SERIES });
    expect([reply.status, reply.type]).toEqual([200, TYPE]);
    expect(reply.body).toBe([
      '# TYPE http_req untyped',
      `http_req{k8s_pod="p\\"\\n",instance=""} 1e-07 ${NOW_MS}`,
      '# TYPE up untyped',
      `up{instance="i",job="b"} 1 ${NOW_MS - 1000}`,
      `up{job="a",instance=""} 1.2345675e+06 ${NOW_MS - 1500}`,
      '',
    ].join('\n'));
  });
  it('external labels do not replace own ones; UTF-8 names if the client takes them', () => {
    const reply = call('federate', 'match[]=up&match[]={"http.req"}', { series: SERIES, externalLabels: { job: 'x', site: 's' } }, {
      accept: 'text/plain;version=1.0.0;escaping=allow-utf-8',
    });
    expect(reply.type).toBe('text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8');
    expect(reply.body).toBe([
      '# TYPE "http.req" untyped',
      `{"http.req","k8s.pod"="p\\"\\n",instance="",job="x",site="s"} 1e-07 ${NOW_MS}`,
      '# TYPE up untyped',
      `up{instance="i",job="b",site="s"} 1 ${NOW_MS - 1000}`,
      `up{job="a",instance="",site="s"} 1.2345675e+06 ${NOW_MS - 1500}`,
      '',
    ].join('\n'));
  });
  it('may be asked for everything; {} is nothing', () => {
    expect(call('federate', 'match[]={job=~".*"}', { series: SERIES }).body).not.toBe('');
    expect(call('federate', 'match[]={}', { series: SERIES })).toEqual({ status: 200, type: TYPE, body: '' });
  });
  test.each([['dots', 'http_dot_req'], ['values', 'U__http_2e_req'], ['underscores', 'http_req'], ['allow-utf-8', '"http.req"']])('names: %s', (escaping, name) => {
    const reply = call('federate', 'match[]={"http.req"}', { series: SERIES }, { accept: `text/plain;version=0.0.4;escaping=${escaping}` });
    expect([reply.type, reply.body.split('\n')[0]]).toEqual([`text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`, `# TYPE ${name} untyped`]);
  });
  it('without match[]: empty', () => expect(call('federate', '', { series: SERIES })).toEqual({ status: 200, type: TYPE, body: '' }));
  it('bad selector: text', () => expect(call('federate', 'match[]=sum(')).toEqual({
    status: 400, type: 'text/plain; charset=utf-8', body: '1:4: parse error: unexpected "("\n',
  }));
});
