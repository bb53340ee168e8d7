import type { StepColumn } from '../engine/step-column.js';
import type { OutputSeries } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';

/**
 * A function over windows that begin with their anchor: the newest sample at or before the start of the range, if one
 * is within the lookback. Windows without samples of their own stay without result.
 */
export class AnchoredFunction implements RangeFunction {
  constructor(
    private readonly inner: RangeFunction,
    private readonly lookbackMs: number,
  ) {}

  begin(series: OutputSeries, samples: RangeSamples): void {
    this.inner.begin?.(series, samples);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { lo, histogramLo } = window;
    const oldestMs = window.startMs - this.lookbackMs;
    const floatMs = lo > 0 ? samples.timestamps[lo - 1]! : -Infinity;
    const histogramMs = histogramLo > 0 ? samples.histogramTimestamps[histogramLo - 1]! : -Infinity;
    if (floatMs > histogramMs && floatMs > oldestMs) window.lo--;
    else if (histogramMs > oldestMs) window.histogramLo--;
    this.inner.evaluate(samples, window, out);
    window.lo = lo;
    window.histogramLo = histogramLo;
  }
}
