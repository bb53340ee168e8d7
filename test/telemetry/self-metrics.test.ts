import { expect, it } from 'vitest';
import { RegexError } from '../../src/model/regex-limits.js';
import { MetricsRegistry } from '../../src/telemetry/metrics.js';
import { selfMetricsJson } from '../../src/telemetry/self-metrics.js';

const registry = new MetricsRegistry();
registry.counter('requests_total', 'Requests.', ['code']).with('200').inc(3);
registry.gauge('limit_bytes', 'Limit.').with().set(Infinity);
registry.histogram('seconds', 'Time.', [0.1, 1]).with().observe(0.5);

it('is the JSON form of MetricFamily', () => {
  expect(selfMetricsJson(registry, '')).toEqual([
    { name: 'limit_bytes', help: 'Limit.', type: 'GAUGE', metric: [{ gauge: { value: 'Infinity' } }] },
    { name: 'requests_total', help: 'Requests.', type: 'COUNTER', metric: [{ label: [{ name: 'code', value: '200' }], counter: { value: 3 } }] },
    { name: 'seconds', help: 'Time.', type: 'HISTOGRAM', metric: [{ histogram: {
      sampleCount: '1', sampleSum: 0.5, bucket: [{ cumulativeCount: '0', upperBound: 0.1 }, { cumulativeCount: '1', upperBound: 1 }],
    } }] },
  ]);
});
it('of the names that match from beginning to end', () => {
  const names = (pattern: string) => selfMetricsJson(registry, pattern).map((family) => (family as { name: string }).name);
  expect([names('requests_.*'), names('requests'), names('limit_bytes|seconds')]).toEqual([['requests_total'], [], ['limit_bytes', 'seconds']]);
  for (const pattern of ['(', '\\w{1000}'.repeat(10)]) expect(() => names(pattern)).toThrow(RegexError);
});
