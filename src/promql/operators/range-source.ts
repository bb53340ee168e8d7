import { SampleColumns } from '../../model/sample-columns.js';
import type { Series } from '../../storage/queryable.js';
import type { EvalFrame } from '../engine/query-context.js';
import { StepColumn } from '../engine/step-column.js';
import type { StepGrid } from '../engine/step-grid.js';
import { type OutputSeries, selectedSeries, type VectorOperator } from './operator.js';
import { settleHistograms } from './selected-histograms.js';
import type { RangeSamples } from './range-samples.js';
import type { TimeShift } from './time-shift.js';
import { referenceTime } from './time-shift.js';

/** A range vector: series, the samples of each, and the window that every step looks at. */
export interface RangeSource {
  readonly rangeMs: number;
  readonly shift: TimeShift;
  series(): readonly OutputSeries[];
  /** Loads the samples that any window of series `index` holds. @throws QueryError */
  load(index: number, into: RangeSamples): void;
}

/** `metric{…}[range]` */
export class MatrixSelectorSource implements RangeSource {
  private readonly outputs: OutputSeries[];
  private readonly columns = new SampleColumns();

  constructor(
    private readonly frame: EvalFrame,
    private readonly selected: readonly Series[],
    readonly rangeMs: number,
    readonly shift: TimeShift,
    /** Additional time on both sides, for windows that look beyond their range (anchored, smoothed). */
    private readonly beforeMs = 0,
    private readonly afterMs = 0,
  ) {
    this.outputs = selectedSeries(selected, frame.query.limits);
    this.columns.wantsStarts = frame.query.options.useStartTimestamps === true;
  }

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  load(index: number, into: RangeSamples): void {
    const { limits } = this.frame.query;
    limits.poll();
    const { startMs, endMs } = this.frame.grid;
    const mint = referenceTime(this.shift, startMs) - this.rangeMs - this.beforeMs + 1;
    this.columns.clear();
    this.selected[index]!.read(this.columns, mint, referenceTime(this.shift, endMs) + this.afterMs);
    settleHistograms(this.columns, this.frame.buckets);
    into.fromColumns(this.columns);
    limits.loaded(into.length, into.histogramLength);
    limits.read += into.length + into.histogramLength;
  }
}

/** `expr[range:step]`: the inner expression, evaluated on a grid of its own that covers all windows. */
export class SubquerySource implements RangeSource {
  private readonly column: StepColumn;

  constructor(
    private readonly inner: VectorOperator,
    private readonly innerGrid: StepGrid,
    readonly rangeMs: number,
    readonly shift: TimeShift,
  ) {
    this.column = new StepColumn(innerGrid.count);
  }

  series(): readonly OutputSeries[] {
    return this.inner.series();
  }

  load(index: number, into: RangeSamples): void {
    this.inner.read(index, this.column);
    into.fromSteps(this.column, this.innerGrid);
  }
}

/**
 * The grid of a subquery inside `outer`: the multiples of its step, whatever the outer times are, in the window
 * (first reference time - range, last reference time].
 */
export function subqueryGrid(outer: StepGrid, shift: TimeShift, rangeMs: number, stepMs: number): StepGrid {
  const afterMs = referenceTime(shift, outer.startMs) - rangeMs;
  const lastMs = referenceTime(shift, outer.endMs);
  const startMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
  const count = lastMs < startMs ? 0 : Math.floor((lastMs - startMs) / stepMs) + 1;
  return { startMs, endMs: startMs + Math.max(count - 1, 0) * stepMs, stepMs, count };
}
