import { Labels, METRIC_NAME } from '../../model/labels.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, FLOAT, StepColumn } from '../engine/step-column.js';
import type { Expr, VectorSelector } from '../parser/ast.js';
import { withoutParens } from '../plan/plan.js';
import type { OutputSeries, VectorOperator } from './operator.js';

/** `absent(v)` and, over presence in windows, `absent_over_time(m)`: 1 at the steps where no series has a sample. */
export class AbsentOperator implements VectorOperator {
  private readonly outputs: readonly OutputSeries[];

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    /** The argument as written: its equality matchers become labels. */
    argument: Expr,
  ) {
    this.outputs = [{ labels: labelsOfAbsent(argument), dropName: false }];
  }

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  read(_index: number, out: StepColumn): void {
    out.reset();
    out.values.fill(1);
    out.kinds.fill(FLOAT);
    const column = new StepColumn(this.frame.grid.count);
    for (let i = 0; i < this.input.series().length; i++) {
      this.input.read(i, column);
      for (let s = 0; s < out.length; s++) if (column.kinds[s] !== ABSENT) out.kinds[s] = ABSENT;
    }
  }
}

/** The labels that a selector pins down; a label that is matched more than once is not. Nothing of other expressions. */
function labelsOfAbsent(argument: Expr): Labels {
  const selector = selectorOf(argument);
  if (selector === undefined) return Labels.EMPTY;
  const pinned = new Map<string, string>();
  const seen = new Set<string>();
  for (const { type, name, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) pinned.set(name, value);
    else pinned.delete(name);
    if (type === '=') seen.add(name);
  }
  return Labels.fromPairs(pinned);
}

function selectorOf(argument: Expr): VectorSelector | undefined {
  let inner = withoutParens(argument);
  if (inner.kind === 'step-invariant') inner = withoutParens(inner.expr);
  if (inner.kind === 'vector-selector') return inner;
  return inner.kind === 'matrix-selector' ? inner.selector : undefined;
}
