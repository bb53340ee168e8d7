import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, HISTOGRAM, type StepColumn } from '../../engine/step-column.js';
import type { Position } from '../../parser/ast.js';
import type { Accumulator } from './accumulator.js';

/** `min` and `max`: NaN only where every sample is NaN; histograms are left out with an info. */
export class MinMaxAccumulator implements Accumulator {
  private readonly values: Float64Array;
  private readonly present: Uint8Array;

  constructor(
    private readonly op: 'min' | 'max',
    groups: number,
    private readonly steps: number,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    this.values = new Float64Array(groups * steps);
    this.present = new Uint8Array(groups * steps);
  }

  add(group: number, column: StepColumn): void {
    const { values, present, steps } = this;
    const isMax = this.op === 'max';
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
      const best = values[cell]!;
      if (present[cell] === 0) {
        present[cell] = 1;
        values[cell] = value;
      } else if (best !== best || (isMax ? value > best : value < best)) values[cell] = value;
    }
    if (ignored) this.query.annotations.histogramIgnoredInAggregation(this.op, this.pos);
  }

  emit(group: number, out: StepColumn): void {
    emitFloats(this.values, this.present, group * this.steps, out);
  }
}

/** Copies the cells of a group that are present. */
export function emitFloats(values: Float64Array, present: Uint8Array, base: number, out: StepColumn): void {
  for (let s = 0; s < out.length; s++) {
    if (present[base + s] === 0) continue;
    out.values[s] = values[base + s]!;
    out.kinds[s] = FLOAT;
  }
}
