import type { Labels } from '../../../model/labels.js';
import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, type StepColumn } from '../../engine/step-column.js';
import { type MeanColumns, createMeanColumns, meanAddAt, meanAt } from '../../functions/kahan.js';
import type { Position } from '../../parser/ast.js';
import type { Accumulator } from './accumulator.js';
import { HistogramCells } from './histogram-cells.js';

/** `avg`: of floats or of histograms; a step with both kinds has no result and a warning. */
export class AvgAccumulator implements Accumulator {
  private readonly means: MeanColumns;
  private readonly histograms: HistogramCells;

  constructor(
    groups: number,
    private readonly steps: number,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    this.means = createMeanColumns(groups * steps);
    this.histograms = new HistogramCells('avg', query, pos);
  }

  add(group: number, column: StepColumn, labels: Labels): void {
    const base = group * this.steps;
    for (let s = 0; s < this.steps; s++) {
      const kind = column.kinds[s];
      if (kind === ABSENT) continue;
      if (kind === FLOAT) meanAddAt(this.means, base + s, column.values[s]!);
      else this.histograms.add(base + s, column.histogramAt(s), labels);
    }
  }

  emit(group: number, out: StepColumn): void {
    const base = group * this.steps;
    for (let s = 0; s < this.steps; s++) {
      const cell = base + s;
      const hasFloats = this.means.counts[cell]! > 0;
      if (this.histograms.has(cell)) {
        if (hasFloats) this.query.annotations.mixedFloatsHistogramsInAggregation(this.pos);
        else this.histograms.emit(cell, s, out);
      } else if (hasFloats) {
        out.values[s] = meanAt(this.means, cell);
        out.kinds[s] = FLOAT;
      }
    }
  }
}
