import type { OtlpData } from '../wire/otlp-types.js';

/**
 * Samples of `target_info` that one request may cause beside the latest of each resource. Points whose times lie far apart
 * (a wrong clock) would ask for millions; with the default lookback delta this many reach 34 days back.
 */
export const EXTRA_SAMPLES_MAX = 20_000;

/** Earliest and latest time of the points of a resource. */
export class TimeSpan {
  constructor(private earliest = Infinity, private latest = -Infinity) {}

  /** Points of metrics that are refused count too, as in Prometheus. */
  addPoints(data: OtlpData): void {
    if (data.kind === 'none') return;
    for (const { timeMs } of data.points) {
      // A time that was not set is not 1970: it would ask for a sample every 150 s since then.
      if (timeMs === 0 && this.latest > 0) continue;
      if (timeMs > 0 && this.earliest === 0) this.earliest = timeMs;
      if (timeMs < this.earliest) this.earliest = timeMs;
      if (timeMs > this.latest) this.latest = timeMs;
    }
  }

  /**
   * Times that a series like `target_info` needs so that a query at any time of the span finds it: from the earliest
   * on in steps of half the lookback delta, and the latest. Empty if there was no point. Of more than `extraMax` steps the
   * earliest are left out.
   */
  sampleTimes(lookbackDeltaMs: number, extraMax: number): number[] {
    if (this.latest === -Infinity) return [];
    const stepMs = lookbackDeltaMs / 2;
    const times: number[] = [];
    const steps = Math.ceil((this.latest - this.earliest) / stepMs);
    for (let i = Math.max(0, steps - extraMax); i < steps; i++) times.push(Math.floor(this.earliest + i * stepMs));
    if (times.at(-1) !== this.latest) times.push(this.latest);
    return times;
  }
}
