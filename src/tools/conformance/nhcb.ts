/** `load_with_nhcb`: native histograms with custom buckets out of the classic series that were loaded. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, ResetHint } from '../../model/histogram.js';
import { type Labels, METRIC_NAME } from '../../model/labels.js';
import { parseUpperBound } from '../../promql/histogram/classic.js';
import type { LoadedSeries } from './script.js';
import type { StoredSample } from './memory-storage.js';

const SUFFIX = /^(.*)_(bucket|count|sum)$/;

/** One classic histogram: its numbers by point index. */
interface ClassicHistogram {
  readonly labels: Labels;
  readonly buckets: Map<number, readonly (number | undefined)[]>;
  counts: readonly (number | undefined)[];
  sums: readonly (number | undefined)[];
}

export function customBucketSeries(load: readonly LoadedSeries[], stepMs: number): { labels: Labels; samples: StoredSample[] }[] {
  const out: { labels: Labels; samples: StoredSample[] }[] = [];
  for (const classic of groupClassic(load)) {
    if (classic.buckets.size === 0) continue;
    const length = Math.max(...Array.from(classic.buckets.values(), (values) => values.length));
    const samples: StoredSample[] = [];
    for (let i = 0; i < length; i++) {
      const histogram = histogramAt(classic, i);
      if (histogram !== undefined) samples.push({ timestampMs: i * stepMs, value: histogram, startMs: 0 });
    }
    out.push({ labels: classic.labels, samples });
  }
  return out;
}

function groupClassic(load: readonly LoadedSeries[]): ClassicHistogram[] {
  const byKey = new Map<string, ClassicHistogram>();
  for (const { labels, points } of load) {
    const match = SUFFIX.exec(labels.metricName);
    if (match === null) continue;
    const bound = parseUpperBound(labels.get('le'));
    if (match[2] === 'bucket' && bound === undefined) continue;
    const base = labels.with('le', '').with(METRIC_NAME, match[1]!);
    let classic = byKey.get(base.key());
    if (classic === undefined) {
      classic = { labels: base, buckets: new Map(), counts: [], sums: [] };
      byKey.set(base.key(), classic);
    }
    const values = points.map((point) => (typeof point === 'number' ? point : undefined));
    if (match[2] === 'bucket') classic.buckets.set(bound!, values);
    else if (match[2] === 'count') classic.counts = values;
    else classic.sums = values;
  }
  return [...byKey.values()];
}

function histogramAt(classic: ClassicHistogram, index: number): Histogram | undefined {
  const bounds = [...classic.buckets.keys()].sort((a, b) => a - b);
  const cumulative = bounds.map((bound) => classic.buckets.get(bound)![index]);
  if (cumulative.every((count) => count === undefined)) return undefined;
  const finite = bounds.filter((bound) => bound !== Infinity);
  const count = classic.counts[index] ?? cumulative.at(-1) ?? 0;
  const counts: number[] = [];
  let below = 0;
  for (let b = 0; b <= finite.length; b++) {
    const upTo = b < finite.length ? (cumulative[b] ?? below) : count;
    counts.push(upTo - below);
    below = upTo;
  }
  return {
    float: true, schema: CUSTOM_BUCKETS_SCHEMA, zeroThreshold: 0, zeroCount: 0, count, sum: classic.sums[index] ?? 0,
    positiveSpans: [{ offset: 0, length: counts.length }], negativeSpans: [], positiveBuckets: counts, negativeBuckets: [],
    customValues: finite, resetHint: ResetHint.unknown,
  };
}
