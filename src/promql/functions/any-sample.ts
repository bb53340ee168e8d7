/** Range functions that take floats and histograms alike: `count_over_time`, `last_over_time`, … */
import type { StepColumn } from '../engine/step-column.js';
import type { RangeSamples } from '../operators/range-samples.js';
import type { RangeFunction, RangeWindow } from '../operators/range-window.js';

export const countSamples: RangeFunction = {
  evaluate(_samples, window, out) {
    out.setFloat(window.step, window.hi - window.lo + (window.histogramHi - window.histogramLo));
  },
};

export const samplePresent: RangeFunction = {
  evaluate(_samples, window, out) {
    out.setFloat(window.step, 1);
  },
};

export const lastSample: RangeFunction = {
  evaluate(samples, window, out) {
    if (lastIsHistogram(samples, window)) out.setHistogram(window.step, samples.histograms[window.histogramHi - 1]!);
    else out.setFloat(window.step, samples.values[window.hi - 1]!);
  },
};

export const firstSample: RangeFunction = {
  evaluate(samples, window, out) {
    if (firstIsHistogram(samples, window)) out.setHistogram(window.step, samples.histograms[window.histogramLo]!);
    else out.setFloat(window.step, samples.values[window.lo]!);
  },
};

export const timeOfLastSample: RangeFunction = {
  evaluate(samples, window, out) {
    setSeconds(out, window, lastIsHistogram(samples, window)
      ? samples.histogramTimestamps[window.histogramHi - 1]!
      : samples.timestamps[window.hi - 1]!);
  },
};

export const timeOfFirstSample: RangeFunction = {
  evaluate(samples, window, out) {
    setSeconds(out, window, firstIsHistogram(samples, window)
      ? samples.histogramTimestamps[window.histogramLo]!
      : samples.timestamps[window.lo]!);
  },
};

function setSeconds(out: StepColumn, window: RangeWindow, timeMs: number): void {
  out.setFloat(window.step, timeMs / 1000);
}

function lastIsHistogram(samples: RangeSamples, window: RangeWindow): boolean {
  if (window.histogramHi === window.histogramLo) return false;
  return window.hi === window.lo || samples.histogramTimestamps[window.histogramHi - 1]! > samples.timestamps[window.hi - 1]!;
}

function firstIsHistogram(samples: RangeSamples, window: RangeWindow): boolean {
  if (window.histogramHi === window.histogramLo) return false;
  return window.hi === window.lo || samples.histogramTimestamps[window.histogramLo]! < samples.timestamps[window.lo]!;
}
