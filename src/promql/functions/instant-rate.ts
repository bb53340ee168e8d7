import { METRIC_NAME } from '../../model/labels.js';
import type { QueryContext } from '../engine/query-context.js';
import type { StepColumn } from '../engine/step-column.js';
import { instantHistogramRate } from '../histogram/rate.js';
import type { OutputSeries } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import type { Position } from '../parser/ast.js';
import { annotateRange } from './histogram-annotations.js';
import { idelta, irate } from './window-stats.js';

/** `irate` and `idelta`: from the last two samples of the window, whatever kind they are. */
export class InstantRate implements RangeFunction {
  private metricName = '';

  constructor(
    private readonly isRate: boolean,
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {}

  begin(series: OutputSeries, _samples: RangeSamples): void {
    this.metricName = series.labels.get(METRIC_NAME);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { lo, hi, histogramLo, histogramHi } = window;
    if (hi - lo + histogramHi - histogramLo < 2) return;
    const histogramsLast = this.histogramsAmongLastTwo(samples, window);
    const withStarts = this.isRate && this.query.options.useStartTimestamps === true;
    if (histogramsLast === 0) {
      const { timestamps, values } = samples;
      const starts = withStarts ? samples.starts : undefined;
      const value = this.isRate ? irate(timestamps, values, lo, hi, starts) : idelta(timestamps, values, lo, hi);
      out.setFloat(window.step, value);
    } else if (histogramsLast === 1) {
      this.query.annotations.mixedFloatsHistograms(this.metricName, this.pos);
    } else {
      const { histogram, notes } = instantHistogramRate(samples.histogramColumns(withStarts), histogramHi - 1, this.isRate);
      if (notes !== 0) annotateRange(notes, this.query, this.metricName, this.pos);
      if (histogram !== undefined) out.setHistogram(window.step, histogram);
    }
  }

  private histogramsAmongLastTwo(samples: RangeSamples, window: RangeWindow): number {
    let f = window.hi - 1;
    let h = window.histogramHi - 1;
    let histograms = 0;
    for (let taken = 0; taken < 2; taken++) {
      const floatMs = f >= window.lo ? samples.timestamps[f]! : -Infinity;
      const histogramMs = h >= window.histogramLo ? samples.histogramTimestamps[h]! : -Infinity;
      if (histogramMs > floatMs) {
        histograms++;
        h--;
      } else f--;
    }
    return histograms;
  }
}
