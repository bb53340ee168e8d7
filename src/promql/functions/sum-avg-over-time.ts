import { METRIC_NAME } from '../../model/labels.js';
import type { QueryContext } from '../engine/query-context.js';
import { FLOAT, type StepColumn } from '../engine/step-column.js';
import { HistogramMean, HistogramSum } from '../histogram/arithmetic.js';
import type { OutputSeries } from '../operators/operator.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import type { Position } from '../parser/ast.js';
import { annotateAggregation } from './histogram-annotations.js';
import { avgOverTime, sumOverTime } from './window-stats.js';

/** `sum_over_time` and `avg_over_time`: of floats or of histograms, not of a mix. */
export class SumAvgOverTime implements RangeFunction {
  private metricName = '';

  constructor(
    private readonly op: 'sum' | 'avg',
    private readonly query: QueryContext,
    private readonly pos: Position,
  ) {}

  begin(series: OutputSeries, _samples: RangeSamples): void {
    this.metricName = series.labels.get(METRIC_NAME);
  }

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { lo, hi, step } = window;
    if (window.histogramHi > window.histogramLo) {
      if (hi > lo) this.query.annotations.mixedFloatsHistograms(this.metricName, this.pos);
      else this.evaluateHistograms(samples, window, out);
      return;
    }
    const { timestamps, values } = samples;
    out.values[step] = this.op === 'sum' ? sumOverTime(timestamps, values, lo, hi) : avgOverTime(timestamps, values, lo, hi);
    out.kinds[step] = FLOAT;
  }

  private evaluateHistograms(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const total = this.op === 'sum' ? new HistogramSum() : new HistogramMean();
    for (let i = window.histogramLo; i < window.histogramHi; i++) total.add(samples.histograms[i]!);
    const result = total.result();
    if (total.notes !== 0) annotateAggregation(total.notes, this.query, this.metricName, this.pos);
    if (result !== undefined) out.setHistogram(window.step, result);
  }
}
