import { expect } from 'vitest';
import { ResetHint, type Histogram } from '../../../src/model/histogram.js';

const HINTS: Record<string, ResetHint> = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 };

/** `schema:0 sum:5 count:4 buckets:[1 2 1] offset:-1 …`: the notation of Prometheus' test scripts. */
export function h(text: string): Histogram {
  const fields = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/(\w+):(\[[^\]]*\]|\S+)/g)) fields.set(key!, value!);
  const number = (key: string): number => {
    const value = fields.get(key) ?? '0';
    return value === 'Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
  };
  const list = (key: string): number[] => {
    const inner = (fields.get(key) ?? '[]').slice(1, -1).trim();
    return inner === '' ? [] : inner.split(/\s+/).map(Number);
  };
  const side = (offset: string, key: string): { spans: { offset: number; length: number }[]; buckets: number[] } => {
    const buckets = list(key);
    return { buckets, spans: buckets.length === 0 ? [] : [{ offset: number(offset), length: buckets.length }] };
  };
  const positive = side('offset', 'buckets');
  const negative = side('n_offset', 'n_buckets');
  return {
    float: true,
    schema: number('schema'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    count: number('count'),
    sum: number('sum'),
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.buckets,
    negativeBuckets: negative.buckets,
    customValues: list('custom_values'),
    resetHint: HINTS[fields.get('counter_reset_hint') ?? 'unknown']!,
  };
}

/** Counts by bucket index, so that layouts with the same content compare equal. */
function populated(spans: Histogram['positiveSpans'], buckets: readonly number[]): Record<number, number> {
  const byIndex: Record<number, number> = {};
  let index = 0;
  let i = 0;
  for (const span of spans) {
    index += span.offset;
    for (let n = 0; n < span.length; n++, index++, i++) if (buckets[i] !== 0) byIndex[index] = buckets[i]!;
  }
  return byIndex;
}

/** Compares contents with a relative tolerance; the hint only if it is given. */
export function expectHistogram(got: Histogram | undefined, want: Histogram, hint?: ResetHint): void {
  expect(got).toBeDefined();
  const actual = got!;
  expect(actual.schema).toBe(want.schema);
  expect(actual.customValues).toStrictEqual(want.customValues);
  close(actual.zeroThreshold, want.zeroThreshold, 'zero threshold');
  close(actual.zeroCount, want.zeroCount, 'zero count');
  close(actual.count, want.count, 'count');
  close(actual.sum, want.sum, 'sum');
  for (const side of ['positive', 'negative'] as const) {
    const a = populated(actual[`${side}Spans`], actual[`${side}Buckets`]);
    const b = populated(want[`${side}Spans`], want[`${side}Buckets`]);
    for (const index of new Set([...Object.keys(a), ...Object.keys(b)])) {
      close(a[Number(index)] ?? 0, b[Number(index)] ?? 0, `${side} bucket ${index}`);
    }
  }
  if (hint !== undefined) expect(actual.resetHint).toBe(hint);
}

function close(got: number, want: number, what: string): void {
  if (Object.is(got, want) || got === want) return;
  expect(Math.abs(got - want), `${what}: got ${got}, want ${want}`).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(got), Math.abs(want)));
}
