/**
 * Expressions as indented text: what is longer than a line is broken up, level by level. The rules, and the result,
 * are those of upstream's formatter behind /api/v1/format_query.
 */
import type { Expr } from './ast.js';
import { printAggregateHead, printExpr, printOperator, printSubquerySuffix } from './print.js';

/** Bytes of a line above which an expression is broken up. */
const LINE_WIDTH = 100;
const INDENT = '  ';

export function formatExpr(expr: Expr): string {
  return format(expr, 0);
}

function format(expr: Expr, level: number): string {
  const indent = INDENT.repeat(level);
  switch (expr.kind) {
    case 'step-invariant':
      return format(expr.expr, level);
    case 'unary':
      return `${indent}${expr.op}${format(expr.expr, level).trim()}`;
    case 'number':
    case 'string':
    case 'vector-selector':
    case 'matrix-selector':
      return indent + printExpr(expr);
  }
  const line = printExpr(expr);
  if (Buffer.byteLength(line) <= LINE_WIDTH) return expr.kind === 'subquery' ? line : indent + line;
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${format(expr.param, level + 1)},\n`;
      return `${indent}${printAggregateHead(expr)}(\n${param}${format(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary':
      return `${format(expr.lhs, level + 1)}\n${indent}${printOperator(expr)}\n${format(expr.rhs, level + 1)}`;
    case 'call':
      return `${indent}${expr.func}(\n${expr.args.map((arg) => format(arg, level + 1)).join(',\n')}\n${indent})`;
    case 'paren':
      return `${indent}(\n${format(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return format(expr.expr, level) + printSubquerySuffix(expr);
  }
}
