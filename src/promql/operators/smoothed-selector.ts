import { CUSTOM_BUCKETS_SCHEMA, type Histogram, ResetHint } from '../../model/histogram.js';
import { METRIC_NAME } from '../../model/labels.js';
import { SampleColumns } from '../../model/sample-columns.js';
import type { Series } from '../../storage/queryable.js';
import type { EvalFrame } from '../engine/query-context.js';
import { columnSamples } from '../engine/sample-counts.js';
import type { StepColumn } from '../engine/step-column.js';
import { interpolateAt } from '../functions/extended-rate.js';
import { interpolateHistogramAt } from '../histogram/extended-rate.js';
import type { Position } from '../parser/ast.js';
import { type OutputSeries, selectedSeries, type VectorOperator } from './operator.js';
import { RangeSamples } from './range-samples.js';
import { settleHistograms } from './selected-histograms.js';
import { type TimeShift, referenceTime } from './time-shift.js';

/**
 * `metric smoothed`: at each step the value interpolated between the samples before and after it, both within the
 * lookback. Without one after it the one before stands; without one before there is nothing.
 */
export class SmoothedSelectorOperator implements VectorOperator {
  private readonly outputs: readonly OutputSeries[];
  private readonly columns = new SampleColumns();
  private readonly samples = new RangeSamples();
  private readonly isFirst: ((index: number) => boolean) | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly selected: readonly Series[],
    private readonly shift: TimeShift,
    private readonly pos: Position,
  ) {
    this.outputs = selectedSeries(selected, frame.query.limits);
    this.isFirst = frame.counts?.countOnce(this);
    this.columns.wantsStarts = false;
  }

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    const { query, grid } = this.frame;
    const { lookbackMs, limits } = query;
    limits.poll();
    out.reset();
    this.columns.clear();
    const mint = referenceTime(this.shift, grid.startMs) - lookbackMs + 1;
    this.selected[index]!.read(this.columns, mint, referenceTime(this.shift, grid.endMs) + lookbackMs);
    settleHistograms(this.columns, this.frame.buckets);
    this.samples.fromColumns(this.columns);
    const { timestamps, length, histogramTimestamps, histogramLength } = this.samples;
    // First samples after the step.
    let float = 0;
    let histogram = 0;
    for (let step = 0; step < grid.count; step++) {
      const timeMs = referenceTime(this.shift, grid.startMs + step * grid.stepMs);
      while (float < length && timestamps[float]! <= timeMs) float++;
      while (histogram < histogramLength && histogramTimestamps[histogram]! <= timeMs) histogram++;
      const hasFloats = isNear(timestamps, length, float, timeMs, lookbackMs);
      const hasHistograms = isNear(histogramTimestamps, histogramLength, histogram, timeMs, lookbackMs);
      if (hasFloats && hasHistograms) {
        query.annotations.mixedFloatsHistograms(this.outputs[index]!.labels.get(METRIC_NAME), this.pos);
      } else if (hasFloats) this.floatAt(step, timeMs, float, out);
      else if (hasHistograms) this.histogramAt(step, timeMs, histogram, index, out);
    }
    const found = out.countPresent();
    limits.queryable += found;
    if (this.isFirst?.(index) === true) this.frame.counts?.addColumn(out);
    limits.read += found;
    limits.hold(columnSamples(out));
  }

  private floatAt(step: number, timeMs: number, after: number, out: StepColumn): void {
    const { timestamps, values, length } = this.samples;
    const { lookbackMs } = this.frame.query;
    const before = after - 1;
    if (before < 0 || timestamps[before]! <= timeMs - lookbackMs) return;
    const alone = timestamps[before] === timeMs || after >= length || timestamps[after]! > timeMs + lookbackMs;
    out.setFloat(step, alone
      ? values[before]!
      : interpolateAt(timestamps, values, before, timeMs, false));
  }

  private histogramAt(step: number, timeMs: number, after: number, index: number, out: StepColumn): void {
    const { histogramTimestamps: times, histograms, histogramLength } = this.samples;
    const { lookbackMs, annotations } = this.frame.query;
    const before = after - 1;
    if (before < 0 || times[before]! <= timeMs - lookbackMs) return;
    if (times[before] === timeMs || after >= histogramLength || times[after]! > timeMs + lookbackMs) {
      out.setHistogram(step, histograms[before]!);
      return;
    }
    if (isCustom(histograms[before]!) !== isCustom(histograms[after]!)) {
      annotations.mixedExponentialCustom(this.outputs[index]!.labels.get(METRIC_NAME), this.pos);
      return;
    }
    const isCounter = histograms[before]!.resetHint !== ResetHint.gauge && histograms[after]!.resetHint !== ResetHint.gauge;
    const between = interpolateHistogramAt(this.samples.histogramColumns(false), before, timeMs, isCounter).histogram;
    if (between !== undefined) out.setHistogram(step, between);
  }
}

function isCustom(histogram: Histogram): boolean {
  return histogram.schema === CUSTOM_BUCKETS_SCHEMA;
}

/** True if the sample before or the one at `after` is within the lookback of the time. */
function isNear(timestamps: Float64Array, length: number, after: number, timeMs: number, lookbackMs: number): boolean {
  if (after > 0 && timestamps[after - 1]! > timeMs - lookbackMs) return true;
  return after < length && timestamps[after]! <= timeMs + lookbackMs;
}
