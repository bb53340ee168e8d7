import type { RegexBudget } from '../../model/regex-limits.js';
import type { Annotations } from './annotations.js';
import type { Position } from '../parser/ast.js';
import type { EngineOptions, ResultSeries } from './engine-api.js';
import type { QueryLimits } from './limits.js';
import type { SampleCounts } from './sample-counts.js';
import type { StepGrid } from './step-grid.js';

/** What all operators of one query share. */
export interface QueryContext {
  readonly options: EngineOptions;
  readonly limits: QueryLimits;
  /** For the patterns in selectors and in calls together. */
  readonly regexes: RegexBudget;
  readonly annotations: Annotations;
  readonly lookbackMs: number;
  /** The query's own grid: what `start()`, `end()`, `step()` and `range()` speak of, in subqueries too. */
  readonly queryGrid: StepGrid;
  /** End of the query as requested; the last step may lie before it. */
  readonly queryEndMs: number;
  /** True if the request is a range query (its step is 0 otherwise). */
  readonly isRangeQuery: boolean;
  /** As in the request, by the place of the expression in the query's text. */
  readonly innerSteps?: ((pos: Position, grid: StepGrid) => readonly ResultSeries[] | undefined) | undefined;
  /** True if there are native histograms in series with an `le` label, see `operators/histogram-estimate.ts`. */
  readonly nativeBucketSeries: boolean;
}

/**
 * What is asked of the buckets of histograms. `skipped`: only count and sum are, below `histogram_count`, `histogram_sum` and
 * `histogram_avg`. `needed`: something around computes with them, or looks for resets, so that nothing inside may leave them out.
 */
export type BucketUse = 'read' | 'skipped' | 'needed';

/** A place to evaluate in: the query, and the grid of the query itself or of a subquery. */
export interface EvalFrame {
  readonly query: QueryContext;
  readonly grid: StepGrid;
  readonly buckets: BucketUse;
  /** Where samples are counted by step; undefined if nobody asked, and inside subqueries. */
  readonly counts?: SampleCounts | undefined;
}

/** Inside a function that asks for count and sum only. */
export function skippingBuckets(frame: EvalFrame): EvalFrame {
  return frame.buckets === 'needed' ? frame : { ...frame, buckets: 'skipped' };
}

/** Inside something that computes with buckets. */
export function needingBuckets(frame: EvalFrame): EvalFrame {
  return { ...frame, buckets: 'needed' };
}
