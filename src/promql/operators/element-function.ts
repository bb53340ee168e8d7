import type { Histogram } from '../../model/histogram.js';
import { dropName } from '../engine/name-removal.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, FLOAT, HISTOGRAM, type StepColumn } from '../engine/step-column.js';
import { type OutputSeries, relabeledSeries, type VectorOperator } from './operator.js';

/** Changes the samples of a column in place. */
export type ColumnFunction = (column: StepColumn, series: OutputSeries) => void;

/** A function of each sample by itself; the result has no metric name. */
export class ElementFunctionOperator implements VectorOperator {
  private outputs: readonly OutputSeries[] | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly apply: ColumnFunction,
  ) {}

  series(): readonly OutputSeries[] {
    const { options, limits } = this.frame.query;
    return (this.outputs ??= relabeledSeries(this.input.series(), limits, (one) => dropName(one, options)));
  }

  read(index: number, out: StepColumn): void {
    this.input.read(index, out);
    this.apply(out, this.input.series()[index]!);
  }
}

/** Floats through `fn`, histograms left out. */
export function onFloats(fn: (value: number, step: number) => number): ColumnFunction {
  return (column) => {
    const { kinds, values } = column;
    for (let s = 0; s < kinds.length; s++) {
      if (kinds[s] === FLOAT) values[s] = fn(values[s]!, s);
      else kinds[s] = ABSENT;
    }
    column.histograms = undefined;
  };
}

/** Histograms into floats, floats left out. */
export function onHistograms(fn: (histogram: Histogram, step: number) => number): ColumnFunction {
  return (column) => {
    const { kinds, values } = column;
    for (let s = 0; s < kinds.length; s++) {
      if (kinds[s] === HISTOGRAM) {
        values[s] = fn(column.histogramAt(s), s);
        kinds[s] = FLOAT;
      } else kinds[s] = ABSENT;
    }
    column.histograms = undefined;
  };
}
