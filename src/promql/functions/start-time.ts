/**
 * What start timestamps say about counter resets (Prometheus 3.14 with start timestamps in use). All times in ms;
 * 0 = the sample has no start timestamp.
 */

/**
 * True if the start timestamp of a sample proves that the counter was reset after the sample before it.
 *
 * A start that equals the previous sample's time means two things: a delta series (each sample starts where the last
 * one ended: a reset), or OTLP's "unknown start" convention (no reset). They are told apart by the previous sample,
 * whose own start must be known and lie before it.
 */
export function isStartTimeReset(prevStartMs: number, prevMs: number, startMs: number, ms: number): boolean {
  if (startMs === 0 || startMs >= ms || startMs < prevMs) return false;
  if (startMs > prevMs) return true;
  return prevStartMs !== 0 && prevStartMs < prevMs;
}

/** True if a sample claims to cover time that the sample before it already covered, under another start. */
export function isStartTimeOverlap(prevStartMs: number, prevMs: number, startMs: number): boolean {
  return startMs !== 0 && startMs < prevMs && startMs !== prevStartMs;
}

/** True if any two neighbours in [lo, hi) overlap: the warning about overlapping start times is due. */
export function hasStartTimeOverlap(timestamps: Float64Array, starts: Float64Array, lo: number, hi: number): boolean {
  for (let i = lo + 1; i < hi; i++) {
    if (isStartTimeOverlap(starts[i - 1]!, timestamps[i - 1]!, starts[i]!)) return true;
  }
  return false;
}

/**
 * True if the window's first sample started inside the window (range start is exclusive): its counter was 0 at a known
 * time, which takes the place of extrapolation to the left.
 */
export function startsInside(startMs: number, firstMs: number, rangeStartMs: number): boolean {
  return startMs !== 0 && startMs > rangeStartMs && startMs < firstMs;
}

/** Length of a range in seconds, rounded as Go's Duration.Seconds: whole seconds and the rest apart. */
export function rangeSeconds(rangeMs: number): number {
  const rest = rangeMs % 1000;
  return (rangeMs - rest) / 1000 + rest / 1000;
}
