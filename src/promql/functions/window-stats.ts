/**
 * Range-vector functions over one window of float samples.
 *
 * Every function takes columns and a half-open index range [lo, hi) in them: `timestamps` in ms, strictly rising;
 * `values`, floats only and without stale markers (the caller leaves histogram samples out). hi > lo always; a
 * function that says "two samples" needs hi - lo >= 2, and the caller drops the series otherwise. Nothing is
 * allocated and no argument is kept. Results, including the order of additions, are those of Prometheus 3.14.
 */
import { kahanCarry } from './kahan.js';
import { isStartTimeReset, rangeSeconds, startsInside } from './start-time.js';

export function sumOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let sum = 0;
  let carry = 0;
  for (let i = lo; i < hi; i++) {
    const value = values[i]!;
    const total = sum + value;
    carry = kahanCarry(carry, sum, value, total);
    sum = total;
  }
  return sum === Infinity || sum === -Infinity ? sum : sum + carry;
}

export function avgOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let sum = values[lo]!;
  let carry = 0;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) return incrementalMean(values, lo, i, hi, sum, carry);
    carry = kahanCarry(carry, sum, value, total);
    sum = total;
  }
  const count = hi - lo;
  return sum / count + carry / count;
}

/** Goes on with `avgOverTime` at index `from`, where the sum of [lo, from) is the last that does not overflow. */
function incrementalMean(values: Float64Array, lo: number, from: number, hi: number, sum: number, sumCarry: number): number {
  let mean = sum / (from - lo);
  let carry = sumCarry / (from - lo);
  for (let i = from; i < hi; i++) {
    const count = i - lo + 1;
    const weight = (count - 1) / count;
    const kept = weight * mean;
    const share = values[i]! / count;
    const next = kept + share;
    carry = kahanCarry(weight * carry, kept, share, next);
    mean = next;
  }
  return mean + carry;
}

/** NaN only if every sample is NaN. */
export function minOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let min = values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    if (value < min || min !== min) min = value;
  }
  return min;
}

/** NaN only if every sample is NaN. */
export function maxOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let max = values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    if (value > max || max !== max) max = value;
  }
  return max;
}

export function countOverTime(_timestamps: Float64Array, _values: Float64Array, lo: number, hi: number): number {
  return hi - lo;
}

export function presentOverTime(_timestamps: Float64Array, _values: Float64Array, _lo: number, _hi: number): number {
  return 1;
}

export function firstOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, _hi: number): number {
  return values[lo]!;
}

export function lastOverTime(_timestamps: Float64Array, values: Float64Array, _lo: number, hi: number): number {
  return values[hi - 1]!;
}

/** Seconds, as all `tsOf*`. */
export function tsOfFirstOverTime(timestamps: Float64Array, _values: Float64Array, lo: number, _hi: number): number {
  return timestamps[lo]! / 1000;
}

export function tsOfLastOverTime(timestamps: Float64Array, _values: Float64Array, _lo: number, hi: number): number {
  return timestamps[hi - 1]! / 1000;
}

/** Of equal minima the last. */
export function tsOfMinOverTime(timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let at = lo;
  let min = values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    if (value <= min || min !== min) {
      min = value;
      at = i;
    }
  }
  return timestamps[at]! / 1000;
}

/** Of equal maxima the last. */
export function tsOfMaxOverTime(timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let at = lo;
  let max = values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    if (value >= max || max !== max) {
      max = value;
      at = i;
    }
  }
  return timestamps[at]! / 1000;
}

/** Population variance, Welford's recurrence with compensated sums. */
export function stdvarOverTime(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let mean = 0;
  let meanCarry = 0;
  let squares = 0;
  let squaresCarry = 0;
  for (let i = lo; i < hi; i++) {
    const value = values[i]!;
    const delta = value - (mean + meanCarry);
    const step = delta / (i - lo + 1);
    const nextMean = mean + step;
    meanCarry = kahanCarry(meanCarry, mean, step, nextMean);
    mean = nextMean;
    const square = delta * (value - (mean + meanCarry));
    const nextSquares = squares + square;
    squaresCarry = kahanCarry(squaresCarry, squares, square, nextSquares);
    squares = nextSquares;
  }
  return (squares + squaresCarry) / (hi - lo);
}

export function stddevOverTime(timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  return Math.sqrt(stdvarOverTime(timestamps, values, lo, hi));
}

/** Number of times a value differs from the one before it; NaN after NaN is no change. */
export function changes(_timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  let count = 0;
  let prev = values[lo]!;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!;
    if (value !== prev && (value === value || prev === prev)) count++;
    prev = value;
  }
  return count;
}

/**
 * Number of counter resets: a value below the one before it, or a reset proven by start timestamps.
 * @param starts start timestamps in ms beside `values`, undefined where they are not in use
 */
export function resets(timestamps: Float64Array, values: Float64Array, lo: number, hi: number, starts?: Float64Array): number {
  let count = 0;
  for (let i = lo + 1; i < hi; i++) {
    if (isReset(timestamps, values, starts, i)) count++;
  }
  return count;
}

function isReset(timestamps: Float64Array, values: Float64Array, starts: Float64Array | undefined, i: number): boolean {
  if (values[i]! < values[i - 1]!) return true;
  return starts !== undefined && isStartTimeReset(starts[i - 1]!, timestamps[i - 1]!, starts[i]!, timestamps[i]!);
}

/**
 * True if `extrapolatedRate` has an answer: two samples, or one that started inside the range (counters with start
 * timestamps only).
 */
export function canExtrapolate(
  timestamps: Float64Array,
  lo: number,
  hi: number,
  rangeStartMs: number,
  isCounter: boolean,
  starts?: Float64Array,
): boolean {
  if (hi - lo >= 2) return true;
  return isCounter && starts !== undefined && hi > lo && startsInside(starts[lo]!, timestamps[lo]!, rangeStartMs);
}

/**
 * `rate` (counter, rate), `increase` (counter, not rate), `delta` (neither) over the range (rangeStartMs, rangeEndMs].
 * The difference between last and first sample, counter resets added back, extrapolated to the ends of the range where
 * samples are near them. Needs `canExtrapolate`; see `hasStartTimeOverlap` for the warning that may be due.
 */
export function extrapolatedRate(
  timestamps: Float64Array,
  values: Float64Array,
  lo: number,
  hi: number,
  rangeStartMs: number,
  rangeEndMs: number,
  isCounter: boolean,
  isRate: boolean,
  starts?: Float64Array,
): number {
  const first = values[lo]!;
  let increase = values[hi - 1]! - first;
  if (isCounter) {
    for (let i = lo + 1; i < hi; i++) {
      if (isReset(timestamps, values, starts, i)) increase += values[i - 1]!;
    }
  }
  const startMs = isCounter && starts !== undefined ? starts[lo]! : 0;
  if (startsInside(startMs, timestamps[lo]!, rangeStartMs)) increase += first;
  const factor = extrapolationFactor(
    timestamps[lo]!, timestamps[hi - 1]!, hi - lo, rangeStartMs, rangeEndMs, isRate, startMs,
    isCounter && increase > 0 && first >= 0 ? first / increase : NaN,
  );
  return increase * factor;
}

/**
 * What the difference between the first and the last sample is multiplied by, so that it stands for the whole range
 * (and for one second of it if `isRate`). Shared with the rate of histograms.
 *
 * Where a sample lies within 1.1 average distances of the end of the range, the series is taken to go on to that end;
 * otherwise to end half a distance beyond the sample. A counter is never extrapolated to below zero.
 *
 * @param count samples from `firstMs` to `lastMs`
 * @param startMs start timestamp of the first sample, 0 for none or not a counter
 * @param zeroShare value of the first sample divided by the increase: how many sampled intervals before the first
 *   sample the counter was at zero, at the average slope; NaN where that is not to be looked at
 */
export function extrapolationFactor(
  firstMs: number,
  lastMs: number,
  count: number,
  rangeStartMs: number,
  rangeEndMs: number,
  isRate: boolean,
  startMs: number,
  zeroShare: number,
): number {
  let sampled = (lastMs - firstMs) / 1000;
  let toStart = (firstMs - rangeStartMs) / 1000;
  let toEnd = (rangeEndMs - lastMs) / 1000;
  const distance = count > 1 ? sampled / (count - 1) : 0;
  const near = distance * 1.1;
  if (startsInside(startMs, firstMs, rangeStartMs)) {
    // The counter is known to have been 0 at startMs: that is one more sample, and nothing to guess on this side.
    toStart = 0;
    sampled = (lastMs - startMs) / 1000;
  } else {
    if (toStart >= near) toStart = distance / 2;
    const toZero = sampled * zeroShare;
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= near) toEnd = distance / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return isRate ? factor / rangeSeconds(rangeEndMs - rangeStartMs) : factor;
}

/** Per-second rate between the last two samples. Two samples. */
export function irate(timestamps: Float64Array, values: Float64Array, _lo: number, hi: number, starts?: Float64Array): number {
  const last = values[hi - 1]!;
  const increase = isReset(timestamps, values, starts, hi - 1) ? last : last - values[hi - 2]!;
  return increase / ((timestamps[hi - 1]! - timestamps[hi - 2]!) / 1000);
}

/** Difference between the last two samples. Two samples. */
export function idelta(_timestamps: Float64Array, values: Float64Array, _lo: number, hi: number): number {
  return values[hi - 1]! - values[hi - 2]!;
}

/** Least-squares line, filled by `fitLine`: slope per second, value at the intercept time. */
const line = { slope: 0, intercept: 0 };

function fitLine(timestamps: Float64Array, values: Float64Array, lo: number, hi: number, interceptMs: number): void {
  const n = hi - lo;
  const firstY = values[lo]!;
  let constant = true;
  let sumX = 0, carryX = 0, sumY = 0, carryY = 0, sumXY = 0, carryXY = 0, sumXX = 0, carryXX = 0;
  for (let i = lo; i < hi; i++) {
    const y = values[i]!;
    if (i > lo && y !== firstY) constant = false;
    const x = (timestamps[i]! - interceptMs) / 1e3;
    let total = sumX + x;
    carryX = kahanCarry(carryX, sumX, x, total);
    sumX = total;
    total = sumY + y;
    carryY = kahanCarry(carryY, sumY, y, total);
    sumY = total;
    total = sumXY + x * y;
    carryXY = kahanCarry(carryXY, sumXY, x * y, total);
    sumXY = total;
    total = sumXX + x * x;
    carryXX = kahanCarry(carryXX, sumXX, x * x, total);
    sumXX = total;
  }
  if (constant) {
    const infinite = firstY === Infinity || firstY === -Infinity;
    line.slope = infinite ? NaN : 0;
    line.intercept = infinite ? NaN : firstY;
    return;
  }
  sumX += carryX;
  sumY += carryY;
  const covariance = sumXY + carryXY - (sumX * sumY) / n;
  const variance = sumXX + carryXX - (sumX * sumX) / n;
  line.slope = covariance / variance;
  line.intercept = sumY / n - (line.slope * sumX) / n;
}

/** Slope per second of the least-squares line. Two samples. */
export function deriv(timestamps: Float64Array, values: Float64Array, lo: number, hi: number): number {
  fitLine(timestamps, values, lo, hi, timestamps[lo]!);
  return line.slope;
}

/** Value of the least-squares line `aheadSeconds` after the evaluation time `evalMs` (offsets do not move it). Two samples. */
export function predictLinear(
  timestamps: Float64Array,
  values: Float64Array,
  lo: number,
  hi: number,
  evalMs: number,
  aheadSeconds: number,
): number {
  fitLine(timestamps, values, lo, hi, evalMs);
  return line.slope * aheadSeconds + line.intercept;
}

/** Both factors must lie strictly between 0 and 1 (the caller refuses others). Two samples. */
export function doubleExponentialSmoothing(
  _timestamps: Float64Array,
  values: Float64Array,
  lo: number,
  hi: number,
  smoothingFactor: number,
  trendFactor: number,
): number {
  let smoothed = values[lo]!;
  let trend = values[lo + 1]! - smoothed;
  let before = 0;
  for (let i = lo + 1; i < hi; i++) {
    if (i > lo + 1) trend = trendFactor * (smoothed - before) + (1 - trendFactor) * trend;
    before = smoothed;
    smoothed = smoothingFactor * values[i]! + (1 - smoothingFactor) * (smoothed + trend);
  }
  return smoothed;
}
