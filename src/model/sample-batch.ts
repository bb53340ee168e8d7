/**
 * A decoded request on the general path (remote write 2.0, OTLP, anything unusual in 1.0): label sets once, samples
 * as columns that name their label set by index. The kernels' path fills its columns in shared memory instead; both
 * meet in `ingest/ingester`.
 */
import type { Exemplar } from './exemplar.js';
import type { Histogram } from './histogram.js';
import type { Labels } from './labels.js';
import type { MetricMetadata } from './metadata.js';
import { putStale } from './stale-nan.js';

export interface SeriesExemplar {
  readonly series: number;
  readonly exemplar: Exemplar;
}

/** Something that could not become samples, already judged by the translator or decoder. */
export interface BatchReject {
  /** One of `AppendStatus`. */
  readonly status: number;
  /** Data points lost. 0: none (an exemplar, an empty series), but the sender must hear of it. */
  readonly points: number;
  /** Metric name as the sender knows it, '' if it has none. */
  readonly metric: string;
  /** What was expected, what came, where. */
  readonly message: string;
}

/** A hostile request could have millions of rejects; those above this number are counted in an earlier entry. */
const REJECTS_MAX = 1000;
/** Characters of a reject's message (Prometheus pull 18681 proposes the same). */
const MESSAGE_LENGTH_MAX = 4096;

/** `SampleBatch.origin` of samples that stem from no data point (`target_info`): their loss is not a point's. */
export const NO_ORIGIN = 0xffffffff;

export class SampleBatch {
  /** Label sets as they shall be stored: sorted, no empty values. Not yet checked for a metric name. */
  readonly series: Labels[] = [];
  /** Per sample: index into `series`. */
  seriesIndex = new Uint32Array(64);
  timestamps = new Float64Array(64);
  /** Bit-exact doubles; for histogram samples a quiet NaN. */
  values = new Float64Array(64);
  /** Start timestamps in ms, 0 = unknown. */
  startTimestamps = new Float64Array(64);
  /** Data point that the sample came from, or NO_ORIGIN: rejected samples are counted in points. In remote write each sample is one. */
  origin = new Uint32Array(64);
  /** By sample index; absent where the sample is a float. */
  readonly histograms = new Map<number, Histogram>();
  /** 1 where the value, or the histogram, is a delta that the store shall add to what the series has (see `markDelta`). */
  delta = new Uint8Array(64);
  hasDeltas = false;
  /** A series that was silent for longer than this starts over when a delta comes. */
  deltaMaxIdleMs = Infinity;
  /** The store puts a zero at the start timestamp of a sample whose series has nothing there or later. */
  zeroAtStart = false;
  /** Samples at the end that the store has put there itself: they are nobody's, so nobody is told about them. */
  addedRows = 0;
  /** Indexes of stale markers that came as histograms: they count as histograms in answers. */
  readonly staleHistograms = new Set<number>();
  length = 0;

  readonly exemplars: SeriesExemplar[] = [];
  readonly metadata: MetricMetadata[] = [];
  readonly rejects: BatchReject[] = [];

  addSeries(labels: Labels): number {
    return this.series.push(labels) - 1;
  }

  /** `value` must not be the stale marker: use `addStale`, or `addFrom` for raw bits. */
  addFloat(series: number, timestampMs: number, value: number, origin = 0, startTimestampMs = 0): number {
    const i = this.next(series, timestampMs, origin, startTimestampMs);
    this.values[i] = value;
    return i;
  }

  /** Copies the double at `source[index]` bit by bit (typed array to typed array keeps NaN payloads). */
  addFrom(series: number, timestampMs: number, source: Float64Array, index: number, origin = 0, startTimestampMs = 0): number {
    const i = this.next(series, timestampMs, origin, startTimestampMs);
    this.values.set(source.subarray(index, index + 1), i);
    return i;
  }

  addStale(series: number, timestampMs: number, origin = 0): number {
    const i = this.next(series, timestampMs, origin, 0);
    putStale(this.values, i);
    return i;
  }

  addHistogram(series: number, timestampMs: number, histogram: Histogram, origin = 0, startTimestampMs = 0): number {
    const i = this.next(series, timestampMs, origin, startTimestampMs);
    this.values[i] = NaN;
    this.histograms.set(i, histogram);
    return i;
  }

  /** The stale marker of a native histogram: stored as the float marker, remembered in `staleHistograms`. */
  addStaleHistogram(series: number, timestampMs: number, origin = 0): number {
    const i = this.addStale(series, timestampMs, origin);
    this.staleHistograms.add(i);
    return i;
  }

  /** Says that sample `index` holds the change since its start timestamp, not the total. Its value must be finite. */
  markDelta(index: number): void {
    this.delta[index] = 1;
    this.hasDeltas = true;
  }

  /** The values as 32-bit words: the only way to move a stale marker. */
  valueBits(): Uint32Array {
    return new Uint32Array(this.values.buffer, this.values.byteOffset, this.length * 2);
  }

  isAdded(index: number): boolean {
    return index >= this.length - this.addedRows;
  }

  /** Takes back the newest samples, down to `length`. */
  truncate(length: number): void {
    for (let i = length; i < this.length; i++) {
      this.histograms.delete(i);
      this.staleHistograms.delete(i);
    }
    this.length = length;
  }

  /** Adds to `rejects`, within limits of number and text length. */
  reject(status: number, points: number, metric: string, message: string): void {
    if (this.rejects.length >= REJECTS_MAX) {
      const i = this.rejects.findIndex((entry) => entry.status === status);
      if (i >= 0) {
        const entry = this.rejects[i]!;
        this.rejects[i] = { ...entry, points: entry.points + points };
        return;
      }
    }
    const text = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)}…` : message;
    this.rejects.push({ status, points, metric, message: text });
  }

  /** Takes out the samples that `remove` names, keeping the order of the others. */
  removeSamples(remove: (index: number) => boolean): void {
    let n = 0;
    for (let i = 0; i < this.length; i++) {
      const histogram = this.histograms.get(i);
      this.histograms.delete(i);
      const wasStaleHistogram = this.staleHistograms.delete(i);
      if (remove(i)) continue;
      if (histogram) this.histograms.set(n, histogram);
      if (wasStaleHistogram) this.staleHistograms.add(n);
      this.seriesIndex[n] = this.seriesIndex[i]!;
      this.timestamps[n] = this.timestamps[i]!;
      this.startTimestamps[n] = this.startTimestamps[i]!;
      this.origin[n] = this.origin[i]!;
      this.delta[n] = this.delta[i]!;
      // copyWithin moves bytes: a stale marker stays one.
      this.values.copyWithin(n, i, i + 1);
      n++;
    }
    this.length = n;
  }

  private next(series: number, timestampMs: number, origin: number, startTimestampMs: number): number {
    if (this.length === this.timestamps.length) this.grow();
    const i = this.length++;
    this.seriesIndex[i] = series;
    this.timestamps[i] = timestampMs;
    this.origin[i] = origin;
    this.startTimestamps[i] = startTimestampMs;
    this.delta[i] = 0;
    return i;
  }

  private grow(): void {
    const size = this.timestamps.length * 2;
    const wider = <T extends Uint8Array | Uint32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.seriesIndex = wider(new Uint32Array(size), this.seriesIndex);
    this.timestamps = wider(new Float64Array(size), this.timestamps);
    this.values = wider(new Float64Array(size), this.values);
    this.startTimestamps = wider(new Float64Array(size), this.startTimestamps);
    this.origin = wider(new Uint32Array(size), this.origin);
    this.delta = wider(new Uint8Array(size), this.delta);
  }
}
