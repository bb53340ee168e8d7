import { QueryError } from '../engine/engine-api.js';
import type { OperatorBuilder } from '../engine/operator-builder.js';
import type { NotePosition } from '../engine/evaluation-order.js';
import type { EvalFrame, QueryContext } from '../engine/query-context.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { VectorOperator } from '../operators/operator.js';
import { RangeFunctionOperator } from '../operators/range-function.js';
import type { RangeFunction } from '../operators/range-window.js';
import type { Call, Expr, MatrixSelector, Position } from '../parser/ast.js';
import { withoutParens } from '../plan/plan.js';
import { countSamples, firstSample, lastSample, samplePresent, timeOfFirstSample, timeOfLastSample } from './any-sample.js';
import { ChangesResets } from './changes-resets.js';
import { InstantRate } from './instant-rate.js';
import { DoubleExponentialSmoothing, MadOverTime, PlainOverTime, PredictLinear, QuantileOverTime } from './over-time.js';
import { AnchoredFunction } from './anchored.js';
import { ExtendedRate } from './extended-range.js';
import { RateFunction, type RateKind } from './rate.js';
import { SumAvgOverTime } from './sum-avg-over-time.js';
import { deriv, maxOverTime, minOverTime, stddevOverTime, stdvarOverTime, tsOfMaxOverTime, tsOfMinOverTime } from './window-stats.js';

type CreateFunction = (query: QueryContext, pos: Position, build: OperatorBuilder, call: Call, frame: EvalFrame) => RangeFunction;

/** `pos` is the place of the range vector: messages point there. */
const RANGE_FUNCTIONS: Readonly<Record<string, CreateFunction>> = {
  rate: (query, pos) => new RateFunction('rate', query, pos),
  increase: (query, pos) => new RateFunction('increase', query, pos),
  delta: (query, pos) => new RateFunction('delta', query, pos),
  irate: (query, pos) => new InstantRate(true, query, pos),
  idelta: (query, pos) => new InstantRate(false, query, pos),
  changes: (query) => new ChangesResets('changes', query),
  resets: (query) => new ChangesResets('resets', query),
  deriv: (query, pos) => new PlainOverTime(query, pos, 2, deriv),
  predict_linear: (query, pos, build, call, frame) => new PredictLinear(query, pos, build.scalar(call.args[1]!, frame)),
  double_exponential_smoothing: (query, pos, build, call, frame) =>
    new DoubleExponentialSmoothing(query, pos, build.scalar(call.args[1]!, frame), build.scalar(call.args[2]!, frame)),
  sum_over_time: (query, pos) => new SumAvgOverTime('sum', query, pos),
  avg_over_time: (query, pos) => new SumAvgOverTime('avg', query, pos),
  min_over_time: (query, pos) => new PlainOverTime(query, pos, 1, minOverTime),
  max_over_time: (query, pos) => new PlainOverTime(query, pos, 1, maxOverTime),
  stddev_over_time: (query, pos) => new PlainOverTime(query, pos, 1, stddevOverTime),
  stdvar_over_time: (query, pos) => new PlainOverTime(query, pos, 1, stdvarOverTime),
  mad_over_time: (query, pos) => new MadOverTime(query, pos),
  quantile_over_time: (query, pos, build, call, frame) =>
    new QuantileOverTime(query, pos, build.scalar(call.args[0]!, frame), call.args[0]!.pos),
  count_over_time: () => countSamples,
  present_over_time: () => samplePresent,
  last_over_time: () => lastSample,
  first_over_time: () => firstSample,
  ts_of_last_over_time: () => timeOfLastSample,
  ts_of_first_over_time: () => timeOfFirstSample,
  ts_of_min_over_time: (query, pos) => new PlainOverTime(query, pos, 1, tsOfMinOverTime),
  ts_of_max_over_time: (query, pos) => new PlainOverTime(query, pos, 1, tsOfMaxOverTime),
};

/** They give a sample of the series itself. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

const ANCHORED_SAFE = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED_SAFE = ['delta', 'increase', 'rate'];

/** undefined if `call` is not one of these functions. @throws QueryError for a modifier that the function does not take */
export function rangeCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator | undefined {
  const create = RANGE_FUNCTIONS[call.func];
  if (create === undefined) return undefined;
  const arg = call.args[call.func === 'quantile_over_time' ? 1 : 0]!;
  checkExtended(call.func, arg);
  const extended = extendedSelector(arg);
  const lookbackMs = frame.query.lookbackMs;
  const source = extended === undefined
    ? build.range(arg, frame, call.func)
    : build.matrixSelector(extended, frame, call.func, lookbackMs, extended.selector.smoothed ? lookbackMs : 0);
  // Messages of quantile_over_time point to the quantile whatever they are about: upstream's do.
  const fn = extended === undefined
    ? create(frame.query, rangePosition(call.args[0]!), build, call, frame)
    : extendedFunction(call.func, extended, frame.query);
  const keepsName = KEEPS_NAME.has(call.func);
  const operator = new RangeFunctionOperator(frame, source, fn, keepsName);
  return keepsName ? operator : uniqueSeries(operator, source, frame);
}

/** Where messages about a range vector point. Upstream has lost the place of a subquery by then: the start of the text. */
function rangePosition(arg: Expr): NotePosition {
  const inner = withoutParens(arg);
  return inner.kind === 'subquery' ? { start: 0, end: 0, operand: inner.pos } : inner.pos;
}

/** The selector of a range vector with `anchored` or `smoothed`. */
function extendedSelector(arg: Expr): MatrixSelector | undefined {
  const inner = withoutParens(arg);
  if (inner.kind !== 'matrix-selector') return undefined;
  return inner.selector.anchored || inner.selector.smoothed ? inner : undefined;
}

function extendedFunction(func: string, expr: MatrixSelector, query: QueryContext): RangeFunction {
  if (func === 'changes' || func === 'resets') return new AnchoredFunction(new ChangesResets(func, query), query.lookbackMs);
  return new ExtendedRate(func as RateKind, expr.selector.smoothed, query, expr.pos);
}

function checkExtended(func: string, arg: Expr): void {
  const inner = withoutParens(arg);
  if (inner.kind !== 'matrix-selector') return;
  const { anchored, smoothed } = inner.selector;
  if (anchored && !ANCHORED_SAFE.includes(func)) throw notAllowed('anchored', ANCHORED_SAFE, func);
  if (smoothed && !SMOOTHED_SAFE.includes(func)) throw notAllowed('smoothed', SMOOTHED_SAFE, func);
}

function notAllowed(modifier: string, functions: readonly string[], func: string): QueryError {
  return new QueryError('execution', `${modifier} modifier can only be used with: ${functions.join(', ')} - not with ${func}`);
}
