/** Samples that the append kernel does not decide: late ones, conflicts, series that have histograms. */
import { ST_MIXED, ST_NO_MEMORY, ST_OLDER } from '../kernel/layout.js';
import { invariant } from '../invariant.js';
import type { Labels } from '../model/labels.js';
import { AppendStatus, isAccepted } from '../storage/append-status.js';
import type { AppendReport } from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';
import { addReject, describeSample } from './reject-collector.js';

/**
 * The time below which the kernel may not accept a sample by itself. In the newest head that is the rules' own; in an older one a
 * newer head may hold newer samples of the same series, which matters for samples outside the window.
 */
export function checkMinValid(store: HeadStore, head: Head, rules: TimeRules): number {
  if (store.heads().at(-1) === head) return rules.minValid;
  return Math.max(rules.minValid, rules.newest - rules.windowMs);
}

/** Newest sample of a series in the heads after this one, -Infinity if there is none. */
export function newestInLaterHeads(store: HeadStore, head: Head, labels: () => Labels): number {
  const later = store.newerThan(head);
  if (later.length === 0) return -Infinity;
  const wanted = labels();
  let newest = -Infinity;
  for (const one of later) {
    const ref = one.find(wanted);
    if (ref >= 0) newest = Math.max(newest, one.newestOf(ref));
  }
  return newest;
}

/**
 * Decides one row of the columns, stores it if it is acceptable, and reports it. Returns its final status. `isOwnConflict` is asked
 * if another value lies at its time: a value of the same request wins in silence, as in Prometheus.
 */
export function settleSlowRow(
  store: HeadStore, head: Head, row: number, rules: TimeRules, report: AppendReport, isOwnConflict = (): boolean => false,
): AppendStatus {
  const ref = head.columnRef(row);
  const t = head.columnTime(row);
  const labels = (): Labels => head.reader.labelsOf(ref);
  const newestLater = newestInLaterHeads(store, head, labels);
  const decided = head.columnStatus(row);
  let status: AppendStatus;
  if (decided === ST_OLDER || decided === ST_MIXED) status = head.appendRow(row, rules, newestLater);
  else if (decided === ST_NO_MEMORY) status = AppendStatus.outOfMemory;
  else {
    invariant(decided === AppendStatus.conflict || decided === AppendStatus.farFuture, `row status ${decided} is not for the slow path`);
    status = decided;
  }
  if (status === AppendStatus.conflict && isOwnConflict()) status = AppendStatus.duplicate;
  if (isAccepted(status)) report.samples++;
  else {
    // The sender shall come again when there is room; what is stored will be found then.
    if (status === AppendStatus.outOfMemory) {
      throw new IngestError('unavailable', `no memory in the head for a sample of ${labels().toString()}`);
    }
    const newest = Math.max(head.newestOf(ref), newestLater);
    addReject(report, status, 1, () => describeSample(status, labels().toString(), t, newest, rules));
  }
  return status;
}
