import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, HISTOGRAM, type StepColumn } from '../../engine/step-column.js';
import { quantile } from '../../functions/quantile.js';
import type { Position } from '../../parser/ast.js';
import type { ScalarOperator } from '../operator.js';
import type { Accumulator } from './accumulator.js';
import type { Groups } from './grouping.js';

/**
 * `quantile(q, …)`: needs all values of a step at once, therefore it keeps them all (breaks the streaming rule).
 * The samples of a group lie step by step: cell `step * size + n`, `filled[step]` of them in use.
 */
export class QuantileAccumulator implements Accumulator {
  private readonly cells: Float64Array[];
  private readonly filled: Uint32Array;

  constructor(
    private readonly q: ScalarOperator,
    private readonly groups: Groups,
    private readonly steps: number,
    private readonly query: QueryContext,
    private readonly pos: Position,
    qPos: Position,
  ) {
    this.cells = Array.from(groups.sizes, (size) => new Float64Array(size * steps));
    this.filled = new Uint32Array(groups.sizes.length * steps);
    warnOfInvalid(q.values(), query, qPos);
  }

  add(group: number, column: StepColumn): void {
    const cells = this.cells[group]!;
    const size = this.groups.sizes[group]!;
    const base = group * this.steps;
    let ignored = false;
    for (let s = 0; s < this.steps; s++) {
      const kind = column.kinds[s];
      if (kind === ABSENT) continue;
      if (kind === HISTOGRAM) ignored = true;
      else cells[s * size + this.filled[base + s]!++] = column.values[s]!;
    }
    if (ignored) this.query.annotations.histogramIgnoredInAggregation('quantile', this.pos);
  }

  emit(group: number, out: StepColumn): void {
    const cells = this.cells[group]!;
    const size = this.groups.sizes[group]!;
    const qs = this.q.values();
    for (let s = 0; s < this.steps; s++) {
      const length = this.filled[group * this.steps + s]!;
      if (length === 0) continue;
      // Sorted, each value is looked at some dozen times.
      this.query.limits.worked(length * 10);
      out.values[s] = quantile(qs[s]!, cells.subarray(s * size, s * size + length), length);
      out.kinds[s] = FLOAT;
    }
  }
}

/** Of all steps, as upstream does here: NaN if there is any, else the largest and the smallest value if they are no quantiles. */
function warnOfInvalid(qs: Float64Array, { annotations }: QueryContext, pos: Position): void {
  const highest = qs.reduce((max, q) => Math.max(max, q), 1);
  const lowest = qs.reduce((min, q) => Math.min(min, q), 0);
  if (highest !== highest) annotations.invalidQuantile(NaN, pos);
  if (highest > 1) annotations.invalidQuantile(highest, pos);
  if (lowest < 0) annotations.invalidQuantile(lowest, pos);
}
