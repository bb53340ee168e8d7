/** What a request would become, from the bytes of a file. */
import zlib from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import type { MetricReport, TranslationReport } from '../../src/ingest/translation-report.js';
import { translate } from '../../src/tools/translate.js';
import { ExportMetricsServiceRequest, WriteRequestV1, WriteRequestV2 } from '../../src/wire/schemas.js';
import { compressBlock } from '../../src/wire/snappy.js';
import { exportRequest, SPAN } from '../wire/other-messages.js';

const { config } = loadConfig([], {}, () => '');
const run = (body: Uint8Array | string): TranslationReport => translate(Buffer.from(body), config);

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const point = (...attributes: object[]) => ({ timeUnixNano: '1700000000000000000', asDouble: 1, attributes });
function request(...metrics: object[]) {
  const attributes = [attribute('service.name', 'shop'), attribute('host.name', 'h1')];
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 's' }, metrics }] }] };
}
const sum = (name: string, unit: string, points: object[]) => ({ name, unit, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: points } });
const metric = (report: TranslationReport, name: string): MetricReport | undefined => report.metrics.find((entry) => entry.name === name);

describe('OTLP', () => {
  const histogram = {
    name: 'http.server.duration', unit: 'ms', histogram: { aggregationTemporality: 2, dataPoints: [
      { timeUnixNano: '1700000000000000000', count: '2', sum: 3, bucketCounts: ['1', '1'], explicitBounds: [5], attributes: [attribute('http.method', 'GET')] },
    ] },
  };
  const whole = request(histogram, sum('requests', '{r}', [point(attribute('code', '200')), point(attribute('code', '500'))]));

  it('names, labels, series by metric; target_info is one of them', () => {
    const report = run(JSON.stringify(whole));
    expect(metric(report, 'http.server.duration')).toEqual({
      name: 'http.server.duration', unit: 'ms', type: 'histogram',
      metadata: { family: 'http_server_duration_milliseconds', type: 'histogram', unit: 'milliseconds' },
      prometheusNames: ['http_server_duration_milliseconds_bucket', 'http_server_duration_milliseconds_count', 'http_server_duration_milliseconds_sum'],
      labels: ['http_method', 'job', 'le'],
      points: 1, samples: 4, series: 4, newSeries: 4, rejected: 0, dropped: 0, deduplicated: 0, rejects: [],
    });
    expect(metric(report, 'requests')).toMatchObject({ type: 'sum', prometheusNames: ['requests_total'], points: 2, series: 2 });
    expect(metric(report, 'target_info')).toMatchObject({ type: 'resource', labels: ['host_name', 'job'], series: 1 });
    expect(report).toMatchObject({ protocol: 'otlp', totals: { metrics: 3, points: 3, series: 7, newSeries: 7, rejected: 0, dropped: 0, deduplicated: 0 }, collisions: [], rejects: [] });
  });

  it('the same from protobuf, bare and in gzip', () => {
    const bytes = ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(whole)).finish();
    const expected = run(JSON.stringify(whole));
    expect(run(bytes)).toEqual(expected);
    expect(run(zlib.gzipSync(bytes))).toEqual(expected);
  });

  it('two metrics under one name, and under one series', () => {
    const { collisions } = run(JSON.stringify(request(sum('a.b', '', [point()]), sum('a_b', '', [point()]))));
    expect(collisions).toEqual([
      { kind: 'series', series: 'a_b_total{job="shop"}', metrics: ['a.b (sum)', 'a_b (sum)'] },
      { kind: 'name', family: 'a_b_total', metrics: ['a.b (sum)', 'a_b (sum)'] },
    ]);
  });

  it('attributes that become one label, or give way to the resource', () => {
    const { collisions } = run(JSON.stringify(request(sum('m', '', [point(attribute('x.y', '1'), attribute('x_y', '2'), attribute('job', 'mine'))]))));
    expect(collisions).toEqual([
      { kind: 'label', metric: 'm', label: 'x_y', attributes: ['x.y', 'x_y'] },
      { kind: 'replaced', metric: 'm', label: 'job', attributes: ['job'] },
    ]);
  });

  it('what would be refused, and why', () => {
    const report = run(JSON.stringify(request({ name: 'empty' }, sum('ok', '', [point()]))));
    expect(metric(report, 'empty')?.rejects).toEqual([{ reason: 'untranslatable', count: 0, example: 'metric "empty" has no data (or data of an unknown type)' }]);
    expect(report.rejects).toHaveLength(1);
    expect(metric(report, 'ok')).toMatchObject({ series: 1, rejects: [] });
  });
});

describe('remote write', () => {
  const V1 = {
    timeseries: [
      { labels: [{ name: '__name__', value: 'h_bucket' }, { name: 'le', value: '1' }], samples: [{ value: 1, timestamp: 1 }, { value: 1, timestamp: 2 }] },
      { labels: [{ name: '__name__', value: 'h_count' }], samples: [{ value: 1, timestamp: 1 }] },
      { labels: [{ name: 'a', value: 'b' }], samples: [{ value: 1, timestamp: 1 }] },
    ],
    metadata: [{ type: 3, metricFamilyName: 'h', unit: 'seconds' }],
  };
  it('1.0: families by metadata, series without a name refused', () => {
    const bytes = WriteRequestV1.encode(WriteRequestV1.fromObject(V1)).finish();
    const report = run(compressBlock(bytes));
    expect(report).toMatchObject({
      protocol: 'remote_write_v1',
      totals: { metrics: 1, points: 3, samples: 3, series: 2, newSeries: 2, rejected: 1, dropped: 0, deduplicated: 0 },
      metrics: [{ name: 'h', type: 'histogram', unit: 'seconds', prometheusNames: ['h_bucket', 'h_count'], labels: ['le'] }],
      rejects: [{ reason: 'invalid_labels', count: 1 }],
    });
    expect(run(bytes)).toEqual(report);
  });

  it('2.0', () => {
    const bytes = WriteRequestV2.encode(WriteRequestV2.fromObject({ symbols: ['', '__name__', 'up'], timeseries: [{ labelsRefs: [1, 2], samples: [{ value: 1, timestamp: 1 }] }] })).finish();
    expect(run(compressBlock(bytes))).toMatchObject({ protocol: 'remote_write_v2', totals: { metrics: 1, series: 1 }, metrics: [{ name: 'up', prometheusNames: ['up'] }] });
  });
});

test.each<[string, Uint8Array | string, string]>([
  ['text', 'hello', 'neither an OTLP export nor a remote write request'],
  ['traces', exportRequest(SPAN), 'this holds traces, only metrics can be translated'],
  ['nothing', '', 'neither'],
])('%s: an error in words', (_name, body, message) => expect(() => run(body)).toThrow(message));
