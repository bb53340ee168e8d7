import type { EvalFrame } from '../engine/query-context.js';
import type { StepColumn } from '../engine/step-column.js';
import { type OutputSeries, relabeledSeries, type VectorOperator } from './operator.js';

/** `label_replace`, `label_join`: other labels, the same samples. */
export class RelabelOperator implements VectorOperator {
  private outputs: readonly OutputSeries[] | undefined;

  constructor(
    readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly relabel: (series: OutputSeries) => OutputSeries,
  ) {}

  series(): readonly OutputSeries[] {
    return (this.outputs ??= relabeledSeries(this.input.series(), this.frame.query.limits, this.relabel));
  }

  read(index: number, out: StepColumn): void {
    this.input.read(index, out);
  }
}
