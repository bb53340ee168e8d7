import type { Histogram } from '../model/histogram.js';
import { SampleBatch } from '../model/sample-batch.js';

/**
 * Brings the samples of one request into the order that storing needs: rising in time within each series. Requests of SDKs are so
 * already, which one pass finds out. Of several for one time the store takes the first that it can.
 */
export class RequestOrder {
  constructor(private readonly batch: SampleBatch) {}

  /** @returns the same batch, or a new one if it had to be changed. Samples with equal series and time keep their order. */
  apply(): SampleBatch {
    const { batch } = this;
    const newest = new Float64Array(batch.series.length).fill(-Infinity);
    let isSorted = true;
    for (let i = 0; i < batch.length && isSorted; i++) {
      const series = batch.seriesIndex[i]!;
      const time = batch.timestamps[i]!;
      if (time < newest[series]!) isSorted = false;
      else newest[series] = time;
    }
    if (isSorted) return batch;
    return this.reordered(Uint32Array.from({ length: batch.length }, (_, i) => i)
      .sort((a, b) => batch.timestamps[a]! - batch.timestamps[b]! || a - b));
  }

  private reordered(order: Uint32Array): SampleBatch {
    const { batch } = this;
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
      const histogram: Histogram | undefined = batch.histograms.get(i);
      if (histogram !== undefined) out.addHistogram(series, time, histogram, batch.origin[i]!, batch.startTimestamps[i]!);
      else if (batch.staleHistograms.has(i)) out.addStaleHistogram(series, time, batch.origin[i]!);
      else out.addFrom(series, time, batch.values, i, batch.origin[i]!, batch.startTimestamps[i]!);
      if (batch.delta[i] === 1) out.markDelta(out.length - 1);
    }
    return out;
  }
}
