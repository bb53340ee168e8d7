import type { Histogram } from '../../model/histogram.js';
import { type Labels, METRIC_NAME } from '../../model/labels.js';
import { dropName } from '../engine/name-removal.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, FLOAT, StepColumn } from '../engine/step-column.js';
import { ClassicBuckets, parseUpperBound } from '../histogram/classic.js';
import type { Position } from '../parser/ast.js';
import type { OutputSeries, VectorOperator } from './operator.js';

const BUCKET_LABEL = 'le';

/** One number to estimate from a histogram: a quantile or a fraction. */
export interface HistogramEstimator {
  /** Label to put on the result (`histogram_quantiles`), undefined for none. */
  readonly label: { readonly name: string; readonly value: string } | undefined;
  /** Steps at which this estimator is asked. */
  appliesAt(step: number): boolean;
  fromClassic(buckets: ClassicBuckets, step: number, metricName: string): number;
  fromNative(histogram: Histogram, step: number, metricName: string): number;
}

interface Member {
  readonly index: number;
  /** Upper bound of a bucket series, undefined if its `le` is none. */
  readonly bound: number | undefined;
}

interface HistogramGroup {
  readonly members: Member[];
  /** Series from whose samples this group's outputs get the metric name (messages, delayed name removal). */
  readonly first: OutputSeries;
  /** True for the native histograms of one series with an `le` label: they are no buckets, and keep the label. */
  readonly nativeOnly: boolean;
}

/**
 * `histogram_quantile`, `histogram_quantiles`, `histogram_fraction`: over native histograms sample by sample, over
 * classic ones by bringing together the bucket series that differ in `le` only. Outputs are ordered group by group,
 * estimator by estimator; the members of a group are read once for all estimators.
 *
 * A series with an `le` label that holds native histograms gives an output of its own, with the label. Hardly anyone has such, and
 * whether there are any is only known once samples are read; so the query begins again with these outputs when one is met.
 */
export class HistogramEstimateOperator implements VectorOperator {
  private groups: HistogramGroup[] | undefined;
  private outputs: OutputSeries[] | undefined;
  private computed: { group: number; columns: StepColumn[] } | undefined;
  private readonly buckets = new ClassicBuckets();

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly estimators: readonly HistogramEstimator[],
    /** Place of the vector, for messages. */
    private readonly pos: Position,
  ) {}

  series(): readonly OutputSeries[] {
    if (this.outputs === undefined) {
      this.outputs = [];
      for (const group of this.grouped()) {
        const { labels, dropName: nameLeaves } = group.first;
        const kept = group.nativeOnly ? labels : labels.with(BUCKET_LABEL, '');
        const base = dropName({ labels: kept, dropName: nameLeaves }, this.frame.query.options);
        for (const { label } of this.estimators) {
          this.outputs.push(label === undefined ? base : { ...base, labels: base.labels.with(label.name, label.value) });
        }
      }
    }
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    const group = Math.floor(index / this.estimators.length);
    if (this.computed?.group !== group) this.computed = { group, columns: this.compute(this.grouped()[group]!) };
    out.copyFrom(this.computed.columns[index % this.estimators.length]!);
  }

  private grouped(): HistogramGroup[] {
    if (this.groups !== undefined) return this.groups;
    const byKey = new Map<string, HistogramGroup>();
    const natives: HistogramGroup[] = [];
    const series = this.input.series();
    for (let index = 0; index < series.length; index++) {
      this.frame.query.limits.handledLabels();
      // The metric name tells histograms apart, too: without their names they may be equal, which is an error then.
      const labels = series[index]!.labels;
      const key = labels.with(BUCKET_LABEL, '').key();
      let group = byKey.get(key);
      if (group === undefined) {
        group = { members: [], first: series[index]!, nativeOnly: false };
        byKey.set(key, group);
      }
      const member = { index, bound: parseUpperBound(labels.get(BUCKET_LABEL)) };
      group.members.push(member);
      if (this.frame.query.nativeBucketSeries && labels.get(BUCKET_LABEL) !== '') {
        natives.push({ members: [member], first: series[index]!, nativeOnly: true });
      }
    }
    return (this.groups = [...byKey.values(), ...natives]);
  }

  private compute(group: HistogramGroup): StepColumn[] {
    const steps = this.frame.grid.count;
    this.frame.query.limits.loaded((this.estimators.length + group.members.length) * steps, 0);
    const results = this.estimators.map(() => new StepColumn(steps));
    const columns = group.members.map((member) => {
      const column = new StepColumn(steps);
      this.input.read(member.index, column);
      return column;
    });
    for (let s = 0; s < steps; s++) {
      this.frame.query.limits.worked(columns.length);
      this.computeStep(group, columns, s, results);
    }
    return results;
  }

  private computeStep(group: HistogramGroup, columns: readonly StepColumn[], step: number, results: readonly StepColumn[]): void {
    let native: Histogram | undefined;
    this.buckets.clear();
    for (let m = 0; m < columns.length; m++) {
      const column = columns[m]!;
      const kind = column.kinds[step];
      if (kind === ABSENT) continue;
      const { bound, index } = group.members[m]!;
      if (group.nativeOnly) {
        if (kind !== FLOAT) native = column.histogramAt(step);
      } else if (kind !== FLOAT) native = this.ownNative(index) ? column.histogramAt(step) : native;
      else if (bound !== undefined) this.buckets.add(bound, column.values[step]!);
      else this.warnBadBucket(index);
    }
    const name = this.nameToTell(group.first.labels);
    if (native !== undefined && this.buckets.length > 0) {
      this.frame.query.annotations.mixedClassicNativeHistograms(name, this.pos);
      return;
    }
    if (native === undefined && this.buckets.length === 0) return;
    for (let e = 0; e < results.length; e++) {
      const estimator = this.estimators[e]!;
      if (!estimator.appliesAt(step)) continue;
      results[e]!.setFloat(step, native === undefined
        ? estimator.fromClassic(this.buckets, step, name)
        : estimator.fromNative(native, step, name));
    }
  }

  /** Whether a native histogram of a member belongs to its group: not if the member has an `le` label. @throws NativeBucketSeriesMet */
  private ownNative(index: number): boolean {
    const hasBucketLabel = this.input.series()[index]!.labels.get(BUCKET_LABEL) !== '';
    if (hasBucketLabel && !this.frame.query.nativeBucketSeries) throw new NativeBucketSeriesMet();
    return !hasBucketLabel;
  }

  private warnBadBucket(index: number): void {
    const labels = this.input.series()[index]!.labels;
    this.frame.query.annotations.badBucketLabel(this.nameToTell(labels), labels.get(BUCKET_LABEL), this.pos);
  }

  /** Messages have the metric name only if names are kept until the end: upstream has dropped it otherwise. */
  private nameToTell(labels: Labels): string {
    return this.frame.query.options.enableDelayedNameRemoval ? labels.get(METRIC_NAME) : '';
  }
}

/** Thrown while reading: the query is to be evaluated once more, with `nativeBucketSeries`. */
export class NativeBucketSeriesMet extends Error {}
