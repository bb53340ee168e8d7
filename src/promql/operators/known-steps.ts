import type { EvalFrame } from '../engine/query-context.js';
import type { ResultSeries } from '../engine/engine-api.js';
import { FLOAT, type StepColumn } from '../engine/step-column.js';
import type { OutputSeries, VectorOperator } from './operator.js';

/** Series whose samples at the steps of the grid are known already: what was kept of an earlier query. Floats only. */
export class KnownStepsOperator implements VectorOperator {
  readonly readsQuietly = true;
  private readonly outputs: readonly OutputSeries[];

  /** @param known with samples at steps of the grid only */
  constructor(private readonly frame: EvalFrame, private readonly known: readonly ResultSeries[]) {
    this.outputs = known.map(({ labels }) => ({ labels, dropName: false }));
    for (const { timestamps } of known) frame.query.limits.hold(timestamps.length);
  }

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  read(index: number, out: StepColumn): void {
    const { query, grid } = this.frame;
    const { timestamps, values } = this.known[index]!;
    query.limits.poll();
    out.reset();
    for (let i = 0; i < timestamps.length; i++) {
      const step = (timestamps[i]! - grid.startMs) / grid.stepMs;
      out.values[step] = values[i]!;
      out.kinds[step] = FLOAT;
    }
    query.limits.queryable += timestamps.length;
  }
}
