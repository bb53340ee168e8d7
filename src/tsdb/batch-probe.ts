/** What an append would do, without doing it: which series are new, and what time and limits forbid. */
import type { SampleBatch } from '../model/sample-batch.js';
import { validateHistogram } from '../model/histogram-validate.js';
import { AppendStatus } from '../storage/append-status.js';
import type { AppendReject, ProbeReport } from '../storage/appender.js';
import type { HeadStore } from './head-store.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import { describeSample } from './reject-collector.js';

/** What is known of one series of the batch. */
interface Known {
  readonly isNew: boolean;
  /** Newest sample in any head, -Infinity without one. */
  newest: number;
}

/**
 * Fills `statuses` as an append would, but compares no values: a sample with another value at a stored time counts as out of
 * order, or, inside the out-of-order window, as ok.
 * @param seriesRoom new series that the limit still allows, Infinity without one
 */
export function probeBatch(
  store: HeadStore, batch: SampleBatch, statuses: Uint8Array, rules: TimeRules, seriesRoom: number,
): ProbeReport {
  const known = new Map<number, Known>();
  const newSeries = new Set<number>();
  const rejects = new Map<number, AppendReject>();
  const refuse = (i: number, status: AppendStatus, example: () => string): void => {
    statuses[i] = status;
    const group = rejects.get(status);
    if (group) group.count++;
    else rejects.set(status, { status, count: 1, example: example() });
  };
  for (let i = 0; i < batch.length; i++) {
    const index = batch.seriesIndex[i]!;
    const labels = batch.series[index]!;
    const t = batch.timestamps[i]!;
    const series = known.get(index) ?? lookUp(store, batch, index);
    known.set(index, series);
    const histogram = batch.histograms.get(i);
    const fault = histogram && validateHistogram(histogram);
    if (fault !== undefined) {
      refuse(i, AppendStatus.invalidHistogram, () => `invalid native histogram: series ${labels.toString()}: ${fault}`);
      continue;
    }
    const status = judgeTime(rules, t, series.newest);
    if (status !== AppendStatus.ok) {
      refuse(i, status, () => describeSample(status, labels.toString(), t, series.newest, rules));
      continue;
    }
    if (series.isNew && !newSeries.has(index)) {
      if (newSeries.size >= seriesRoom) {
        refuse(i, AppendStatus.seriesLimit, () => `series limit reached: new series ${labels.toString()}`);
        continue;
      }
      newSeries.add(index);
    }
    series.newest = Math.max(series.newest, t);
  }
  return { newSeries, rejects };
}

function lookUp(store: HeadStore, batch: SampleBatch, index: number): Known {
  let isNew = true;
  let newest = -Infinity;
  for (const head of store.heads()) {
    const ref = head.find(batch.series[index]!);
    if (ref < 0) continue;
    isNew = false;
    newest = Math.max(newest, head.newestOf(ref));
  }
  return { isNew, newest };
}
