/** The functions of PromQL (Prometheus 3.14): names, types, what is experimental. Data only; the engine has the code. */
import type { ValueType } from './ast.js';

export interface FunctionSignature {
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  /**
   * 0: exactly `argTypes`. n > 0: the last argument may be left out or be repeated, at most `argTypes.length - 1 + n`
   * arguments. -1: the last may be left out or be repeated without limit.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Needs `--enable-feature=promql-experimental-functions`. */
  readonly experimental: boolean;
}

const EXPERIMENTAL = true;

const TABLE: readonly FunctionSignature[] = [
  // Values of an instant vector, one by one.
  ...['abs', 'ceil', 'exp', 'floor', 'ln', 'log10', 'log2', 'sgn', 'sqrt'].map((name) => fn(name, ['vector'])),
  ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'cos', 'cosh', 'sin', 'sinh', 'tan', 'tanh', 'deg', 'rad']
    .map((name) => fn(name, ['vector'])),
  fn('clamp', ['vector', 'scalar', 'scalar']),
  fn('clamp_max', ['vector', 'scalar']),
  fn('clamp_min', ['vector', 'scalar']),
  fn('round', ['vector', 'scalar'], 'vector', 1),

  // Time. Without an argument: of the evaluation time.
  ...['day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'hour', 'minute', 'month', 'year']
    .map((name) => fn(name, ['vector'], 'vector', 1)),
  fn('time', [], 'scalar'),
  fn('timestamp', ['vector']),
  fn('start_timestamp', ['vector'], 'vector', 0, EXPERIMENTAL),
  fn('start', [], 'scalar', 0, EXPERIMENTAL),
  fn('end', [], 'scalar', 0, EXPERIMENTAL),
  fn('step', [], 'scalar', 0, EXPERIMENTAL),
  fn('range', [], 'scalar', 0, EXPERIMENTAL),

  fn('max_of', ['scalar', 'scalar'], 'scalar', 0, EXPERIMENTAL),
  fn('min_of', ['scalar', 'scalar'], 'scalar', 0, EXPERIMENTAL),

  // Types into each other.
  fn('pi', [], 'scalar'),
  fn('scalar', ['vector'], 'scalar'),
  fn('vector', ['scalar']),

  // Whole vectors.
  fn('absent', ['vector']),
  fn('sort', ['vector']),
  fn('sort_desc', ['vector']),
  fn('sort_by_label', ['vector', 'string'], 'vector', -1, EXPERIMENTAL),
  fn('sort_by_label_desc', ['vector', 'string'], 'vector', -1, EXPERIMENTAL),
  fn('label_join', ['vector', 'string', 'string', 'string'], 'vector', -1),
  fn('label_replace', ['vector', 'string', 'string', 'string', 'string']),
  fn('info', ['vector', 'vector'], 'vector', 1, EXPERIMENTAL),

  // Histograms.
  ...['histogram_avg', 'histogram_count', 'histogram_sum', 'histogram_stddev', 'histogram_stdvar'].map((name) => fn(name, ['vector'])),
  fn('histogram_fraction', ['scalar', 'scalar', 'vector']),
  fn('histogram_quantile', ['scalar', 'vector']),
  fn('histogram_quantiles', ['vector', 'string', 'scalar', 'scalar'], 'vector', 9, EXPERIMENTAL),

  // Counters and gauges over a range.
  ...['changes', 'delta', 'deriv', 'idelta', 'increase', 'irate', 'rate', 'resets'].map((name) => fn(name, ['matrix'])),
  fn('predict_linear', ['matrix', 'scalar']),
  fn('double_exponential_smoothing', ['matrix', 'scalar', 'scalar'], 'vector', 0, EXPERIMENTAL),

  // Aggregation over time.
  ...['absent', 'avg', 'count', 'last', 'max', 'min', 'present', 'stddev', 'stdvar', 'sum']
    .map((name) => fn(`${name}_over_time`, ['matrix'])),
  fn('quantile_over_time', ['scalar', 'matrix']),
  ...['first', 'mad', 'ts_of_first', 'ts_of_last', 'ts_of_max', 'ts_of_min']
    .map((name) => fn(`${name}_over_time`, ['matrix'], 'vector', 0, EXPERIMENTAL)),
];

function fn(
  name: string, argTypes: readonly ValueType[], returnType: ValueType = 'vector', variadic = 0, experimental = false,
): FunctionSignature {
  return { name, argTypes, variadic, returnType, experimental };
}

/** By name. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map(TABLE.map((signature) => [signature.name, signature]));
