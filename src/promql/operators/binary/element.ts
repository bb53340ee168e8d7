import type { QueryContext } from '../../engine/query-context.js';
import { ABSENT, FLOAT, type StepColumn } from '../../engine/step-column.js';
import type { BinaryOp, Position } from '../../parser/ast.js';
import { type FloatBinary, type FloatComparison, floatBinary, floatComparison } from './arithmetic.js';
import { HistogramBinary } from './histogram-binary.js';

/** One operator applied to two columns step by step. A step has a result only where both columns have a sample. */
export class ElementBinary {
  private readonly arithmetic: FloatBinary | undefined;
  private readonly comparison: FloatComparison | undefined;
  private readonly histograms: HistogramBinary;

  constructor(
    op: BinaryOp,
    private readonly returnBool: boolean,
    query: QueryContext,
    pos: Position,
  ) {
    this.arithmetic = floatBinary(op);
    this.comparison = floatComparison(op);
    this.histograms = new HistogramBinary(op, returnBool, query, pos);
  }

  /**
   * Writes `lhs op rhs` to `out`, which is reset and is neither of the two. What a comparison lets through is the left
   * sample, or the right one if `keepRight` (a scalar stands on the left).
   */
  combine(lhs: StepColumn, rhs: StepColumn, out: StepColumn, keepRight: boolean): void {
    const { arithmetic } = this;
    const steps = out.length;
    for (let s = 0; s < steps; s++) {
      const left = lhs.kinds[s];
      const right = rhs.kinds[s];
      if (left === ABSENT || right === ABSENT) continue;
      if (left === FLOAT && right === FLOAT && arithmetic !== undefined) {
        out.values[s] = arithmetic(lhs.values[s]!, rhs.values[s]!);
        out.kinds[s] = FLOAT;
      } else this.combineStep(lhs, rhs, s, out, keepRight);
    }
  }

  /** One step of `combine`; both sides have a sample. */
  combineStep(lhs: StepColumn, rhs: StepColumn, step: number, out: StepColumn, keepRight: boolean): void {
    if (lhs.kinds[step] !== FLOAT || rhs.kinds[step] !== FLOAT) {
      this.histograms.combineStep(lhs, rhs, step, out);
      return;
    }
    const left = lhs.values[step]!;
    const right = rhs.values[step]!;
    if (this.arithmetic !== undefined) out.setFloat(step, this.arithmetic(left, right));
    else if (this.comparison !== undefined) {
      const holds = this.comparison(left, right);
      if (this.returnBool) out.setFloat(step, holds ? 1 : 0);
      else if (holds) out.setFloat(step, keepRight ? right : left);
    } else this.histograms.refuseFloats();
  }
}
