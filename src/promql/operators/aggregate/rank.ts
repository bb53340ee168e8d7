import type { EvalFrame } from '../../engine/query-context.js';
import { ABSENT, HISTOGRAM, StepColumn } from '../../engine/step-column.js';
import type { Position } from '../../parser/ast.js';
import type { OutputSeries, ScalarOperator, VectorOperator } from '../operator.js';
import { type GroupingClause, type Groups, groupSeries } from './grouping.js';
import { sampleCounts } from './sample-counts.js';

/**
 * `topk` and `bottomk`: the input's own samples, the k largest or smallest of each group at each step; NaN ranks last.
 * Keeps a heap of at most k (value, series) per group and step, not the input. The series are known only when the
 * whole input was seen: those that are in some heap. In an instant query they come in order of rank.
 */
export class RankOperator implements VectorOperator {
  private ranked: Ranked | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly op: 'topk' | 'bottomk',
    private readonly input: VectorOperator,
    private readonly k: ScalarOperator,
    private readonly clause: GroupingClause,
    private readonly pos: Position,
  ) {}

  series(): readonly OutputSeries[] {
    return this.rank().outputs;
  }

  read(index: number, out: StepColumn): void {
    const { samples } = this.rank();
    out.reset();
    const { steps, values } = samples[index]!;
    for (let i = 0; i < steps.length; i++) out.setFloat(steps[i]!, values[i]!);
  }

  private rank(): Ranked {
    return (this.ranked ??= this.computeRanks());
  }

  private computeRanks(): Ranked {
    const { grid, query } = this.frame;
    const ks = sampleCounts(this.k.values());
    const series = this.input.series();
    const groups = groupSeries(series, this.clause, query.limits);
    const mark = query.limits.mark();
    query.limits.checkCells(heapCells(groups, ks) * grid.count);
    const heaps = new RankHeaps(groups, ks, grid.count, this.op === 'topk');
    const column = new StepColumn(grid.count);
    for (let i = 0; i < series.length; i++) {
      this.input.read(i, column);
      if (heaps.add(groups.groupOf[i]!, i, column)) query.annotations.histogramIgnoredInAggregation(this.op, this.pos);
    }
    query.limits.releaseTo(mark);
    const ranked = heaps.collect(series);
    query.limits.hold(ranked.sampleCount);
    return ranked;
  }
}

interface Ranked {
  readonly outputs: readonly OutputSeries[];
  readonly samples: readonly { readonly steps: number[]; readonly values: number[] }[];
  readonly sampleCount: number;
}

/** Places in the heaps of one step: no heap can need more than its group has series. */
function heapCells(groups: Groups, ks: Float64Array): number {
  const kMax = ks.reduce((max, k) => Math.max(max, k), 0);
  return groups.sizes.reduce((sum, size) => sum + Math.min(size, kMax), 0);
}

/** One heap per group and step; the root is the sample that the next better one replaces. */
class RankHeaps {
  private readonly values: Float64Array[];
  private readonly indexes: Uint32Array[];
  private readonly sizes: Uint32Array;
  /** Places per heap, by group: no heap can need more than its group has series. */
  private readonly room: number[];

  constructor(
    groups: Groups,
    private readonly ks: Float64Array,
    private readonly steps: number,
    private readonly largest: boolean,
  ) {
    const kMax = ks.reduce((max, k) => Math.max(max, k), 0);
    this.room = Array.from(groups.sizes, (size) => Math.min(size, kMax));
    this.values = this.room.map((room) => new Float64Array(room * steps));
    this.indexes = this.room.map((room) => new Uint32Array(room * steps));
    this.sizes = new Uint32Array(groups.sizes.length * steps);
  }

  /** Returns true if histograms were left out. */
  add(group: number, series: number, column: StepColumn): boolean {
    const room = this.room[group]!;
    let ignored = false;
    for (let s = 0; s < this.steps; s++) {
      const kind = column.kinds[s];
      if (kind === ABSENT) continue;
      const k = Math.min(this.ks[s]!, room);
      if (k < 1) continue;
      if (kind === HISTOGRAM) ignored = true;
      else this.offer(group, s, k, series, column.values[s]!);
    }
    return ignored;
  }

  collect(series: readonly OutputSeries[]): Ranked {
    const slotOf = new Map<number, number>();
    const outputs: OutputSeries[] = [];
    const samples: { steps: number[]; values: number[] }[] = [];
    let sampleCount = 0;
    for (let group = 0; group < this.room.length; group++) {
      for (let s = 0; s < this.steps; s++) {
        for (const { index, value } of this.sorted(group, s)) {
          let slot = slotOf.get(index);
          if (slot === undefined) {
            slot = outputs.length;
            slotOf.set(index, slot);
            outputs.push(series[index]!);
            samples.push({ steps: [], values: [] });
          }
          samples[slot]!.steps.push(s);
          samples[slot]!.values.push(value);
          sampleCount++;
        }
      }
    }
    return { outputs, samples, sampleCount };
  }

  /** Best first. */
  private sorted(group: number, step: number): { index: number; value: number }[] {
    const base = step * this.room[group]!;
    const size = this.sizes[group * this.steps + step]!;
    const entries: { index: number; value: number }[] = [];
    for (let i = 0; i < size; i++) {
      entries.push({ index: this.indexes[group]![base + i]!, value: this.values[group]![base + i]! });
    }
    return entries.sort((a, b) => (this.isWorse(a.value, b.value) ? 1 : this.isWorse(b.value, a.value) ? -1 : a.index - b.index));
  }

  private offer(group: number, step: number, k: number, series: number, value: number): void {
    const values = this.values[group]!;
    const base = step * this.room[group]!;
    const cell = group * this.steps + step;
    const size = this.sizes[cell]!;
    if (size < k) {
      this.sizes[cell] = size + 1;
      this.siftUp(values, this.indexes[group]!, base, size, value, series);
    } else if (this.isWorse(values[base]!, value)) {
      this.siftDown(values, this.indexes[group]!, base, size, value, series);
    }
  }

  private siftUp(values: Float64Array, indexes: Uint32Array, base: number, at: number, value: number, series: number): void {
    let i = at;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.isWorse(value, values[base + parent]!)) break;
      values[base + i] = values[base + parent]!;
      indexes[base + i] = indexes[base + parent]!;
      i = parent;
    }
    values[base + i] = value;
    indexes[base + i] = series;
  }

  private siftDown(values: Float64Array, indexes: Uint32Array, base: number, size: number, value: number, series: number): void {
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isWorse(values[base + child + 1]!, values[base + child]!)) child++;
      if (!this.isWorse(values[base + child]!, value)) break;
      values[base + i] = values[base + child]!;
      indexes[base + i] = indexes[base + child]!;
      i = child;
    }
    values[base + i] = value;
    indexes[base + i] = series;
  }

  /** True if `a` ranks strictly below `b`. */
  private isWorse(a: number, b: number): boolean {
    if (b !== b) return false;
    return a !== a || (this.largest ? a < b : a > b);
  }
}
