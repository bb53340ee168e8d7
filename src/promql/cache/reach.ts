/** Which samples the value of an expression at a time depends on. */
import type { EngineOptions } from '../engine/engine-api.js';
import type { AggregateOp, DurationExpr, Expr, SubqueryExpr, VectorSelector } from '../parser/ast.js';
import { childrenOf } from '../parser/children.js';

/** The value at t depends only on samples in (t - behindMs, t + aheadMs]. */
export interface Reach {
  readonly behindMs: number;
  readonly aheadMs: number;
}

/** They choose among equals by the order of the series, which is another one over another range. */
const BY_ORDER: ReadonlySet<AggregateOp> = new Set(['topk', 'bottomk', 'limitk']);
/** They look at the range of the query, at whatever times. */
const BY_QUERY: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'info']);

/**
 * The reach of an expression as it was parsed; undefined if its values depend on more than the evaluation time and the samples
 * around it, so that they must not be used for a query over another range.
 */
export function reachOf(expr: Expr, options: Pick<EngineOptions, 'lookbackDeltaMs'>): Reach | undefined {
  switch (expr.kind) {
    case 'vector-selector':
      return isPlain(expr) ? shifted({ behindMs: options.lookbackDeltaMs, aheadMs: 0 }, expr.offsetMs) : undefined;
    case 'matrix-selector':
      if (!isPlain(expr.selector) || isSymbolic(expr.rangeExpr)) return undefined;
      return shifted({ behindMs: expr.rangeMs, aheadMs: 0 }, expr.selector.offsetMs);
    case 'subquery': {
      const inner = isPlainSubquery(expr) ? reachOf(expr.expr, options) : undefined;
      return inner && shifted({ behindMs: inner.behindMs + expr.rangeMs, aheadMs: inner.aheadMs }, expr.offsetMs);
    }
    case 'aggregate':
      return BY_ORDER.has(expr.op) ? undefined : ofChildren(expr, options);
    case 'call':
      return BY_QUERY.has(expr.func) ? undefined : ofChildren(expr, options);
    default:
      return ofChildren(expr, options);
  }
}

function ofChildren(expr: Expr, options: Pick<EngineOptions, 'lookbackDeltaMs'>): Reach | undefined {
  let behindMs = 0;
  let aheadMs = 0;
  for (const child of childrenOf(expr)) {
    const reach = reachOf(child, options);
    if (reach === undefined) return undefined;
    behindMs = Math.max(behindMs, reach.behindMs);
    aheadMs = Math.max(aheadMs, reach.aheadMs);
  }
  return { behindMs, aheadMs };
}

/** An offset may be negative; then samples after the evaluation time count. */
function shifted(reach: Reach, offsetMs: number): Reach {
  return { behindMs: reach.behindMs + offsetMs, aheadMs: Math.max(0, reach.aheadMs - offsetMs) };
}

function isPlain(selector: VectorSelector): boolean {
  return selector.at === undefined && !selector.anchored && !selector.smoothed && !isSymbolic(selector.offsetExpr);
}

function isPlainSubquery(expr: SubqueryExpr): boolean {
  return expr.at === undefined && ![expr.rangeExpr, expr.stepExpr, expr.offsetExpr].some(isSymbolic);
}

/** Known only when step and range of the query are. */
function isSymbolic(expr: DurationExpr | undefined): boolean {
  return expr !== undefined;
}
