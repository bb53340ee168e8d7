import { METRIC_NAME } from '../../model/labels.js';
import { QueryError } from '../engine/engine-api.js';
import type { QueryLimits } from '../engine/limits.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, StepColumn } from '../engine/step-column.js';
import type { OutputSeries, VectorOperator } from './operator.js';

/**
 * `operator` with unique label sets, if taking away metric names can have made some equal. With delayed name removal
 * names are still there, and the end of the query does this for all of it.
 *
 * @param before the series as they were with their names; if they all have the same name, nothing can collide
 * @param always true where label sets may be equal for other reasons than names
 */
export function uniqueSeries(
  operator: VectorOperator,
  before: { series(): readonly OutputSeries[] } | undefined,
  frame: EvalFrame,
  always = false,
): VectorOperator {
  if (!always && frame.query.options.enableDelayedNameRemoval) return operator;
  return new MergeSeries(operator, before, frame);
}

/**
 * Makes label sets unique after an operation that took labels away: series that became equal are one series, as long
 * as no step has a sample of two of them.
 * @throws QueryError (while reading) vector cannot contain metrics with the same labelset
 */
export class MergeSeries implements VectorOperator {
  private groups: Groups | undefined;
  private readonly scratch: StepColumn;

  constructor(
    private readonly input: VectorOperator,
    private readonly before: { series(): readonly OutputSeries[] } | undefined,
    private readonly frame: EvalFrame,
  ) {
    this.scratch = new StepColumn(frame.grid.count);
  }

  series(): readonly OutputSeries[] {
    return this.groupInput().series;
  }

  read(index: number, out: StepColumn): void {
    const members = this.groupInput().members?.[index];
    if (members === undefined) {
      this.input.read(index, out);
      return;
    }
    this.input.read(members[0]!, out);
    for (let m = 1; m < members.length; m++) {
      this.input.read(members[m]!, this.scratch);
      mergeInto(out, this.scratch);
    }
  }

  private groupInput(): Groups {
    if (this.groups === undefined) {
      const series = this.input.series();
      const safe = this.before !== undefined && !mayCollideWithoutName(this.before.series());
      this.groups = safe ? { series, members: undefined } : groupEqual(series, this.frame.query.limits);
    }
    return this.groups;
  }
}

interface Groups {
  readonly series: readonly OutputSeries[];
  /** By output: the input series that it is made of; undefined if each is its own. */
  readonly members: readonly (readonly number[])[] | undefined;
}

function groupEqual(input: readonly OutputSeries[], limits: QueryLimits): Groups {
  const byKey = new Map<string, number>();
  const series: OutputSeries[] = [];
  const members: number[][] = [];
  for (let i = 0; i < input.length; i++) {
    limits.handledLabels();
    const one = input[i]!;
    const key = one.labels.key();
    const at = byKey.get(key);
    if (at === undefined) {
      byKey.set(key, series.length);
      series.push(one);
      members.push([i]);
    } else {
      members[at]!.push(i);
      if (one.dropName) series[at] = one;
    }
  }
  return series.length === input.length ? { series: input, members: undefined } : { series, members };
}

export function mergeInto(out: StepColumn, from: StepColumn): void {
  for (let s = 0; s < out.length; s++) {
    if (from.kinds[s] === ABSENT) continue;
    if (out.kinds[s] !== ABSENT) throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
    out.copyStep(s, from);
  }
}

/** False if taking the metric name away cannot make two different label sets equal: all have the same name. */
function mayCollideWithoutName(series: readonly OutputSeries[]): boolean {
  const first = series[0]?.labels.metricName;
  for (let i = 1; i < series.length; i++) {
    if (series[i]!.labels.get(METRIC_NAME) !== first) return true;
  }
  return false;
}
