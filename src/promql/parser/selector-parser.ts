/** What stands in braces and grouping parentheses: label matchers, and lists of label names. */
import { METRIC_NAME } from '../../model/labels.js';
import { Matcher, type MatchType } from '../../model/matcher.js';
import { RegexBudget, RegexError } from '../../model/regex-limits.js';
import type { Position, VectorSelector } from './ast.js';
import { hasInvalidUtf8, unquote } from './string-literal.js';
import { canBeLabelName, type Token } from './token.js';
import type { TokenReader } from './token-reader.js';

export class SelectorParser {
  /** Matchers of the query, so that a pattern that comes again is not compiled again. */
  private readonly known = new Map<string, Matcher>();

  constructor(private readonly reader: TokenReader, private readonly regexes = new RegexBudget()) {}

  /**
   * A selector: a metric name that has been read already, or the braces, or both. Nothing is checked that concerns
   * the selector as a whole.
   */
  parseSelector(nameToken: Token | undefined): VectorSelector {
    const matchers: Matcher[] = [];
    const start = (nameToken ?? this.reader.peek()).start;
    let end = nameToken?.end ?? start;
    if (this.reader.peek().kind === '{') end = this.matchers(matchers);
    const name = nameToken?.text ?? '';
    // Upstream puts the matcher of the name last; answers of the API show this order.
    if (name !== '') matchers.push(new Matcher('=', METRIC_NAME, name));
    return {
      kind: 'vector-selector', name, matchers, offsetMs: 0, offsetExpr: undefined, at: undefined,
      anchored: false, smoothed: false, pos: { start, end },
    };
  }

  /** `(a, "b.c", by)` behind by, without, on, ignoring, group_left and group_right. */
  parseLabelList(): { labels: string[]; end: number } {
    const { reader } = this;
    if (reader.accept('(') === undefined) throw reader.unexpected('grouping opts', '"("');
    const labels: string[] = [];
    for (;;) {
      const empty = reader.accept(')');
      if (empty !== undefined) return { labels, end: empty.end };
      labels.push(this.label());
      const close = reader.accept(')');
      if (close !== undefined) return { labels, end: close.end };
      if (reader.accept(',') === undefined) throw reader.unexpected('grouping opts', '"," or ")"');
    }
  }

  private label(): string {
    const { reader } = this;
    const token = reader.peek();
    if (token.kind === 'string') {
      const name = unquote(token.text);
      if (name === '' || hasInvalidUtf8(name)) throw reader.error(token, `invalid label name for grouping: ${token.text}`);
      reader.take();
      return name;
    }
    if (!canBeLabelName(token.kind)) throw reader.unexpected('grouping opts', 'label');
    return reader.take().text;
  }

  /** Reads `{…}` into `out`; returns the offset behind it. */
  private matchers(out: Matcher[]): number {
    const { reader } = this;
    reader.take();
    for (;;) {
      // A comma may be the last thing, but not the first.
      const empty = reader.accept('}');
      if (empty !== undefined) return empty.end;
      out.push(this.matcher());
      const close = reader.accept('}');
      if (close !== undefined) return close.end;
      if (reader.accept(',') === undefined) throw reader.unexpected('label matching', '"," or "}"');
    }
  }

  private matcher(): Matcher {
    const { reader } = this;
    const label = reader.peek();
    if (label.kind !== 'identifier' && label.kind !== 'string') throw reader.unexpected('label matching', 'identifier or "}"');
    reader.take();
    const name = label.kind === 'string' ? unquote(label.text) : label.text;
    const op = matchType(reader.peek());
    if (op === undefined) {
      if (label.kind === 'identifier') throw reader.unexpected('label matching', 'label matching operator');
      return new Matcher('=', METRIC_NAME, name);
    }
    reader.take();
    const value = reader.peek();
    if (value.kind !== 'string') throw reader.unexpected('label matching', 'string');
    reader.take();
    return this.makeMatcher(op, name, unquote(value.text), { start: label.start, end: value.end });
  }

  private makeMatcher(op: MatchType, name: string, value: string, pos: Position): Matcher {
    const key = JSON.stringify([name, op, value]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    let matcher: Matcher;
    try {
      matcher = new Matcher(op, name, value, this.regexes);
    } catch (error) {
      if (error instanceof RegexError) throw this.reader.error(pos, error.message);
      throw error;
    }
    this.known.set(key, matcher);
    return matcher;
  }
}

function matchType(token: Token): MatchType | undefined {
  switch (token.kind) {
    case '=': case '!=': case '=~': case '!~':
      return token.kind;
    default:
      return undefined;
  }
}
