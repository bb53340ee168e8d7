/** Whether a report can be about what the model says of each row. */
import { AppendStatus, isAccepted, REASON } from '../../../src/storage/append-status.js';
import type { AppendReport } from '../../../src/storage/appender.js';
import type { Verdict } from './store-model.js';

/** Rows that have the same choice of counts. */
interface Choice {
  readonly counts: readonly number[];
  readonly rows: number;
}

/** True if the counts of a report can come from these verdicts. */
export function fits(verdicts: readonly Verdict[], report: AppendReport): boolean {
  const left = new Map<number, number>(Array.from(report.rejects.values(), ({ status, count }) => [status, count]));
  left.set(AppendStatus.ok, report.samples + report.histograms);
  // There are few choices.
  const choices = new Map<string, Choice>();
  for (const { allowed } of verdicts) {
    const counts = [...new Set(allowed.map((status) => (isAccepted(status) ? AppendStatus.ok : status)))].sort();
    choices.set(counts.join(), { counts, rows: (choices.get(counts.join())?.rows ?? 0) + 1 });
  }
  return canSpread([...choices.values()], left);
}

function canSpread(choices: readonly Choice[], left: Map<number, number>): boolean {
  const [first, ...others] = choices;
  if (first === undefined) return [...left.values()].every((n) => n === 0);
  const [count, ...counts] = first.counts;
  if (count === undefined) return first.rows === 0 && canSpread(others, left);
  const most = Math.min(first.rows, left.get(count) ?? 0);
  for (let rows = most; rows >= 0; rows--) {
    const rest = new Map(left).set(count, (left.get(count) ?? 0) - rows);
    if (canSpread([{ counts, rows: first.rows - rows }, ...others], rest)) return true;
  }
  return false;
}

export function describeReport({ samples, histograms, rejects }: AppendReport): string {
  return `${samples} samples, ${histograms} histograms, ${Array.from(rejects.values(), (one) => `${one.count} ${REASON[one.status]}`).join(', ')}`;
}
