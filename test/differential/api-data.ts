/** The series that both servers get: counters, gauges with odd values, histograms of all kinds, names in UTF-8, exemplars, a stale series. */
import type { WriteSeries } from '../support/remote-write-client.js';
import { SPAN_SECONDS, STEP_SECONDS } from './api-requests.js';

const ODD_VALUES = [0, -0, 1e-7, -1.5, 1e21, 123456789012345680000, Number.NaN, Infinity, -Infinity, 0.1, 5e-324, 1.7976931348623157e308];

/** @param endSeconds time of the newest sample */
export function apiData(endSeconds: number): WriteSeries[] {
  const times = Array.from({ length: SPAN_SECONDS / STEP_SECONDS + 1 }, (_, i) => (endSeconds - SPAN_SECONDS + i * STEP_SECONDS) * 1000);
  // Not from 0: since 3.14 the extrapolation of histograms stops at zero, too.
  const grown = times.map((timestamp, i) => ({ timestamp, i: i + 20 }));
  const floats = (labels: Record<string, string>, value: (i: number) => number, until = times.length): WriteSeries =>
    ({ labels, samples: times.slice(0, until).map((timestampMs, i) => ({ timestampMs, value: value(i) })) });
  const series: WriteSeries[] = [
    floats({ __name__: 'up', job: 'api', instance: 'a:1' }, () => 1),
    floats({ __name__: 'up', job: 'web', instance: 'b:1' }, (i) => (i % 7 === 3 ? 0 : 1)),
    floats({ __name__: 'a:recorded', job: 'api' }, (i) => i / 3),
    floats({ '__name__': 'http.req', 'job': 'web', 'k8s.pod': 'pod-1', 'text': '<a&"b"\\\n\u{1F600}>' }, (i) => i),
    floats({ __name__: 'gone', job: 'api' }, (i) => i, 12),
    ...['a', 'b', 'c'].map((kind, k): WriteSeries => ({
      ...floats({ __name__: 'work_total', job: 'api', instance: 'a:1', kind }, (i) => (i > 25 ? i - 25 : i) * (k + 1) * 1.25),
      exemplars: times.filter((_, i) => i % 9 === k).map((timestampMs, i) => ({
        labels: { trace_id: `t${i}`, ...(k === 2 ? {} : { span: `${k}` }) }, timestampMs: timestampMs - 500, value: i + 0.5,
      })),
    })),
    ...['0.1', '1', '+Inf'].map((le, k) => floats({ __name__: 'lat_bucket', job: 'api', le }, (i) => i * (k + 1))),
    ...ODD_VALUES.map((value, k) => floats({ __name__: 'extremes', case: String(k).padStart(2, '0') }, () => value)),
    {
      labels: { __name__: 'latency', job: 'api' }, samples: [],
      histograms: grown.map(({ timestamp, i }) => ({
        timestamp, schema: 1, sum: 3.5 * i, countInt: 6 * i, zeroThreshold: 0.001, zeroCountInt: i,
        positiveSpans: [{ offset: 0, length: 2 }, { offset: 1, length: 1 }], positiveDeltas: [i, 0, 0], negativeSpans: [{ offset: 1, length: 1 }], negativeDeltas: [2 * i],
      })),
    },
    {
      labels: { __name__: 'custom', job: 'api' }, samples: [],
      histograms: grown.map(({ timestamp, i }) => ({
        timestamp, schema: -53, sum: 2.5 * i, countInt: 3 * i, zeroThreshold: 0, zeroCountInt: 0,
        positiveSpans: [{ offset: 0, length: 3 }], positiveDeltas: [i, 0, 0], customValues: [0.5, 2],
      })),
    },
  ];
  return series;
}
