/**
 * The dullest possible store, to compare what a decoder made of a request with what a vector expects: samples by
 * series and time, the first one of a time wins, exemplars in order. No ordering or time rules.
 */
import type { BucketSpan, Histogram } from '../../src/model/histogram.js';
import type { Labels } from '../../src/model/labels.js';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import { isStaleAt } from '../../src/model/stale-nan.js';

/** As in the vectors: `samples` are [ms, text]. */
export interface StoredSeries {
  labels: Record<string, string>;
  samples?: [number, string][];
  histograms?: StoredHistogram[];
}

export interface StoredHistogram {
  t: number;
  stale?: boolean;
  float?: boolean;
  count?: string;
  sum?: string;
  schema?: number;
  zero_threshold?: string;
  zero_count?: string;
  custom_values?: string[] | null;
  negative_spans?: [number, number][];
  negative_counts?: number[];
  positive_spans?: [number, number][];
  positive_counts?: number[];
}

export interface StoredExemplars {
  series_labels: Record<string, string>;
  exemplars: { labels: Record<string, string>; t: number; value: string }[];
}

interface Entry {
  readonly labels: Labels;
  readonly floats: Map<number, string>;
  readonly histograms: Map<number, string>;
}

export class NaiveStore {
  private readonly entries = new Map<string, Entry>();
  private readonly exemplarLines = new Map<string, string[]>();

  add(batch: SampleBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const entry = this.entry(batch.series[batch.seriesIndex[i]!]!);
      const t = batch.timestamps[i]!;
      if (entry.floats.has(t) || entry.histograms.has(t)) continue;
      const histogram = batch.histograms.get(i);
      if (histogram !== undefined) entry.histograms.set(t, histogramLine(histogram));
      else if (batch.staleHistograms.has(i)) entry.histograms.set(t, 'stale');
      else entry.floats.set(t, isStaleAt(batch.values, i) ? 'StaleNaN' : valueText(batch.values[i]!));
    }
    for (const { series, exemplar } of batch.exemplars) {
      const key = labelsLine(batch.series[series]!.toObject());
      const line = `${labelsLine(exemplar.labels.toObject())} ${exemplar.timestampMs} ${valueText(exemplar.value)}`;
      const lines = this.exemplarLines.get(key) ?? [];
      if (!lines.includes(line)) lines.push(line);
      this.exemplarLines.set(key, lines);
    }
  }

  /** One line per sample, sorted. */
  lines(): string[] {
    const out: string[] = [];
    for (const { labels, floats, histograms } of this.entries.values()) {
      const prefix = labelsLine(labels.toObject());
      for (const [t, text] of floats) out.push(`${prefix} ${t} ${text}`);
      for (const [t, text] of histograms) out.push(`${prefix} ${t} ${text}`);
    }
    return out.sort();
  }

  exemplars(): string[] {
    return [...this.exemplarLines].flatMap(([key, lines]) => lines.map((line) => `${key} ${line}`)).sort();
  }

  private entry(labels: Labels): Entry {
    const key = labels.key();
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { labels, floats: new Map(), histograms: new Map() };
      this.entries.set(key, entry);
    }
    return entry;
  }
}

/** What `NaiveStore.lines` must give for a vector's `expect.series`. */
export function expectedLines(series: readonly StoredSeries[]): string[] {
  const out: string[] = [];
  for (const { labels, samples = [], histograms = [] } of series) {
    const prefix = labelsLine(labels);
    for (const [t, text] of samples) out.push(`${prefix} ${t} ${text === 'StaleNaN' ? text : valueText(parseValue(text))}`);
    for (const h of histograms) out.push(`${prefix} ${h.t} ${h.stale === true ? 'stale' : expectedHistogramLine(h)}`);
  }
  return out.sort();
}

export function expectedExemplars(groups: readonly StoredExemplars[]): string[] {
  return groups.flatMap(({ series_labels, exemplars }) =>
    exemplars.map(({ labels, t, value }) => `${labelsLine(series_labels)} ${labelsLine(labels)} ${t} ${valueText(parseValue(value))}`)).sort();
}

export function labelsLine(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** The vectors do not tell 0 from -0. */
function valueText(value: number): string {
  return String(value + 0);
}

function histogramLine(h: Histogram): string {
  return JSON.stringify([
    h.float, valueText(h.count), valueText(h.sum), h.schema, h.zeroThreshold, h.zeroCount,
    buckets(h.positiveSpans, h.positiveBuckets), buckets(h.negativeSpans, h.negativeBuckets), h.customValues,
  ]);
}

function expectedHistogramLine(h: StoredHistogram): string {
  const spans = (pairs: readonly [number, number][] = []): BucketSpan[] => pairs.map(([offset, length]) => ({ offset, length }));
  return JSON.stringify([
    h.float, valueText(parseValue(h.count!)), valueText(parseValue(h.sum!)), h.schema, Number(h.zero_threshold ?? 0), Number(h.zero_count ?? 0),
    buckets(spans(h.positive_spans), h.positive_counts ?? []), buckets(spans(h.negative_spans), h.negative_counts ?? []), (h.custom_values ?? []).map(Number),
  ]);
}

/** Nonzero buckets by index: the split into spans is no one's business. */
function buckets(spans: readonly BucketSpan[], counts: readonly number[]): [number, number][] {
  const out: [number, number][] = [];
  let index = 0;
  let i = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let k = 0; k < length; k++, index++, i++) if (counts[i] !== 0) out.push([index, counts[i]!]);
  }
  return out;
}
