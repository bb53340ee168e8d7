import { METRIC_NAME } from '../../model/labels.js';
import type { QueryContext } from '../engine/query-context.js';
import { FLOAT, type StepColumn } from '../engine/step-column.js';
import type { OutputSeries } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import type { Position } from '../parser/ast.js';
import { extrapolatedHistogramRate } from '../histogram/rate.js';
import { annotateRange } from './histogram-annotations.js';
import { ExtrapolationCache } from './extrapolation-cache.js';
import { hasStartTimeOverlap, isStartTimeReset, startsInside } from './start-time.js';
import { canExtrapolate, extrapolationFactor } from './window-stats.js';

export type RateKind = 'rate' | 'increase' | 'delta';

const COUNTER_SUFFIXES = ['_total', '_sum', '_count', '_bucket'];

/**
 * `rate`, `increase` and `delta`. Same result as `extrapolatedRate`, but counter resets are looked for once per series
 * instead of once per window: with overlapping windows a sample is otherwise compared again at every step. The values
 * before the resets of a window are added in the same order, so that results are equal to the last bit.
 */
export class RateFunction implements RangeFunction {
  private readonly isCounter: boolean;
  private readonly isRate: boolean;
  private metricName = '';
  private series: OutputSeries | undefined;
  private hinted = false;
  private starts: Float64Array | undefined;
  /** Indexes of samples before which the counter was reset, rising. */
  private resets = new Uint32Array(16);
  private resetCount = 0;
  /** First reset that may still lie in a window. */
  private cursor = 0;
  private readonly factors: ExtrapolationCache;

  constructor(
    kind: RateKind,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    this.isCounter = kind !== 'delta';
    this.isRate = kind === 'rate';
    this.factors = new ExtrapolationCache(this.isCounter, this.isRate);
  }

  begin(series: OutputSeries, samples: RangeSamples): void {
    this.series = series;
    this.metricName = series.labels.get(METRIC_NAME);
    this.hinted = false;
    this.starts = this.isCounter && this.query.options.useStartTimestamps === true ? samples.starts : undefined;
    this.resetCount = 0;
    this.cursor = 0;
    if (this.isCounter) this.findResets(samples);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { lo, hi } = window;
    if (window.histogramHi > window.histogramLo) {
      this.evaluateHistograms(samples, window, out);
      return;
    }
    const { timestamps, values } = samples;
    const starts = this.starts;
    if (hi - lo < 2 && !canExtrapolate(timestamps, lo, hi, window.startMs, this.isCounter, starts)) return;
    const first = values[lo]!;
    let increase = values[hi - 1]! - first;
    if (this.resetCount > 0) increase = this.addResets(values, lo, hi, increase);
    const firstMs = timestamps[lo]!;
    const lastMs = timestamps[hi - 1]!;
    const startMs = starts === undefined ? 0 : this.checkedStart(timestamps, starts, window);
    if (startMs === 0) {
      increase *= this.factors.factorOf(firstMs, lastMs, hi - lo, window.startMs, window.endMs, first, increase);
    } else {
      increase += first;
      increase *= extrapolationFactor(firstMs, lastMs, hi - lo, window.startMs, window.endMs, this.isRate, startMs, NaN);
    }
    out.values[window.step] = increase;
    out.kinds[window.step] = FLOAT;
    if (this.isCounter && !this.hinted) this.hintNonCounter();
  }

  /** The start time of the window's first sample if it lies in the window, else 0. Warns of start times that overlap. */
  private checkedStart(timestamps: Float64Array, starts: Float64Array, window: RangeWindow): number {
    const { lo, hi } = window;
    if (hasStartTimeOverlap(timestamps, starts, lo, hi)) this.query.annotations.startTimeOverlap(this.metricName, this.pos);
    return startsInside(starts[lo]!, timestamps[lo]!, window.startMs) ? starts[lo]! : 0;
  }

  private addResets(values: Float64Array, lo: number, hi: number, increase: number): number {
    const resets = this.resets;
    while (this.cursor < this.resetCount && resets[this.cursor]! <= lo) this.cursor++;
    let sum = increase;
    for (let r = this.cursor; r < this.resetCount && resets[r]! < hi; r++) sum += values[resets[r]! - 1]!;
    return sum;
  }

  private findResets(samples: RangeSamples): void {
    const { values, timestamps, length } = samples;
    const starts = this.starts;
    for (let i = starts === undefined ? Math.max(1, samples.rising) : 1; i < length; i++) {
      if (values[i]! >= values[i - 1]! && starts === undefined) continue;
      const fell = values[i]! < values[i - 1]!;
      const restarted = starts !== undefined && isStartTimeReset(starts[i - 1]!, timestamps[i - 1]!, starts[i]!, timestamps[i]!);
      if (fell || restarted) this.pushReset(i);
    }
  }

  private pushReset(index: number): void {
    if (this.resetCount === this.resets.length) {
      const wider = new Uint32Array(this.resets.length * 2);
      wider.set(this.resets);
      this.resets = wider;
    }
    this.resets[this.resetCount++] = index;
  }

  private evaluateHistograms(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    if (window.hi > window.lo) {
      this.query.annotations.mixedFloatsHistograms(this.metricName, this.pos);
      return;
    }
    const columns = samples.histogramColumns(this.isCounter && this.query.options.useStartTimestamps === true);
    const { histogram, notes } = extrapolatedHistogramRate(
      columns, window.histogramLo, window.histogramHi, window.startMs, window.endMs, this.isCounter, this.isRate,
    );
    if (notes !== 0) annotateRange(notes, this.query, this.metricName, this.pos);
    if (histogram !== undefined) out.setHistogram(window.step, histogram);
  }

  /** Once per series that gave a float. */
  private hintNonCounter(): void {
    this.hinted = true;
    hintNonCounter(this.series!, this.query, this.pos);
  }
}

/** `rate` of something that does not look like a counter deserves an info. */
export function hintNonCounter(series: OutputSeries, query: QueryContext, pos: Position): void {
  const name = series.labels.get(METRIC_NAME);
  if (name === '') return;
  if (query.options.enableTypeAndUnitLabels === true) {
    const type = series.labels.get('__type__');
    if (type !== 'counter' && type !== 'histogram') query.annotations.possibleNonCounterByType(name, type, pos);
  } else if (!COUNTER_SUFFIXES.some((suffix) => name.endsWith(suffix))) {
    query.annotations.possibleNonCounter(name, pos);
  }
}
