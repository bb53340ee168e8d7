/** Samples that the append kernel does not decide: late ones, conflicts, series that have histograms. */
import { REF_PASSED, ST_MIXED, ST_NO_MEMORY, ST_OLDER } from '../kernel/layout.js';
import { invariant } from '../invariant.js';
import type { Labels } from '../model/labels.js';
import { AppendStatus, isAccepted } from '../storage/append-status.js';
import type { AppendReport } from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';
import type { OtherSources } from './other-sources.js';
import { addReject, describeSample } from './reject-collector.js';

/**
 * Decides the first `rows` rows of the columns where the kernel did not, in their order, and puts the final status of each there. What
 * is stored goes to the log even if a row throws: memory has it then, and a repetition that finds it there is acknowledged.
 * @param onLost called with each row that is refused, and its status
 * @throws IngestError if there is no memory, LogWriteError
 */
export function settleSlowRows(
  others: OtherSources, head: Head, rows: number, rules: TimeRules, report: AppendReport,
  onLost: (row: number, status: AppendStatus) => void = () => {},
): void {
  // Series and time of the rows so far that are there; made when a first refusal asks.
  let accepted: Set<string> | undefined;
  try {
    for (let row = 0; row < rows; row++) {
      // Rows without a ref were refused or passed over with their miss, and counted there.
      const ref = head.columnRef(row);
      if (ref < 0 || ref >= REF_PASSED) continue;
      if (!isAccepted(head.columnStatus(row))) {
        const status = settleSlowRow(others, head, row, rules, report, () => {
          accepted ??= acceptedRows(head, row);
          return accepted.has(rowKey(head, row));
        });
        head.setColumnStatus(row, status);
        if (!isAccepted(status)) {
          onLost(row, status);
          continue;
        }
      }
      accepted?.add(rowKey(head, row));
    }
  } finally {
    head.flushSingles();
  }
}

/** Series and time of the accepted ones among the first `count` rows. */
function acceptedRows(head: Head, count: number): Set<string> {
  const keys = new Set<string>();
  for (let row = 0; row < count; row++) if (isAccepted(head.columnStatus(row))) keys.add(rowKey(head, row));
  return keys;
}

function rowKey(head: Head, row: number): string {
  return `${head.columnRef(row)}@${head.columnTime(row)}`;
}

/**
 * Decides one row of the columns, stores it if it is acceptable, and reports it. Returns its final status. `hasOwn` is asked if it is
 * not: whether the request had another value for its time that is stored. That one wins in silence, as in Prometheus. The log record is
 * written by `Head.flushSingles`.
 */
export function settleSlowRow(
  others: OtherSources, head: Head, row: number, rules: TimeRules, report: AppendReport, hasOwn = (): boolean => false,
): AppendStatus {
  const ref = head.columnRef(row);
  const t = head.columnTime(row);
  const labels = (): Labels => head.reader.labelsOf(ref);
  const decided = head.columnStatus(row);
  let status: AppendStatus;
  // Too far in the future is looked at again, because the clock may have been set back: what is stored is there all the same.
  if (decided === ST_OLDER || decided === ST_MIXED || decided === AppendStatus.farFuture) {
    const newestElsewhere = others.newestForJudging(head, labels, t, rules);
    status = head.appendRow(row, rules, newestElsewhere, others.probeRow(head, ref, t, labels, head.columnBits(row)));
  } else if (decided === ST_NO_MEMORY) status = AppendStatus.outOfMemory;
  else {
    invariant(decided === AppendStatus.conflict, `row status ${decided} is not for the slow path`);
    status = decided;
  }
  if (!isAccepted(status) && status !== AppendStatus.outOfMemory && hasOwn()) status = AppendStatus.duplicate;
  if (isAccepted(status)) report.samples++;
  else {
    // The sender shall come again when there is room; what is stored will be found then.
    if (status === AppendStatus.outOfMemory) {
      throw new IngestError('unavailable', `no memory in the head for a sample of ${labels().toString()}`);
    }
    const newest = Math.max(head.newestOf(ref), others.newestOf(head, labels(), t));
    addReject(report, status, 1, () => describeSample(status, labels().toString(), t, newest, rules));
  }
  return status;
}
