import { describe, expect, it, test } from 'vitest';
import type { Histogram } from '../../src/model/histogram.js';
import { Labels } from '../../src/model/labels.js';
import { RegexError } from '../../src/model/regex-limits.js';
import { QueryError, type QueryRequest, type ResultSeries } from '../../src/promql/engine/engine-api.js';
import { ParseError } from '../../src/promql/parser/parse-error.js';
import { call, floatSeries, NOW_MS, outcome } from './context.js';

const HISTOGRAM: Histogram = {
  float: true, schema: 0, zeroThreshold: 0.001, zeroCount: 1, count: 6, sum: 7.5,
  positiveSpans: [{ offset: 0, length: 3 }], positiveBuckets: [1, 2, 0],
  negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [2], customValues: [], resetHint: 0,
};
const HISTOGRAM_JSON = '{"count":"6","sum":"7.5","buckets":[[1,"-1","-0.5","2"],[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"1","2","2"]]}';

function histogramSeries(...times: number[]): ResultSeries {
  return { ...floatSeries({ __name__: 'h' }), histogramTimestamps: times, histograms: times.map(() => HISTOGRAM) };
}

function success(data: string, rest = ''): string {
  return `{"status":"success","data":${data}${rest}}`;
}

function bad(message: string): string {
  return `{"status":"error","errorType":"bad_data","error":${JSON.stringify(message)}}`;
}

describe('result shapes', () => {
  it('vector: sample value strings, timestamps with no or three digits, labels without HTML escapes', () => {
    const series = [floatSeries({ __name__: 'up', a: '<b>&"\\\n\u0001ü😀' }, [1050, 1e-7]), floatSeries({}, [2000, 1e21])];
    const { status, type, body } = call('query', 'query=x', { query: () => outcome({ type: 'vector', series }) });
    expect([status, type]).toEqual([200, 'application/json']);
    expect(body).toBe(success(
      '{"resultType":"vector","result":[{"metric":{"__name__":"up","a":"<b>&\\"\\\\\\n\\u0001ü😀"},"value":[1.050,"1e-07"]},{"metric":{},"value":[2,"1e+21"]}]}',
    ));
  });

  it('empty vector', () => expect(call('query', 'query=x').body).toBe(success('{"resultType":"vector","result":[]}')));

  it('scalar: plain decimals, time as an ordinary number', () => {
    const query = () => outcome({ type: 'scalar', timestampMs: 4500, value: 1e-7 });
    expect(call('query', 'query=1e-7', { query }).body).toBe(success('{"resultType":"scalar","result":[4.5,"0.0000001"]}'));
  });

  it('string: HTML escapes', () => {
    const query = () => outcome({ type: 'string', timestampMs: 1000, value: 'a\n<b>&\u2028\u0000' });
    expect(call('query', 'query=x', { query }).body).toBe(success('{"resultType":"string","result":[1,"a\\n\\u003cb\\u003e\\u0026\\u2028\\u0000"]}'));
  });

  it('matrix: floats and histograms, absent keys where there are none', () => {
    const series = [floatSeries({ a: '1' }, [0, 1], [1500, NaN], [3000, -Infinity]), histogramSeries(1000, 2500)];
    const query = () => outcome({ type: 'matrix', series });
    expect(call('query_range', 'query=x&start=0&end=3&step=1.5', { query }).body).toBe(success(
      `{"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[0,"1"],[1.500,"NaN"],[3,"-Inf"]]},`
      + `{"metric":{"__name__":"h"},"histograms":[[1,${HISTOGRAM_JSON}],[2.500,${HISTOGRAM_JSON}]]}]}`,
    ));
  });

  it('vector with a histogram', () => {
    const query = () => outcome({ type: 'vector', series: [histogramSeries(1000)] });
    expect(call('query', 'query=h', { query }).body).toBe(success(
      `{"resultType":"vector","result":[{"metric":{"__name__":"h"},"histogram":[1,${HISTOGRAM_JSON}]}]}`,
    ));
  });

  it('stats after the result, seconds as numbers', () => {
    const body = call('query', 'query=x&stats=all').body;
    expect(body).toBe(success('{"resultType":"vector","result":[],"stats":{"timings":{"evalTotalTime":0.0025,"resultSortTime":0,'
      + '"queryPreparationTime":0.0005,"innerEvalTime":0.002,"execQueueTime":0,"execTotalTime":0.0025},"samples":{"totalQueryableSamples":7,"samplesRead":5,"peakSamples":3}}}'));
  });

  it('stats: the time in the queue counts', () => {
    const stats = JSON.parse(call('query', 'query=x&stats=true', {}, { queuedMs: 1500 }).body).data.stats;
    expect(stats.timings).toMatchObject({ execQueueTime: 1.5, evalTotalTime: 0.0025, execTotalTime: 1.5025 });
  });
  it('stats: other words than true and all are on their way out', () => {
    expect(JSON.parse(call('query', 'query=x&stats=1').body)).toMatchObject({
      data: { stats: {} },
      warnings: ['value "1" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"'],
    });
  });

  it('a long series grows the buffer', () => {
    const samples = Array.from({ length: 10_000 }, (_, i) => [i * 1000 + 5, i / 3] as const);
    const query = () => outcome({ type: 'matrix', series: [floatSeries({ a: 'x'.repeat(5000) }, ...samples)] });
    const parsed: unknown = JSON.parse(call('query_range', 'query=x&start=0&end=1&step=1', { query }).body);
    expect(parsed).toMatchObject({ data: { result: [{ values: samples.map(([t, v]) => [t / 1000, String(v)]) }] } });
  });
});

describe('annotations and limit', () => {
  it('warnings and infos only when there are any', () => {
    const query = () => outcome({ type: 'vector', series: [] }, ['PromQL warning: w'], ['PromQL info: i < 1']);
    expect(call('query', 'query=x', { query }).body).toBe(
      success('{"resultType":"vector","result":[]}', ',"warnings":["PromQL warning: w"],"infos":["PromQL info: i \\u003c 1"]'),
    );
  });

  it('at most ten of each', () => {
    const query = () => outcome({ type: 'vector', series: [] }, Array.from({ length: 12 }, (_, i) => `w${i}`));
    expect(JSON.parse(call('query', 'query=x', { query }).body)).toHaveProperty('warnings', [
      'w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9', '2 more warning annotations omitted',
    ]);
  });

  it('limit cuts series with a warning, exactly the limit is fine', () => {
    const series = [floatSeries({ a: '1' }, [0, 1]), floatSeries({ a: '2' }, [0, 2])];
    const query = () => outcome({ type: 'vector', series });
    expect(call('query', 'query=x&limit=1', { query }).body).toBe(
      success('{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[0,"1"]}]}', ',"warnings":["results truncated due to limit"]'),
    );
    expect(call('query', 'query=x&limit=2', { query }).body).not.toContain('warnings');
    expect(call('query', 'query=x&limit=0', { query }).body).not.toContain('warnings');
  });

  it('an answer above the size limit fails', () => {
    const series = Array.from({ length: 2000 }, (_, i) => floatSeries({ a: `${i}`.padStart(100) }, [0, 1]));
    const { status, body } = call('query', 'query=x', { query: () => outcome({ type: 'vector', series }), maxResponseBytes: 50_000 });
    expect(status).toBe(422);
    expect(body).toContain('"errorType":"execution","error":"the answer is larger than the limit of 50000 bytes');
  });
});

describe('parameters reach the engine', () => {
  function requestOf(endpoint: 'query' | 'query_range', params: string): QueryRequest {
    let seen: QueryRequest | undefined;
    call(endpoint, params, {
      query: (request) => {
        seen = request;
        return outcome({ type: 'vector', series: [] });
      },
    });
    return seen!;
  }

  it('time defaults to now', () => expect(requestOf('query', 'query=up')).toMatchObject({ text: 'up', startMs: NOW_MS, endMs: NOW_MS, stepMs: 0, lookbackDeltaMs: 0 }));
  it('time and lookback', () => expect(requestOf('query', 'query=up&time=4.5&lookback_delta=1m')).toMatchObject({ startMs: 4500, lookbackDeltaMs: 60_000 }));
  it('a lookback that is not positive is the default', () => expect(requestOf('query', 'query=up&lookback_delta=-1')).toMatchObject({ lookbackDeltaMs: 0 }));
  it('range', () => expect(requestOf('query_range', 'query=up&start=1&end=2020-01-01T00:00:00Z&step=1w')).toMatchObject({
    startMs: 1000, endMs: 1577836800000, stepMs: 604_800_000,
  }));
});

describe('refused parameters, in the order of checks', () => {
  test.each<[string, 'query' | 'query_range', string, string]>([
    ['limit first', 'query', 'limit=x&time=x&timeout=x&lookback_delta=x', 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'],
    ['limit range', 'query', 'limit=99999999999999999999', 'invalid parameter "limit": strconv.Atoi: parsing "99999999999999999999": value out of range'],
    ['limit negative', 'query', 'limit=-1', 'invalid parameter "limit": limit must be non-negative'],
    ['time', 'query', 'time=abc&timeout=x', `invalid parameter "time": invalid time value for 'time': cannot parse "abc" to a valid timestamp`],
    ['timeout', 'query', 'timeout=abc&lookback_delta=x', 'invalid parameter "timeout": cannot parse "abc" to a valid duration'],
    ['lookback', 'query', 'lookback_delta=abc', 'error parsing lookback delta duration: cannot parse "abc" to a valid duration'],
    ['start missing', 'query_range', '', 'invalid parameter "start": cannot parse "" to a valid timestamp'],
    ['end missing', 'query_range', 'start=1', 'invalid parameter "end": cannot parse "" to a valid timestamp'],
    ['end before start', 'query_range', 'start=1&end=0&step=x', 'invalid parameter "end": end timestamp must not be before start time'],
    ['step missing', 'query_range', 'start=1&end=2', 'invalid parameter "step": cannot parse "" to a valid duration'],
    ['step zero', 'query_range', 'start=1&end=2&step=0', 'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'],
    ['step negative', 'query_range', 'start=1&end=2&step=-1', 'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'],
    ['step NaN', 'query_range', 'start=1&end=2&step=NaN', 'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'],
    ['too many points', 'query_range', 'start=0&end=11001&step=1',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)'],
  ])('%s', (_name, endpoint, params, message) => {
    const { status, body } = call(endpoint, params);
    expect(body).toBe(bad(message));
    expect(status).toBe(400);
  });

  it('11,000 intervals pass, also with a rest', () => {
    expect(call('query_range', 'query=up&start=0&end=11000.999&step=1').status).toBe(200);
  });

  it('milliseconds where seconds are meant', () => expect(call('query', 'query=up&time=1700000000000').status).toBe(200));
});

describe('errors of the engine', () => {
  test.each<[Error, number, string, string]>([
    [new ParseError('1:5: parse error: unclosed left parenthesis', { start: 4, end: 5 }), 400, 'bad_data',
      'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'],
    [new QueryError('bad_data', 'invalid expression type "range vector" for range query, must be Scalar or instant Vector'), 400, 'bad_data',
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector'],
    [new RegexError('error parsing regexp: missing closing ): `(`', '('), 400, 'bad_data',
      'invalid parameter "query": error parsing regexp: missing closing ): `(`'],
    [new QueryError('execution', 'many-to-many matching not allowed'), 422, 'execution', 'many-to-many matching not allowed'],
    [new QueryError('timeout', 'query timed out in expression evaluation'), 503, 'timeout', 'query timed out in expression evaluation'],
    [new QueryError('canceled', 'query was canceled in expression evaluation'), 499, 'canceled', 'query was canceled in expression evaluation'],
    [new QueryError('internal', 'block 7: checksum'), 500, 'internal', 'block 7: checksum'],
    [new TypeError('x is not a function'), 500, 'internal', 'x is not a function'],
  ])('%s', (error, status, errorType, message) => {
    const reply = call('query', 'query=x', { query: () => { throw error; } });
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body)).toEqual({ status: 'error', errorType, error: message });
  });
});

describe('syntax endpoints', () => {
  it('formats', () => expect(call('format_query', 'query=sum(rate(a[5m]))by(job)').body).toBe(success('"sum by (job) (rate(a[5m]))"')));
  it('parses, keys sorted', () => expect(call('parse_query', 'query=a<b').body).toMatch(
    /^\{"status":"success","data":\{"bool":false,"lhs":\{.*"matching":\{"card":"one-to-one".*"op":"\\u003c","rhs":\{.*"type":"vectorSelector"\},"type":"binaryExpr"\}\}$/,
  ));
  test.each(['format_query', 'parse_query'] as const)('%s of nothing', (endpoint) => {
    expect(call(endpoint, '').body).toBe(bad('invalid parameter "query": unknown position: parse error: no expression found in input'));
  });
});

describe('exemplars', () => {
  const exemplars = [{
    series: Labels.fromObject({ __name__: 'x_bucket', le: '1' }),
    exemplars: [{ labels: Labels.fromObject({ trace_id: 'abc' }), value: 1.5, timestampMs: 1500 }],
  }];
  it('found', () => expect(call('query_exemplars', 'query=rate(x_bucket[5m])', { exemplars }).body).toBe(success(
    '[{"seriesLabels":{"__name__":"x_bucket","le":"1"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"1.5","timestamp":1.500}]}]',
  )));
  it('Grafana\'s probe in milliseconds', () => {
    expect(call('query_exemplars', 'query=test&start=1700000000000&end=1700000000000').body).toBe(success('[]'));
  });
  it('no selector: 204 without a body', () => expect(call('query_exemplars', 'query=1')).toEqual({ status: 204, type: '', body: '' }));
  it('end before start', () => expect(call('query_exemplars', 'query=x&start=5&end=3').body).toBe(bad('end timestamp must not be before start timestamp')));
  it('parse error without prefix', () => expect(call('query_exemplars', 'query=sum(').body).toBe(bad('1:5: parse error: unclosed left parenthesis')));
});
