import type { Histogram } from '../../../model/histogram.js';
import type { Labels } from '../../../model/labels.js';
import type { QueryContext } from '../../engine/query-context.js';
import type { StepColumn } from '../../engine/step-column.js';
import { annotateAggregation } from '../../functions/histogram-annotations.js';
import { HistogramMean, HistogramSum, compactHistogram } from '../../histogram/arithmetic.js';
import { HistogramNote } from '../../histogram/notes.js';
import type { Position } from '../../parser/ast.js';

/** Sums or means of histograms, sparse by cell: most queries have none at all. */
export class HistogramCells {
  private readonly totals = new Map<number, HistogramSum | HistogramMean>();
  /** Taking the result of a total changes it, so it is taken once. */
  private readonly results = new Map<number, Histogram | undefined>();

  constructor(
    private readonly op: 'sum' | 'avg',
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {}

  /** @param labels of the series, whose metric name upstream tells where its histogram does not fit to those before */
  add(cell: number, histogram: Histogram, labels: Labels): void {
    let total = this.totals.get(cell);
    if (total === undefined) {
      total = this.op === 'sum' ? new HistogramSum() : new HistogramMean();
      this.totals.set(cell, total);
    }
    const before = total.notes;
    total.add(histogram);
    if (total.notes & ~before & HistogramNote.mixedSchemas) this.query.annotations.mixedExponentialCustom(labels.metricName, this.pos);
  }

  has(cell: number): boolean {
    return this.totals.size > 0 && this.totals.has(cell);
  }

  emit(cell: number, step: number, out: StepColumn): void {
    if (!this.results.has(cell)) this.results.set(cell, this.take(cell));
    const result = this.results.get(cell);
    if (result !== undefined) out.setHistogram(step, result);
  }

  private take(cell: number): Histogram | undefined {
    const total = this.totals.get(cell)!;
    const result = total.result();
    // Told already; and of histograms that have no sum, resets do not matter.
    const told = HistogramNote.mixedSchemas | (result === undefined ? HistogramNote.resetCollision : 0);
    if (total.notes !== 0) annotateAggregation(total.notes & ~told, this.query, '', this.pos);
    return result === undefined ? undefined : compactHistogram(result);
  }
}
