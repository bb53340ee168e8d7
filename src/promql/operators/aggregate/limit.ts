import { QueryError } from '../../engine/engine-api.js';
import type { EvalFrame } from '../../engine/query-context.js';
import { ABSENT, type StepColumn } from '../../engine/step-column.js';
import { labelHashRatio } from '../../functions/label-hash.js';
import type { Position } from '../../parser/ast.js';
import type { OutputSeries, ScalarOperator, VectorOperator } from '../operator.js';
import { type GroupingClause, groupSeries } from './grouping.js';
import { sampleCounts } from './sample-counts.js';

/**
 * `limitk(k, …)`: at each step the first k samples of each group, in the order of the input's series. Which samples a
 * step takes depends on the series before, so all kinds of all columns are looked at once and remembered as bits.
 */
export class LimitCountOperator implements VectorOperator {
  private taken: Uint8Array | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly k: ScalarOperator,
    private readonly clause: GroupingClause,
  ) {}

  series(): readonly OutputSeries[] {
    sampleCounts(this.k.values());
    return this.input.series();
  }

  read(index: number, out: StepColumn): void {
    const taken = (this.taken ??= this.take(out));
    this.input.read(index, out);
    const base = index * out.length;
    for (let s = 0; s < out.length; s++) if (taken[base + s] === 0) out.kinds[s] = ABSENT;
  }

  private take(scratch: StepColumn): Uint8Array {
    const steps = this.frame.grid.count;
    const ks = sampleCounts(this.k.values());
    const series = this.input.series();
    const { groupOf, sizes } = groupSeries(series, this.clause, this.frame.query.limits);
    const counts = new Uint32Array(sizes.length * steps);
    this.frame.query.limits.checkCells(series.length * steps);
    const taken = new Uint8Array(series.length * steps);
    for (let i = 0; i < series.length; i++) {
      this.input.read(i, scratch);
      for (let s = 0; s < steps; s++) {
        const cell = groupOf[i]! * steps + s;
        if (scratch.kinds[s] === ABSENT || counts[cell]! >= ks[s]!) continue;
        counts[cell]!++;
        taken[i * steps + s] = 1;
      }
    }
    return taken;
  }
}

/**
 * `limit_ratio(r, …)`: the series whose label hash, as a fraction of all hashes, lies below r; for a negative r those
 * that `limit_ratio(1 + r)` leaves out. The same series in every query, and in Prometheus.
 */
export class LimitRatioOperator implements VectorOperator {
  private ratios: Float64Array | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly ratio: ScalarOperator,
    private readonly pos: Position,
  ) {}

  series(): readonly OutputSeries[] {
    this.checkedRatios();
    return this.input.series();
  }

  read(index: number, out: StepColumn): void {
    const ratios = this.checkedRatios();
    const place = labelHashRatio(this.input.series()[index]!.labels);
    this.input.read(index, out);
    for (let s = 0; s < out.length; s++) {
      const ratio = ratios[s]!;
      const taken = ratio >= 0 ? place < ratio : place >= 1 + ratio;
      if (!taken) out.kinds[s] = ABSENT;
    }
  }

  private checkedRatios(): Float64Array {
    if (this.ratios === undefined) {
      const given = this.ratio.values();
      if (given.some((ratio) => ratio !== ratio)) throw new QueryError('execution', 'Ratio value is NaN');
      // Upstream tells the largest and the smallest of all steps only.
      const { annotations } = this.frame.query;
      const highest = given.reduce((max, ratio) => Math.max(max, ratio), 1);
      const lowest = given.reduce((min, ratio) => Math.min(min, ratio), -1);
      if (highest > 1) annotations.invalidRatio(highest, 1, this.pos);
      if (lowest < -1) annotations.invalidRatio(lowest, -1, this.pos);
      this.ratios = given.map((ratio) => Math.max(-1, Math.min(1, ratio)));
    }
    return this.ratios;
  }
}
