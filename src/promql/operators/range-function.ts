import type { EvalFrame } from '../engine/query-context.js';
import type { StepColumn } from '../engine/step-column.js';
import { dropName } from '../engine/name-removal.js';
import { type OutputSeries, relabeledSeries, type VectorOperator } from './operator.js';
import { RangeSamples } from './range-samples.js';
import type { RangeSource } from './range-source.js';
import { type RangeFunction, WindowWalker } from './range-window.js';

/** `rate(x[5m])` and all other functions from a range vector to an instant vector, series by series. */
export class RangeFunctionOperator implements VectorOperator {
  private outputs: OutputSeries[] | undefined;
  private readonly samples = new RangeSamples();
  private readonly walker: WindowWalker;
  /** Whether a read is the one to count, where samples are counted. */
  private readonly isFirst: ((index: number) => boolean) | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly source: RangeSource,
    private readonly fn: RangeFunction,
    private readonly keepsName: boolean,
  ) {
    this.walker = new WindowWalker(frame, source);
    this.isFirst = frame.counts?.countOnce(this);
  }

  series(): readonly OutputSeries[] {
    if (this.outputs === undefined) {
      const input = this.source.series();
      const { limits, options } = this.frame.query;
      this.outputs = this.keepsName ? [...input] : relabeledSeries(input, limits, (one) => dropName(one, options));
    }
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    const limits = this.frame.query.limits;
    out.reset();
    const counts = this.isFirst?.(index) === true ? this.frame.counts : undefined;
    const mark = limits.mark();
    this.source.load(index, this.samples);
    const loaded = this.samples.length + this.samples.histogramLength;
    if (loaded === 0) return;
    limits.hold(loaded);
    this.fn.begin?.(this.source.series()[index]!, this.samples);
    limits.queryable += this.walker.walk(this.samples, this.fn, out, counts);
    limits.releaseTo(mark);
    limits.hold(out.countPresent());
  }
}
