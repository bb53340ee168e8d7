import { rangeSeconds } from './start-time.js';
import { extrapolationFactor } from './window-stats.js';

/** How far `first * sampled` and `toStart * increase` must be apart to be compared without dividing; far above rounding. */
const MARGIN = 1 + 1e-9;

/**
 * The extrapolation factors of one series, window after window. The factor is made of eight divisions, and depends on
 * how the samples lie in the window: with regular scrapes they lie the same in most windows, so that the last factor
 * mostly holds. Only where the zero point of a counter may be near does the value of the first sample matter, too.
 * Always equal to `extrapolationFactor`.
 */
export class ExtrapolationCache {
  private leadMs = NaN;
  private sampledMs = NaN;
  private tailMs = NaN;
  private count = 0;
  private factor = 0;
  private perSecond = 0;
  /** Seconds before the first sample that the factor reaches to. */
  private toStart = 0;

  constructor(
    private readonly isCounter: boolean,
    private readonly isRate: boolean,
  ) {}

  /** No start timestamp inside the window; two samples at least. */
  factorOf(
    firstMs: number, lastMs: number, count: number, rangeStartMs: number, rangeEndMs: number, first: number, increase: number,
  ): number {
    const leadMs = firstMs - rangeStartMs;
    const sampledMs = lastMs - firstMs;
    const tailMs = rangeEndMs - lastMs;
    if (leadMs !== this.leadMs || sampledMs !== this.sampledMs || tailMs !== this.tailMs || count !== this.count) {
      this.leadMs = leadMs;
      this.sampledMs = sampledMs;
      this.tailMs = tailMs;
      this.count = count;
      this.renew(firstMs, lastMs, rangeStartMs, rangeEndMs);
    }
    if (this.isCounter && increase > 0 && first >= 0 && this.zeroMayBeNear(first, increase)) {
      return extrapolationFactor(firstMs, lastMs, count, rangeStartMs, rangeEndMs, this.isRate, 0, first / increase);
    }
    return this.isRate ? this.perSecond : this.factor;
  }

  private renew(firstMs: number, lastMs: number, rangeStartMs: number, rangeEndMs: number): void {
    const distance = this.sampledMs / 1000 / (this.count - 1);
    const lead = this.leadMs / 1000;
    this.toStart = lead >= distance * 1.1 ? distance / 2 : lead;
    this.factor = extrapolationFactor(firstMs, lastMs, this.count, rangeStartMs, rangeEndMs, false, 0, NaN);
    this.perSecond = this.factor / rangeSeconds(rangeEndMs - rangeStartMs);
  }

  /** False only if the counter surely was not at zero as near as the start that the factor reaches to. */
  private zeroMayBeNear(first: number, increase: number): boolean {
    const scaled = first * (this.sampledMs / 1000);
    return !(scaled > this.toStart * increase * MARGIN) || scaled === Infinity;
  }
}
