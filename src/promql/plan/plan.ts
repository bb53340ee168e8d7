/**
 * From the parsed tree to the tree that operators are built from: duration expressions become numbers, `@ start()` and
 * `@ end()` become timestamps, parentheses around arguments leave (messages point inside them, as upstream's do), and the
 * largest subtrees whose value is the same at every step are wrapped in a `step-invariant` node, to be evaluated once.
 */
import type { StepGrid } from '../engine/step-grid.js';
import type { AtModifier, DurationExpr, Expr, SubqueryExpr, VectorSelector } from '../parser/ast.js';
import { type DurationScope, resolveDuration } from './duration-expr.js';

/** Functions whose result depends on the evaluation time whatever their arguments are. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  'time', 'timestamp', 'predict_linear',
  'minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year',
]);

/** @param query the grid of the whole query; `isRange` false makes `step()` and `range()` zero */
export function planQuery(expr: Expr, query: StepGrid, isRange: boolean, endMs: number): Expr {
  const scope: PlanScope = {
    startMs: query.startMs,
    endMs,
    stepSeconds: isRange ? query.stepMs / 1000 : 0,
    rangeSeconds: (endMs - query.startMs) / 1000,
  };
  const planned = plan(expr, scope);
  return planned.invariant ? invariant(planned.expr) : planned.expr;
}

interface PlanScope extends DurationScope {
  readonly startMs: number;
  readonly endMs: number;
}

interface Planned {
  readonly expr: Expr;
  readonly invariant: boolean;
}

function plan(expr: Expr, scope: PlanScope): Planned {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return { expr, invariant: true };
    case 'vector-selector': {
      const selector = planSelector(expr, scope);
      return { expr: selector, invariant: selector.at !== undefined };
    }
    case 'matrix-selector': {
      const selector = planSelector(expr.selector, scope);
      const rangeMs = duration(expr.rangeExpr, expr.rangeMs, scope, false);
      return { expr: { ...expr, selector, rangeMs }, invariant: selector.at !== undefined };
    }
    case 'subquery':
      return planSubquery(expr, scope);
    case 'paren':
    case 'unary': {
      const inner = plan(expr.expr, scope);
      return { expr: { ...expr, expr: inner.expr }, invariant: inner.invariant };
    }
    case 'step-invariant':
      return { expr, invariant: true };
    case 'binary': {
      const [lhs, rhs] = planAll([expr.lhs, expr.rhs], scope, false);
      return { expr: { ...expr, lhs: lhs!.expr, rhs: rhs!.expr }, invariant: lhs!.invariant };
    }
    case 'aggregate': {
      const inner = plan(withoutParens(expr.expr), scope);
      const param = expr.param === undefined ? undefined : plan(withoutParens(expr.param), scope);
      // A parameter that varies varies in vain if the rest does not: upstream takes its value at the first step for all.
      return { expr: { ...expr, expr: inner.expr, param: param?.expr }, invariant: inner.invariant };
    }
    case 'call': {
      const timeDependent = TIME_DEPENDENT.has(expr.func) && !isTimestampOfSelector(expr.func, expr.args);
      const args = planAll(expr.args.map(withoutParens), scope, timeDependent);
      const invariantCall = !timeDependent && args.every((arg) => arg.invariant);
      return { expr: { ...expr, args: args.map((arg) => arg.expr) }, invariant: invariantCall };
    }
  }
}

/** Plans siblings; if not all are invariant (or the parent cannot be), the invariant ones are wrapped one by one. */
function planAll(exprs: readonly Expr[], scope: PlanScope, parentVaries: boolean): Planned[] {
  const planned = exprs.map((expr) => plan(expr, scope));
  if (!parentVaries && planned.every((one) => one.invariant)) return planned;
  return planned.map((one) => ({ expr: one.invariant ? invariant(one.expr) : one.expr, invariant: false }));
}

function planSubquery(expr: SubqueryExpr, scope: PlanScope): Planned {
  const inner = plan(expr.expr, scope);
  const at = fixAt(expr.at, scope);
  const planned: SubqueryExpr = {
    ...expr,
    expr: inner.invariant ? invariant(inner.expr) : inner.expr,
    rangeMs: duration(expr.rangeExpr, expr.rangeMs, scope, false),
    stepMs: duration(expr.stepExpr, expr.stepMs, scope, false),
    offsetMs: duration(expr.offsetExpr, expr.offsetMs, scope, true),
    at,
  };
  // The inner grid is aligned to absolute times: without @ the window moves over it even if the values do not change.
  return { expr: planned, invariant: at !== undefined };
}

function planSelector(selector: VectorSelector, scope: PlanScope): VectorSelector {
  return {
    ...selector,
    offsetMs: duration(selector.offsetExpr, selector.offsetMs, scope, true),
    at: fixAt(selector.at, scope),
  };
}

function fixAt(at: AtModifier | undefined, scope: PlanScope): AtModifier | undefined {
  if (at === undefined || at.kind === 'timestamp') return at;
  return { kind: 'timestamp', timestampMs: at.kind === 'start' ? scope.startMs : scope.endMs };
}

function duration(expr: DurationExpr | undefined, plainMs: number, scope: PlanScope, allowNegative: boolean): number {
  return expr === undefined ? plainMs : resolveDuration(expr, scope, allowNegative);
}

/** Literals are as cheap as what they would be wrapped in, and range vectors know `@` themselves. */
function invariant(expr: Expr): Expr {
  const inner = withoutParens(expr);
  switch (inner.kind) {
    case 'number':
    case 'string':
    case 'matrix-selector':
    case 'subquery':
    case 'step-invariant':
      return expr;
    default:
      return { kind: 'step-invariant', expr, pos: expr.pos };
  }
}

/** `timestamp(metric @ 10)` gives the sample's own time, which no step changes. */
function isTimestampOfSelector(func: string, args: readonly Expr[]): boolean {
  return func === 'timestamp' && args[0] !== undefined && withoutParens(args[0]).kind === 'vector-selector';
}

export function withoutParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}
