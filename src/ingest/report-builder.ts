import { METRIC_NAME } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { isAccepted, REASON } from '../storage/append-status.js';
import type { Judgement } from '../storage/ingestion.js';
import type { Collision, MetricReport, RejectReport, TranslationReport } from './translation-report.js';

/** Of one kind of collision; who has more of them has understood. */
const COLLISIONS_MAX = 100;

/** A metric as its sender knows it. */
export interface MetricIdentity {
  readonly name: string;
  readonly unit: string;
  readonly type: string;
}

interface Entry extends MetricIdentity {
  points: number;
  samples: number;
  rejected: number;
  dropped: number;
  deduplicated: number;
  readonly names: Set<string>;
  readonly labels: Set<string>;
  readonly series: Set<string>;
  readonly newSeries: Set<string>;
  readonly rejects: Map<string, RejectReport>;
  metadata: MetricReport['metadata'];
}

/** Collects what a dry run finds, metric by metric. */
export class ReportBuilder {
  private readonly entries = new Map<string, Entry>();
  /** First metric of each series, by the series' key. */
  private readonly owners = new Map<string, Entry>();
  private readonly newSeries = new Set<string>();
  private readonly rejects = new Map<string, RejectReport>();
  /** Samples that were lost before anybody knew their metric. */
  private rejectedElsewhere = 0;
  private readonly passedOver = { dropped: 0, deduplicated: 0 };
  private readonly collisions = new Map<string, Collision>();
  private readonly ofKind = new Map<string, number>();

  metric(identity: MetricIdentity): Entry {
    const key = JSON.stringify([identity.name, identity.unit, identity.type]);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = {
        ...identity, points: 0, samples: 0, rejected: 0, dropped: 0, deduplicated: 0, names: new Set(), labels: new Set(),
        series: new Set(), newSeries: new Set(), rejects: new Map(), metadata: undefined,
      };
      this.entries.set(key, entry);
    }
    return entry;
  }

  /** Adds a judged batch; `entryOf` says which metric a series belongs to. */
  add(batch: SampleBatch, { statuses, newSeries }: Judgement, entryOf: (series: number) => Entry): void {
    for (let i = 0; i < batch.length; i++) {
      if (!isAccepted(statuses[i]!)) continue;
      const index = batch.seriesIndex[i]!;
      const labels = batch.series[index]!;
      const entry = entryOf(index);
      entry.samples++;
      const key = labels.key();
      if (entry.series.has(key)) continue;
      entry.series.add(key);
      entry.names.add(labels.metricName);
      for (const name of labels.names) if (name !== METRIC_NAME) entry.labels.add(name);
      if (newSeries.has(index)) {
        entry.newSeries.add(key);
        this.newSeries.add(key);
      }
      const owner = this.owners.get(key);
      if (owner === undefined) this.owners.set(key, entry);
      else if (owner !== entry) {
        this.collide({ kind: 'series', series: labels.toString(), metrics: [describe(owner), describe(entry)] }, key);
      }
    }
  }

  /** `entry`: the metric that it is about, undefined if that cannot be said. */
  reject(entry: Entry | undefined, status: number, count: number, example: string): void {
    const reason = REASON[status] ?? `status ${status}`;
    for (const group of entry ? [entry.rejects, this.rejects] : [this.rejects]) {
      const known = group.get(reason);
      group.set(reason, { reason, count: (known?.count ?? 0) + count, example: known?.example ?? example });
    }
  }

  addRejected(count: number): void {
    this.rejectedElsewhere += count;
  }

  /** Samples passed over on purpose, of metrics that cannot be told any more. */
  addPassedOver({ dropped, deduplicated }: Judgement): void {
    this.passedOver.dropped += dropped;
    this.passedOver.deduplicated += deduplicated;
  }

  metadata(entry: Entry, { family, type, unit }: MetricMetadata): void {
    entry.metadata = { family, type, unit };
  }

  /** `key` makes equal ones one. */
  collide(collision: Collision, key: string): void {
    const whole = `${collision.kind} ${key}`;
    const count = this.ofKind.get(collision.kind) ?? 0;
    if (this.collisions.has(whole) || count >= COLLISIONS_MAX) return;
    this.ofKind.set(collision.kind, count + 1);
    this.collisions.set(whole, collision);
  }

  build(protocol: TranslationReport['protocol']): TranslationReport {
    this.collideNames();
    const metrics = [...this.entries.values()].map(report);
    const total = (of: (metric: MetricReport) => number): number => metrics.reduce((sum, metric) => sum + of(metric), 0);
    return {
      protocol,
      totals: {
        metrics: metrics.length,
        points: total(({ points }) => points),
        samples: total(({ samples }) => samples),
        series: this.owners.size,
        newSeries: this.newSeries.size,
        rejected: total(({ rejected }) => rejected) + this.rejectedElsewhere,
        dropped: total(({ dropped }) => dropped) + this.passedOver.dropped,
        deduplicated: total(({ deduplicated }) => deduplicated) + this.passedOver.deduplicated,
      },
      metrics,
      collisions: [...this.collisions.values()],
      rejects: [...this.rejects.values()],
    };
  }

  private collideNames(): void {
    const byFamily = new Map<string, Entry[]>();
    for (const entry of this.entries.values()) {
      if (entry.metadata === undefined) continue;
      const { family } = entry.metadata;
      byFamily.set(family, [...(byFamily.get(family) ?? []), entry]);
    }
    for (const [family, entries] of byFamily) {
      if (entries.length > 1) this.collide({ kind: 'name', family, metrics: entries.map(describe) }, family);
    }
  }
}

/** `http.server.duration (histogram, ms)` */
function describe({ name, type, unit }: MetricIdentity): string {
  return `${name} (${[type, unit].filter((part) => part !== '').join(', ')})`;
}

function report({ name, unit, type, metadata, names, labels, series, newSeries, rejects, ...counts }: Entry): MetricReport {
  const { points, samples, rejected, dropped, deduplicated } = counts;
  return {
    name, unit, type, metadata,
    prometheusNames: [...names].sort(),
    labels: [...labels].sort(),
    points, samples, series: series.size, newSeries: newSeries.size, rejected, dropped, deduplicated,
    rejects: [...rejects.values()],
  };
}
