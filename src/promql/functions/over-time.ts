/** Range functions that look at floats only: histograms in the window are left out, with an info if there are both. */
import { METRIC_NAME } from '../../model/labels.js';
import { QueryError } from '../engine/engine-api.js';
import { formatSixDecimals } from '../engine/number-text.js';
import type { QueryContext } from '../engine/query-context.js';
import { FLOAT, type StepColumn } from '../engine/step-column.js';
import type { OutputSeries, ScalarOperator } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import type { Position } from '../parser/ast.js';
import { madOverTime } from './quantile.js';
import { SortedWindow } from './sorted-window.js';
import { doubleExponentialSmoothing, predictLinear } from './window-stats.js';

export type FloatWindowFunction = (timestamps: Float64Array, values: Float64Array, lo: number, hi: number) => number;

abstract class FloatsOnly implements RangeFunction {
  private metricName = '';

  constructor(
    private readonly query: QueryContext,
    /** Place of the range vector, for messages. */
    protected readonly pos: Position,
    private readonly samplesMin: number,
  ) {}

  begin(series: OutputSeries, _samples: RangeSamples): void {
    this.metricName = series.labels.get(METRIC_NAME);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const floats = window.hi - window.lo;
    if (floats === 0) return;
    if (window.histogramHi > window.histogramLo) this.query.annotations.histogramIgnoredInMixedRange(this.metricName, this.pos);
    if (floats < this.samplesMin) return;
    out.values[window.step] = this.compute(samples, window);
    out.kinds[window.step] = FLOAT;
  }

  protected abstract compute(samples: RangeSamples, window: RangeWindow): number;
}

/** A function of the floats of the window and nothing else: `max_over_time`, `deriv`, … */
export class PlainOverTime extends FloatsOnly {
  constructor(
    query: QueryContext,
    pos: Position,
    samplesMin: number,
    private readonly fn: FloatWindowFunction,
  ) {
    super(query, pos, samplesMin);
  }

  protected compute(samples: RangeSamples, window: RangeWindow): number {
    return this.fn(samples.timestamps, samples.values, window.lo, window.hi);
  }
}

/** Scratch that is at least `length` long. */
function scratchFor(length: number, current: Float64Array): Float64Array {
  return current.length >= length ? current : new Float64Array(Math.max(length, current.length * 2));
}

export class QuantileOverTime extends FloatsOnly {
  private readonly sorted = new SortedWindow();

  constructor(
    private readonly context: QueryContext,
    pos: Position,
    private readonly quantile: ScalarOperator,
    private readonly quantilePos: Position,
  ) {
    super(context, pos, 1);
  }

  override begin(series: OutputSeries, samples: RangeSamples): void {
    super.begin(series, samples);
    this.sorted.clear();
  }

  protected compute(samples: RangeSamples, window: RangeWindow): number {
    const q = this.quantile.values()[window.step]!;
    if (!(q >= 0 && q <= 1)) this.context.annotations.invalidQuantile(q, this.quantilePos);
    this.sorted.moveTo(samples.values, window.lo, window.hi);
    return this.sorted.quantile(q);
  }
}

export class MadOverTime extends FloatsOnly {
  private scratch: Float64Array = new Float64Array(64);

  constructor(query: QueryContext, pos: Position) {
    super(query, pos, 1);
  }

  protected compute(samples: RangeSamples, window: RangeWindow): number {
    this.scratch = scratchFor(window.hi - window.lo, this.scratch);
    return madOverTime(samples.values, window.lo, window.hi, this.scratch);
  }
}

export class PredictLinear extends FloatsOnly {
  constructor(
    query: QueryContext,
    pos: Position,
    private readonly ahead: ScalarOperator,
  ) {
    super(query, pos, 2);
  }

  protected compute(samples: RangeSamples, window: RangeWindow): number {
    const seconds = this.ahead.values()[window.step]!;
    return predictLinear(samples.timestamps, samples.values, window.lo, window.hi, window.evalMs, seconds);
  }
}

export class DoubleExponentialSmoothing extends FloatsOnly {
  constructor(
    query: QueryContext,
    pos: Position,
    private readonly smoothing: ScalarOperator,
    private readonly trend: ScalarOperator,
  ) {
    super(query, pos, 2);
  }

  /** @throws QueryError if a factor is 0 or less, or 1 or more (not if it is NaN), also where too few samples make it irrelevant */
  override evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    checkFactor('smoothing', 'sf', this.smoothing.values()[window.step]!);
    checkFactor('trend', 'tf', this.trend.values()[window.step]!);
    super.evaluate(samples, window, out);
  }

  protected compute(samples: RangeSamples, window: RangeWindow): number {
    const { step, lo, hi } = window;
    return doubleExponentialSmoothing(
      samples.timestamps, samples.values, lo, hi, this.smoothing.values()[step]!, this.trend.values()[step]!,
    );
  }
}

function checkFactor(noun: string, short: string, value: number): void {
  if (value <= 0 || value >= 1) {
    throw new QueryError('execution', `invalid ${noun} factor. Expected: 0 < ${short} < 1, got: ${formatSixDecimals(value)}`);
  }
}
