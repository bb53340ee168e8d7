import type { Histogram } from '../../model/histogram.js';
import type { OperatorBuilder } from '../engine/operator-builder.js';
import { formatOpenMetrics } from '../engine/number-text.js';
import { type EvalFrame, needingBuckets } from '../engine/query-context.js';
import type { ClassicBuckets } from '../histogram/classic.js';
import { HistogramNote } from '../histogram/notes.js';
import { histogramFraction, histogramQuantile } from '../histogram/quantile.js';
import { HistogramEstimateOperator, type HistogramEstimator } from '../operators/histogram-estimate.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { ScalarOperator, VectorOperator } from '../operators/operator.js';
import type { Call, Position } from '../parser/ast.js';
import { stringArgument } from './string-argument.js';

/** `histogram_quantile(φ, v)` */
export function histogramQuantileCall(build: OperatorBuilder, call: Call, outer: EvalFrame): VectorOperator {
  const frame = needingBuckets(outer);
  const q = checkedQuantile(build.scalar(call.args[0]!, frame), frame, call.args[0]!.pos);
  const vector = build.vector(call.args[1]!, frame);
  const pos = call.args[1]!.pos;
  return estimate(frame, vector, [new QuantileEstimator(frame, pos, q, undefined, undefined)], pos);
}

/** `histogram_quantiles(v, "label", φ, …)` */
export function histogramQuantilesCall(build: OperatorBuilder, call: Call, outer: EvalFrame): VectorOperator {
  const frame = needingBuckets(outer);
  const vector = build.vector(call.args[0]!, frame);
  const name = stringArgument(call, 1);
  const pos = call.args[0]!.pos;
  const estimators: HistogramEstimator[] = [];
  for (const arg of call.args.slice(2)) {
    const q = checkedQuantile(build.scalar(arg, frame), frame, arg.pos);
    // The value becomes a label: one estimator for each that occurs.
    for (const value of new Set(q.values())) {
      estimators.push(new QuantileEstimator(frame, pos, q, { name, value: formatOpenMetrics(value) }, value));
    }
  }
  return estimate(frame, vector, estimators, pos);
}

/** `histogram_fraction(lower, upper, v)` */
export function histogramFractionCall(build: OperatorBuilder, call: Call, outer: EvalFrame): VectorOperator {
  const frame = needingBuckets(outer);
  const lower = build.scalar(call.args[0]!, frame);
  const upper = build.scalar(call.args[1]!, frame);
  const vector = build.vector(call.args[2]!, frame);
  const pos = call.args[2]!.pos;
  return estimate(frame, vector, [new FractionEstimator(frame, pos, lower, upper)], pos);
}

function estimate(frame: EvalFrame, vector: VectorOperator, estimators: HistogramEstimator[], pos: Position): VectorOperator {
  return uniqueSeries(new HistogramEstimateOperator(frame, vector, estimators, pos), undefined, frame, true);
}

/** Warns about every value that is no quantile, whether or not there is a histogram to ask. */
function checkedQuantile(q: ScalarOperator, frame: EvalFrame, pos: Position): ScalarOperator {
  const values = q.values();
  for (let s = 0; s < values.length; s++) {
    if (!(values[s]! >= 0 && values[s]! <= 1)) frame.query.annotations.invalidQuantile(values[s]!, pos);
  }
  return q;
}

class QuantileEstimator implements HistogramEstimator {
  constructor(
    private readonly frame: EvalFrame,
    private readonly pos: Position,
    private readonly q: ScalarOperator,
    readonly label: { readonly name: string; readonly value: string } | undefined,
    /** Asked only at steps where q has this value, undefined for all. */
    private readonly only: number | undefined,
  ) {}

  appliesAt(step: number): boolean {
    return this.only === undefined || Object.is(this.q.values()[step], this.only);
  }

  fromClassic(buckets: ClassicBuckets, step: number, metricName: string): number {
    const value = buckets.quantile(this.q.values()[step]!);
    if (buckets.forcedMonotonicity) {
      const timeMs = this.frame.grid.startMs + step * this.frame.grid.stepMs;
      this.frame.query.annotations.forcedMonotonicity(metricName, this.pos, {
        lowestBound: buckets.forcedLowest,
        highestBound: buckets.forcedHighest,
        diffMax: buckets.forcedDiff,
        firstMs: timeMs,
        lastMs: timeMs,
      });
    }
    return value;
  }

  fromNative(histogram: Histogram, step: number, metricName: string): number {
    const { value, notes } = histogramQuantile(this.q.values()[step]!, histogram);
    if (notes & HistogramNote.quantileIsNaN) this.frame.query.annotations.quantileNaNResult(metricName, this.pos);
    if (notes & HistogramNote.quantileSkewed) this.frame.query.annotations.quantileNaNSkew(metricName, this.pos);
    return value;
  }
}

class FractionEstimator implements HistogramEstimator {
  readonly label = undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly pos: Position,
    private readonly lower: ScalarOperator,
    private readonly upper: ScalarOperator,
  ) {}

  appliesAt(): boolean {
    return true;
  }

  fromClassic(buckets: ClassicBuckets, step: number): number {
    return buckets.fraction(this.lower.values()[step]!, this.upper.values()[step]!);
  }

  fromNative(histogram: Histogram, step: number, metricName: string): number {
    const { value, notes } = histogramFraction(this.lower.values()[step]!, this.upper.values()[step]!, histogram);
    if (notes & HistogramNote.fractionExcludesNaN) this.frame.query.annotations.fractionNaNs(metricName, this.pos);
    return value;
  }
}
