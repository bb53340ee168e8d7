/** Which range a new head gets, where heads are closed early and blocks may be there already. */

/** Half-open, ms. */
export interface TimeRange {
  readonly mint: number;
  readonly maxt: number;
}

/** Oldest and newest sample of something that takes no more: a closed head, a block. Both inclusive, ms. */
export interface SampleSpan {
  readonly minTime: number;
  readonly maxTime: number;
}

export interface NewHeadRange extends TimeRange {
  /** Closed heads or blocks have samples at its times: each row must be compared with them. */
  readonly isLate: boolean;
}

/**
 * Range of the head to open for samples at `t`, which no open head covers.
 *
 *   aligned range   |--------------------------------|
 *   settled         ==========  (samples up to T - 1)
 *   t >= T                    [T --------------------)   the successor of what was closed
 *   t <  T          [--------- T)                        a late head
 *
 * Open heads are never overlapped from above; a late head may begin before an older late one, which it replaces.
 */
export function rangeOfNewHead(t: number, rangeMs: number, open: readonly TimeRange[], settled: readonly SampleSpan[]): NewHeadRange {
  let mint = Math.floor(t / rangeMs) * rangeMs;
  let maxt = mint + rangeMs;
  let newest = -Infinity;
  for (const span of settled) if (span.minTime < maxt && span.maxTime >= mint) newest = Math.max(newest, Math.min(span.maxTime, maxt - 1));
  for (const head of open) if (head.mint > t) maxt = Math.min(maxt, head.mint);
  if (t <= newest) return { mint, maxt: Math.min(maxt, newest + 1), isLate: true };
  for (const head of open) if (head.maxt <= t) mint = Math.max(mint, head.maxt);
  return { mint: Math.max(mint, newest + 1), maxt, isLate: false };
}
