/**
 * The fast path of an OTLP request: kernels over the bytes; only points seen for the first time are named by the translator. A
 * request goes as a whole: either everything that decides its way is known before the first row is appended, or nothing of it
 * is stored and the general path takes it.
 */
import {
  BODY_OUT, BODY_OUT_CAPACITY, OTLP_MISS_TARGET, OTLP_NO_ORIGIN, OTLP_ORIGINS, OTLP_REFS, OTLP_REF_NONE, REF_DROPPED, RES_DROPPED,
  RES_MISSES, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_RISING, RES_SAMPLES, WALK_DONE,
} from '../kernel/layout.js';
import { AppendStatus, isAccepted } from '../storage/append-status.js';
import type { OtlpNaming, OtlpReport, PointSeries } from '../storage/appender.js';
import { CurrentHead } from './current-head.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import type { OtherSources } from './other-sources.js';
import { newReport } from './reject-collector.js';
import { settleSlowRow } from './slow-rows.js';

export class OtlpAppend {
  private readonly current: CurrentHead;

  constructor(store: HeadStore, private readonly others: OtherSources) {
    this.current = new CurrentHead(store);
  }

  /** See `Appender.appendOtlp`. Adds the head that it wrote to `touched`. @throws IngestError, LogWriteError */
  append(body: Uint8Array, naming: OtlpNaming, rules: TimeRules, touched: Set<Head>): OtlpReport | 'general' {
    if (body.length > BODY_OUT_CAPACITY) return 'general';
    const head = this.walk(body, naming, rules);
    if (head === undefined) return 'general';
    const { arena } = head;
    const { kernel } = arena;
    let rows = arena.field(RES_SAMPLES);
    // Settling makes series, which overwrites none of these.
    const isRising = arena.field(RES_RISING) === 1;
    const hasDropped = arena.field(RES_DROPPED) > 0;
    // The general path makes no series for samples that are refused for their time.
    if (arena.field(RES_MISSES) > 0 && hasTimesToRefuse(head, rows, rules)) return 'general';
    const settled = this.settleMisses(head, arena.field(RES_MISSES), naming);
    if (settled === 'general') return 'general';
    const report: OtlpReport = { ...newReport(), rejectedPoints: 0, lostSeries: new Set() };
    if (settled === 'drop' || hasDropped) {
      rows = kernel.dropOtlpRows(rows);
      report.dropped = arena.field(RES_DROPPED);
    }
    if (!isRising && kernel.rowsRise(rows) === 0) return 'general';
    if (rows === 0) return report;
    this.others.touch(head, touched);
    const counts = head.appendColumns(rows, this.others.minValid(head, rules, rows), rules.notAfter);
    report.samples += counts.ok + counts.duplicates;
    if (counts.slow > 0) this.slowRows(head, rows, rules, report);
    return report;
  }

  /** Walks the body in the head that covers all of it. Undefined: there is none, or the form is not the usual one. */
  private walk(body: Uint8Array, naming: OtlpNaming, rules: TimeRules): Head | undefined {
    const first = this.current.get();
    if (first === undefined || !walkIn(first, body, naming)) return undefined;
    const { arena } = first;
    if (arena.field(RES_OUTSIDE) === 0) return first;
    if (arena.field(RES_SAMPLES) > 0) return undefined;
    const other = this.current.covering(arena.f64[RES_OUTSIDE_MIN >>> 3]!, arena.f64[RES_OUTSIDE_MAX >>> 3]!, rules);
    if (other === undefined || !walkIn(other, body, naming)) return undefined;
    this.current.moveOn(first, other);
    return other;
  }

  /** Finds or makes the series of the unknown points. `drop`: some rows are for series that are not stored. */
  private settleMisses(head: Head, count: number, naming: OtlpNaming): 'done' | 'drop' | 'general' {
    if (count === 0) return 'done';
    const offsets: number[] = [];
    for (let i = 0; i < count; i++) {
      if (head.missCode(i) !== OTLP_MISS_TARGET) offsets.push(head.missRange(i).start - BODY_OUT);
    }
    const named = naming.name(Uint32Array.from(offsets));
    if (named === 'general') return 'general';
    // Readers see the new series only when their first samples are in: appendColumns publishes.
    return head.inBatch(() => new MissSettler(head, named, offsets).settle(count));
  }

  private slowRows(head: Head, rows: number, rules: TimeRules, report: OtlpReport): void {
    const { arena } = head;
    const accepted = new Set<string>();
    const lost = new Set<number>();
    for (let row = 0; row < rows; row++) {
      const ref = head.columnRef(row);
      const key = `${ref}@${head.columnTime(row)}`;
      const status = head.columnStatus(row);
      // Of two samples of a series at one time in a request the first that is taken counts, and nothing is said about the other.
      const isSettled = isAccepted(status) || accepted.has(key);
      if (isSettled || isAccepted(settleSlowRow(this.others, head, row, rules, report))) {
        accepted.add(key);
        continue;
      }
      report.lostSeries.add(head.reader.labelsOf(ref).key());
      const origin = arena.field(OTLP_ORIGINS + row * 4);
      if (origin !== OTLP_NO_ORIGIN) lost.add(origin);
    }
    report.rejectedPoints = lost.size;
    head.flushSingles();
  }
}

function hasTimesToRefuse(head: Head, rows: number, rules: TimeRules): boolean {
  for (let row = 0; row < rows; row++) if (judgeTime(rules, head.columnTime(row), -Infinity) !== AppendStatus.ok) return true;
  return false;
}

function walkIn(head: Head, body: Uint8Array, { generation, targetStepMs, classicHistograms }: OtlpNaming): boolean {
  head.loadPlain(body);
  return head.arena.kernel.walkOtlp(BODY_OUT, BODY_OUT + body.length, generation, targetStepMs, classicHistograms ? 1 : 0) === WALK_DONE;
}

/** Gives the rows of the miss list their refs. */
class MissSettler {
  private readonly refs: Int32Array;
  /** Points of the miss list before the current entry. */
  private points = 0;
  private needsDrop = false;

  constructor(private readonly head: Head, private readonly named: PointSeries, private readonly offsets: readonly number[]) {
    this.refs = new Int32Array(named.series.length).fill(-1);
  }

  settle(count: number): 'done' | 'drop' | 'general' {
    for (let i = 0; i < count; i++) {
      const isTarget = this.head.missCode(i) === OTLP_MISS_TARGET;
      if (!(isTarget ? this.target(i) : this.point(i))) return 'general';
    }
    return this.needsDrop ? 'drop' : 'done';
  }

  private point(miss: number): boolean {
    const { head, named } = this;
    const { arena } = head;
    const from = named.starts[this.points]!;
    const to = named.starts[++this.points]!;
    if (to - from !== head.missSamples(miss).count) return false;
    for (let i = from; i < to; i++) {
      const ref = this.resolve(named.samples[i]!);
      if (ref < 0) return false;
      arena.u32[(OTLP_REFS >>> 2) + i - from] = ref;
    }
    arena.kernel.settleOtlpPoint(miss, to - from);
    return true;
  }

  /** A resource that is not known has no known point either: its last one stands before it in the list. */
  private target(miss: number): boolean {
    const { head, named } = this;
    const last = this.points - 1;
    if (last < 0 || this.offsets[last]! < head.missRange(miss).start - BODY_OUT) return false;
    const series = named.targets[named.resources[last]!]!;
    if (series < 0) {
      this.needsDrop = true;
      head.arena.kernel.settleOtlpTarget(miss, OTLP_REF_NONE);
      return true;
    }
    const ref = this.resolve(series);
    if (ref >= 0) head.arena.kernel.settleOtlpTarget(miss, ref);
    return ref >= 0;
  }

  /** Ref of a series, REF_DROPPED, or negative if it is refused: the general path says so in the right words. */
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
