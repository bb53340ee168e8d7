/**
 * What happens to label sets before they are stored, as the operator configured it: pairs of senders are made one, then the rules
 * of relabelling apply. Off by default; a request then never comes here. Decided for each label set of a batch here, and by
 * `body-naming` for each one that the store does not know by its bytes.
 */
import { METRIC_NAME, type Labels } from '../model/labels.js';
import type { Relabeling } from '../model/relabel.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { SeriesRefusal } from '../storage/appender.js';
import type { RejectGroup } from '../storage/ingestion.js';
import type { HaTracker, HaVerdict } from './ha-tracker.js';
import { newGeneration } from './identity-generation.js';

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

/** Which sender of which pair. */
export interface Replica {
  readonly cluster: string;
  readonly replica: string;
}

type Judge = (ha: HaTracker, cluster: string, replica: string) => HaVerdict;

/** Pairs, replicas and verdicts whose number is known at a time. */
const CONTEXTS_MAX = 10_000;

type Fate = 'keep' | 'drop' | 'duplicate' | 'nameless' | 'too_many_clusters';

export class SeriesPolicy {
  /** By label set as it came (without the replica): what the rules make of it; null = dropped. */
  private readonly remembered = new Map<string, Labels | null>();
  private readonly replicaName: ReadonlySet<string>;
  private readonly contexts = new Map<string, number>();
  private otlp = { translator: 0, generation: 0 };

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

  // ---- One series at a time ----------------------------------------------------------------------------------------------------

  /** The pair and the replica that a series names, undefined if it is not one of a pair. */
  replicaOf(labels: Labels): Replica | undefined {
    const { ha } = this.options;
    if (ha === undefined) return undefined;
    const cluster = labels.get(ha.options.clusterLabel);
    const replica = labels.get(ha.options.replicaLabel);
    return cluster === '' || replica === '' ? undefined : { cluster, replica };
  }

  get hasPairs(): boolean {
    return this.options.ha !== undefined;
  }

  /** See `HaTracker.foresee`. Without a replica everything is stored. */
  verdictOf(sender: Replica | undefined, nowMs: number): HaVerdict {
    return sender === undefined ? 'store' : this.options.ha!.foresee(sender.cluster, sender.replica, nowMs);
  }

  /** See `HaTracker.judge`. */
  heard({ cluster, replica }: Replica, nowMs: number): void {
    this.options.ha!.judge(cluster, replica, nowMs);
  }

  /** Number under which the store remembers the series of such bodies: one for each pair, replica and verdict. */
  contextOf(sender: Replica | undefined, verdict: HaVerdict): number {
    const key = sender === undefined ? '' : `${verdict} ${sender.cluster}\u0000${sender.replica}`;
    let context = this.contexts.get(key);
    if (context === undefined) {
      // Forgetting costs only that series are looked at once more.
      if (this.contexts.size >= CONTEXTS_MAX) this.contexts.clear();
      context = newGeneration();
      this.contexts.set(key, context);
    }
    return context;
  }

  /** Likewise for the data points that a translator names. */
  otlpGeneration(translator: number): number {
    if (this.otlp.translator !== translator) this.otlp = { translator, generation: newGeneration() };
    return this.otlp.generation;
  }

  /** What is stored of a series of an elected replica (or of none): its labels, or nothing, or why it is refused. */
  nameOf(labels: Labels, isOfPair: boolean): Labels | 'drop' | SeriesRefusal {
    const unique = isOfPair ? labels.without(this.replicaName) : labels;
    const result = this.options.relabeling.apply(unique);
    if (result === undefined) return 'drop';
    return losesName(unique, result) ? this.refusal('nameless', result) : result;
  }

  // ---- Batches -------------------------------------------------------------------------------------------------------------------

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
      return losesName(unique, result) ? 'nameless' : 'keep';
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
    const sender = this.replicaOf(labels);
    if (sender === undefined) return labels;
    const verdict = judge(ha, sender.cluster, sender.replica);
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

  private refusal(fate: Fate, labels: Labels): SeriesRefusal {
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

function losesName(before: Labels, after: Labels): boolean {
  return after !== before && after.metricName === '' && before.metricName !== '';
}
