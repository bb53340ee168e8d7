import type { Expr } from './ast.js';

/** The expressions directly inside an expression, in the order of the text. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector-selector':
      return [];
    case 'matrix-selector':
      return [expr.selector];
    case 'binary':
      return [expr.lhs, expr.rhs];
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case 'call':
      return expr.args;
    default:
      return [expr.expr];
  }
}
