/**
 * Zeros where something began to count, so that PromQL sees the first increase too. They are put
 *
 * - before the first delta of a total, and before the first after a long silence: without it the total would have lost that delta,
 *   or its new beginning would be taken for an increase from the old value. The delta's interval says where: at its start, or
 *   behind the newest sample if that is later.
 * - with the feature `created-timestamp-zero-ingestion`, at the start timestamp of any sample, if it is newer than the series'
 *   newest and older than the sample (Prometheus 3.14, `AppendSTZeroSample`).
 */
import { emptyHistogram } from '../model/histogram-add.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { DeltaRows } from './delta-rows.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import type { SeriesTail } from './series-tail.js';

/** Adds the zeros at the end of the batch, as `addedRows`: they are nobody's samples. `first`: see `firstOfEqual`. */
export function addZeroRows(
  batch: SampleBatch, first: Uint32Array, deltas: DeltaRows | undefined, tail: SeriesTail, rules: TimeRules,
): void {
  /** Newest time of the rows so far that can be stored, by series. */
  const newest = new Map<number, number>();
  /** Likewise of deltas that are newer than their series: what comes soon after one of the same request goes on with its total. */
  const newestDelta = new Map<number, number>();
  let added = 0;
  for (const row of rowsByTime(batch)) {
    const series = first[batch.seriesIndex[row]!]!;
    const t = batch.timestamps[row]!;
    // What is refused needs no zero.
    if (t > rules.notAfter || t < rules.lowest) continue;
    const startMs = batch.startTimestamps[row]!;
    const seen = newest.get(series) ?? -Infinity;
    newest.set(series, Math.max(seen, t));
    const isDelta = deltas?.isDelta(row) === true;
    let begins = batch.zeroAtStart && startMs > seen;
    if (isDelta) {
      const last = newestDelta.get(series);
      begins = (last === undefined || t - last > batch.deltaMaxIdleMs) && deltas.begins(row);
      if (t > deltas.newestOf(row)) newestDelta.set(series, t);
    }
    if (startMs <= 0 || startMs >= t || !begins) continue;
    const before = Math.max(seen, isDelta ? deltas.newestOf(row) : tail.newestTime(batch.series[series]!, startMs));
    if (startMs <= before && !isDelta) continue;
    const at = Math.max(startMs, before + 1);
    if (at >= t || at < rules.lowest || judgeTime(rules, at, before) !== AppendStatus.ok) continue;
    addZero(batch, row, at);
    added++;
  }
  batch.addedRows = added;
}

function rowsByTime(batch: SampleBatch): Uint32Array {
  const { timestamps, length } = batch;
  const rows = Uint32Array.from({ length }, (_, row) => row);
  for (let row = 1; row < length; row++) {
    if (timestamps[row]! < timestamps[row - 1]!) return rows.sort((a, b) => timestamps[a]! - timestamps[b]! || a - b);
  }
  return rows;
}

function addZero(batch: SampleBatch, row: number, at: number): void {
  const series = batch.seriesIndex[row]!;
  const histogram = batch.histograms.get(row);
  if (histogram === undefined) batch.addFloat(series, at, 0, batch.origin[row]!);
  else batch.addHistogram(series, at, emptyHistogram(histogram), batch.origin[row]!);
}
