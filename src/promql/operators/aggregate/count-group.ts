import { ABSENT, FLOAT, type StepColumn } from '../../engine/step-column.js';
import type { Accumulator } from './accumulator.js';

/** `count` and `group`: samples of either kind. */
export class CountAccumulator implements Accumulator {
  private readonly counts: Float64Array;

  constructor(
    private readonly op: 'count' | 'group',
    groups: number,
    private readonly steps: number,
  ) {
    this.counts = new Float64Array(groups * steps);
  }

  add(group: number, column: StepColumn): void {
    const { counts, steps } = this;
    const base = group * steps;
    for (let s = 0; s < steps; s++) if (column.kinds[s] !== ABSENT) counts[base + s]!++;
  }

  emit(group: number, out: StepColumn): void {
    const base = group * this.steps;
    for (let s = 0; s < this.steps; s++) {
      const count = this.counts[base + s]!;
      if (count === 0) continue;
      out.values[s] = this.op === 'count' ? count : 1;
      out.kinds[s] = FLOAT;
    }
  }
}
