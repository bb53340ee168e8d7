/** Random PromQL expressions that type-check, over the metrics of the fleet: every form that Prometheus 3.5 has. */
import type { Random } from './random.js';
import { SelectorMaker } from './selectors.js';
import {
  AGGREGATIONS, ARITHMETIC, CLASSIC_SOURCES, COMPARISONS, ELEMENT, HISTOGRAM_PARTS, HISTOGRAM_SOURCES, LABELS, NUMBERS, OVER_TIME,
  QUANTILES, RANGE_FUNCTIONS, SET_OPERATORS,
} from './vocabulary.js';

/** Deeper expressions mostly compute with nothing. */
const DEPTH = 4;
/** Labels without quotes around odd names, for strings. */
const LABEL_NAMES = LABELS.map((label) => label.replaceAll('"', ''));

export class ExpressionMaker {
  private readonly selectors: SelectorMaker;

  /** @param dataEndMs end of the data, for times in expressions */
  constructor(private readonly random: Random, dataEndMs: number) {
    this.selectors = new SelectorMaker(random, dataEndMs);
  }

  /** Mostly an instant vector. Strings and range vectors are refused in range queries, and have answers in instant queries. */
  expression(): string {
    const { random } = this;
    if (random.chance(0.05)) return this.scalar(2);
    if (random.chance(0.02)) return this.matrix(2);
    if (random.chance(0.005)) return '"a string"';
    if (random.chance(0.03)) return this.sorted();
    return this.vector(1 + random.int(DEPTH));
  }

  private vector(depth: number): string {
    const { random } = this;
    if (depth <= 0) return this.selectors.vector();
    switch (random.int(16)) {
      case 0: return this.selectors.vector();
      case 1: case 2: case 3: return this.rangeFunction(depth);
      case 4: case 5: case 6: return this.aggregation(depth);
      case 7: case 8: case 9: return this.binary(depth);
      case 10: return this.element(depth);
      case 11: return this.histogram(depth);
      case 12: return this.labels(depth);
      case 13: return this.whole(depth);
      case 14: return random.chance(0.4) ? this.info() : this.rangeFunction(depth);
      default: return random.chance(0.3) ? `vector(${this.scalar(depth - 1)})` : `(${this.vector(depth - 1)})`;
    }
  }

  private scalar(depth: number): string {
    const { random } = this;
    if (depth <= 0 || random.chance(0.6)) return random.chance(0.2) ? random.pick(['time()', 'pi()']) : random.pick(NUMBERS);
    if (random.chance(0.4)) return `scalar(${this.vector(depth - 1)})`;
    if (random.chance(0.2)) return `-(${this.scalar(depth - 1)})`;
    const op = random.chance(0.8) ? random.pick(ARITHMETIC) : `${random.pick(COMPARISONS)} bool`;
    return `(${this.scalar(depth - 1)} ${op} ${this.scalar(depth - 1)})`;
  }

  /** A parameter of an aggregation or function: a number, now and then one that varies. */
  private parameter(numbers: readonly string[]): string {
    const { random } = this;
    if (random.chance(0.85)) return random.pick(numbers);
    return random.pick([`scalar(${this.selectors.vector()})`, '(time() % 3)', `(${random.pick(numbers)})`]);
  }

  private matrix(depth: number): string {
    return depth > 1 && this.random.chance(0.3) ? this.selectors.subquery(this.vector(depth - 2)) : this.selectors.matrix();
  }

  private rangeFunction(depth: number): string {
    const { random } = this;
    const range = this.matrix(depth);
    switch (random.int(10)) {
      case 0: return `quantile_over_time(${this.parameter(QUANTILES)}, ${range})`;
      case 1: return `predict_linear(${range}, ${this.parameter(['60', '3600', '-60', '0'])})`;
      case 2: {
        const trend = random.pick(['0.5', '0.3', '1', '0']);
        return `double_exponential_smoothing(${range}, ${this.parameter(['0.5', '0.1', '0.9'])}, ${trend})`;
      }
      case 3: case 4: case 5: return `${random.pick(OVER_TIME)}(${range})`;
      default: return `${random.pick(RANGE_FUNCTIONS)}(${range})`;
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
    const grouping = this.grouping();
    switch (random.int(10)) {
      case 0: {
        const k = this.parameter(['1', '2', '3', '0', '-1', '2.9', '100']);
        return `${random.pick(['topk', 'bottomk'])}${grouping}(${k}, ${inner})`;
      }
      case 1: return `quantile${grouping}(${this.parameter(QUANTILES)}, ${inner})`;
      case 2: return `count_values${grouping}("${random.pick(['value', 'job', 'große.zahl'])}", ${inner})`;
      // How many are taken is defined, not which.
      case 3: return `count${random.pick(['', grouping])}(limitk${grouping}(${this.parameter(['1', '2', '3', '0'])}, ${inner}))`;
      case 4: return random.chance(0.3)
        ? `limitk${grouping}(2, ${inner})`
        : `limit_ratio${grouping}(${this.parameter(['0.5', '-0.5', '1', '-1', '0.1', '0', '2', '-3'])}, ${inner})`;
      // The clause may stand behind, too.
      case 5: return `${random.pick(AGGREGATIONS)}(${inner})${grouping}`;
      default: return `${random.pick(AGGREGATIONS)}${grouping}(${inner})`;
    }
  }

  private matching(mayGroup: boolean): string {
    const { random } = this;
    if (random.chance(0.4)) return '';
    const text = ` ${random.pick(['on', 'ignoring'])} (${random.some(LABELS, 0.35).join(', ')})`;
    if (!mayGroup || random.chance(0.5)) return text;
    return `${text} ${random.pick(['group_left', 'group_right'])} ${random.chance(0.3) ? '' : `(${random.some(LABELS, 0.15).join(', ')})`}`;
  }

  private binary(depth: number): string {
    const { random } = this;
    const lhs = this.vector(depth - 1);
    if (random.chance(0.3)) {
      const scalar = this.scalar(1);
      const op = this.operator();
      return random.chance(0.7) ? `(${lhs} ${op} ${scalar})` : `(${scalar} ${op} ${lhs})`;
    }
    // Many joins are of one side with itself or with the labels of its target, so that they match.
    if (random.chance(0.1)) {
      const [one, many] = [random.pick(['target_info', 'up']), `(${lhs})`];
      const include = random.some(['version', '"größe.x"', 'zone', 'le'], 0.4).join(', ');
      return random.chance(0.5)
        ? `(${many} ${this.operator()} on (instance, job) group_left (${include}) ${one})`
        : `(${one} ${this.operator()} on (instance, job) group_right (${include}) ${many})`;
    }
    const rhs = random.chance(0.5) ? lhs : this.vector(depth - 1);
    if (random.chance(0.3)) return `(${lhs} ${random.pick(SET_OPERATORS)}${this.matching(false)} ${rhs})`;
    return `(${lhs} ${this.operator()}${this.matching(true)} ${rhs})`;
  }

  private operator(): string {
    const { random } = this;
    if (random.chance(0.65)) return random.pick(ARITHMETIC);
    return `${random.pick(COMPARISONS)}${random.chance(0.4) ? ' bool' : ''}`;
  }

  private element(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    switch (random.int(7)) {
      case 0: return `clamp(${inner}, ${this.scalar(0)}, ${this.scalar(0)})`;
      case 1: return `clamp_${random.pick(['min', 'max'])}(${inner}, ${this.parameter(['1', '0', '-1', 'NaN'])})`;
      case 2: return random.chance(0.3) ? `round(${inner})` : `round(${inner}, ${this.parameter(['1', '0.1', '5', '0', '-1'])})`;
      default: return `${random.pick(ELEMENT)}(${inner})`;
    }
  }

  private histogram(depth: number): string {
    const { random } = this;
    const source = random.chance(0.7) ? random.pick(HISTOGRAM_SOURCES) : this.vector(depth - 1);
    switch (random.int(5)) {
      case 0: return `histogram_quantile(${this.parameter(QUANTILES)}, ${source})`;
      case 1: return `histogram_quantile(${this.parameter(QUANTILES)}, ${random.pick(CLASSIC_SOURCES)})`;
      case 2: {
        const [lower, upper] = [random.pick(['0', '-Inf', '0.2', '-1', 'NaN', '2']), random.pick(['1', '2', '+Inf', '0.3', '0'])];
        return `histogram_fraction(${lower}, ${upper}, ${random.chance(0.3) ? random.pick(CLASSIC_SOURCES) : source})`;
      }
      default: return `${random.pick(HISTOGRAM_PARTS)}(${source})`;
    }
  }

  private labels(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    const source = random.pick(LABEL_NAMES);
    if (random.chance(0.4)) {
      const sources = random.some(LABEL_NAMES, 0.4).map((name) => `, "${name}"`).join('');
      const target = random.pick(['joined', 'job', '__name__', 'neu.es']);
      return `label_join(${inner}, "${target}", "${random.pick(['-', '', ';'])}"${sources})`;
    }
    const [pattern, replacement] = random.pick([
      ['(.*):.*', '$1'], ['.*', 'fixed'], ['(.)(.*)', '$2$1'], ['(?P<head>.).*', '${head}x'], ['a.*', ''], ['', 'empty'],
      ['(.*)', '$1-$0-$2'],
    ] as const);
    return `label_replace(${inner}, "${random.pick(['host', 'zone', 'job', '__name__'])}", "${replacement}", "${source}", "${pattern}")`;
  }

  private whole(depth: number): string {
    const { random } = this;
    const inner = this.vector(depth - 1);
    return random.pick([
      `sort(${inner})`, `sort_desc(${inner})`, `absent(${inner})`, `-(${inner})`, `+(${inner})`, `absent(${this.selectors.vector()})`,
      `sort_by_label(${inner}, "job", "instance")`, `sort_by_label_desc(${inner}, "zone")`,
      `${random.pick(['hour', 'minute', 'month', 'year', 'day_of_month', 'day_of_week', 'day_of_year', 'days_in_month'])}()`,
    ]);
  }

  /** Sorted at the outside, where the order shows. */
  private sorted(): string {
    const { random } = this;
    const inner = this.vector(2);
    return random.pick([
      `sort(${inner})`, `sort_desc(${inner})`, `sort_by_label(${inner}, "instance", "le")`,
      `sort_by_label_desc(${inner}, "code", "instance")`,
    ]);
  }

  /**
   * Of series with all identifying labels and at the time of the query: of others, later versions know more than 3.5 (series without
   * these labels, `@` and offsets inside, names that are matched).
   */
  private info(): string {
    const { random } = this;
    const plain = this.selectors.plain();
    const inner = random.pick([plain, plain, `${random.pick(RANGE_FUNCTIONS)}(${plain}[2m])`, `sum by (instance, job) (${plain})`]);
    return `info(${inner}${random.pick(['', '', ', {version=~".+"}', ', {version="1.0"}', ', {missing!=""}', ', {version=~".*"}'])})`;
  }
}
