import type { Labels } from '../../../model/labels.js';
import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, type StepColumn } from '../../engine/step-column.js';
import { kahanCarry, kahanSumAt } from '../../functions/kahan.js';
import type { Position } from '../../parser/ast.js';
import type { Accumulator } from './accumulator.js';
import { HistogramCells } from './histogram-cells.js';

/** What a cell has seen. */
const EMPTY = 0;
const FLOATS = 1;

/** `sum`: compensated sums of floats, sums of histograms; a step with both kinds has no result and a warning. */
export class SumAccumulator implements Accumulator {
  private readonly sums: Float64Array;
  private readonly carries: Float64Array;
  private readonly state: Uint8Array;
  private readonly histograms: HistogramCells;

  constructor(
    groups: number,
    private readonly steps: number,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    const cells = groups * steps;
    this.sums = new Float64Array(cells);
    this.carries = new Float64Array(cells);
    this.state = new Uint8Array(cells);
    this.histograms = new HistogramCells('sum', query, pos);
  }

  add(group: number, column: StepColumn, labels: Labels): void {
    const { sums, carries, state, steps } = this;
    const { kinds, values } = column;
    const base = group * steps;
    for (let s = 0; s < steps; s++) {
      const kind = kinds[s];
      if (kind === ABSENT) continue;
      const cell = base + s;
      if (kind !== FLOAT) {
        this.histograms.add(cell, column.histogramAt(s), labels);
        continue;
      }
      const value = values[s]!;
      if (state[cell] === EMPTY) {
        // Not 0 + value: a single -0 stays -0.
        state[cell] = FLOATS;
        sums[cell] = value;
        continue;
      }
      const sum = sums[cell]!;
      const total = sum + value;
      carries[cell] = kahanCarry(carries[cell]!, sum, value, total);
      sums[cell] = total;
    }
  }

  emit(group: number, out: StepColumn): void {
    const base = group * this.steps;
    for (let s = 0; s < this.steps; s++) {
      const cell = base + s;
      const hasFloats = this.state[cell] !== EMPTY;
      if (this.histograms.has(cell)) {
        if (hasFloats) this.query.annotations.mixedFloatsHistogramsInAggregation(this.pos);
        else this.histograms.emit(cell, s, out);
      } else if (hasFloats) {
        out.values[s] = kahanSumAt(this.sums, this.carries, cell);
        out.kinds[s] = FLOAT;
      }
    }
  }
}
