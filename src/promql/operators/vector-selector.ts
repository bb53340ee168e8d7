import { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';
import type { Series } from '../../storage/queryable.js';
import type { EvalFrame } from '../engine/query-context.js';
import { columnSamples } from '../engine/sample-counts.js';
import { FLOAT, type StepColumn } from '../engine/step-column.js';
import { settleHistograms } from './selected-histograms.js';
import { type OutputSeries, selectedSeries, type VectorOperator } from './operator.js';
import type { TimeShift } from './time-shift.js';
import { referenceTime } from './time-shift.js';

/** What an instant selector gives of the sample that it finds: `timestamp(x)` and `start_timestamp(x)` ask for times. */
export type SelectorOutput = 'value' | 'timestamp' | 'start-timestamp';

/**
 * `metric{…} offset … @ …`: at each step the newest sample in (t - lookback, t], nothing if that is a stale marker.
 * One cursor moves over the samples of a series.
 */
export class VectorSelectorOperator implements VectorOperator {
  readonly readsQuietly = true;
  private readonly outputs: OutputSeries[];
  private readonly columns = new SampleColumns();
  private readonly mint: number;
  private readonly maxt: number;
  private readonly isFirst: ((index: number) => boolean) | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly selected: readonly Series[],
    private readonly shift: TimeShift,
    private readonly output: SelectorOutput,
  ) {
    this.outputs = selectedSeries(selected, frame.query.limits);
    this.isFirst = frame.counts?.countOnce(this);
    this.columns.wantsStarts = output === 'start-timestamp';
    this.mint = referenceTime(shift, frame.grid.startMs) - frame.query.lookbackMs + 1;
    this.maxt = referenceTime(shift, frame.grid.endMs);
  }

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    const limits = this.frame.query.limits;
    limits.poll();
    out.reset();
    this.columns.clear();
    this.selected[index]!.read(this.columns, this.mint, this.maxt);
    if (this.columns.length === 0) return;
    limits.loaded(this.columns.length, this.columns.histograms?.length ?? 0);
    settleHistograms(this.columns, this.frame.buckets);
    const found = this.pickSteps(out);
    limits.queryable += found;
    if (this.isFirst?.(index) === true) this.frame.counts?.addColumn(out);
    limits.read += found;
    limits.hold(out.histograms === undefined ? found : columnSamples(out));
  }

  /** Fills `out` and returns the number of steps that have a sample. */
  private pickSteps(out: StepColumn): number {
    const { timestamps, values, histograms, length } = this.columns;
    const { startMs, stepMs, count } = this.frame.grid;
    const lookbackMs = this.frame.query.lookbackMs;
    const atMs = this.shift.atMs;
    const firstMs = (atMs ?? startMs) - this.shift.offsetMs;
    const strideMs = atMs === undefined ? stepMs : 0;
    const wantsValue = this.output === 'value';
    let found = 0;
    let newest = -1;
    let stride = 0;
    for (let step = 0; step < count; step++) {
      const time = firstMs + step * strideMs;
      // Samples come at regular intervals: the cursor mostly moves as far as it did at the step before.
      const jump = newest + stride;
      if (jump + 1 < length && jump > newest && timestamps[jump]! <= time && timestamps[jump + 1]! > time) newest = jump;
      else {
        const before = newest;
        while (newest + 1 < length && timestamps[newest + 1]! <= time) newest++;
        stride = newest - before;
      }
      if (newest < 0 || timestamps[newest]! <= time - lookbackMs) continue;
      const value = values[newest]!;
      const histogram = histograms === undefined ? undefined : histograms[newest];
      if (histogram === undefined && value !== value && isStaleAt(values, newest)) continue;
      found++;
      if (!wantsValue) this.setTime(out, step, newest);
      else if (histogram !== undefined) out.setHistogram(step, histogram);
      else {
        out.values[step] = value;
        out.kinds[step] = FLOAT;
      }
    }
    return found;
  }

  private setTime(out: StepColumn, step: number, sample: number): void {
    if (this.output === 'timestamp') out.setFloat(step, this.columns.timestamps[sample]! / 1000);
    else out.setFloat(step, (this.columns.startTimestamps?.[sample] ?? 0) / 1000);
  }
}
