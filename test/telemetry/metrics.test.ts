import { describe, expect, it } from 'vitest';
import { CONTENT_TYPES, negotiateFormat, renderMetrics } from '../../src/telemetry/exposition.js';
import { MetricsRegistry } from '../../src/telemetry/metrics.js';
import { registerProcessMetrics } from '../../src/telemetry/process-metrics.js';
import { createServerMetrics, registerBuildInfo } from '../../src/telemetry/server-metrics.js';

describe('exposition', () => {
  const registry = new MetricsRegistry();
  registry.counter('a_requests_total', 'Requests\nby "code" \\.', ['code', 'path']).with('200', 'a"b\\c\nd').inc(3);
  registry.gauge('b_temperature', 'Now.').with().set(-1.5);
  const histogram = registry.histogram('c_seconds', 'Time.', [0.1, 1], ['op']).with('x');
  [0.05, 0.1, 0.5, 7].forEach((value) => histogram.observe(value));
  registry.gauge('d_limits', 'Edges.', ['v']);

  it('text 0.0.4', () => {
    expect(renderMetrics(registry, 'text')).toBe([
      '# HELP a_requests_total Requests\\nby "code" \\\\.',
      '# TYPE a_requests_total counter',
      'a_requests_total{code="200",path="a\\"b\\\\c\\nd"} 3',
      '# HELP b_temperature Now.',
      '# TYPE b_temperature gauge',
      'b_temperature -1.5',
      '# HELP c_seconds Time.',
      '# TYPE c_seconds histogram',
      'c_seconds_bucket{op="x",le="0.1"} 2',
      'c_seconds_bucket{op="x",le="1"} 3',
      'c_seconds_bucket{op="x",le="+Inf"} 4',
      'c_seconds_sum{op="x"} 7.65',
      'c_seconds_count{op="x"} 4',
      '# HELP d_limits Edges.',
      '# TYPE d_limits gauge',
      '',
    ].join('\n'));
  });

  it('OpenMetrics: counter family without suffix, float bounds, EOF', () => {
    const text = renderMetrics(registry, 'openmetrics');
    expect(text).toContain('# TYPE a_requests counter\na_requests_total{');
    expect(text).toContain('# HELP a_requests Requests\\nby \\"code\\" \\\\.\n');
    expect(text).toContain('c_seconds_bucket{op="x",le="1.0"} 3');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('special values', () => {
    const special = new MetricsRegistry();
    const gauge = special.gauge('g', 'G.', ['v']);
    for (const value of [Infinity, -Infinity, Number.NaN, 1e-7]) gauge.with(String(value)).set(value);
    expect(renderMetrics(special, 'text').split('\n').slice(2, 6)).toEqual([
      'g{v="Infinity"} +Inf', 'g{v="-Infinity"} -Inf', 'g{v="NaN"} NaN', 'g{v="1e-7"} 1e-7',
    ]);
  });
});

describe('negotiation', () => {
  it.each([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=0.0.1', 'text'],
    ['application/vnd.google.protobuf', 'text'],
    ['text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5', 'text'],
    ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,'
      + 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'openmetrics'],
  ])('%s: %s', (accept, format) => expect(negotiateFormat(accept)).toBe(format));

  it('content types name version and character set', () => {
    for (const type of Object.values(CONTENT_TYPES)) expect(type).toMatch(/; version=\d\.\d\.\d; charset=utf-8/);
  });
});

describe('registry', () => {
  it('refuses programming errors', () => {
    const registry = new MetricsRegistry();
    registry.gauge('x', 'X.');
    expect(() => registry.gauge('x', 'X.')).toThrow('twice');
    expect(() => registry.counter('y', 'Y.')).toThrow('_total');
    expect(() => registry.gauge('a-b', 'A.')).toThrow('name');
    expect(() => registry.gauge('z', 'Z.', ['a']).with()).toThrow('needs values');
    expect(() => registry.histogram('h', 'H.', [2, 1])).toThrow('rise');
  });

  it('unlabelled metrics start at 0, labelled ones are capped', () => {
    const registry = new MetricsRegistry();
    expect(registry.counter('a_total', 'A.').children.size).toBe(1);
    const labelled = registry.counter('b_total', 'B.', ['x']);
    for (let i = 0; i < 2000; i++) labelled.with(`v${i}`).inc();
    expect(labelled.children.size).toBe(501);
    expect(labelled.with('other').value).toBe(1500);
  });
});

describe('the server\'s metrics', () => {
  it('register together, every name and help in shape', () => {
    const registry = new MetricsRegistry();
    createServerMetrics(registry);
    registerBuildInfo(registry, { apiVersion: '3.14.0', version: '0.1.0', revision: 'abc' });
    const stop = registerProcessMetrics(registry);
    const families = registry.collect();
    stop();
    for (const family of families) {
      expect(family.name).toMatch(/^(prometheus|narthex|process|nodejs)_/);
      expect(family.help).toMatch(/^[A-Z].*\.$/);
    }
    const text = renderMetrics(registry, 'text');
    expect(text).toMatch(/^prometheus_build_info\{version="3\.14\.0",revision="abc",branch="",goversion=""\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
    expect(text).toMatch(/^process_start_time_seconds 1\d{9}/m);
  });
});
