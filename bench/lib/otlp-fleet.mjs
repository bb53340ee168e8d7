// A fleet as a collector would export it: per scrape one OTLP request for each four targets, of 1,000 number points and 100 histograms of
// 12 buckets each. `others`: the share of points that kernels do not know, half exponential histograms, half delta sums.
import protobuf from 'protobufjs';

const PROTO_ROOT = new URL('../../proto/', import.meta.url).pathname;
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => `${PROTO_ROOT}${target}`;
const Request = root.loadSync('opentelemetry/proto/collector/metrics/v1/metrics_service.proto')
  .lookupType('opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest');

const TARGETS_PER_BODY = 4;
const NUMBERS = 250;
const HISTOGRAMS = 25;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const text = (key, value) => ({ key, value: { stringValue: value } });

function histogram(metric, attributes, scrape, times) {
  const counts = [...BOUNDS, 0].map((_, i) => scrape * (i + 1));
  const count = counts.reduce((sum, n) => sum + n, 0);
  const point = { attributes, ...times, count, sum: count * 0.31, bucketCounts: counts, explicitBounds: BOUNDS };
  return { name: `latency_${metric}`, unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [point] } };
}

function exponential(metric, attributes, scrape, times) {
  const counts = Array.from({ length: 40 }, (_, i) => scrape * (i % 7));
  const count = counts.reduce((sum, n) => sum + n, 0);
  const point = { attributes, ...times, count, sum: count * 0.31, scale: 3, positive: { offset: -20, bucketCounts: counts } };
  return { name: `exponential_${metric}`, unit: 's', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } };
}

function metricsOf(target, scrape, atMs, intervalMs, others) {
  const times = { startTimeUnixNano: 1_700_000_000_000_000_000, timeUnixNano: atMs * 1e6 };
  const metrics = [];
  for (let i = 0; i < NUMBERS; i++) {
    const attributes = [text('device', `dev${i % 4}`), text('mode', `mode-${i % 7}`)];
    const value = i % 3 === 0 ? target + i : Math.round((scrape * 1.37 + i) * 100) / 100;
    if (i % 100 < others * 50) {
      const delta = { attributes, startTimeUnixNano: (atMs - intervalMs) * 1e6, timeUnixNano: atMs * 1e6, asDouble: value };
      metrics.push({ name: `changes_${i}`, sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [delta] } });
    } else if (i % 100 < others * 100) metrics.push(exponential(i, attributes, scrape, times));
    else {
      const dataPoints = [{ attributes, ...times, asDouble: value }];
      if (i % 2) metrics.push({ name: `gauge_${i}`, unit: 'By', gauge: { dataPoints } });
      else metrics.push({ name: `sum_${i}`, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } });
    }
  }
  for (let i = 0; i < HISTOGRAMS; i++) metrics.push(histogram(i, [text('route', `/api/${i}`)], scrape, times));
  return metrics;
}

/** Bodies in sending order: { bytes, points }[]. */
export function otlpBodies({ targets, scrapes, intervalMs = 15_000, startMs, others = 0 }) {
  const bodies = [];
  for (let scrape = 1; scrape <= scrapes; scrape++) {
    for (let first = 0; first < targets; first += TARGETS_PER_BODY) {
      const ids = Array.from({ length: Math.min(TARGETS_PER_BODY, targets - first) }, (_, i) => first + i);
      const resourceMetrics = ids.map((target) => {
        const attributes = [text('service.name', 'node'), text('service.instance.id', `node-${target}`), text('region', 'eu-central')];
        const metrics = metricsOf(target, scrape, startMs + scrape * intervalMs + target * 37, intervalMs, others);
        return { resource: { attributes }, scopeMetrics: [{ scope: { name: 'bench' }, metrics }] };
      });
      const points = ids.length * (NUMBERS + HISTOGRAMS);
      bodies.push({ bytes: Request.encode(Request.fromObject({ resourceMetrics })).finish(), points });
    }
  }
  return bodies;
}
