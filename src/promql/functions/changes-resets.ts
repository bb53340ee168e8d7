import type { QueryContext } from '../engine/query-context.js';
import type { StepColumn } from '../engine/step-column.js';
import { equalHistograms } from '../histogram/arithmetic.js';
import { isResetAt } from '../histogram/rate.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';
import { changes, resets } from './window-stats.js';

/** `changes` and `resets`: floats and histograms in the order of time; a change of kind counts. */
export class ChangesResets implements RangeFunction {
  constructor(
    private readonly op: 'changes' | 'resets',
    private readonly query: QueryContext,
  ) {}

  evaluate(samples: RangeSamples, window: RangeWindow, out: StepColumn): void {
    const { lo, hi } = window;
    if (window.histogramHi > window.histogramLo) {
      out.setFloat(window.step, this.countMixed(samples, window));
      return;
    }
    const { timestamps, values } = samples;
    const starts = this.query.options.useStartTimestamps === true ? samples.starts : undefined;
    const count = this.op === 'changes' ? changes(timestamps, values, lo, hi) : resets(timestamps, values, lo, hi, starts);
    out.setFloat(window.step, count);
  }

  private countMixed(samples: RangeSamples, window: RangeWindow): number {
    const columns = samples.histogramColumns(this.query.options.useStartTimestamps === true);
    let f = window.lo;
    let h = window.histogramLo;
    let count = 0;
    let before: 'none' | 'float' | 'histogram' = 'none';
    while (f < window.hi || h < window.histogramHi) {
      const isFloat = h >= window.histogramHi || (f < window.hi && samples.timestamps[f]! < samples.histogramTimestamps[h]!);
      const kind = isFloat ? 'float' : 'histogram';
      if (before === kind) {
        if (isFloat) count += this.countFloatPair(samples, f);
        else if (this.op === 'resets') count += isResetAt(columns, h) ? 1 : 0;
        else if (!equalHistograms(samples.histograms[h - 1]!, samples.histograms[h]!)) count++;
      } else if (before !== 'none') count++;
      before = kind;
      if (isFloat) f++;
      else h++;
    }
    return count;
  }

  /** 0 or 1 for the floats at `i - 1` and `i`. */
  private countFloatPair(samples: RangeSamples, i: number): number {
    const fn = this.op === 'changes' ? changes : resets;
    return fn(samples.timestamps, samples.values, i - 1, i + 1);
  }
}
