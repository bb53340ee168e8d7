/**
 * Whether an expression may have other values inside of a subquery than as a query of its own: below `histogram_count`, `histogram_sum` and
 * `histogram_avg` histograms have no buckets unless there is a subquery around (`engine/query-context.ts`), which shows only where
 * something in between looks at buckets.
 */
import { BUCKETS_SKIPPED_BY } from '../engine/query-context.js';
import type { Expr } from '../parser/ast.js';
import { childrenOf } from '../parser/children.js';

/** What is added and scaled without a look at buckets. */
const BLIND_CALLS: ReadonlySet<string> = new Set([
  'rate', 'increase', 'delta', 'irate', 'idelta', 'sum_over_time', 'avg_over_time', 'last_over_time', 'first_over_time',
]);
const BLIND_AGGREGATES: ReadonlySet<string> = new Set(['sum', 'avg']);

export function differsInSubquery(expr: Expr): boolean {
  if (expr.kind === 'call' && BUCKETS_SKIPPED_BY.has(expr.func)) return !expr.args.every(isBlind);
  return childrenOf(expr).some(differsInSubquery);
}

function isBlind(expr: Expr): boolean {
  switch (expr.kind) {
    case 'vector-selector':
    case 'matrix-selector':
      return true;
    case 'paren':
      return isBlind(expr.expr);
    case 'call':
      return BLIND_CALLS.has(expr.func) && expr.args.every(isBlind);
    case 'aggregate':
      return BLIND_AGGREGATES.has(expr.op) && isBlind(expr.expr);
    default:
      return false;
  }
}
