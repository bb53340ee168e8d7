import { compareLabels } from '../../model/labels.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, FLOAT, StepColumn } from '../engine/step-column.js';
import { compareNatural } from '../functions/natural-order.js';
import type { OutputSeries, VectorOperator } from './operator.js';

/** What comparing two values by their index costs, in values that are looked at one after another. */
const VALUE_COMPARISON_WORK = 10;

/**
 * `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`. Only an instant query has an order: the series of a
 * single step are put in it, which needs their values first. In a range query series pass as they are.
 */
export class SortOperator implements VectorOperator {
  private order: { readonly indexes: readonly number[]; readonly outputs: readonly OutputSeries[] } | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly by: SortKey,
  ) {}

  series(): readonly OutputSeries[] {
    return this.sorted().outputs;
  }

  read(index: number, out: StepColumn): void {
    this.input.read(this.sorted().indexes[index]!, out);
    if (this.by.kind !== 'value') return;
    // Histograms have no order and are left out.
    for (let s = 0; s < out.length; s++) if (out.kinds[s] !== FLOAT) out.kinds[s] = ABSENT;
    out.histograms = undefined;
  }

  private sorted(): { readonly indexes: readonly number[]; readonly outputs: readonly OutputSeries[] } {
    if (this.order === undefined) {
      const series = this.input.series();
      const indexes = series.map((_, index) => index);
      if (this.frame.grid.count === 1) this.sortIndexes(indexes, series);
      this.order = { indexes, outputs: indexes.map((index) => series[index]!) };
    }
    return this.order;
  }

  private sortIndexes(indexes: number[], series: readonly OutputSeries[]): void {
    const by = this.by;
    const sign = by.descending ? -1 : 1;
    const { limits } = this.frame.query;
    if (by.kind === 'labels') {
      indexes.sort((a, b) => {
        limits.handledLabels();
        for (const name of by.names) {
          const order = compareNatural(series[a]!.labels.get(name), series[b]!.labels.get(name));
          if (order !== 0) return sign * order;
        }
        return sign * compareLabels(series[a]!.labels, series[b]!.labels);
      });
      return;
    }
    const values = new Float64Array(series.length);
    const column = new StepColumn(1);
    for (let i = 0; i < series.length; i++) {
      this.input.read(i, column);
      values[i] = column.kinds[0] === FLOAT ? column.values[0]! : NaN;
    }
    // NaN comes last in either direction.
    indexes.sort((a, b) => {
      limits.worked(VALUE_COMPARISON_WORK);
      const left = values[a]!;
      const right = values[b]!;
      if (left !== left) return right !== right ? 0 : 1;
      if (right !== right) return -1;
      return left === right ? 0 : sign * (left < right ? -1 : 1);
    });
  }
}

export type SortKey =
  | { readonly kind: 'value'; readonly descending: boolean }
  | { readonly kind: 'labels'; readonly names: readonly string[]; readonly descending: boolean };
