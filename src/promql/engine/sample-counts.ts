/**
 * Samples that a query looks at, step by step, as Prometheus counts them for `stats`: every selector counts all of its series once,
 * whatever is computed from them; what does not depend on the step counts at every step; what a subquery reads does not count, only
 * the points that it gives. Kept only for queries that are asked for statistics.
 */
import type { Histogram } from '../../model/histogram.js';
import type { VectorOperator } from '../operators/operator.js';
import { FLOAT, HISTOGRAM, StepColumn } from './step-column.js';

/** Bytes of upstream's histogram without its lists; a sample of a histogram counts as so many samples of 16 bytes. */
const HISTOGRAM_BYTES = 168;

export class SampleCounts {
  private readonly perStep: Float64Array;
  private readonly invariant: SampleCounts[] = [];
  private readonly rest: (() => void)[] = [];

  constructor(readonly steps: number) {
    this.perStep = new Float64Array(steps);
  }

  add(step: number, samples: number): void {
    this.perStep[step]! += samples;
  }

  /** Every sample of a column. */
  addColumn(column: StepColumn): void {
    const { kinds, length } = column;
    for (let s = 0; s < length; s++) {
      if (kinds[s] === FLOAT) this.perStep[s]!++;
      else if (kinds[s] === HISTOGRAM) this.perStep[s]! += histogramSamples(column.histogramAt(s));
    }
  }

  /** The counts of a part that is evaluated once and stands at every step. */
  forInvariant(): SampleCounts {
    const inner = new SampleCounts(1);
    this.invariant.push(inner);
    return inner;
  }

  /**
   * Says before each read of a series whether it is to be counted: the first time. Series that nobody read by the end of the query are
   * read then.
   */
  countOnce(operator: VectorOperator): (index: number) => boolean {
    const counted = new Set<number>();
    this.rest.push(() => {
      const { length } = operator.series();
      const column = new StepColumn(this.steps);
      for (let i = 0; i < length; i++) if (!counted.has(i)) operator.read(i, column);
    });
    return (index) => {
      if (counted.has(index)) return false;
      counted.add(index);
      return true;
    };
  }

  /** Reads what is left and gives the counts by step. @throws QueryError */
  finish(): Float64Array {
    for (const readRest of this.rest) readRest();
    const constant = this.invariant.reduce((sum, inner) => sum + inner.finish()[0]!, 0);
    return this.perStep.map((samples) => samples + constant);
  }
}

/** How many samples a column counts as. */
export function columnSamples(column: StepColumn): number {
  let count = column.countPresent();
  if (column.histograms === undefined) return count;
  for (let s = 0; s < column.length; s++) if (column.kinds[s] === HISTOGRAM) count += histogramSamples(column.histogramAt(s)) - 1;
  return count;
}

/** How many samples a histogram counts as. */
export function histogramSamples(histogram: Histogram): number {
  const lists = histogram.positiveSpans.length + histogram.negativeSpans.length
    + histogram.positiveBuckets.length + histogram.negativeBuckets.length + histogram.customValues.length;
  return Math.floor((HISTOGRAM_BYTES + 8 * lists + 8) / 16);
}
