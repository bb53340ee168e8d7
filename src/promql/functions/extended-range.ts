import { METRIC_NAME } from '../../model/labels.js';
import type { QueryContext } from '../engine/query-context.js';
import type { StepColumn } from '../engine/step-column.js';
import { extendedHistogramRate } from '../histogram/extended-rate.js';
import type { OutputSeries } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import type { Position } from '../parser/ast.js';
import { extendedRate } from './extended-rate.js';
import { annotateRange } from './histogram-annotations.js';
import { type RateKind, hintNonCounter } from './rate.js';

/** Samples that a window builds on, [lo, hi): its own, and neighbours within the lookback on either side. */
interface Reach {
  readonly lo: number;
  readonly hi: number;
}

/** `rate`, `increase`, `delta` of `anchored` and `smoothed` ranges: finds the samples that the numerics work on. */
export class ExtendedRate implements RangeFunction {
  /** Smoothed, a range without samples has values, too: between the samples on both sides of it. */
  readonly wantsEmpty: boolean;
  private readonly isCounter: boolean;
  private readonly isRate: boolean;
  private series: OutputSeries | undefined;
  private metricName = '';

  constructor(
    kind: RateKind,
    private readonly smoothed: boolean,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {
    this.isCounter = kind !== 'delta';
    this.isRate = kind === 'rate';
    this.wantsEmpty = smoothed;
  }

  begin(series: OutputSeries, _samples: RangeSamples): void {
    this.series = series;
    this.metricName = series.labels.get(METRIC_NAME);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { startMs, endMs, step } = window;
    const floats = this.reach(samples.timestamps, samples.length, window.lo, window.hi, window);
    const histograms = this.reach(
      samples.histogramTimestamps, samples.histogramLength, window.histogramLo, window.histogramHi, window,
    );
    const hasFloats = floats.hi > floats.lo;
    if (histograms.hi === histograms.lo) {
      if (!hasFloats) return;
      const value = extendedRate(
        samples.timestamps, samples.values, floats.lo, floats.hi, startMs, endMs, this.isCounter, this.isRate, this.smoothed,
      );
      if (value === undefined) return;
      out.setFloat(step, value);
      if (this.isCounter) hintNonCounter(this.series!, this.query, this.pos);
    } else if (hasFloats) {
      this.query.annotations.mixedFloatsHistograms(this.metricName, this.pos);
    } else {
      const { histogram, notes } = extendedHistogramRate(
        samples.histogramColumns(false), histograms.lo, histograms.hi, startMs, endMs, this.isCounter, this.isRate, this.smoothed,
      );
      if (notes !== 0) annotateRange(notes, this.query, this.metricName, this.pos);
      if (histogram !== undefined) out.setHistogram(step, histogram);
    }
  }

  private reach(timestamps: Float64Array, length: number, lo: number, hi: number, window: RangeWindow): Reach {
    const { lookbackMs } = this.query;
    const before = lo > 0 && timestamps[lo - 1]! > window.startMs - lookbackMs;
    const after = this.smoothed && hi < length && timestamps[hi]! <= window.endMs + lookbackMs;
    return { lo: before ? lo - 1 : lo, hi: after ? hi + 1 : hi };
  }
}
