/**
 * Own metrics as JSON, for `/api/v1/status/self_metrics`: io.prometheus.client.MetricFamily in the JSON form of protobuf
 * (https://protobuf.dev/programming-guides/json: 64-bit integers are strings, infinities words, zeros are left out).
 */
import { RegexTest } from '../model/regex-engine.js';
import { RegexBudget } from '../model/regex-limits.js';
import { CounterChild, GaugeChild, type AnyFamily, type HistogramChild, type MetricsRegistry } from './metrics.js';

type ProtoJson = string | number | readonly ProtoJson[] | { readonly [key: string]: ProtoJson };

/**
 * @param pattern the whole name must match it; '' = all
 * @throws RegexError if it is no regular expression, or one that would keep the thread that takes samples from it
 */
export function selfMetricsJson(registry: MetricsRegistry, pattern: string): ProtoJson[] {
  const wanted = pattern === '' ? undefined : new RegexTest(pattern, RegexBudget.ofOnePiece());
  return registry.collect().filter(({ name }) => wanted === undefined || wanted.matches(name)).map(familyJson);
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
