import { type Histogram, ResetHint } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/stale-nan.js';
import type { StepColumn } from '../engine/step-column.js';
import { FLOAT, HISTOGRAM } from '../engine/step-column.js';
import type { StepGrid } from '../engine/step-grid.js';
import type { HistogramColumns } from '../histogram/rate.js';

const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;
const NO_TIMES = new Float64Array(0);

/**
 * The samples of one series that range functions see: stale markers left out, floats and histograms apart, each rising
 * in time. Reused from series to series.
 */
export class RangeSamples {
  timestamps: Float64Array = NO_TIMES;
  values: Float64Array = NO_TIMES;
  /** Start timestamps in ms, 0 where unknown; undefined while no sample has one. */
  starts: Float64Array | undefined;
  length = 0;
  /**
   * Floats [0, rising) never fall and are no NaN. A counter without resets rises to its end, which tells by a single
   * comparison a sample that it has neither stale markers nor resets.
   */
  rising = 0;
  histogramTimestamps: Float64Array = NO_TIMES;
  histogramStarts: Float64Array | undefined;
  readonly histograms: Histogram[] = [];
  histogramLength = 0;

  /** The histograms in the form that the numerics take; `withStarts` if start timestamps are in use. */
  histogramColumns(withStarts: boolean): HistogramColumns {
    return {
      timestamps: this.histogramTimestamps,
      histograms: this.histograms,
      starts: withStarts ? this.histogramStarts : undefined,
    };
  }

  /** Takes what storage gave. The columns stay the caller's, but are rearranged and aliased until the next call. */
  fromColumns(columns: SampleColumns): void {
    this.clearHistograms();
    if (columns.histograms === undefined) {
      this.rising = risingLength(columns.values, columns.length);
      this.length = dropStale(columns, this.rising);
    } else {
      this.rising = 0;
      this.split(columns, columns.histograms);
    }
    this.timestamps = columns.timestamps;
    this.values = columns.values;
    this.starts = columns.startTimestamps;
  }

  /** Takes the steps of a subquery. Start timestamps do not pass through subqueries. */
  fromSteps(column: StepColumn, grid: StepGrid): void {
    this.clearHistograms();
    this.starts = undefined;
    this.histogramStarts = undefined;
    this.rising = 0;
    if (this.timestamps.length < grid.count) {
      this.timestamps = new Float64Array(grid.count);
      this.values = new Float64Array(grid.count);
    }
    let length = 0;
    for (let step = 0; step < grid.count; step++) {
      const time = grid.startMs + step * grid.stepMs;
      const kind = column.kinds[step];
      if (kind === FLOAT) {
        this.timestamps[length] = time;
        this.values[length++] = column.values[step]!;
      } else if (kind === HISTOGRAM) {
        this.reserveHistograms(grid.count);
        this.histogramTimestamps[this.histogramLength++] = time;
        this.histograms.push(withoutResetHint(column.histogramAt(step)));
      }
    }
    this.length = length;
  }

  /** Moves the histograms out of the columns and closes the gaps. */
  private split(columns: SampleColumns, histograms: readonly (Histogram | undefined)[]): void {
    const { timestamps, values, startTimestamps, length } = columns;
    this.reserveHistograms(length);
    if (startTimestamps !== undefined && (this.histogramStarts?.length ?? 0) < length) {
      this.histogramStarts = new Float64Array(length);
    }
    if (startTimestamps === undefined) this.histogramStarts = undefined;
    const bits = new Uint32Array(values.buffer, values.byteOffset);
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const histogram = histograms[i];
      if (histogram !== undefined) {
        if (this.histogramStarts !== undefined) this.histogramStarts[this.histogramLength] = startTimestamps![i]!;
        this.histogramTimestamps[this.histogramLength++] = timestamps[i]!;
        this.histograms.push(histogram);
      } else if (bits[2 * i + HIGH] !== STALE_NAN_HIGH || bits[2 * i + LOW] !== STALE_NAN_LOW) {
        moveSample(columns, i, kept++);
      }
    }
    this.length = kept;
  }

  private clearHistograms(): void {
    this.histogramLength = 0;
    this.histograms.length = 0;
  }

  private reserveHistograms(capacity: number): void {
    if (this.histogramTimestamps.length < capacity) this.histogramTimestamps = new Float64Array(capacity);
  }
}

/**
 * A subquery leaves out samples or gives one several times: a hint about the sample before it is not true of the step
 * before it. Without hints resets are found by comparing, as for floats.
 */
function withoutResetHint(histogram: Histogram): Histogram {
  const { resetHint } = histogram;
  if (resetHint === ResetHint.unknown || resetHint === ResetHint.gauge) return histogram;
  return { ...histogram, resetHint: ResetHint.unknown };
}

function risingLength(values: Float64Array, length: number): number {
  if (length === 0 || values[0]! !== values[0]!) return 0;
  let i = 1;
  while (i < length && values[i]! >= values[i - 1]!) i++;
  return i;
}

/** Closes the gaps that stale markers leave from index `from` on; returns the new length. */
function dropStale(columns: SampleColumns, from: number): number {
  const { values, length } = columns;
  let i = from;
  while (i < length && values[i]! === values[i]!) i++;
  if (i === length) return length;
  const bits = new Uint32Array(values.buffer, values.byteOffset);
  let kept = i;
  for (; i < length; i++) {
    if (bits[2 * i + HIGH] === STALE_NAN_HIGH && bits[2 * i + LOW] === STALE_NAN_LOW) continue;
    moveSample(columns, i, kept++);
  }
  return kept;
}

function moveSample(columns: SampleColumns, from: number, to: number): void {
  if (from === to) return;
  columns.timestamps[to] = columns.timestamps[from]!;
  columns.values[to] = columns.values[from]!;
  if (columns.startTimestamps !== undefined) columns.startTimestamps[to] = columns.startTimestamps[from]!;
}
