/**
 * Own metrics as JSON, for `/api/v1/status/self_metrics`: io.prometheus.client.MetricFamily in the JSON form of protobuf
 * (https://protobuf.dev/programming-guides/json: 64-bit integers are strings, infinities words, zeros are left out).
 */
import { RE2JS, RE2JSException } from 're2js';
import { CounterChild, GaugeChild, type AnyFamily, type HistogramChild, type MetricsRegistry } from './metrics.js';

type ProtoJson = string | number | readonly ProtoJson[] | { readonly [key: string]: ProtoJson };

/** @param pattern the whole name must match it; '' = all @throws RangeError if it is no regular expression */
export function selfMetricsJson(registry: MetricsRegistry, pattern: string): ProtoJson[] {
  const wanted = pattern === '' ? undefined : compile(pattern);
  return registry.collect().filter(({ name }) => wanted === undefined || wanted.matches(name)).map(familyJson);
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw new RangeError(`invalid metric_name_pattern: ${error.message}`, { cause: error });
    throw error;
  }
}

function familyJson(family: AnyFamily): ProtoJson {
  const metric: ProtoJson[] = [];
  for (const { labelValues, child } of family.children.values()) {
    const label = family.labelNames.map((name, i) => ({ name, value: labelValues[i]! }));
    metric.push({ ...(label.length > 0 ? { label } : {}), ...childJson(child) });
  }
  return { name: family.name, help: family.help, type: family.type.toUpperCase(), metric };
}

function childJson(child: CounterChild | GaugeChild | HistogramChild): Readonly<Record<string, ProtoJson>> {
  if (child instanceof CounterChild) return { counter: { value: numberJson(child.value) } };
  if (child instanceof GaugeChild) return { gauge: { value: numberJson(child.value) } };
  let count = 0;
  const bucket = child.bounds.map((upperBound, i) => {
    count += child.counts[i]!;
    return { cumulativeCount: String(count), upperBound };
  });
  count += child.counts[child.bounds.length]!;
  return { histogram: { sampleCount: String(count), sampleSum: numberJson(child.sum), bucket } };
}

function numberJson(value: number): ProtoJson {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'Infinity' : '-Infinity';
}
