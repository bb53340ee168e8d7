import type { EvalFrame } from '../engine/query-context.js';
import { histogramSamples, type SampleCounts } from '../engine/sample-counts.js';
import type { StepColumn } from '../engine/step-column.js';
import type { OutputSeries } from './operator.js';
import type { RangeSamples } from './range-samples.js';
import type { RangeSource } from './range-source.js';

/** The window of one step over the samples of one series. One object, moved from step to step. */
export class RangeWindow {
  step = 0;
  /** Evaluation time, ms. */
  evalMs = 0;
  /** The window is (startMs, endMs]: offset and @ applied. */
  startMs = 0;
  endMs = 0;
  /** Floats [lo, hi) and histograms [histogramLo, histogramHi) of the window. */
  lo = 0;
  hi = 0;
  histogramLo = 0;
  histogramHi = 0;
}

/** A function over range vectors. One object per place in a query, so that it can keep columns and state. */
export interface RangeFunction {
  /** True if windows without samples are of interest, too (a smoothed window looks at its neighbours). */
  readonly wantsEmpty?: boolean;
  /** Called before the windows of each series. */
  begin?(series: OutputSeries, samples: RangeSamples): void;
  /** The result of a window, which holds at least one sample unless `wantsEmpty`, into out at window.step; nothing for no result. */
  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void;
}

/** The two cursors: moves a window over the steps of a grid, forward only, and calls the function at each. */
export class WindowWalker {
  private readonly window = new RangeWindow();

  constructor(
    private readonly frame: EvalFrame,
    private readonly source: RangeSource,
  ) {}

  /** Returns the number of samples looked at, over all windows. @param counts gets it step by step, if given */
  walk(samples: RangeSamples, fn: RangeFunction, out: StepColumn, counts?: SampleCounts): number {
    const { startMs, stepMs, count } = this.frame.grid;
    const { timestamps, length, histogramTimestamps, histogramLength } = samples;
    const { offsetMs, atMs } = this.source.shift;
    const rangeMs = this.source.rangeMs;
    const window = this.window;
    const wantsEmpty = fn.wantsEmpty === true;
    const { limits } = this.frame.query;
    let lo = 0;
    let hi = 0;
    let loStride = 0;
    let hiStride = 0;
    let histogramLo = 0;
    let histogramHi = 0;
    let seen = 0;
    for (let step = 0; step < count; step++) {
      const evalMs = startMs + step * stepMs;
      const endMs = (atMs ?? evalMs) - offsetMs;
      const windowStartMs = endMs - rangeMs;
      // Samples come at regular intervals: a cursor mostly moves as far as it did at the step before.
      const hiJump = hi + hiStride;
      if (hiJump < length && hiJump > hi && timestamps[hiJump - 1]! <= endMs && timestamps[hiJump]! > endMs) hi = hiJump;
      else {
        const before = hi;
        while (hi < length && timestamps[hi]! <= endMs) hi++;
        hiStride = hi - before;
      }
      const loJump = lo + loStride;
      if (loJump < hi && loJump > lo && timestamps[loJump - 1]! <= windowStartMs && timestamps[loJump]! > windowStartMs) lo = loJump;
      else {
        const before = lo;
        while (lo < hi && timestamps[lo]! <= windowStartMs) lo++;
        loStride = lo - before;
      }
      if (histogramLength > 0) {
        while (histogramHi < histogramLength && histogramTimestamps[histogramHi]! <= endMs) histogramHi++;
        while (histogramLo < histogramHi && histogramTimestamps[histogramLo]! <= windowStartMs) histogramLo++;
      }
      const size = hi - lo + (histogramHi - histogramLo);
      if (size === 0 && !wantsEmpty) continue;
      seen += size;
      limits.worked(size);
      counts?.add(step, hi - lo + sumOfSamples(samples, histogramLo, histogramHi));
      window.step = step;
      window.evalMs = evalMs;
      window.startMs = windowStartMs;
      window.endMs = endMs;
      window.lo = lo;
      window.hi = hi;
      window.histogramLo = histogramLo;
      window.histogramHi = histogramHi;
      fn.evaluate(samples, window, out);
    }
    return seen;
  }
}

/** How many samples the histograms [from, to) count as. */
export function sumOfSamples({ histograms }: RangeSamples, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += histogramSamples(histograms[i]!);
  return sum;
}
