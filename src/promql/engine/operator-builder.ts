/**
 * From the planned tree to operators. All selects happen here, before anything is evaluated; nothing is read from
 * storage yet.
 */
import type { Matcher } from '../../model/matcher.js';
import type { Queryable, SelectHints, Series } from '../../storage/queryable.js';
import { vectorCall } from '../functions/vector-calls.js';
import { scalarCall } from '../functions/scalar-calls.js';
import { invariant } from '../../invariant.js';
import { buildAggregate } from '../operators/aggregate/build-aggregate.js';
import { ScalarVectorOperator } from '../operators/binary/scalar-vector.js';
import { JoinOperator } from '../operators/binary/join.js';
import { SetOperator } from '../operators/binary/set.js';
import { makesNewMetric } from '../operators/binary/arithmetic.js';
import { ElementFunctionOperator } from '../operators/element-function.js';
import { KnownStepsOperator } from '../operators/known-steps.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { ScalarOperator, VectorOperator } from '../operators/operator.js';
import { MatrixSelectorSource, type RangeSource, SubquerySource, subqueryGrid } from '../operators/range-source.js';
import { BroadcastVector, binaryScalar, broadcastScalar, constantScalar, mapScalar } from '../operators/scalar.js';
import { SmoothedSelectorOperator } from '../operators/smoothed-selector.js';
import { type TimeShift, referenceTime } from '../operators/time-shift.js';
import { type SelectorOutput, VectorSelectorOperator } from '../operators/vector-selector.js';
import type { AtModifier, BinaryExpr, Expr, MatrixSelector, SubqueryExpr, UnaryExpr, VectorSelector } from '../parser/ast.js';
import { isSetOperator, typeOf } from '../parser/type-check.js';
import { withoutParens } from '../plan/plan.js';
import { mulHistogram } from '../histogram/arithmetic.js';
import { type EvalFrame, needingBuckets } from './query-context.js';
import { singleStep } from './step-grid.js';
import { FLOAT, HISTOGRAM, type StepColumn } from './step-column.js';

export class OperatorBuilder {
  constructor(private readonly storage: Queryable) {}

  /** Operator of an expression of type instant vector. */
  vector(expr: Expr, frame: EvalFrame): VectorOperator {
    switch (expr.kind) {
      case 'vector-selector':
        return expr.smoothed ? this.smoothedSelector(expr, frame) : this.vectorSelector(expr, frame, 'value');
      case 'paren':
        return this.vector(expr.expr, frame);
      case 'step-invariant':
        return frame.grid.count < 2
          ? this.vector(expr.expr, frame)
          : new BroadcastVector(frame, this.vector(expr.expr, singleFrame(frame)));
      case 'unary':
        return this.unaryVector(expr, frame);
      case 'binary':
        return this.binaryVector(expr, frame);
      case 'aggregate':
        return buildAggregate(this, expr, frame);
      case 'call':
        return vectorCall(this, expr, frame);
      default:
        invariant(false, `${expr.kind} is not an instant vector`);
    }
  }

  /** Operator of an expression of type scalar. */
  scalar(expr: Expr, frame: EvalFrame): ScalarOperator {
    switch (expr.kind) {
      case 'number':
        return constantScalar(frame, expr.value);
      case 'paren':
        return this.scalar(expr.expr, frame);
      case 'step-invariant':
        return frame.grid.count < 2 ? this.scalar(expr.expr, frame) : broadcastScalar(frame, this.scalar(expr.expr, singleFrame(frame)));
      case 'unary': {
        const inner = this.scalar(expr.expr, frame);
        return expr.op === '-' ? mapScalar(inner, (value) => -value) : inner;
      }
      case 'binary':
        return binaryScalar(expr.op, this.scalar(expr.lhs, frame), this.scalar(expr.rhs, frame));
      case 'call':
        return scalarCall(this, expr, frame);
      default:
        invariant(false, `${expr.kind} is not a scalar`);
    }
  }

  /** @param func the function that is applied to the range vector, a hint for storage */
  range(expr: Expr, frame: EvalFrame, func: string): RangeSource {
    const inner = withoutParens(expr);
    if (inner.kind === 'matrix-selector') return this.matrixSelector(inner, frame, func);
    invariant(inner.kind === 'subquery', `${inner.kind} is not a range vector`);
    return this.subquery(inner, frame);
  }

  matrixSelector(expr: MatrixSelector, frame: EvalFrame, func: string, beforeMs = 0, afterMs = 0): MatrixSelectorSource {
    const shift = timeShift(expr.selector.offsetMs, expr.selector.at);
    const mint = referenceTime(shift, frame.grid.startMs) - expr.rangeMs - beforeMs + 1;
    const maxt = referenceTime(shift, frame.grid.endMs) + afterMs;
    const hints: SelectHints = { func, rangeMs: expr.rangeMs, stepMs: frame.grid.stepMs };
    const series = this.select(expr.selector, frame, mint, maxt, hints);
    return new MatrixSelectorSource(frame, series, expr.rangeMs, shift, beforeMs, afterMs);
  }

  vectorSelector(expr: VectorSelector, frame: EvalFrame, output: SelectorOutput): VectorOperator {
    const shift = timeShift(expr.offsetMs, expr.at);
    const mint = referenceTime(shift, frame.grid.startMs) - frame.query.lookbackMs + 1;
    const maxt = referenceTime(shift, frame.grid.endMs);
    const series = this.select(expr, frame, mint, maxt, { func: '', rangeMs: 0, stepMs: frame.grid.stepMs });
    return new VectorSelectorOperator(frame, series, shift, output);
  }

  private smoothedSelector(expr: VectorSelector, frame: EvalFrame): VectorOperator {
    const { lookbackMs } = frame.query;
    const shift = timeShift(expr.offsetMs, expr.at);
    const mint = referenceTime(shift, frame.grid.startMs) - lookbackMs + 1;
    const maxt = referenceTime(shift, frame.grid.endMs) + lookbackMs;
    const series = this.select(expr, frame, mint, maxt, { func: '', rangeMs: 0, stepMs: frame.grid.stepMs });
    return new SmoothedSelectorOperator(frame, series, shift, expr.pos);
  }

  private select(selector: VectorSelector, frame: EvalFrame, mint: number, maxt: number, hints: SelectHints): Series[] {
    return this.selectMatching(selector.matchers, frame, mint, maxt, hints);
  }

  selectMatching(matchers: readonly Matcher[], frame: EvalFrame, mint: number, maxt: number, hints: SelectHints): Series[] {
    const { limits } = frame.query;
    limits.poll();
    // An empty grid (a subquery shorter than its step) looks at nothing.
    if (frame.grid.count === 0) return [];
    const series = this.storage.select(matchers, mint, maxt, { ...hints, poll: () => limits.poll() });
    limits.addSeries(series.length);
    return series;
  }

  private subquery(expr: SubqueryExpr, frame: EvalFrame): RangeSource {
    const shift = timeShift(expr.offsetMs, expr.at);
    const stepMs = expr.stepMs > 0 ? expr.stepMs : frame.query.options.defaultEvaluationIntervalMs;
    const grid = subqueryGrid(frame.grid, shift, expr.rangeMs, stepMs);
    // A range of years at steps of milliseconds must not take memory before it fails.
    frame.query.limits.checkCells(grid.count);
    const inner: EvalFrame = { query: frame.query, grid, buckets: 'needed' };
    const known = grid.count === 0 ? undefined : frame.query.innerSteps?.(expr.expr.pos, grid);
    const operator = known === undefined ? this.vector(expr.expr, inner) : new KnownStepsOperator(inner, known);
    return new SubquerySource(operator, grid, expr.rangeMs, shift);
  }

  private unaryVector(expr: UnaryExpr, frame: EvalFrame): VectorOperator {
    const inner = this.vector(expr.expr, frame);
    if (expr.op === '+') return inner;
    return uniqueSeries(new ElementFunctionOperator(frame, inner, negate), inner, frame);
  }

  private binaryVector(expr: BinaryExpr, outer: EvalFrame): VectorOperator {
    const frame = expr.op === '</' || expr.op === '>/' ? needingBuckets(outer) : outer;
    if (typeOf(expr.lhs) === 'scalar') {
      return this.scalarVector(expr, frame, this.vector(expr.rhs, frame), this.scalar(expr.lhs, frame), true);
    }
    if (typeOf(expr.rhs) === 'scalar') {
      return this.scalarVector(expr, frame, this.vector(expr.lhs, frame), this.scalar(expr.rhs, frame), false);
    }
    const lhs = this.vector(expr.lhs, frame);
    const rhs = this.vector(expr.rhs, frame);
    if (isSetOperator(expr.op)) {
      const set = new SetOperator(frame, expr.op as 'and' | 'or' | 'unless', lhs, rhs, expr.matching!);
      // Both sides of `or` may have the same series, at different steps.
      return expr.op === 'or' ? uniqueSeries(set, undefined, frame, true) : set;
    }
    return uniqueSeries(new JoinOperator(frame, expr, lhs, rhs), undefined, frame, true);
  }

  private scalarVector(
    expr: BinaryExpr, frame: EvalFrame, vector: VectorOperator, scalar: ScalarOperator, scalarOnLeft: boolean,
  ): VectorOperator {
    const operator = new ScalarVectorOperator(frame, expr, vector, scalar, scalarOnLeft);
    return makesNewMetric(expr.op, expr.returnBool) ? uniqueSeries(operator, vector, frame) : operator;
  }
}

export function timeShift(offsetMs: number, at: AtModifier | undefined): TimeShift {
  if (at === undefined) return { offsetMs, atMs: undefined };
  invariant(at.kind === 'timestamp', 'planned trees have timestamps only');
  return { offsetMs, atMs: at.timestampMs };
}

/** The frame of a step-invariant expression: any one step of the grid. */
function singleFrame(frame: EvalFrame): EvalFrame {
  return { ...frame, grid: { ...singleStep(frame.grid.startMs), stepMs: frame.grid.stepMs }, counts: frame.counts?.forInvariant() };
}

function negate(column: StepColumn): void {
  for (let s = 0; s < column.length; s++) {
    if (column.kinds[s] === FLOAT) column.values[s] = -column.values[s]!;
    else if (column.kinds[s] === HISTOGRAM) column.setHistogram(s, mulHistogram(column.histogramAt(s), -1));
  }
}
