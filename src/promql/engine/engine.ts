/** The door of the PromQL room. */
import { Labels } from '../../model/labels.js';
import { RegexBudget } from '../../model/regex-limits.js';
import type { Queryable } from '../../storage/queryable.js';
import type { Expr } from '../parser/ast.js';
import { parseExpr, type ParseOptions, WHOLE_SYNTAX } from '../parser/parse.js';
import { NativeBucketSeriesMet } from '../operators/histogram-estimate.js';
import { documentedType, typeOf } from '../parser/type-check.js';
import { planQuery, withoutParens } from '../plan/plan.js';
import { Annotations } from './annotations.js';
import { type Engine, type EngineOptions, QueryError, type QueryOutcome, type QueryRequest, type QueryResult } from './engine-api.js';
import { QueryLimits, throwIfStopped } from './limits.js';
import { OperatorBuilder } from './operator-builder.js';
import type { EvalFrame, QueryContext } from './query-context.js';
import { SampleCounts } from './sample-counts.js';
import { matrixResult, rangeVectorResult, sortedResult, vectorResult } from './result.js';
import { type StepGrid, singleStep, stepGrid } from './step-grid.js';

/** An engine has no state but its options: any number of queries may use it, one after another. */
export function createEngine(options: EngineOptions): Engine {
  return { query: (storage, request) => runQuery(options, storage, request) };
}

/** What an engine takes, for those who only parse. */
export function syntaxOf({ enableExperimentalFunctions }: Pick<EngineOptions, 'enableExperimentalFunctions'>): ParseOptions {
  // The others are stable since 3.14, and switched on for all (features.ts).
  return { ...WHOLE_SYNTAX, experimentalFunctions: enableExperimentalFunctions };
}

function runQuery(options: EngineOptions, storage: Queryable, request: QueryRequest): QueryOutcome {
  try {
    return evaluateQuery(options, storage, request, false);
  } catch (error) {
    if (!(error instanceof NativeBucketSeriesMet)) throw error;
    return evaluateQuery(options, storage, request, true);
  }
}

function evaluateQuery(options: EngineOptions, storage: Queryable, request: QueryRequest, nativeBucketSeries: boolean): QueryOutcome {
  const begunMs = performance.now();
  const regexes = new RegexBudget(() => throwIfStopped(request.stopRequested));
  const expr = parseExpr(request.text, { ...syntaxOf(options), regexes });
  const isRangeQuery = request.stepMs > 0;
  const grid = isRangeQuery ? stepGrid(request.startMs, request.endMs, request.stepMs) : singleStep(request.startMs);
  if (isRangeQuery) checkRangeType(expr);
  const annotations = new Annotations(request.text);
  const limits = new QueryLimits(options.maxSamples, options.maxSeries, request.stopRequested, request.memory);
  const query: QueryContext = {
    options,
    limits,
    regexes,
    annotations,
    lookbackMs: request.lookbackDeltaMs > 0 ? request.lookbackDeltaMs : options.lookbackDeltaMs,
    queryGrid: grid,
    queryEndMs: request.endMs,
    isRangeQuery,
    nativeBucketSeries,
    innerSteps: request.innerSteps && (({ start, end }, steps) => request.innerSteps?.(request.text.slice(start, end), steps)),
  };
  const planned = planQuery(expr, grid, isRangeQuery, request.endMs);
  const counts = request.stats === undefined ? undefined : new SampleCounts(grid.count);
  const buckets = request.insideSubquery === true ? 'needed' : 'read';
  const evaluate = prepare(planned, storage, { query, grid, buckets, counts }, isRangeQuery);
  const preparedMs = performance.now();
  const result = evaluate();
  const samples = counts?.finish();
  const evaluatedMs = performance.now();
  const sorted = sortedResult(result, limits);
  return {
    result: sorted,
    ...annotations.texts(planned),
    stats: {
      totalQueryableSamples: samples?.reduce((sum, count) => sum + count, 0) ?? limits.queryable,
      ...(samples !== undefined && options.enablePerStepStats === true && request.stats === 'per-step'
        ? { perStep: { startMs: grid.startMs, stepMs: grid.stepMs, samples } } : {}),
      samplesRead: limits.read,
      peakSamples: limits.peak,
      preparationMs: preparedMs - begunMs,
      evaluationMs: evaluatedMs - preparedMs,
      sortMs: performance.now() - evaluatedMs,
    },
  };
}

/** Builds the operators, which selects all series; the returned function reads and computes. */
function prepare(expr: Expr, storage: Queryable, frame: EvalFrame, isRangeQuery: boolean): () => QueryResult {
  const build = new OperatorBuilder(storage);
  const timestampMs = frame.grid.startMs;
  switch (typeOf(expr)) {
    case 'string':
      return () => ({ type: 'string', timestampMs, value: stringValue(expr) });
    case 'matrix': {
      const source = build.range(expr, frame, '');
      return () => rangeVectorResult(source, frame);
    }
    case 'scalar': {
      const scalar = build.scalar(expr, frame);
      if (!isRangeQuery) return () => ({ type: 'scalar', timestampMs, value: scalar.values()[0]! });
      return () => scalarMatrix(scalar.values(), frame.grid);
    }
    default: {
      const operator = build.vector(expr, frame);
      return () => (isRangeQuery ? matrixResult(operator, frame) : vectorResult(operator, frame));
    }
  }
}

function scalarMatrix(values: Float64Array, grid: StepGrid): QueryResult {
  const timestamps = Float64Array.from({ length: grid.count }, (_, step) => grid.startMs + step * grid.stepMs);
  return { type: 'matrix', series: [{ labels: Labels.EMPTY, timestamps, values, histogramTimestamps: [], histograms: [] }] };
}

function stringValue(expr: Expr): string {
  const inner = withoutParens(expr);
  return inner.kind === 'string' ? inner.value : '';
}

/** @throws QueryError bad_data for what cannot be evaluated step by step */
function checkRangeType(expr: Expr): void {
  const type = typeOf(expr);
  if (type === 'vector' || type === 'scalar') return;
  throw new QueryError(
    'bad_data', `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
  );
}
