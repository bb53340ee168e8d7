/** `/federate` in protobuf, read back by protobufjs. */
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it, test } from 'vitest';
import { negotiateFederation } from '../../src/api/federate-format.js';
import { ResetHint, type Histogram } from '../../src/model/histogram.js';
import { MetricFamily } from '../../src/wire/schemas.js';
import { ALL, ask, call, NOW_MS, PROTOBUF, type FakeSeries } from './context.js';

const NATIVE: Histogram = {
  float: false, schema: 2, zeroThreshold: 0.001, zeroCount: 2, count: 9, sum: 12.5, positiveSpans: [{ offset: -1, length: 2 }],
  positiveBuckets: [3, 1], negativeSpans: [{ offset: 4, length: 1 }], negativeBuckets: [3], customValues: [], resetHint: ResetHint.unknown,
};
const CUSTOM: Histogram = {
  ...NATIVE, schema: -53, zeroThreshold: 0, zeroCount: 0, count: 5, positiveSpans: [{ offset: 0, length: 1 }, { offset: 1, length: 1 }],
  positiveBuckets: [1, 4], negativeSpans: [], negativeBuckets: [], customValues: [0.5, 1],
};
const EMPTY: Histogram = {
  ...NATIVE, count: 0, zeroCount: 0, positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [],
};
const SERIES: FakeSeries[] = [
  { labels: { __name__: 'http.req', 'a.b': 'x' }, samples: [[NOW_MS, 7]] },
  { labels: { __name__: 'lat', i: '1' }, samples: [[NOW_MS - 5, NATIVE]] },
  { labels: { __name__: 'lat', i: '2' }, samples: [[NOW_MS, { ...NATIVE, resetHint: ResetHint.gauge }]] },
  { labels: { __name__: 'lat', i: '3' }, samples: [[NOW_MS, EMPTY]] },
  { labels: { __name__: 'nhcb' }, samples: [[NOW_MS, CUSTOM]] },
  { labels: { __name__: 'gone' }, samples: [[NOW_MS, NATIVE], [NOW_MS, 'stale']] },
];

function families(accept: string): unknown[] {
  const { body, contentType } = ask('federate', ALL, { series: SERIES, externalLabels: { site: 's' } }, { accept });
  expect(contentType).toContain('encoding=delimited');
  const reader = protobuf.Reader.create(body);
  const found: unknown[] = [];
  while (reader.pos < reader.len) found.push(MetricFamily.toObject(MetricFamily.decodeDelimited(reader), { longs: Number, enums: String }));
  return found;
}

describe('protobuf', () => {
  const labelsOf = (i: string) => [{ name: 'i', value: i }, { name: 'instance' }, { name: 'site', value: 's' }];
  const span = (offset: number, length: number) => ({ offset, length });
  const native = {
    sampleCountFloat: 9, sampleSum: 12.5, schema: 2, zeroThreshold: 0.001, zeroCountFloat: 2,
    positiveSpan: [span(-1, 2)], positiveCount: [3, 1], negativeSpan: [span(4, 1)], negativeCount: [3],
  };

  it('floats are untyped, native histograms whole, custom buckets classic; a family for each kind', () => {
    expect(families(PROTOBUF)).toMatchObject([
      { name: 'http_req', type: 'UNTYPED', metric: [{ label: [{ name: 'a_b', value: 'x' }, {}, {}], untyped: { value: 7 }, timestampMs: NOW_MS }] },
      { name: 'lat', type: 'HISTOGRAM', metric: [{ label: labelsOf('1'), histogram: native, timestampMs: NOW_MS - 5 }] },
      { name: 'lat', type: 'GAUGE_HISTOGRAM', metric: [{ label: labelsOf('2'), histogram: native }] },
      { name: 'lat', type: 'HISTOGRAM', metric: [{ label: labelsOf('3'), histogram: { sampleCountFloat: 0, positiveSpan: [{}] } }] },
      { name: 'nhcb', type: 'HISTOGRAM', metric: [{ histogram: { sampleCountFloat: 5, bucket: [
        { cumulativeCountFloat: 1, upperBound: 0.5 }, { cumulativeCountFloat: 1, upperBound: 1 }, { cumulativeCountFloat: 5, upperBound: Infinity },
      ] } }] },
    ]);
    expect(families(`${PROTOBUF};escaping=allow-utf-8`)[0]).toMatchObject({ name: 'http.req', metric: [{ label: [{ name: 'a.b' }, {}, {}] }] });
  });

  it('text leaves native histograms out', () => {
    expect(call('federate', 'match[]=lat', { series: SERIES }).body).toBe('');
  });
});

test.each([
  ['', 'text', 'underscores'],
  ['*/*', 'text', 'underscores'],
  ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5', 'text', 'underscores'],
  [`${PROTOBUF};q=0.4,text/plain;version=0.0.4;q=0.5`, 'text', 'underscores'],
  [`text/plain;version=0.0.4;q=0.5,${PROTOBUF};q=0.6;escaping=allow-utf-8`, 'protobuf', 'allow-utf-8'],
  ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', 'text', 'underscores'],
  ['application/vnd.google.protobuf;proto=other;encoding=delimited', 'text', 'underscores'],
  ['text/plain;version=1.0.0;escaping=allow-utf-8', 'text', 'allow-utf-8'],
])('Accept: %s', (accept, kind, escaping) => expect(negotiateFederation(accept)).toEqual({ kind, escaping }));
