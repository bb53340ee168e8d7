import type { CatalogueBatch, RejectExample, SeenMetadata, SeriesText } from '../catalogue/catalogue-batch.js';
import { labelText } from '../catalogue/label-text.js';
import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { HaElection, RejectEntry } from '../storage/catalogue-sink.js';

/** Caps of what waits to be written. What does not fit is dropped and counted. */
export interface CatalogueQueueLimits {
  readonly maxMetadata: number;
  readonly maxExemplars: number;
  /** Pairs of reason and source, and examples kept of each. */
  readonly maxRejectGroups: number;
  readonly maxRejectExamples: number;
  /** UTF-16 units of all texts that wait: a few huge help texts or label sets must not fill the memory. */
  readonly maxTextLength: number;
}

export const DEFAULT_QUEUE_LIMITS: CatalogueQueueLimits = {
  maxMetadata: 50_000, maxExemplars: 20_000, maxRejectGroups: 1_000, maxRejectExamples: 10, maxTextLength: 32 * 1024 * 1024,
};

/** Entries of each kind; for rejects, data points. */
export interface CatalogueCounts {
  metadata: number;
  exemplars: number;
  rejects: number;
}

interface RejectGroup {
  points: number;
  firstSeenMs: number;
  lastSeenMs: number;
  readonly reason: string;
  readonly source: string;
  readonly examples: Map<string, RejectExample>;
}

const FIRST_CAPACITY = 256;

/** What was handed to the catalogue and has not been sent to the maintenance thread. */
export class CatalogueQueue {
  /** Never reset. */
  readonly dropped: CatalogueCounts = { metadata: 0, exemplars: 0, rejects: 0 };
  private readonly metadataByText = new Map<string, SeenMetadata>();
  private readonly seriesByKey = new Map<string, number>();
  private readonly rejectsByKey = new Map<string, RejectGroup>();
  /** Few: the tracker has a cap of clusters. */
  private readonly electionsByCluster = new Map<string, HaElection>();
  private series: SeriesText[] = [];
  private labels: string[] = [];
  // Columns, and not number[]: those turn the bits of a signalling NaN into others.
  private seriesIndex = new Uint32Array(FIRST_CAPACITY);
  private timestamps = new Float64Array(FIRST_CAPACITY);
  private values = new Float64Array(FIRST_CAPACITY);
  private textLength = 0;

  constructor(private readonly limits: CatalogueQueueLimits) {}

  /** Entries that wait. */
  get size(): number {
    return this.metadataByText.size + this.labels.length + this.rejectsByKey.size + this.electionsByCluster.size;
  }

  addMetadata(entries: readonly MetricMetadata[], atMs: number): void {
    for (const metadata of entries) {
      const key = JSON.stringify([metadata.family, metadata.type, metadata.help, metadata.unit]);
      // Deleted first, because the order of arrival tells which version of a family is the newest.
      if (!this.metadataByText.delete(key) && !this.fits(this.metadataByText.size < this.limits.maxMetadata, key.length)) {
        this.dropped.metadata++;
        continue;
      }
      this.metadataByText.set(key, { metadata, atMs });
    }
  }

  addExemplars(entries: readonly { readonly series: Labels; readonly exemplar: Exemplar }[]): void {
    for (const { series, exemplar } of entries) {
      const text = labelText(exemplar.labels);
      if (!this.fits(this.labels.length < this.limits.maxExemplars, text.length)) {
        this.dropped.exemplars++;
        continue;
      }
      const i = this.labels.push(text) - 1;
      if (i === this.values.length) this.grow();
      this.seriesIndex[i] = this.indexOf(series);
      this.timestamps[i] = exemplar.timestampMs;
      this.values[i] = exemplar.value;
    }
  }

  addRejects(entries: readonly RejectEntry[]): void {
    for (const { reason, source, count, example, atMs } of entries) {
      const key = `${reason}\u0000${source}`;
      let group = this.rejectsByKey.get(key);
      if (!group) {
        if (!this.fits(this.rejectsByKey.size < this.limits.maxRejectGroups, key.length)) {
          this.dropped.rejects += count;
          continue;
        }
        group = { reason, source, points: 0, firstSeenMs: atMs, lastSeenMs: atMs, examples: new Map() };
        this.rejectsByKey.set(key, group);
      }
      group.points += count;
      group.firstSeenMs = Math.min(group.firstSeenMs, atMs);
      group.lastSeenMs = Math.max(group.lastSeenMs, atMs);
      this.addExample(group.examples, { example, points: count, atMs });
    }
  }

  addHaElections(entries: readonly HaElection[]): void {
    for (const entry of entries) this.electionsByCluster.set(entry.cluster, entry);
  }

  /** Takes everything out. */
  take(): CatalogueBatch {
    const length = this.labels.length;
    const batch: CatalogueBatch = {
      metadata: [...this.metadataByText.values()],
      exemplars: {
        series: this.series,
        seriesIndex: this.seriesIndex.slice(0, length),
        timestamps: this.timestamps.slice(0, length),
        values: this.values.slice(0, length),
        labels: this.labels,
      },
      rejects: Array.from(this.rejectsByKey.values(), (group) => ({ ...group, examples: [...group.examples.values()] })),
      haElections: [...this.electionsByCluster.values()],
    };
    this.metadataByText.clear();
    this.seriesByKey.clear();
    this.rejectsByKey.clear();
    this.electionsByCluster.clear();
    this.series = [];
    this.labels = [];
    this.textLength = 0;
    return batch;
  }

  /** Counts a batch that was taken and will not be written. */
  countDropped(batch: CatalogueBatch): void {
    this.dropped.metadata += batch.metadata.length;
    this.dropped.exemplars += batch.exemplars.labels.length;
    for (const reject of batch.rejects) this.dropped.rejects += reject.points;
  }

  private fits(room: boolean, textLength: number): boolean {
    if (!room || this.textLength + textLength > this.limits.maxTextLength) return false;
    this.textLength += textLength;
    return true;
  }

  private indexOf(series: Labels): number {
    const key = series.key();
    let index = this.seriesByKey.get(key);
    if (index === undefined) {
      const labels = labelText(series);
      this.textLength += labels.length;
      index = this.series.push({ metric: series.metricName, labels }) - 1;
      this.seriesByKey.set(key, index);
    }
    return index;
  }

  /** The newest examples; the total of a group is exact, those of its examples are for orientation. */
  private addExample(examples: Map<string, RejectExample>, next: RejectExample): void {
    const before = examples.get(next.example);
    examples.delete(next.example);
    examples.set(next.example, before ? { ...next, points: next.points + before.points } : next);
    if (examples.size <= this.limits.maxRejectExamples) return;
    for (const oldest of examples.keys()) {
      examples.delete(oldest);
      return;
    }
  }

  private grow(): void {
    const { seriesIndex, timestamps, values } = this;
    const size = values.length * 2;
    this.seriesIndex = new Uint32Array(size);
    this.seriesIndex.set(seriesIndex);
    this.timestamps = new Float64Array(size);
    this.timestamps.set(timestamps);
    this.values = new Float64Array(size);
    this.values.set(values);
  }
}
