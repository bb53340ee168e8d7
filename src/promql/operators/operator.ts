import type { Labels } from '../../model/labels.js';
import type { Series } from '../../storage/queryable.js';
import type { QueryLimits } from '../engine/limits.js';
import type { StepColumn } from '../engine/step-column.js';

/** One series of a result. */
export interface OutputSeries {
  readonly labels: Labels;
  /** With delayed name removal: the name is still there, but leaves at the end of the query. */
  readonly dropName: boolean;
}

/**
 * An instant vector over the steps of a grid. An operator first says its series, so that consumers can lay out arrays
 * by series index, then gives one column per series.
 *
 * Series may turn out to have no sample at all. Label sets are unique, except that with delayed name removal two sets
 * may become equal when their names leave.
 */
export interface VectorOperator {
  /** The same array at every call. May evaluate inputs if the series depend on values (topk, count_values, …). */
  series(): readonly OutputSeries[];
  /**
   * Resets `out` and fills it with the samples of series `index`. Any order of indexes is allowed, a series may be left
   * out, and reading one twice gives the same but costs twice. Keeps no reference to `out`.
   * @throws QueryError
   */
  read(index: number, out: StepColumn): void;
  /**
   * True if reading has no effect but its column: no error, no annotation. Such inputs need not be read where no output depends
   * on them; all others must be, because upstream evaluates every operand.
   */
  readonly readsQuietly?: boolean;
}

/** Series of a selection, with their labels, which may be read only now. @throws QueryError when the query is stopped meanwhile */
export function selectedSeries(selected: readonly Series[], limits: QueryLimits): OutputSeries[] {
  return selected.map((one) => {
    limits.readLabels();
    return { labels: one.labels, dropName: false };
  });
}

/** Series with other labels. @throws QueryError when the query is stopped meanwhile */
export function relabeledSeries(
  input: readonly OutputSeries[], limits: QueryLimits, relabel: (one: OutputSeries) => OutputSeries,
): OutputSeries[] {
  return input.map((one) => {
    // Regular expressions and new label sets take several times what a comparison does.
    limits.readLabels();
    return relabel(one);
  });
}

/** Reads series that no output depends on, for the errors and annotations that come of it. `scratch` is overwritten. */
export function readForEffects(operator: VectorOperator, indexes: readonly number[], scratch: StepColumn): void {
  if (operator.readsQuietly === true) return;
  for (const index of indexes) operator.read(index, scratch);
}

/** A scalar over the steps of a grid. */
export interface ScalarOperator {
  /** One value per step, the same array at every call; not to be written to. */
  values(): Float64Array;
}
