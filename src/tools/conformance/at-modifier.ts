import type { AtModifier, Expr } from '../../promql/parser/ast.js';
import { parseExpr, WHOLE_SYNTAX } from '../../promql/parser/parse.js';
import { printExpr } from '../../promql/parser/print.js';

/** Functions whose value depends on the evaluation time even with fixed arguments. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  'time', 'timestamp', 'predict_linear', 'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year',
  'start', 'end', 'step', 'range',
]);

/**
 * The query with `@ timeMs` on every selector and subquery that is not below an `@` already: it must give the same at
 * any evaluation time. undefined if the query depends on the evaluation time in other ways.
 */
export function pinnedQuery(query: string, timeMs: number): string | undefined {
  const expr = parseExpr(query, WHOLE_SYNTAX);
  if (hasTimeDependentCall(expr)) return undefined;
  const at: AtModifier = { kind: 'timestamp', timestampMs: timeMs };
  const pin = (node: Expr): Expr => {
    switch (node.kind) {
      case 'vector-selector':
        return { ...node, at: node.at ?? at };
      case 'matrix-selector':
        return { ...node, selector: { ...node.selector, at: node.selector.at ?? at } };
      case 'subquery':
        // Below a subquery with @ times are the subquery's; it keeps what it has.
        return node.at === undefined ? { ...node, at } : node;
      case 'paren':
      case 'unary':
        return { ...node, expr: pin(node.expr) };
      case 'binary':
        return { ...node, lhs: pin(node.lhs), rhs: pin(node.rhs) };
      case 'aggregate':
        return { ...node, expr: pin(node.expr), param: node.param && pin(node.param) };
      case 'call':
        // The second argument of info() is no selector of samples.
        return { ...node, args: node.args.map((arg, i) => (node.func === 'info' && i === 1 ? arg : pin(arg))) };
      default:
        return node;
    }
  };
  return printExpr(pin(expr));
}

function hasTimeDependentCall(expr: Expr): boolean {
  switch (expr.kind) {
    case 'call':
      return TIME_DEPENDENT.has(expr.func) || expr.args.some(hasTimeDependentCall);
    case 'binary':
      return hasTimeDependentCall(expr.lhs) || hasTimeDependentCall(expr.rhs);
    case 'aggregate':
      return hasTimeDependentCall(expr.expr) || (expr.param !== undefined && hasTimeDependentCall(expr.param));
    case 'subquery':
    case 'paren':
    case 'unary':
    case 'step-invariant':
      return hasTimeDependentCall(expr.expr);
    default:
      return false;
  }
}
