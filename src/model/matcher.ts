/**
 * A label matcher: `name="value"`, `!=`, `=~`, `!~`. Regular expressions are RE2, match the whole value (`^(?s:…)$`,
 * as in Prometheus) and are linear in time. Most of them turn out to be fixed texts or texts with gaps
 * (`regex-shape.ts`) and are answered by string comparison; the others run in re2js behind a small cache.
 */
import { goQuote } from './go-quote.js';
import { RegexTest } from './regex-engine.js';
import { type RegexBudget, RegexError } from './regex-limits.js';
import { type Glob, matchGlob, readShape } from './regex-shape.js';

export type MatchType = '=' | '!=' | '=~' | '!~';

/** UTF-16 units of a pattern. Dashboards do send alternations of thousands of names; those never meet the engine. */
export const MAX_PATTERN_LENGTH = 1 << 20;
/** More globs than this are slower one by one than the engine is. */
const MAX_GLOBS = 64;
const CACHE_ENTRIES_MAX = 8192;
/** Longer values are matched anew each time: they would make the cache large and hardly ever repeat. */
const CACHED_VALUE_LENGTH_MAX = 512;

export class Matcher {
  /**
   * For `=~` and `!~` patterns that stand for a finite set of literals (`a|b|c`, `x(1|2)`): that set, without
   * repeats, so that an index can answer without scanning. It may hold '' (`a|`). undefined otherwise.
   */
  readonly literals: readonly string[] | undefined;
  /** Literal that every match of a regular expression starts with, '' if none. */
  readonly prefix: string;
  private readonly pattern: Pattern | undefined;

  /**
   * @param budget of the request that it is of; without, only the pattern itself has a limit
   * @throws RegexError (code 'bad_regex') if the pattern is not RE2 syntax or is over a limit.
   */
  constructor(
    readonly type: MatchType,
    readonly name: string,
    readonly value: string,
    budget?: RegexBudget,
    /** What the value means, where that is known without reading it. */
    known?: Pattern,
  ) {
    const pattern = known ?? (type === '=~' || type === '!~' ? compilePattern(value, budget) : undefined);
    this.pattern = pattern;
    this.literals = pattern?.literals;
    this.prefix = pattern?.prefix ?? '';
  }

  /** `name=~"a|b|c"` of values as they are. There may be any number of them: they come from storage, and the pattern is not read. */
  static oneOf(name: string, values: readonly string[]): Matcher {
    const text = values.map((value) => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')).join('|');
    return new Matcher('=~', name, text, undefined, new LiteralPattern(new Set(values), ''));
  }

  /** @param poll called while a large pattern meets a long value; throws if it is not wanted any more */
  matches(value: string, poll?: () => void): boolean {
    switch (this.type) {
      case '=':
        return value === this.value;
      case '!=':
        return value !== this.value;
      case '=~':
        return this.pattern!.test(value, poll);
      case '!~':
        return !this.pattern!.test(value, poll);
    }
  }

  /** True if a series without the label matches. */
  matchesEmpty(): boolean {
    return this.matches('');
  }

  /** PromQL notation; a name that is no plain label name is quoted. */
  toString(): string {
    const name = /^[A-Za-z_][A-Za-z0-9_]*$/.test(this.name) ? this.name : goQuote(this.name);
    return `${name}${this.type}${goQuote(this.value)}`;
  }
}

interface Pattern {
  readonly literals: readonly string[] | undefined;
  readonly prefix: string;
  test(value: string, poll?: () => void): boolean;
}

function compilePattern(pattern: string, budget: RegexBudget | undefined): Pattern {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new RegexError(
      `error parsing regexp: expression too large: ${pattern.length} characters, limit ${MAX_PATTERN_LENGTH}`, pattern,
    );
  }
  const shape = readShape(pattern, budget?.poll);
  budget?.spend(shape?.work ?? 0, pattern);
  const globs = shape?.globs;
  if (globs !== undefined) {
    const open = globs.filter((glob) => glob.gaps.length > 0);
    if (open.length <= MAX_GLOBS) {
      const texts = new Set<string>();
      for (const glob of globs) if (glob.gaps.length === 0) texts.add(glob.texts[0]!);
      const { prefix } = shape!;
      return open.length === 0 ? new LiteralPattern(texts, prefix) : new GlobPattern(texts, open, prefix);
    }
  }
  return new EnginePattern(pattern, shape?.prefix ?? '', budget);
}

class LiteralPattern implements Pattern {
  readonly literals: readonly string[];

  constructor(private readonly texts: ReadonlySet<string>, readonly prefix: string) {
    this.literals = [...texts];
  }

  test(value: string): boolean {
    return this.texts.has(value);
  }
}

class GlobPattern implements Pattern {
  readonly literals = undefined;

  constructor(
    private readonly texts: ReadonlySet<string>,
    private readonly globs: readonly Glob[],
    readonly prefix: string,
  ) {}

  test(value: string, poll?: () => void): boolean {
    if (this.texts.has(value)) return true;
    for (const glob of this.globs) if (matchGlob(glob, value, poll)) return true;
    return false;
  }
}

class EnginePattern implements Pattern {
  readonly literals = undefined;
  private readonly regex: RegexTest;
  private readonly cache = new Map<string, boolean>();

  constructor(pattern: string, readonly prefix: string, budget: RegexBudget | undefined) {
    this.regex = new RegexTest(pattern, budget);
  }

  test(value: string, poll?: () => void): boolean {
    if (!value.startsWith(this.prefix)) return false;
    if (value.length > CACHED_VALUE_LENGTH_MAX) return this.regex.matches(value, poll);
    const known = this.cache.get(value);
    if (known !== undefined) return known;
    // Starting over is as good as evicting one by one: index scans go through all values in the same order.
    if (this.cache.size >= CACHE_ENTRIES_MAX) this.cache.clear();
    const result = this.regex.matches(value, poll);
    this.cache.set(value, result);
    return result;
  }
}
