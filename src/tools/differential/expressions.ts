/** Random PromQL expressions that type-check, over the metrics of the fleet. */
import type { Random } from './random.js';

const GAUGES = ['up', 'temperature', 'queue_length', 'gappy', 'odd', 'vanishing'];
const COUNTERS = ['requests_total', 'bytes_total', 'duration_bucket', 'duration_sum', 'duration_count'];
const HISTOGRAMS = ['latency', 'steady', 'sizes', 'mixed'];
const LABELS = ['instance', 'job', 'zone', 'code', 'le', 'version'];
const MATCHERS = [
  'job="api"', 'job!="api"', 'instance=~"a.*|b:1"', 'instance!~"c.*"', 'code=~"2..|404"', 'zone="eu"', 'zone=""', 'version!=""',
  'le="+Inf"', 'le!="1"',
];
const RANGES = ['30s', '1m', '90s', '2m', '5m', '13m'];
const ELEMENT = [
  'abs', 'ceil', 'exp', 'floor', 'ln', 'log10', 'log2', 'sgn', 'sqrt', 'atan', 'cos', 'sinh', 'deg',
  'timestamp', 'hour', 'day_of_month', 'minute',
];
/** Those that Prometheus 3.5 has, too. */
const OVER_TIME = [
  'avg', 'count', 'last', 'max', 'min', 'present', 'stddev', 'stdvar', 'sum', 'absent', 'mad', 'ts_of_max', 'ts_of_min', 'ts_of_last',
].map((name) => `${name}_over_time`);
const RANGE_FUNCTIONS = ['rate', 'increase', 'delta', 'irate', 'idelta', 'changes', 'resets', 'deriv'];
const AGGREGATIONS = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '>', '<', '>=', '<='];
const HISTOGRAM_PARTS = ['histogram_avg', 'histogram_count', 'histogram_sum', 'histogram_stddev', 'histogram_stdvar'];

const HISTOGRAM_SOURCES = [
  'latency', 'sizes', 'mixed', 'rate(steady[2m])', 'sum by (job) (rate(steady[5m]))', 'increase(sizes[3m])', 'sum(latency)',
  'irate(latency[1m])',
];

/** Deeper expressions mostly compute with nothing. */
const DEPTH = 4;

export class ExpressionMaker {
  constructor(private readonly random: Random) {}

  expression(): string {
    return this.random.chance(0.06) ? this.scalar(2) : this.vector(1 + this.random.int(DEPTH));
  }

  private vector(depth: number): string {
    const { random } = this;
    if (depth <= 0) return this.selector();
    switch (random.int(14)) {
      case 0: return this.selector();
      case 1: case 2: return this.rangeFunction(depth);
      case 3: case 4: case 5: return this.aggregation(depth);
      case 6: case 7: case 8: return this.binary(depth);
      case 9: return this.element(depth);
      case 10: return this.histogram(depth);
      case 11: return this.labels(depth);
      case 12: return random.pick([`sort(${this.vector(depth - 1)})`, `absent(${this.vector(depth - 1)})`, `-(${this.vector(depth - 1)})`]);
      default: return random.chance(0.3) ? `vector(${this.scalar(depth - 1)})` : `(${this.vector(depth - 1)})`;
    }
  }

  private scalar(depth: number): string {
    const { random } = this;
    if (depth <= 0 || random.chance(0.6)) return random.pick(['0', '1', '2', '0.5', '-1', '100', 'NaN', 'Inf', '1e3', 'time()', 'pi()']);
    if (random.chance(0.5)) return `scalar(${this.vector(depth - 1)})`;
    return `(${this.scalar(depth - 1)} ${random.pick(ARITHMETIC)} ${this.scalar(depth - 1)})`;
  }

  private metric(): string {
    const { random } = this;
    return random.pick(random.pick([GAUGES, COUNTERS, GAUGES, COUNTERS, HISTOGRAMS]));
  }

  private bare(): string {
    const { random } = this;
    const matchers = random.chance(0.45) ? random.some(MATCHERS, 0.15) : [];
    if (random.chance(0.04)) return `{__name__=~"${random.pick(['duration_.+', 'up|odd', 'requests.*|bytes.*'])}"}`;
    return this.metric() + (matchers.length > 0 ? `{${matchers.join(',')}}` : '');
  }

  private modifiers(): string {
    const { random } = this;
    let text = '';
    if (random.chance(0.06)) text += ` @ ${random.pick(['start()', 'end()'])}`;
    if (random.chance(0.1)) text += ` offset ${random.pick(['1m', '-1m', '17s', '4m'])}`;
    return text;
  }

  private selector(): string {
    return this.bare() + this.modifiers();
  }

  private range(depth: number): string {
    const { random } = this;
    const range = random.pick(RANGES);
    if (depth > 1 && random.chance(0.25)) {
      return `(${this.vector(depth - 2)})[${range}:${random.pick(['', '15s', '20s', '1m'])}]${this.modifiers()}`;
    }
    return `${this.bare()}[${range}]${this.modifiers()}`;
  }

  private rangeFunction(depth: number): string {
    const { random } = this;
    switch (random.int(8)) {
      case 0: return `quantile_over_time(${random.pick(['0.5', '0.9', '0', '1', '-1', '2'])}, ${this.range(depth)})`;
      case 1: return `predict_linear(${this.range(depth)}, ${random.pick(['60', '3600', '-60'])})`;
      case 2: case 3: return `${random.pick(OVER_TIME)}(${this.range(depth)})`;
      default: return `${random.pick(RANGE_FUNCTIONS)}(${this.range(depth)})`;
    }
  }

  private grouping(): string {
    const { random } = this;
    if (random.chance(0.3)) return '';
    return ` ${random.pick(['by', 'without'])} (${random.some(LABELS, 0.3).join(', ')}) `;
  }

  private aggregation(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    switch (random.int(9)) {
      case 0: return `${random.pick(['topk', 'bottomk'])}${this.grouping()}(${random.pick(['1', '2', '3'])}, ${inner})`;
      case 1: return `quantile${this.grouping()}(${random.pick(['0.5', '0.9', '0', '1'])}, ${inner})`;
      case 2: return random.chance(0.4) ? `count_values${this.grouping()}("value", ${inner})` : `limitk${this.grouping()}(2, ${inner})`;
      case 3: return random.chance(0.5) ? `limit_ratio(${random.pick(['0.5', '-0.5', '1'])}, ${inner})` : `group(${inner})`;
      default: return `${random.pick(AGGREGATIONS)}${this.grouping()}(${inner})`;
    }
  }

  private matching(): string {
    const { random } = this;
    if (random.chance(0.5)) return '';
    const text = ` ${random.pick(['on', 'ignoring'])} (${random.some(LABELS, 0.35).join(', ')})`;
    if (random.chance(0.6)) return text;
    return `${text} ${random.pick(['group_left', 'group_right'])} (${random.some(['version', 'zone'], 0.2).join(', ')})`;
  }

  private binary(depth: number): string {
    const { random } = this;
    const lhs = this.vector(depth - 1);
    if (random.chance(0.35)) {
      const scalar = this.scalar(1);
      const op = random.chance(0.5) ? random.pick(ARITHMETIC) : `${random.pick(COMPARISONS)}${random.chance(0.4) ? ' bool' : ''}`;
      return random.chance(0.7) ? `(${lhs} ${op} ${scalar})` : `(${scalar} ${op} ${lhs})`;
    }
    // Half of the joins are of one side with itself or a sibling, so that they match.
    const rhs = random.chance(0.5) ? lhs : this.vector(depth - 1);
    if (random.chance(0.3)) {
      const matching = this.matching().replace(/ group_.*/, '');
      return `(${lhs} ${random.pick(['and', 'or', 'unless'])}${matching} ${rhs})`;
    }
    const op = random.chance(0.7) ? random.pick(ARITHMETIC) : `${random.pick(COMPARISONS)}${random.chance(0.4) ? ' bool' : ''}`;
    return `(${lhs} ${op}${this.matching()} ${rhs})`;
  }

  private element(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    switch (random.int(6)) {
      case 0: return `clamp(${inner}, ${this.scalar(0)}, ${this.scalar(0)})`;
      case 1: return `clamp_${random.pick(['min', 'max'])}(${inner}, ${this.scalar(0)})`;
      case 2: return `round(${inner}, ${random.pick(['1', '0.1', '5'])})`;
      default: return `${random.pick(ELEMENT)}(${inner})`;
    }
  }

  private histogram(depth: number): string {
    const { random } = this;
    const source = random.chance(0.7)
      ? random.pick(HISTOGRAM_SOURCES)
      : this.vector(depth - 1);
    const classic = random.pick([
      'duration_bucket', 'rate(duration_bucket[2m])', 'sum by (le) (rate(duration_bucket[5m]))', 'sum by (job, le) (duration_bucket)',
    ]);
    switch (random.int(4)) {
      case 0: return `histogram_quantile(${random.pick(['0.5', '0.9', '0.99', '0', '1', '-1'])}, ${source})`;
      case 1: return `histogram_quantile(${random.pick(['0.5', '0.9', '0.99', '0', '1', '2'])}, ${classic})`;
      case 2: return `histogram_fraction(${random.pick(['0', '-Inf', '0.2'])}, ${random.pick(['1', '2', '+Inf'])}, ${source})`;
      default: return `${random.pick(HISTOGRAM_PARTS)}(${source})`;
    }
  }

  private labels(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    if (random.chance(0.5)) return `label_join(${inner}, "${random.pick(['joined', 'job'])}", "-", "job", "${random.pick(LABELS)}")`;
    return `label_replace(${inner}, "${random.pick(['host', 'zone'])}", "$1", "instance", "(.*):.*")`;
  }
}
