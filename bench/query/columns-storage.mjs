// A `Queryable` over plain columns: reading a series is one copy, so that a bench measures the engine and not the storage.
import { Labels } from '../../dist/model/labels.js';

export const INTERVAL_MS = 15_000;

/** `series`: { labels: object, value: (i) => number }[]; samples at 0, 15 s, … */
export function columnsStorage(series, samples) {
  const timestamps = Float64Array.from({ length: samples }, (_, i) => i * INTERVAL_MS);
  const stored = series.map(({ labels, value }) => ({
    labels: Labels.fromObject(labels),
    values: Float64Array.from({ length: samples }, (_, i) => value(i)),
    read(out, mint, maxt) {
      const from = Math.max(0, Math.ceil(mint / INTERVAL_MS));
      const to = Math.min(samples, Math.floor(maxt / INTERVAL_MS) + 1);
      if (to <= from) return;
      out.reserve(to - from);
      out.timestamps.set(timestamps.subarray(from, to), out.length);
      out.values.set(this.values.subarray(from, to), out.length);
      out.length += to - from;
    },
  }));
  return {
    select: (matchers) => stored.filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))),
    labelNames: () => [],
    labelValues: () => [],
  };
}
