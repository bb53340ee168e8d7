/** The door of the parser: text to a checked syntax tree. */
import type { Matcher } from '../../model/matcher.js';
import type { RegexBudget } from '../../model/regex-limits.js';
import type { Expr, VectorSelector } from './ast.js';
import { childrenOf } from './children.js';
import { ExpressionParser } from './expression-parser.js';
import { parseErrorAt } from './parse-error.js';
import { typeCheck } from './type-check.js';

export { ParseError } from './parse-error.js';

/** UTF-16 units of a query. Upstream has no limit; this one is far above what any dashboard sends. */
export const MAX_QUERY_LENGTH = 1 << 20;
/** Levels of a syntax tree. Parsing, checking and evaluating are recursive: a deeper tree would overflow the stack. */
export const MAX_DEPTH = 512;

/** Parts of the language that are experimental; each is off unless given, as in Prometheus. */
export interface ParseOptions {
  /** `promql-experimental-functions`: functions marked so in the table, `limitk`, `limit_ratio`. */
  readonly experimentalFunctions?: boolean;
  /** `promql-duration-expr`: arithmetic, `step()`, `range()`, … where a duration is expected. */
  readonly durationExpressions?: boolean;
  /** `promql-extended-range-selectors`: `anchored`, `smoothed`. */
  readonly extendedRangeSelectors?: boolean;
  /** `promql-binop-fill-modifiers`: `fill`, `fill_left`, `fill_right`. Left out: the same as `experimentalFunctions`. */
  readonly fillModifiers?: boolean;
  /** What regular expressions may take; its poll is called while any long text is read. Left out: a budget of its own for each text. */
  readonly regexes?: RegexBudget;
}

/** Everything that there is: for texts that were taken before. */
export const WHOLE_SYNTAX: ParseOptions = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true };

/** @throws ParseError with upstream's text: `1:5: parse error: …` */
export function parseExpr(text: string, options: ParseOptions = {}): Expr {
  checkLength(text);
  const expr = new ExpressionParser(text, options, MAX_DEPTH).parseExpression();
  checkDepth(text, expr);
  typeCheck(text, expr);
  return expr;
}

/**
 * A series selector as in `match[]`: `up{job="a"}`. Unlike a selector in a query it may match everything; whether
 * that is allowed is the caller's matter.
 * @throws ParseError
 */
export function parseMetricSelector(text: string, options: Pick<ParseOptions, 'regexes'> = {}): Matcher[] {
  checkLength(text);
  return [...new ExpressionParser(text, options, MAX_DEPTH).parseSelector().matchers];
}

/** All vector selectors of an expression, in the order of the text. */
export function selectorsOf(expr: Expr): VectorSelector[] {
  const out: VectorSelector[] = [];
  const visit = (node: Expr): void => {
    if (node.kind === 'vector-selector') out.push(node);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(expr);
  return out;
}

function checkLength(text: string): void {
  if (text.length > MAX_QUERY_LENGTH) {
    throw parseErrorAt(text, { start: 0, end: text.length }, `query is too long: ${text.length} characters, limit ${MAX_QUERY_LENGTH}`);
  }
}

/** Chains like `a + b + c + …` are parsed in a loop but are as deep as they are long. */
function checkDepth(text: string, root: Expr): void {
  let level: Expr[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) {
      throw parseErrorAt(text, level[0]!.pos, `expression is nested too deeply, limit ${MAX_DEPTH} levels`);
    }
    level = level.flatMap(childrenOf);
  }
}
