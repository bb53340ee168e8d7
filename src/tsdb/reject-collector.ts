/** Groups what one request lost. Strings are made only for the first example of each reason. */
import { LABELS_NO_MEMORY, LABELS_SERIES_LIMIT, LABELS_STARVED } from '../kernel/layout.js';
import { AppendStatus, REASON_TEXT } from '../storage/append-status.js';
import type { AppendReject, AppendReport } from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import type { TimeRules } from './head/time-rules.js';

export function newReport(): AppendReport {
  const rejects = new Map<number, AppendReject>();
  return { samples: 0, histograms: 0, dropped: 0, deduplicated: 0, rejects, metadata: [], rest: undefined };
}

/** Counts `count` samples with one status; `example` is called for the first only. */
export function addReject(report: AppendReport, status: number, count: number, example: () => string): void {
  const known = report.rejects.get(status);
  if (known) known.count += count;
  else report.rejects.set(status, { status, count, example: example() });
}

/**
 * A series that could not be made, by its LABELS_ code. Returns the status of its samples.
 * @throws IngestError if there is no memory: the sender shall come again
 */
export function refuseSeries(report: AppendReport, code: number, samples: number, series: () => string): AppendStatus {
  if (code === LABELS_NO_MEMORY) throw new IngestError('unavailable', `no memory for the new series ${shorten(series())}`);
  if (code === LABELS_STARVED) {
    addReject(report, AppendStatus.outOfMemory, samples, () => `no memory for the new series ${shorten(series())}`);
    return AppendStatus.outOfMemory;
  }
  if (code === LABELS_SERIES_LIMIT) {
    addReject(report, AppendStatus.seriesLimit, samples, () => `series limit reached: new series ${shorten(series())}`);
    return AppendStatus.seriesLimit;
  }
  addReject(report, AppendStatus.invalidLabels, samples, () => `invalid labels: too many or too long: ${shorten(series())}`);
  return AppendStatus.invalidLabels;
}

function shorten(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}…`;
}

/** `out of order sample: series up{job="a"}, timestamp 2026-01-01T00:00:00.000Z (newest sample …, out_of_order_time_window 30m)` */
export function describeSample(status: number, series: string, t: number, seriesNewest: number, rules: TimeRules): string {
  const facts = [];
  if (Number.isFinite(seriesNewest)) facts.push(`newest sample of the series ${describeTime(seriesNewest)}`);
  if (Number.isFinite(rules.newest)) facts.push(`newest sample of all ${describeTime(rules.newest)}`);
  facts.push(`out_of_order_time_window ${rules.windowMs / 1000}s`);
  return `${REASON_TEXT[status] ?? `status ${status}`}: series ${series}, timestamp ${describeTime(t)} (${facts.join(', ')})`;
}

/** `overlapping delta: series c{job="a"}, from … to …, but … was the end of the delta before` */
export function describeOverlap(series: string, startMs: number, t: number, newest: number): string {
  return `${REASON_TEXT[AppendStatus.deltaOverlap]}: series ${series}, from ${describeTime(startMs)} to ${describeTime(t)}, `
    + `but ${describeTime(newest)} was the end of the delta before: several senders with one identity?`;
}

function describeTime(t: number): string {
  // Beyond what a Date can hold only the number helps.
  return Math.abs(t) <= 8.64e15 ? new Date(t).toISOString() : `${t} ms`;
}
