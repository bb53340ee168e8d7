/**
 * What happens to label sets before they are stored, as the operator configured it: pairs of senders are made one, then the rules
 * of relabelling apply. Off by default; a request then never comes here.
 */
import { METRIC_NAME, type Labels } from '../model/labels.js';
import type { Relabeling } from '../model/relabel.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { RejectGroup } from '../storage/ingestion.js';
import type { HaTracker, HaVerdict } from './ha-tracker.js';

export interface SeriesPolicyOptions {
  readonly ha?: HaTracker;
  readonly relabeling: Relabeling;
  /** Label sets whose result is remembered. */
  readonly maxRemembered: number;
}

/** Samples that were not stored on purpose. Their sender is not at fault and hears nothing of it. */
export interface PassedOver {
  samples: number;
  histograms: number;
}

export interface PolicyOutcome {
  /** Removed by a rule. */
  readonly dropped: PassedOver;
  /** Of a replica that is not elected. */
  readonly deduplicated: PassedOver;
  readonly rejects: readonly RejectGroup[];
}

type Judge = (ha: HaTracker, cluster: string, replica: string) => HaVerdict;

type Fate = 'keep' | 'drop' | 'duplicate' | 'nameless' | 'too_many_clusters';

export class SeriesPolicy {
  /** By label set as it came (without the replica): what the rules make of it; null = dropped. */
  private readonly remembered = new Map<string, Labels | null>();
  private readonly replicaName: ReadonlySet<string>;

  constructor(private readonly options: SeriesPolicyOptions) {
    this.replicaName = new Set(options.ha === undefined ? [] : [options.ha.options.replicaLabel]);
  }

  get isOff(): boolean {
    return this.options.ha === undefined && this.options.relabeling.isEmpty;
  }

  /** Replaces label sets of the batch and takes samples out of it. */
  apply(batch: SampleBatch, nowMs: number): PolicyOutcome {
    return this.decide(batch, (ha, cluster, replica) => ha.judge(cluster, replica, nowMs));
  }

  /** As `apply`, but no replica is elected or heard by it. */
  foresee(batch: SampleBatch, nowMs: number): PolicyOutcome {
    return this.decide(batch, (ha, cluster, replica) => ha.foresee(cluster, replica, nowMs));
  }

  private decide(batch: SampleBatch, judge: Judge): PolicyOutcome {
    const dropped: PassedOver = { samples: 0, histograms: 0 };
    const deduplicated: PassedOver = { samples: 0, histograms: 0 };
    const rejects = new Map<Fate, { status: number; count: number; example: string }>();
    const fates = batch.series.map((labels, i): Fate => {
      const unique = this.deduplicate(labels, judge);
      if (typeof unique === 'string') return unique;
      const result = this.relabel(unique);
      if (result === null) return 'drop';
      batch.series[i] = result;
      return result === unique || result.metricName !== '' || unique.metricName === '' ? 'keep' : 'nameless';
    });
    if (fates.every((fate) => fate === 'keep')) return { dropped, deduplicated, rejects: [] };
    // Exemplars may come without samples: they go with their series.
    const kept = batch.exemplars.filter(({ series }) => fates[series] === 'keep');
    batch.exemplars.length = 0;
    for (const exemplar of kept) batch.exemplars.push(exemplar);
    // Read before: taking samples out moves their indexes.
    const histogramRows = new Set([...batch.histograms.keys(), ...batch.staleHistograms]);
    batch.removeSamples((i) => {
      const series = batch.seriesIndex[i]!;
      const fate = fates[series]!;
      if (fate === 'keep') return false;
      if (fate === 'drop' || fate === 'duplicate') {
        const counts = fate === 'drop' ? dropped : deduplicated;
        if (histogramRows.has(i)) counts.histograms++;
        else counts.samples++;
        return true;
      }
      const group = rejects.get(fate);
      if (group) group.count++;
      else rejects.set(fate, { ...this.refusal(fate, batch.series[series]!), count: 1 });
      return true;
    });
    return { dropped, deduplicated, rejects: [...rejects.values()] };
  }

  /** The set without its replica label, or why it is not stored. */
  private deduplicate(labels: Labels, judge: Judge): Labels | 'duplicate' | 'too_many_clusters' {
    const { ha } = this.options;
    if (ha === undefined) return labels;
    const cluster = labels.get(ha.options.clusterLabel);
    const replica = labels.get(ha.options.replicaLabel);
    if (cluster === '' || replica === '') return labels;
    const verdict = judge(ha, cluster, replica);
    return verdict === 'store' ? labels.without(this.replicaName) : verdict;
  }

  private relabel(labels: Labels): Labels | null {
    const { relabeling, maxRemembered } = this.options;
    if (relabeling.isEmpty) return labels;
    const key = labels.key();
    const known = this.remembered.get(key);
    if (known !== undefined) return known;
    const result = relabeling.apply(labels) ?? null;
    // Starting over is as good as forgetting one by one: senders repeat all their series in the same order.
    if (this.remembered.size >= maxRemembered) this.remembered.clear();
    this.remembered.set(key, result);
    return result;
  }

  private refusal(fate: Fate, labels: Labels): { status: number; example: string } {
    if (fate === 'nameless') {
      return { status: AppendStatus.invalidLabels, example: `relabelling left no ${METRIC_NAME}: series ${labels.toString()}` };
    }
    const { clusterLabel, maxClusters } = this.options.ha!.options;
    return {
      status: AppendStatus.seriesLimit,
      example: `ingest.ha.max_clusters (${maxClusters}) reached: new ${clusterLabel} ${JSON.stringify(labels.get(clusterLabel))}`,
    };
  }
}
