import { QueryError } from '../engine/engine-api.js';
import type { DurationExpr } from '../parser/ast.js';

/** What `step()` and `range()` stand for in a duration expression, in seconds. */
export interface DurationScope {
  readonly stepSeconds: number;
  readonly rangeSeconds: number;
}

/** Longest duration that upstream's int64 nanoseconds hold, in seconds. */
const SECONDS_MAX = 2 ** 63 / 1e9;

/**
 * The value of a duration expression in whole milliseconds.
 * @throws QueryError bad_data: not positive (unless allowed), out of range, division by zero
 */
export function resolveDuration(expr: DurationExpr, scope: DurationScope, allowNegative: boolean): number {
  const seconds = evaluate(expr, scope);
  if (!allowNegative && !(seconds > 0)) throw failure(expr, 'duration must be greater than 0');
  if (!(Math.abs(seconds) < SECONDS_MAX)) throw failure(expr, 'duration is out of range');
  return Math.round(seconds * 1000);
}

function evaluate(expr: DurationExpr, scope: DurationScope): number {
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'step':
      return scope.stepSeconds;
    case 'range':
      return scope.rangeSeconds;
    case 'unary': {
      const value = evaluate(expr.expr, scope);
      return expr.op === '-' ? -value : value;
    }
    case 'binary':
      return evaluateBinary(expr, scope);
  }
}

function evaluateBinary(expr: DurationExpr & { kind: 'binary' }, scope: DurationScope): number {
  const lhs = evaluate(expr.lhs, scope);
  const rhs = evaluate(expr.rhs, scope);
  switch (expr.op) {
    case '+':
      return lhs + rhs;
    case '-':
      return lhs - rhs;
    case '*':
      return lhs * rhs;
    case '/':
      if (rhs === 0) throw failure(expr, 'division by zero');
      return lhs / rhs;
    case '%':
      if (rhs === 0) throw failure(expr, 'modulo by zero');
      return lhs % rhs;
    case '^':
      return lhs ** rhs;
    case 'min_of':
      return Math.min(lhs, rhs);
    case 'max_of':
      return Math.max(lhs, rhs);
  }
}

/** Not line and column but where the expression begins and ends in the text: upstream's way here. */
function failure({ pos }: DurationExpr, message: string): QueryError {
  return new QueryError('bad_data', `${pos.start}:${pos.end}: ${message}`);
}
