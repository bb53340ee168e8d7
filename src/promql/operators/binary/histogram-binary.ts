import type { Histogram } from '../../../model/histogram.js';
import type { QueryContext } from '../../engine/query-context.js';
import { FLOAT, type StepColumn } from '../../engine/step-column.js';
import { annotateBinary } from '../../functions/histogram-annotations.js';
import { addHistograms, divHistogram, equalHistograms, mulHistogram, subHistograms } from '../../histogram/arithmetic.js';
import { trimHistogram } from '../../histogram/trim.js';
import type { BinaryOp, Position } from '../../parser/ast.js';

/** Binary operators where at least one side is a histogram. What has no meaning gives no result and an info. */
export class HistogramBinary {
  constructor(
    private readonly op: BinaryOp,
    private readonly returnBool: boolean,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {}

  combineStep(lhs: StepColumn, rhs: StepColumn, step: number, out: StepColumn): void {
    const leftFloat = lhs.kinds[step] === FLOAT;
    const rightFloat = rhs.kinds[step] === FLOAT;
    if (!leftFloat && !rightFloat) this.twoHistograms(lhs.histogramAt(step), rhs.histogramAt(step), step, out);
    else if (rightFloat) this.histogramAndFloat(lhs.histogramAt(step), rhs.values[step]!, step, out);
    else if (this.op === '*') out.setHistogram(step, mulHistogram(rhs.histogramAt(step), lhs.values[step]!));
    else this.refuse('float', 'histogram');
  }

  /** The trim operators are for histograms. */
  refuseFloats(): void {
    this.refuse('float', 'float');
  }

  private histogramAndFloat(histogram: Histogram, factor: number, step: number, out: StepColumn): void {
    switch (this.op) {
      case '*':
        out.setHistogram(step, mulHistogram(histogram, factor));
        break;
      case '/':
        out.setHistogram(step, divHistogram(histogram, factor));
        break;
      case '</':
      case '>/':
        out.setHistogram(step, trimHistogram(histogram, factor, this.op === '</' ? 'below' : 'above'));
        break;
      default:
        this.refuse('histogram', 'float');
    }
  }

  private twoHistograms(left: Histogram, right: Histogram, step: number, out: StepColumn): void {
    switch (this.op) {
      case '+':
      case '-': {
        const { histogram, notes } = this.op === '+' ? addHistograms(left, right) : subHistograms(left, right);
        if (notes !== 0) annotateBinary(notes, this.query, this.op, this.pos);
        if (histogram !== undefined) out.setHistogram(step, histogram);
        break;
      }
      case '==':
      case '!=': {
        const holds = equalHistograms(left, right) === (this.op === '==');
        if (this.returnBool) out.setFloat(step, holds ? 1 : 0);
        else if (holds) out.setHistogram(step, left);
        break;
      }
      default:
        this.refuse('histogram', 'histogram');
    }
  }

  private refuse(left: string, right: string): void {
    this.query.annotations.incompatibleTypesInBinary(left, this.op, right, this.pos);
  }
}
