/** Questions made of questions: without a choice that upstream leaves open, or asked in parts. A text that is refused stays as it is. */
import type { Expr, VectorSelector } from '../../promql/parser/ast.js';
import { childrenOf } from '../../promql/parser/children.js';
import { ParseError, parseExpr, WHOLE_SYNTAX } from '../../promql/parser/parse.js';

/** A piece of the text to be put in place of another. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** More series than any question has. */
const ALL = '1000000';

/** `limitk`, `topk` and `bottomk` take everything, so that it does not matter which they take. */
export function takingAll(text: string): string {
  const edits: Edit[] = [];
  for (const expr of partsOf(parse(text))) {
    if (expr.kind !== 'aggregate' || !/^(limitk|topk|bottomk)$/.test(expr.op)) continue;
    const { start, end } = expr.param!.pos;
    edits.push({ start, end, text: ALL });
  }
  return edited(text, edits);
}

/** What `count_values` counts, in its place. */
export function notCountingValues(text: string): string {
  return edited(text, [...partsOf(parse(text))].flatMap((part) => {
    if (part.kind !== 'aggregate' || part.op !== 'count_values') return [];
    const inner = text.slice(part.expr.pos.start, part.expr.pos.end);
    return [{ ...part.pos, text: `(${notCountingValues(inner)})` }];
  }));
}

/** True if the question is a selector of an instant or range vector and nothing else. */
export function isSelector(text: string): boolean {
  let expr = parse(text);
  while (expr?.kind === 'paren') expr = expr.expr;
  return expr?.kind === 'vector-selector' || expr?.kind === 'matrix-selector';
}

/** The calls in a question whose argument is a subquery. */
export function callsOverSubqueries(text: string): string[] {
  const calls = [...partsOf(parse(text))].filter((expr) => expr.kind === 'call' && expr.args.some((arg) => arg.kind === 'subquery'));
  return calls.map(({ pos }) => text.slice(pos.start, pos.end));
}

/** True if any selector in a question selects any of the series. */
export function selectsAny(text: string, series: readonly Readonly<Record<string, string>>[]): boolean {
  return [...partsOf(parse(text))].some((expr) => expr.kind === 'vector-selector'
    && series.some((labels) => expr.matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''))));
}

/** The same question about the series of one target: a matcher for each label in every selector. */
export function restrictedTo(labels: Readonly<Record<string, string>>, text: string): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',');
  const selectors = [...partsOf(parse(text))].filter((expr) => expr.kind === 'vector-selector');
  return edited(text, selectors.map((selector) => matchersInto(text, selector, matchers)));
}

function matchersInto(text: string, { name, pos }: VectorSelector, matchers: string): Edit {
  const behindName = pos.start + name.length;
  const brace = /^\s*\{/.exec(text.slice(behindName, pos.end));
  if (brace === null) return { start: behindName, end: behindName, text: `{${matchers}}` };
  const inside = behindName + brace[0].length;
  return { start: inside, end: inside, text: `${matchers},` };
}

/** undefined if the text is refused, which many questions are. */
function parse(text: string): Expr | undefined {
  try {
    return parseExpr(text, WHOLE_SYNTAX);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function* partsOf(expr: Expr | undefined): Generator<Expr> {
  if (expr === undefined) return;
  yield expr;
  for (const child of childrenOf(expr)) yield* partsOf(child);
}

/** Edits do not overlap: an edit inside of another one is left out. */
function edited(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: put } of [...edits].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    result += text.slice(at, start) + put;
    at = end;
  }
  return result + text.slice(at);
}
