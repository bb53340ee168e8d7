import { METRIC_NAME } from '../../../model/labels.js';
import type { EvalFrame } from '../../engine/query-context.js';
import { StepColumn } from '../../engine/step-column.js';
import type { OutputSeries, VectorOperator } from '../operator.js';
import type { Accumulator } from './accumulator.js';
import { type GroupingClause, type Groups, groupSeries } from './grouping.js';

/** `sum`, `avg`, `min`, `max`, `count`, `group`, `stddev`, `stdvar`, `quantile`: one result series per group. */
export class AggregateOperator implements VectorOperator {
  private groups: Groups | undefined;
  private outputs: readonly OutputSeries[] | undefined;
  private accumulator: Accumulator | undefined;
  /** By group: a sample was added whose series will lose its name. */
  private dropsName = new Uint8Array(0);

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly clause: GroupingClause,
    private readonly createAccumulator: (groups: Groups) => Accumulator,
  ) {}

  series(): readonly OutputSeries[] {
    if (this.outputs === undefined) {
      const groups = this.grouped();
      // Of no groups nobody reads a result, but a wrong parameter is told all the same.
      if (groups.labels.length === 0 || this.namesMayLeave()) this.accumulated();
      this.outputs = groups.labels.map((labels, group) => ({ labels, dropName: this.dropsName[group] === 1 }));
    }
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    out.reset();
    this.accumulated().emit(index, out);
  }

  private grouped(): Groups {
    if (this.groups === undefined) {
      this.groups = groupSeries(this.input.series(), this.clause, this.frame.query.limits);
      this.dropsName = new Uint8Array(this.groups.labels.length);
    }
    return this.groups;
  }

  /** Grouped by a name that is marked to leave: then the group's name leaves too, if any member's sample had the mark. */
  private namesMayLeave(): boolean {
    return this.frame.query.options.enableDelayedNameRemoval && !this.clause.without && this.clause.labels.includes(METRIC_NAME);
  }

  private accumulated(): Accumulator {
    if (this.accumulator !== undefined) return this.accumulator;
    const { groupOf, labels } = this.grouped();
    const limits = this.frame.query.limits;
    limits.checkCells(labels.length * this.frame.grid.count);
    const accumulator = this.createAccumulator(this.grouped());
    const series = this.input.series();
    const mark = limits.mark();
    const column = new StepColumn(this.frame.grid.count);
    const marks = this.namesMayLeave();
    for (let i = 0; i < groupOf.length; i++) {
      this.input.read(i, column);
      accumulator.add(groupOf[i]!, column, series[i]!.labels);
      if (marks && series[i]!.dropName && !column.isEmpty()) this.dropsName[groupOf[i]!] = 1;
    }
    limits.releaseTo(mark);
    limits.hold(labels.length * this.frame.grid.count);
    this.accumulator = accumulator;
    return accumulator;
  }
}
