import type { OperatorBuilder } from '../engine/operator-builder.js';
import type { EvalFrame } from '../engine/query-context.js';
import { InfoOperator } from '../operators/info.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { VectorOperator } from '../operators/operator.js';
import { type TimeShift, referenceTime } from '../operators/time-shift.js';
import type { AtModifier, Call, Expr } from '../parser/ast.js';
import { childrenOf } from '../parser/children.js';
import { withoutParens } from '../plan/plan.js';

/** `info(v)`, `info(v, {…})` */
export function infoCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const [vector, selectorArg] = call.args;
  const selector = selectorArg === undefined ? undefined : selectorOf(selectorArg);
  const input = build.vector(vector!, frame);
  const shift = shiftOfFirstSelector(vector!);
  const mint = referenceTime(shift, frame.grid.startMs) - frame.query.lookbackMs + 1;
  const maxt = referenceTime(shift, frame.grid.endMs);
  const operator = new InfoOperator(frame, input, selector?.matchers ?? [], shift, (matchers) =>
    build.selectMatching(matchers, frame, mint, maxt, { func: 'info', rangeMs: 0, stepMs: frame.grid.stepMs }),
  );
  return uniqueSeries(operator, undefined, frame, true);
}

function selectorOf(arg: Expr): (Expr & { kind: 'vector-selector' }) | undefined {
  const inner = withoutParens(arg);
  const unwrapped = inner.kind === 'step-invariant' ? withoutParens(inner.expr) : inner;
  return unwrapped.kind === 'vector-selector' ? unwrapped : undefined;
}

/**
 * When the samples of the first selector below `expr` are from: offsets add up on the way down, an `@` makes those
 * above it meaningless.
 */
function shiftOfFirstSelector(expr: Expr): TimeShift {
  let shift: TimeShift = { offsetMs: 0, atMs: undefined };
  const visit = (node: Expr, above: TimeShift): boolean => {
    if (node.kind === 'vector-selector' || node.kind === 'matrix-selector') {
      const selector = node.kind === 'matrix-selector' ? node.selector : node;
      shift = lowered(above, selector.offsetMs, selector.at);
      return true;
    }
    const here = node.kind === 'subquery' ? lowered(above, node.offsetMs, node.at) : above;
    return childrenOf(node).some((child) => visit(child, here));
  };
  visit(expr, shift);
  return shift;
}

function lowered(above: TimeShift, offsetMs: number, at: AtModifier | undefined): TimeShift {
  if (at?.kind === 'timestamp') return { offsetMs, atMs: at.timestampMs };
  return { offsetMs: above.offsetMs + offsetMs, atMs: above.atMs };
}
