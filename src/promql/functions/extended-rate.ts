/**
 * `rate`, `increase`, `delta` with the modifiers `anchored` and `smoothed`: no extrapolation. The window then reaches
 * beyond the range: by the sample at or before its start, and (smoothed) by the one at or after its end.
 *
 *   anchored   last value in the range minus the value that held at its start (or the first in it, if none held)
 *   smoothed   the values at both ends themselves, interpolated between the samples around them
 */
import { rangeSeconds } from './start-time.js';

/** First index in [lo, hi) with a time after `limitMs`, `hi` if there is none. Times rise. */
export function firstAfter(timestamps: Float64Array, lo: number, hi: number, limitMs: number): number {
  let low = lo;
  let high = hi;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! > limitMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** First index in [lo, hi) with a time at or after `limitMs`, `hi` if there is none. */
export function firstAtOrAfter(timestamps: Float64Array, lo: number, hi: number, limitMs: number): number {
  let low = lo;
  let high = hi;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! >= limitMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the sample that stands for the start of the range: the last at or before it, else the first there is. */
export function anchorIndex(timestamps: Float64Array, lo: number, hi: number, rangeStartMs: number): number {
  return Math.max(lo, firstAfter(timestamps, lo, hi - 1, rangeStartMs) - 1);
}

/**
 * @param lo window [lo, hi) with the samples around the range too, at least one
 * @returns undefined if no sample is after the start of the range (or, smoothed, none before its end)
 */
export function extendedRate(
  timestamps: Float64Array,
  values: Float64Array,
  lo: number,
  hi: number,
  rangeStartMs: number,
  rangeEndMs: number,
  isCounter: boolean,
  isRate: boolean,
  smoothed: boolean,
): number | undefined {
  let first = anchorIndex(timestamps, lo, hi, rangeStartMs);
  let last = smoothed ? firstAtOrAfter(timestamps, lo, hi - 1, rangeEndMs) : hi - 1;
  if (timestamps[last]! <= rangeStartMs) return undefined;
  if (smoothed && timestamps[first]! > rangeEndMs) return undefined;
  const left =
    smoothed && timestamps[first]! < rangeStartMs
      ? interpolateAt(timestamps, values, first, rangeStartMs, isCounter)
      : values[first]!;
  const right =
    smoothed && last > lo && timestamps[last]! > rangeEndMs
      ? interpolateAt(timestamps, values, last - 1, rangeEndMs, isCounter)
      : values[last]!;
  let increase = right - left;
  if (isCounter) {
    // Resets between an end of the range and the sample beyond it are dealt with by the interpolation.
    if (timestamps[first]! <= rangeStartMs) first++;
    if (timestamps[last]! >= rangeEndMs) last--;
    let prev = left;
    for (let i = first; i <= last; i++) {
      const value = values[i]!;
      if (value < prev) increase += prev;
      prev = value;
    }
    if (right < prev) increase += prev;
  }
  return isRate ? increase / rangeSeconds(rangeEndMs - rangeStartMs) : increase;
}

/**
 * Value at `atMs` between samples i and i + 1, on a straight line; a counter that was reset in between is taken to have
 * risen from 0. Smoothed instant selectors use it too (not as a counter).
 */
export function interpolateAt(timestamps: Float64Array, values: Float64Array, i: number, atMs: number, isCounter: boolean): number {
  const to = values[i + 1]!;
  const from = isCounter && to < values[i]! ? 0 : values[i]!;
  return from + ((to - from) * (atMs - timestamps[i]!)) / (timestamps[i + 1]! - timestamps[i]!);
}
