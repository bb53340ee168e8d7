/** The words of random expressions: the metrics and labels of the fleet, and what Prometheus 3.5 has of the language. */

export const GAUGES = ['up', 'temperature', 'queue_length', 'gappy', 'odd', 'vanishing', '{"späte.messung"}'];
export const COUNTERS = ['requests_total', 'bytes_total', 'duration_bucket', 'duration_sum', 'duration_count', 'restarts_total'];
export const HISTOGRAMS = ['latency', 'steady', 'sizes', 'mixed', 'signed', 'gauged', 'zooming', 'bucketed'];
export const LABELS = ['instance', 'job', 'zone', 'code', 'le', 'version', '"größe.x"'];

export const MATCHERS = [
  'job="api"', 'job!="api"', 'instance=~"a.*|b:1"', 'instance!~"c.*"', 'code=~"2..|404"', 'zone="eu"', 'zone=""', 'version!=""',
  'le="+Inf"', 'le!="1"', '"größe.x"="1"', '"größe.x"=~".*"', 'job=~"api|node", job!~"x?"', 'absent=""',
];
export const NAME_MATCHERS = ['duration_.+', 'up|odd', 'requests.*|bytes.*', 'späte.messung|up', 'lat.*|temp.*', 'steady|sizes'];

export const RANGES = ['30s', '1m', '90s', '2m', '5m', '13m', '1h', '10s', '1ms'];
/** Arithmetic instead of a duration, which 3.5 has with a feature flag. */
export const RANGE_EXPRESSIONS = ['1m + 30s', '(2m - 15s)', '30 * 4', '2 ^ 7', '5m / 2', '-(-90s)', '170 % 100', '90.5'];
export const OFFSETS = ['1m', '-1m', '17s', '4m', '-17s', '1h', '500ms', '90'];
export const OFFSET_EXPRESSIONS = ['(1m + 5s)', '-(2m / 4)', '(10 * 3)'];
export const SUBQUERY_STEPS = ['', '15s', '20s', '1m', '7s', '45', '10s + 5s'];

export const ELEMENT = [
  'abs', 'ceil', 'exp', 'floor', 'ln', 'log10', 'log2', 'sgn', 'sqrt', 'deg', 'rad',
  'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh',
  'timestamp', 'hour', 'minute', 'month', 'year', 'day_of_month', 'day_of_week', 'day_of_year', 'days_in_month',
];
export const OVER_TIME = [
  'avg', 'count', 'last', 'max', 'min', 'present', 'stddev', 'stdvar', 'sum', 'absent', 'mad', 'ts_of_max', 'ts_of_min', 'ts_of_last',
].map((name) => `${name}_over_time`);
export const RANGE_FUNCTIONS = ['rate', 'increase', 'delta', 'irate', 'idelta', 'changes', 'resets', 'deriv'];

export const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
export const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
export const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];
export const SET_OPERATORS = ['and', 'or', 'unless'];
export const NUMBERS = ['0', '1', '2', '0.5', '-1', '100', 'NaN', 'Inf', '-Inf', '1e3', '0x1f', '1h30m', '3_600', '.5e-3'];

export const HISTOGRAM_PARTS = ['histogram_avg', 'histogram_count', 'histogram_sum', 'histogram_stddev', 'histogram_stdvar'];
export const QUANTILES = ['0.5', '0.9', '0.99', '0', '1', '-1', '2', 'NaN', '0.123'];
export const HISTOGRAM_SOURCES = [
  'latency', 'sizes', 'mixed', 'rate(steady[2m])', 'sum by (job) (rate(steady[5m]))', 'increase(sizes[3m])', 'sum(latency)',
  'irate(steady[1m])', 'signed', 'gauged', 'zooming', 'bucketed', 'avg(sizes)', 'delta(gauged[2m])', 'sum_over_time(signed[1m])',
  'avg_over_time(zooming[1m])', 'sum(zooming)', 'last_over_time(sizes[1m])', 'steady - steady offset 1m', 'steady * 2', 'sizes / 3',
];
export const CLASSIC_SOURCES = [
  'duration_bucket', 'rate(duration_bucket[2m])', 'sum by (le) (rate(duration_bucket[5m]))', 'sum by (job, le) (duration_bucket)',
  'duration_bucket{le!="+Inf"}', 'increase(duration_bucket[1m] offset 1m)', 'label_replace(duration_bucket, "le", "$1x", "le", "(1)")',
  '{__name__=~"duration_bucket|bucketed"}',
];
