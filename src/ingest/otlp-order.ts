import type { Histogram } from '../model/histogram.js';
import { SampleBatch } from '../model/sample-batch.js';

/**
 * Brings the samples of one request into the order that storing needs: rising in time within each series, one per
 * time. Requests of SDKs are so already, which one pass finds out.
 */
export class RequestOrder {
  constructor(private readonly batch: SampleBatch) {}

  /** @returns the same batch, or a new one if it had to be changed. Of samples with equal series and time the first stays. */
  apply(): SampleBatch {
    const { batch } = this;
    const newest = this.newestTimes();
    let isSorted = true;
    let isUnique = true;
    for (let i = 0; i < batch.length; i++) {
      const series = batch.seriesIndex[i]!;
      const time = batch.timestamps[i]!;
      if (time < newest[series]!) isSorted = false;
      else if (time === newest[series]!) isUnique = false;
      else newest[series] = time;
    }
    if (isSorted && isUnique) return batch;
    const order = Uint32Array.from({ length: batch.length }, (_, i) => i);
    // Stable, so that the first of equal ones stays first.
    if (!isSorted) order.sort((a, b) => batch.timestamps[a]! - batch.timestamps[b]! || a - b);
    return this.reordered(order);
  }

  private reordered(order: Uint32Array): SampleBatch {
    const { batch } = this;
    const newest = this.newestTimes();
    const out = new SampleBatch();
    out.series.push(...batch.series);
    out.exemplars.push(...batch.exemplars);
    out.metadata.push(...batch.metadata);
    out.rejects.push(...batch.rejects);
    out.deltaMaxIdleMs = batch.deltaMaxIdleMs;
    out.zeroAtStart = batch.zeroAtStart;
    for (const i of order) {
      const series = batch.seriesIndex[i]!;
      const time = batch.timestamps[i]!;
      const isDelta = batch.delta[i] === 1;
      // Of deltas nothing is dropped without a word: the store knows a repeated one from another one.
      if (time === newest[series]! && !isDelta) continue;
      newest[series] = time;
      const histogram: Histogram | undefined = batch.histograms.get(i);
      if (histogram !== undefined) out.addHistogram(series, time, histogram, batch.origin[i]!, batch.startTimestamps[i]!);
      else if (batch.staleHistograms.has(i)) out.addStaleHistogram(series, time, batch.origin[i]!);
      else out.addFrom(series, time, batch.values, i, batch.origin[i]!, batch.startTimestamps[i]!);
      if (isDelta) out.markDelta(out.length - 1);
    }
    return out;
  }

  private newestTimes(): Float64Array {
    return new Float64Array(this.batch.series.length).fill(-Infinity);
  }
}
