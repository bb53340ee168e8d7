/** Puts samples that come from several places (chunks, late samples, histograms) into rising order, one for each time. */
import type { Histogram } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';

/**
 * Sorts out[start..length) by time. Of several samples at the same time the first in the given order stays, which is the one
 * that was stored first.
 */
export function sortByTime(out: SampleColumns, start: number): void {
  let sorted = true;
  for (let i = start + 1; i < out.length; i++) {
    if (out.timestamps[i]! <= out.timestamps[i - 1]!) {
      sorted = false;
      break;
    }
  }
  if (sorted) return;
  const count = out.length - start;
  const order = Uint32Array.from({ length: count }, (_, i) => start + i);
  const { timestamps } = out;
  order.sort((a, b) => timestamps[a]! - timestamps[b]! || a - b);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  const histograms: (Histogram | undefined)[] | undefined = out.histograms && new Array<Histogram | undefined>(count);
  const starts = out.startTimestamps && new Float64Array(count);
  let n = 0;
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    const time = timestamps[from]!;
    if (n > 0 && times[n - 1] === time) continue;
    times[n] = time;
    // Typed array to typed array: a stale marker keeps its bits.
    values.set(out.values.subarray(from, from + 1), n);
    if (histograms) histograms[n] = out.histograms![from];
    if (starts) starts[n] = out.startTimestamps![from]!;
    n++;
  }
  timestamps.set(times.subarray(0, n), start);
  out.values.set(values.subarray(0, n), start);
  if (histograms) for (let i = 0; i < n; i++) out.histograms![start + i] = histograms[i];
  if (starts) out.startTimestamps!.set(starts.subarray(0, n), start);
  out.length = start + n;
}
