import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, HISTOGRAM, type StepColumn } from '../../engine/step-column.js';
import type { Position } from '../../parser/ast.js';
import type { Accumulator } from './accumulator.js';

/** `stddev` and `stdvar` of the population, by Welford's recurrence; histograms are left out with an info. */
export class DeviationAccumulator implements Accumulator {
  private readonly counts: Float64Array;
  private readonly means: Float64Array;
  private readonly squares: Float64Array;

  constructor(
    private readonly op: 'stddev' | 'stdvar',
    groups: number,
    private readonly steps: number,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    this.counts = new Float64Array(groups * steps);
    this.means = new Float64Array(groups * steps);
    this.squares = new Float64Array(groups * steps);
  }

  add(group: number, column: StepColumn): void {
    const { counts, means, squares, steps } = this;
    const base = group * steps;
    let ignored = false;
    for (let s = 0; s < steps; s++) {
      const kind = column.kinds[s];
      if (kind === ABSENT) continue;
      if (kind === HISTOGRAM) {
        ignored = true;
        continue;
      }
      const cell = base + s;
      const value = column.values[s]!;
      const count = counts[cell]! + 1;
      const delta = value - means[cell]!;
      const mean = means[cell]! + delta / count;
      counts[cell] = count;
      means[cell] = mean;
      // value - mean is NaN for an infinite or NaN value, which makes the result NaN as it must be.
      squares[cell] = squares[cell]! + delta * (value - mean);
    }
    if (ignored) this.query.annotations.histogramIgnoredInAggregation(this.op, this.pos);
  }

  emit(group: number, out: StepColumn): void {
    const base = group * this.steps;
    for (let s = 0; s < this.steps; s++) {
      const count = this.counts[base + s]!;
      if (count === 0) continue;
      const variance = this.squares[base + s]! / count;
      out.values[s] = this.op === 'stdvar' ? variance : Math.sqrt(variance);
      out.kinds[s] = FLOAT;
    }
  }
}
