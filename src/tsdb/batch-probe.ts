/** What an append would do, without doing it: which series are new, and what time, values and limits forbid. */
import { ST_DUPLICATE, ST_OK } from '../kernel/layout.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { validateHistogram } from '../model/histogram-validate.js';
import { AppendStatus } from '../storage/append-status.js';
import type { AppendReject, ProbeReport } from '../storage/appender.js';
import type { HeadStore } from './head-store.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import { rowValue, type OtherSources } from './other-sources.js';
import { describeSample } from './reject-collector.js';
import type { SeriesLimits } from './series-limits.js';

/** What is known of one series of the batch. */
interface Known {
  readonly isNew: boolean;
  /** Newest sample in any head, -Infinity without one. */
  newest: number;
}

/**
 * Fills `statuses` as an append would. Deltas are not added up: their values are compared with nothing.
 * @param seriesRoom new series that the limit of a head still allows, Infinity without one
 */
export function probeBatch(
  store: HeadStore, others: OtherSources, batch: SampleBatch, statuses: Uint8Array, rules: TimeRules, seriesRoom: number,
  limits: SeriesLimits | undefined,
): ProbeReport {
  const known = new Map<number, Known>();
  const newSeries = new Set<number>();
  const rejects = new Map<number, AppendReject>();
  const reachedBy = limits?.foresight(store.newestOpen());
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
    const stored = compareStored(others, batch, i);
    if (stored === AppendStatus.duplicate) {
      statuses[i] = stored;
      continue;
    }
    const byTime = judgeTime(rules, t, series.newest);
    const timeAllows = byTime === AppendStatus.ok || byTime === AppendStatus.outOfOrder;
    const status = stored === AppendStatus.conflict && timeAllows ? stored : byTime;
    if (status !== AppendStatus.ok) {
      refuse(i, status, () => describeSample(status, labels.toString(), t, series.newest, rules));
      continue;
    }
    if (series.isNew && !newSeries.has(index)) {
      const limit = reachedBy?.(labels);
      if (limit !== undefined || newSeries.size >= seriesRoom) {
        const which = limit === undefined ? '' : `${limits!.describe(limit, labels)}: `;
        refuse(i, AppendStatus.seriesLimit, () => `series limit reached: ${which}new series ${labels.toString()}`);
        continue;
      }
      newSeries.add(index);
    }
    series.newest = Math.max(series.newest, t);
  }
  return { newSeries, rejects };
}

/** Whether a sample is stored as it is, or another at its time; undefined if its place is free. */
function compareStored(others: OtherSources, batch: SampleBatch, i: number): AppendStatus | undefined {
  if (batch.delta[i] === 1) return undefined;
  const found = others.probe(batch.series[batch.seriesIndex[i]!]!, batch.timestamps[i]!, rowValue(batch, i));
  return found === ST_OK ? undefined : found === ST_DUPLICATE ? AppendStatus.duplicate : AppendStatus.conflict;
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
