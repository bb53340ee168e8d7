/** The door of the PromQL room: types only, so that callers need not know the engine's insides. */
import type { Histogram } from '../../model/histogram.js';
import type { Labels } from '../../model/labels.js';
import type { MemoryAccount } from '../../storage/memory-account.js';
import type { Queryable } from '../../storage/queryable.js';
import type { StepGrid } from './step-grid.js';

export interface EngineOptions {
  /** How far back an instant selector looks, ms (Prometheus: 5 m). */
  readonly lookbackDeltaMs: number;
  /** Samples that one query may hold in memory at a time (Prometheus: 50,000,000). */
  readonly maxSamples: number;
  /** Series that one query may select, over all its selectors. 0 = no limit. */
  readonly maxSeries: number;
  /** Step of subqueries that give none, ms (Prometheus: global.evaluation_interval, 1 m). */
  readonly defaultEvaluationIntervalMs: number;
  readonly enableDelayedNameRemoval: boolean;
  readonly enableExperimentalFunctions: boolean;
  /** Look at `__type__` instead of the name when guessing whether a metric is a counter (feature type-and-unit-labels). Off if left out. */
  readonly enableTypeAndUnitLabels?: boolean;
  /** Rates take start timestamps of samples into account (feature use-start-timestamps). Off if left out. */
  readonly useStartTimestamps?: boolean;
  /** Give statistics by step where they are asked for (feature promql-per-step-stats). Off if left out. */
  readonly enablePerStepStats?: boolean;
}

export interface QueryRequest {
  readonly text: string;
  /** Instant query: startMs === endMs and stepMs 0. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Overrides the engine's, 0 = do not. */
  readonly lookbackDeltaMs: number;
  /** True: every step is to be computed, kept results are not used (statistics are asked for, or the client wants it). */
  readonly uncached?: boolean;
  /** Which statistics to give; samples are counted as upstream counts them only if some are asked for. None if left out. */
  readonly stats?: 'total' | 'per-step';
  /** Polled often; returns the reason to stop, undefined to go on. */
  readonly stopRequested: () => 'canceled' | 'timeout' | undefined;
  /**
   * Asked for the steps of a subquery's inner expression, by its text: its series with samples at steps of the grid, or undefined if
   * they have to be computed as part of the query. @throws QueryError
   */
  readonly innerSteps?: ((text: string, grid: StepGrid) => readonly ResultSeries[] | undefined) | undefined;
  /** True: the text stands in a subquery, where histograms keep their buckets, whatever is asked of them. */
  readonly insideSubquery?: boolean;
  /** What the query uses is noted here; nothing is if left out. */
  readonly memory?: MemoryAccount | undefined;
}

/** One series of a result: floats and histograms apart, each rising in time. */
export interface ResultSeries {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histogramTimestamps: readonly number[];
  readonly histograms: readonly Histogram[];
}

export type QueryResult =
  | { readonly type: 'scalar'; readonly timestampMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timestampMs: number; readonly value: string }
  /** Each series has exactly one sample. */
  | { readonly type: 'vector'; readonly series: readonly ResultSeries[] }
  | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] };

export interface QueryOutcome {
  readonly result: QueryResult;
  /** Full texts, as they shall appear in the answer: `PromQL warning: … (1:6)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}

export interface QueryStats {
  /** Samples looked at, once for each step that looks at them. */
  readonly totalQueryableSamples: number;
  /** The same by step, if that was asked for and is enabled. */
  readonly perStep?: { readonly startMs: number; readonly stepMs: number; readonly samples: Float64Array };
  /** Samples taken from storage; those that several windows share count once. */
  readonly samplesRead: number;
  readonly peakSamples: number;
  /** Milliseconds. */
  readonly preparationMs: number;
  readonly evaluationMs: number;
  readonly sortMs: number;
}

/** Why a query failed; decides `errorType` and status of the answer. */
export type QueryErrorCode = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'internal';

export class QueryError extends Error {
  override name = 'QueryError';
  constructor(readonly code: QueryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export interface Engine {
  /** @throws ParseError, QueryError, MemoryLimitError */
  query(storage: Queryable, request: QueryRequest): QueryOutcome;
}
