/** What comes of the miss list: refs for its rows, and points that the translator has to take after all. */
import { BODY_OUT, OTLP_MISS_TARGET, OTLP_REF_NONE, REFS_IN, REF_DROPPED } from '../kernel/layout.js';
import { AppendStatus } from '../storage/append-status.js';
import type { PointSeries } from '../storage/appender.js';
import type { Head } from './head/head.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';

export interface TimeRange {
  readonly earliest: number;
  readonly latest: number;
}

/** See `OtlpOthers`; filled step by step. */
export interface OthersFound {
  readonly messages: number[];
  readonly targets: Map<number, TimeRange>;
}

/** Offsets in the body of the points that the walk could not name. */
export function missedPoints(head: Head, count: number): number[] {
  const offsets: number[] = [];
  for (let i = 0; i < count; i++) if (head.arena.misses.code(i) !== OTLP_MISS_TARGET) offsets.push(head.arena.misses.address(i) - BODY_OUT);
  return offsets;
}

export class OtlpMisses {
  /** Some rows are not to be appended. */
  needsDrop = false;
  /** `Labels.key()` of the series of points that the translator takes. */
  readonly lostSeries = new Set<string>();
  private readonly refs: Int32Array;
  /** Points of the miss list before the current entry. */
  private points = 0;

  constructor(
    private readonly head: Head, private readonly named: PointSeries, private readonly offsets: readonly number[],
    private readonly rules: TimeRules, private readonly others: OthersFound,
  ) {
    this.refs = new Int32Array(named.series.length).fill(-1);
  }

  /** Inside a batch. False if the list is not what the names are for: two identities had the same hash. */
  settle(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const isTarget = this.head.arena.misses.code(i) === OTLP_MISS_TARGET;
      if (!(isTarget ? this.target(i) : this.point(i))) return false;
    }
    return true;
  }

  private point(miss: number): boolean {
    const { head, named } = this;
    const { arena } = head;
    const index = this.points++;
    const from = named.starts[index]!;
    const to = named.starts[index + 1]!;
    const { first, count } = head.arena.misses.samples(miss);
    // No series is made for samples that are refused for their time. All rows of a point have one.
    if (named.unnamed.has(index) || this.isRefused(head.columnTime(first))) return this.leavePoint(miss, index);
    if (to - from !== count) return false;
    for (let i = from; i < to; i++) {
      const ref = this.resolve(named.samples[i]!);
      if (ref < 0) return this.leavePoint(miss, index);
      arena.u32[(REFS_IN >>> 2) + i - from] = ref;
    }
    arena.kernel.settleOtlpPoint(miss, count);
    return true;
  }

  /** The translator says what is wrong with the point, and stores what is good of it. */
  private leavePoint(miss: number, index: number): true {
    const { named } = this;
    for (let i = named.starts[index]!; i < named.starts[index + 1]!; i++) {
      const labels = named.series[named.samples[i]!];
      if (labels !== undefined) this.lostSeries.add(labels.key());
    }
    this.others.messages.push(this.offsets[index]!);
    this.head.arena.kernel.dropOtlpPoint(miss);
    this.needsDrop = true;
    return true;
  }

  /** A resource that is not known has no known point either: its last one stands before it in the list. */
  private target(miss: number): boolean {
    const { head, named } = this;
    const last = this.points - 1;
    const offset = head.arena.misses.address(miss) - BODY_OUT;
    if (last < 0 || this.offsets[last]! < offset) return false;
    const series = named.targets[named.resources[last]!]!;
    if (series < 0) {
      this.needsDrop = true;
      head.arena.kernel.settleOtlpTarget(miss, OTLP_REF_NONE);
      return true;
    }
    const { first, count } = head.arena.misses.samples(miss);
    const times = { earliest: head.columnTime(first), latest: head.columnTime(first + count - 1) };
    const ref = this.isRefused(times.earliest) || this.isRefused(times.latest) ? -1 : this.resolve(series);
    if (ref >= 0) head.arena.kernel.settleOtlpTarget(miss, ref);
    else {
      this.others.targets.set(offset, times);
      this.needsDrop = true;
      head.arena.kernel.dropOtlpPoint(miss);
    }
    return true;
  }

  private isRefused(t: number): boolean {
    return judgeTime(this.rules, t, -Infinity) !== AppendStatus.ok;
  }

  /** Ref of a series, REF_DROPPED, or negative if it is refused. */
  private resolve(series: number): number {
    let ref = this.refs[series]!;
    if (ref < 0) {
      const labels = this.named.series[series];
      ref = labels === undefined ? REF_DROPPED : this.head.resolve(labels);
      this.refs[series] = ref;
    }
    if (ref === REF_DROPPED) this.needsDrop = true;
    return ref;
  }
}
