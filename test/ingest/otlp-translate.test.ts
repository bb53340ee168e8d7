/** What the recorded vectors do not show: partial refusals, origins, order, guards. */
import { describe, expect, test } from 'vitest';
import { OTLP_DEFAULTS, type OtlpSettings } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { NO_ORIGIN, type SampleBatch } from '../../src/model/sample-batch.js';
import { isStaleAt } from '../../src/model/stale-nan.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { decodeOtlpJson, decodeOtlpProtobuf } from '../../src/wire/otlp-decode.js';
import { ExportMetricsServiceRequest } from '../../src/wire/schemas.js';

const T = 1_700_000_000_000;
const nanos = (ms: number): string => `${ms}000000`;
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const gauge = (name: string, ...dataPoints: object[]) => ({ name, gauge: { dataPoints } });
const point = (ms: number, value: number, ...attributes: object[]) => ({ timeUnixNano: nanos(ms), asDouble: value, attributes });

function request(metrics: object[], resource: object[] = []): object {
  return { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ metrics }] }] };
}

function translate(otlp: object, settings: Partial<OtlpSettings> = {}): SampleBatch {
  return new OtlpTranslator({ ...OTLP_DEFAULTS, ...settings }).translate(decodeOtlpJson(Buffer.from(JSON.stringify(otlp))));
}

function rows(batch: SampleBatch): string[] {
  return Array.from({ length: batch.length }, (_, i) => {
    const value = isStaleAt(batch.values, i) ? 'stale' : batch.histograms.has(i) ? 'histogram' : String(batch.values[i]);
    return `${batch.series[batch.seriesIndex[i]!]!.toString()} ${batch.timestamps[i]! - T} ${value} #${batch.origin[i]! === NO_ORIGIN ? '-' : batch.origin[i]!}`;
  });
}

const rejects = (batch: SampleBatch): unknown[] => batch.rejects.map(({ status, points, metric }) => [status, points, metric]);

describe('what is refused alone', () => {
  test('delta temporality with `reject`: the message names metric and both settings', () => {
    const batch = translate(request([
      { name: 'd', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point(T, 1), point(T, 2, attribute('a', 'b'))] } },
      gauge('g', point(T, 3)),
    ]), { delta_temporality: 'reject' });
    expect(rejects(batch)).toStrictEqual([[AppendStatus.untranslatable, 2, 'd']]);
    expect(batch.rejects[0]!.message).toMatch(/"d".*OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative.*otlp\.delta_temporality/);
    // The points of the refused metric keep their ordinals.
    expect(rows(batch)).toStrictEqual(['g 0 3 #2']);
  });

  test('no temporality, no data, no name', () => {
    const batch = translate(request([
      { name: 'u', sum: { dataPoints: [point(T, 1)] } }, { name: 'n' }, gauge('温度', point(T, 1)), gauge('ok', point(T, 1)), gauge('empty'),
    ]));
    expect(rejects(batch)).toStrictEqual([
      [AppendStatus.untranslatable, 1, 'u'], [AppendStatus.untranslatable, 0, 'n'], [AppendStatus.untranslatable, 1, '温度'],
    ]);
    expect(rows(batch)).toStrictEqual(['ok 0 1 #2']);
    expect(batch.metadata.map(({ family }) => family)).toStrictEqual(['ok']);
  });

  test('an empty name without translation', () => {
    expect(rejects(translate(request([gauge('', point(T, 1))]), { translation_strategy: 'NoTranslation' }))).toStrictEqual([[AppendStatus.invalidLabels, 1, '']]);
  });

  test('a point with a bad attribute key, not its neighbour', () => {
    const batch = translate(request([gauge('g', point(T, 1, attribute('', 'x')), point(T, 2, attribute('a', 'x')))]));
    expect(rejects(batch)).toStrictEqual([[AppendStatus.untranslatable, 1, 'g']]);
    expect(rows(batch)).toStrictEqual(['g{a="x"} 0 2 #1']);
  });

  test('histograms that contradict themselves or are too coarse', () => {
    const exponential = (scale: number, count: number) => ({ timeUnixNano: nanos(T), scale, count, positive: { bucketCounts: [1] }, attributes: [attribute('s', `${scale}`)] });
    const batch = translate(request([{ name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [exponential(0, 9), exponential(-5, 1), exponential(3, 1)] } }]));
    expect(rejects(batch)).toStrictEqual([[AppendStatus.invalidHistogram, 1, 'e'], [AppendStatus.untranslatable, 1, 'e']]);
    expect(rows(batch)).toStrictEqual(['e{s="3"} 0 histogram #2']);
  });

  test('the zero threshold of an exponential histogram is kept; where it is none, it is that of Prometheus', () => {
    const exponential = (zeroThreshold?: number) => ({ timeUnixNano: nanos(T), scale: 0, count: 1, zeroCount: 1, attributes: [], zeroThreshold });
    const thresholdOf = (sent?: number): number | undefined => {
      const batch = translate(request([{ name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [exponential(sent)] } }]));
      return batch.histograms.get(0)?.zeroThreshold;
    };
    expect([undefined, 0, 0.25, -1].map(thresholdOf)).toStrictEqual([1e-128, 1e-128, 0.25, 1e-128]);
  });

  test('an exemplar without a value: only the exemplar', () => {
    const batch = translate(request([{ name: 'c', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...point(T, 1), exemplars: [{ timeUnixNano: nanos(T) }, { timeUnixNano: nanos(T), asInt: 4 }] }] } }]));
    expect(rejects(batch)).toStrictEqual([[AppendStatus.untranslatable, 0, 'c']]);
    expect(batch.exemplars.map(({ exemplar }) => exemplar.value)).toStrictEqual([4]);
  });

  test('a resource attribute without a usable name costs target_info, and the metrics only if it is promoted', () => {
    const otlp = request([gauge('g', point(T, 1))], [attribute('service.name', 's'), attribute('日本', 'x')]);
    expect(rows(translate(otlp))).toStrictEqual(['g{job="s"} 0 1 #0']);
    expect(rejects(translate(otlp))).toStrictEqual([[AppendStatus.untranslatable, 0, 'target_info']]);
    expect(rejects(translate(otlp, { promote_all_resource_attributes: true }))).toStrictEqual([
      [AppendStatus.untranslatable, 1, 'g'], [AppendStatus.untranslatable, 0, 'target_info'],
    ]);
  });

  test('text that is not UTF-8', () => {
    const encoded = (otlp: object): Uint8Array => ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(otlp)).finish();
    const bytes = encoded(request([gauge('g', point(T, 1, attribute('a', 'XX')), point(T, 2))]));
    const broken = Buffer.from(bytes);
    broken.set([0xff, 0xfe], broken.indexOf('XX'));
    const batch = new OtlpTranslator(OTLP_DEFAULTS).translate(decodeOtlpProtobuf(broken));
    expect(rejects(batch)).toStrictEqual([[AppendStatus.invalidLabels, 1, 'g']]);
    expect(rows(batch)).toStrictEqual(['g 0 2 #1']);
  });
});

describe('order and origin', () => {
  test('samples of a classic histogram share the origin of their point', () => {
    const dataPoints = [{ timeUnixNano: nanos(T), count: 3, sum: 4, bucketCounts: [1, 2], explicitBounds: [1] }];
    const batch = translate(request([gauge('g', point(T, 1)), { name: 'h', histogram: { aggregationTemporality: 2, dataPoints } }]));
    expect(rows(batch)).toStrictEqual(['g 0 1 #0', 'h_sum 0 4 #1', 'h_count 0 3 #1', 'h_bucket{le="1"} 0 1 #1', 'h_bucket{le="+Inf"} 0 3 #1']);
  });

  test('points of one series are sorted, those of equal times stay in their order', () => {
    const batch = translate(request([gauge('g', point(T + 2, 2), point(T + 1, 1), point(T + 2, 9), { timeUnixNano: nanos(T + 3), flags: 1 })]));
    expect(rows(batch)).toStrictEqual(['g 1 1 #1', 'g 2 2 #0', 'g 2 9 #2', 'g 3 stale #3']);
  });

  test('start times stay with their samples', () => {
    const batch = translate(request([gauge('g', { ...point(T + 1, 1), startTimeUnixNano: nanos(T) }, { ...point(T, 1), startTimeUnixNano: nanos(T - 5) })]));
    expect([...batch.startTimestamps.subarray(0, 2)]).toStrictEqual([T - 5, T]);
  });
});

describe('target_info', () => {
  const resource = [attribute('service.name', 's'), attribute('host', 'h')];
  const info = (batch: SampleBatch): string[] => rows(batch).filter((row) => row.startsWith('target_info'));

  test('a sample every half lookback delta, and the latest', () => {
    const batch = translate(request([gauge('g', point(T, 1), point(T + 150_000, 1), point(T + 400_000, 1))], resource));
    expect(info(batch)).toStrictEqual([0, 150_000, 300_000, 400_000].map((t) => `target_info{host="h", job="s"} ${t} 1 #-`));
  });

  test('a point without a time does not ask for samples since 1970', () => {
    for (const points of [[point(T, 1), point(0, 1, attribute('a', 'b'))], [point(0, 1, attribute('a', 'b')), point(T, 1)]]) {
      expect(info(translate(request([gauge('g', ...points)], resource)))).toStrictEqual(['target_info{host="h", job="s"} 0 1 #-']);
    }
  });

  test('far apart points give a bounded number', () => {
    const one = (host: string) => ({ resource: { attributes: [attribute('service.name', 's'), attribute('host', host)] },
      scopeMetrics: [{ metrics: [gauge('g', point(1, 1), point(T, 1))] }] });
    const batch = translate({ resourceMetrics: Array.from({ length: 50 }, (_, i) => one(`h${i}`)) });
    expect(info(batch).length).toBeLessThan(21_000);
    expect(info(batch).filter((row) => row.endsWith('} 0 1 #-')), 'each at its latest time').toHaveLength(50);
  });
});
