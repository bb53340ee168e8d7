import type { EvalFrame } from '../../engine/query-context.js';
import { dropName } from '../../engine/name-removal.js';
import { FLOAT, StepColumn } from '../../engine/step-column.js';
import type { BinaryExpr } from '../../parser/ast.js';
import { type OutputSeries, relabeledSeries, type ScalarOperator, type VectorOperator } from '../operator.js';
import { makesNewMetric } from './arithmetic.js';
import { ElementBinary } from './element.js';

/** `vector op scalar` and `scalar op vector`. */
export class ScalarVectorOperator implements VectorOperator {
  private outputs: readonly OutputSeries[] | undefined;
  private scalarColumn: StepColumn | undefined;
  private readonly input: StepColumn;
  private readonly element: ElementBinary;

  constructor(
    private readonly frame: EvalFrame,
    private readonly expr: BinaryExpr,
    private readonly vector: VectorOperator,
    private readonly scalar: ScalarOperator,
    private readonly scalarOnLeft: boolean,
  ) {
    this.input = new StepColumn(frame.grid.count);
    this.element = new ElementBinary(expr.op, expr.returnBool, frame.query, expr.pos);
  }

  series(): readonly OutputSeries[] {
    if (this.outputs === undefined) {
      const series = this.vector.series();
      this.outputs = makesNewMetric(this.expr.op, this.expr.returnBool)
        ? relabeledSeries(series, this.frame.query.limits, (one) => dropName(one, this.frame.query.options))
        : series;
    }
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    out.reset();
    this.vector.read(index, this.input);
    const scalar = this.scalarAsColumn();
    if (this.scalarOnLeft) this.element.combine(scalar, this.input, out, true);
    else this.element.combine(this.input, scalar, out, false);
  }

  private scalarAsColumn(): StepColumn {
    if (this.scalarColumn === undefined) {
      this.scalarColumn = new StepColumn(this.frame.grid.count);
      this.scalarColumn.values.set(this.scalar.values());
      this.scalarColumn.kinds.fill(FLOAT);
    }
    return this.scalarColumn;
  }
}
