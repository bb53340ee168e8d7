/** A naive store in memory: sorted lists, linear search. The plainest `Queryable` there can be, for tests and tools. */
import { type Histogram, ResetHint } from '../../model/histogram.js';
import { compareUtf8, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { putStale } from '../../model/stale-nan.js';
import { hintWhenRead } from '../../promql/histogram/reset.js';
import type { Queryable, Series } from '../../storage/queryable.js';

/** A sample to store. */
export interface StoredSample {
  readonly timestampMs: number;
  readonly value: number | Histogram | 'stale';
  /** Start timestamp in ms, 0 = unknown. */
  readonly startMs: number;
}

class MemorySeries implements Series {
  /** Rising in time. */
  readonly samples: StoredSample[] = [];

  constructor(readonly labels: Labels) {}

  add(sample: StoredSample): void {
    let at = this.samples.length;
    while (at > 0 && this.samples[at - 1]!.timestampMs > sample.timestampMs) at--;
    // The first sample of a time stays, as in a store that refuses duplicates.
    if (at > 0 && this.samples[at - 1]!.timestampMs === sample.timestampMs) return;
    this.samples.splice(at, 0, sample);
  }

  read(out: SampleColumns, mint: number, maxt: number): void {
    for (let index = 0; index < this.samples.length; index++) {
      const { timestampMs, value, startMs } = this.samples[index]!;
      if (timestampMs < mint || timestampMs > maxt) continue;
      const i = out.length;
      if (typeof value === 'object') out.pushHistogram(timestampMs, { ...value, resetHint: this.hintAt(index, value) });
      else out.pushFloat(timestampMs, value === 'stale' ? 0 : value);
      if (value === 'stale') putStale(out.values, i);
      if (startMs !== 0 && out.startTimestamps === undefined) out.startTimestamps = new Float64Array(out.timestamps.length);
      if (out.startTimestamps !== undefined) out.startTimestamps[i] = startMs;
    }
  }

  /** As Prometheus' store: every histogram knows whether it is a continuation, but not of the resets in between. */
  private hintAt(index: number, histogram: Histogram): ResetHint {
    if (histogram.resetHint !== ResetHint.unknown) return histogram.resetHint;
    const before = this.samples[index - 1]?.value;
    const hint = hintWhenRead(histogram, typeof before === 'object' ? before : undefined);
    return hint === ResetHint.reset ? ResetHint.unknown : hint;
  }

  overlaps(mint: number, maxt: number): boolean {
    return this.samples.some(({ timestampMs }) => timestampMs >= mint && timestampMs <= maxt);
  }
}

export class MemoryStorage implements Queryable {
  private readonly byKey = new Map<string, MemorySeries>();

  clear(): void {
    this.byKey.clear();
  }

  append(labels: Labels, samples: Iterable<StoredSample>): void {
    let series = this.byKey.get(labels.key());
    if (series === undefined) {
      series = new MemorySeries(labels);
      this.byKey.set(labels.key(), series);
    }
    for (const sample of samples) series.add(sample);
  }

  select(matchers: readonly Matcher[], mint: number, maxt: number): Series[] {
    return [...this.byKey.values()].filter((series) => series.overlaps(mint, maxt) && matchesAll(series.labels, matchers));
  }

  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    const names = new Set(this.selectAny(matcherSets, mint, maxt).flatMap((series) => [...series.labels.names]));
    return [...names].sort(compareUtf8);
  }

  labelValues(name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    const values = new Set(this.selectAny(matcherSets, mint, maxt).map((series) => series.labels.get(name)));
    values.delete('');
    return [...values].sort(compareUtf8);
  }

  private selectAny(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number): MemorySeries[] {
    return [...this.byKey.values()].filter(
      (series) =>
        series.overlaps(mint, maxt) &&
        (matcherSets.length === 0 || matcherSets.some((matchers) => matchesAll(series.labels, matchers))),
    );
  }
}

function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}
