/** What stands in braces and grouping parentheses: label matchers, and lists of label names. */
import { METRIC_NAME } from '../../model/labels.js';
import { Matcher, type MatchType, RegexError } from '../../model/matcher.js';
import type { Position, VectorSelector } from './ast.js';
import { hasInvalidUtf8, unquote } from './string-literal.js';
import { canBeLabelName, type Token } from './token.js';
import type { TokenReader } from './token-reader.js';

/**
 * A selector: a metric name that has been read already, or the braces, or both. Nothing is checked that concerns
 * the selector as a whole.
 */
export function readSelector(reader: TokenReader, nameToken: Token | undefined): VectorSelector {
  const matchers: Matcher[] = [];
  const start = (nameToken ?? reader.peek()).start;
  let end = nameToken?.end ?? start;
  if (reader.peek().kind === '{') end = readMatchers(reader, matchers);
  const name = nameToken?.text ?? '';
  // Upstream puts the matcher of the name last; answers of the API show this order.
  if (name !== '') matchers.push(new Matcher('=', METRIC_NAME, name));
  return {
    kind: 'vector-selector', name, matchers, offsetMs: 0, offsetExpr: undefined, at: undefined,
    anchored: false, smoothed: false, pos: { start, end },
  };
}

/** Reads `{…}` into `matchers`; returns the offset behind it. */
function readMatchers(reader: TokenReader, matchers: Matcher[]): number {
  reader.take();
  for (;;) {
    // A comma may be the last thing, but not the first.
    const empty = reader.accept('}');
    if (empty !== undefined) return empty.end;
    matchers.push(readMatcher(reader));
    const close = reader.accept('}');
    if (close !== undefined) return close.end;
    if (reader.accept(',') === undefined) throw reader.unexpected('label matching', '"," or "}"');
  }
}

function readMatcher(reader: TokenReader): Matcher {
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
  return makeMatcher(reader, op, name, unquote(value.text), { start: label.start, end: value.end });
}

function makeMatcher(reader: TokenReader, op: MatchType, name: string, value: string, pos: Position): Matcher {
  try {
    return new Matcher(op, name, value);
  } catch (error) {
    if (error instanceof RegexError) throw reader.error(pos, error.message);
    throw error;
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

/** `(a, "b.c", by)` behind by, without, on, ignoring, group_left and group_right. */
export function readLabelList(reader: TokenReader): { labels: string[]; end: number } {
  if (reader.accept('(') === undefined) throw reader.unexpected('grouping opts', '"("');
  const labels: string[] = [];
  for (;;) {
    const empty = reader.accept(')');
    if (empty !== undefined) return { labels, end: empty.end };
    labels.push(readLabel(reader));
    const close = reader.accept(')');
    if (close !== undefined) return { labels, end: close.end };
    if (reader.accept(',') === undefined) throw reader.unexpected('grouping opts', '"," or ")"');
  }
}

function readLabel(reader: TokenReader): string {
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
