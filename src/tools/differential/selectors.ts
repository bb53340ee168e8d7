/** Random selectors of instant and range vectors over the metrics of the fleet, with all modifiers. */
import type { Random } from './random.js';
import {
  COUNTERS, GAUGES, HISTOGRAMS, MATCHERS, NAME_MATCHERS, OFFSET_EXPRESSIONS, OFFSETS, RANGE_EXPRESSIONS, RANGES, SUBQUERY_STEPS,
} from './vocabulary.js';

/** How far before and after the end of the data an `@` may point. */
const AT_BEFORE_SECONDS = 2700;
const AT_AFTER_SECONDS = 300;

export class SelectorMaker {
  /** @param dataEndMs end of the data, which times in expressions are near to */
  constructor(private readonly random: Random, private readonly dataEndMs: number) {}

  vector(): string {
    // In parentheses: before 3.6 an operator behind an offset in parentheses belonged to the offset.
    if (this.random.chance(0.03)) return `(${this.bare()} offset ${this.random.pick(OFFSET_EXPRESSIONS)})`;
    return this.bare() + this.modifiers();
  }

  /** A metric without modifiers, and one that does not come and go. */
  plain(): string {
    return this.random.pick(this.random.pick([GAUGES.filter((name) => name !== 'vanishing'), COUNTERS, HISTOGRAMS]));
  }

  matrix(): string {
    return `${this.bare()}[${this.range()}]${this.modifiers()}`;
  }

  subquery(inner: string): string {
    return `(${inner})[${this.range()}:${this.random.pick(SUBQUERY_STEPS)}]${this.modifiers()}`;
  }

  private range(): string {
    const { random } = this;
    return random.chance(0.1) ? random.pick(RANGE_EXPRESSIONS) : random.pick(random.chance(0.9) ? RANGES.slice(0, 6) : RANGES);
  }

  private bare(): string {
    const { random } = this;
    if (random.chance(0.04)) return `{__name__=~"${random.pick(NAME_MATCHERS)}"}`;
    const metric = random.pick(random.pick([GAUGES, COUNTERS, GAUGES, COUNTERS, HISTOGRAMS]));
    const matchers = random.chance(0.4) ? random.some(MATCHERS, 0.12) : [];
    if (matchers.length === 0) return metric;
    return metric.endsWith('}') ? `${metric.slice(0, -1)},${matchers.join(',')}}` : `${metric}{${matchers.join(',')}}`;
  }

  private modifiers(): string {
    const { random } = this;
    const at = random.chance(0.1) ? ` @ ${this.at()}` : '';
    const offset = random.chance(0.12) ? ` offset ${random.pick(OFFSETS)}` : '';
    return random.chance(0.5) ? at + offset : offset + at;
  }

  private at(): string {
    const { random } = this;
    if (random.chance(0.6)) return random.pick(['start()', 'end()']);
    const seconds = this.dataEndMs / 1000 - AT_BEFORE_SECONDS + random.int(AT_BEFORE_SECONDS + AT_AFTER_SECONDS);
    return random.chance(0.3) ? `${seconds}.${random.int(1000)}` : String(seconds);
  }
}
