/**
 * The fast path of an OTLP request: kernels over the bytes; points seen for the first time are named by the translator. Points that
 * the kernels do not know (exponential histograms, deltas, summaries, refused ones, those of another head) are translated and go
 * as a batch, in the same step. What decides that is known before the first row is appended; where one series would get samples
 * from both sides, nothing is stored here and the general path takes the request.
 */
import {
  BODY_OUT, BODY_OUT_CAPACITY, COLUMN_CAPACITY, OTLP_NO_ORIGIN, OTLP_ORIGINS, OTLP_OTHERS, OTLP_OTHER_BYTES, OTLP_OTHER_KIND,
  OTLP_OTHER_MESSAGE, OTLP_OTHER_START, RES_DROPPED, RES_MISSES, RES_OTHERS, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN,
  RES_RISING, RES_SAMPLES, WALK_DONE,
} from '../kernel/layout.js';
import type { Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { isAccepted } from '../storage/append-status.js';
import type { OtlpNaming, OtlpReport, PointSeries } from '../storage/appender.js';
import { LostPoints } from '../storage/lost-points.js';
import type { BatchAppend } from './batch-append.js';
import { CurrentHead } from './current-head.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';
import type { OtherSources } from './other-sources.js';
import { missedPoints, OtlpMisses, type OthersFound, type TimeRange } from './otlp-misses.js';
import { newReport } from './reject-collector.js';
import { rowsShare } from './shared-series.js';
import { settleSlowRows } from './slow-rows.js';

export class OtlpAppend {
  private readonly current: CurrentHead;

  constructor(store: HeadStore, private readonly others: OtherSources, private readonly batches: BatchAppend) {
    this.current = new CurrentHead(store);
  }

  /** See `Appender.appendOtlp`. Adds the heads that it wrote to `touched`. @throws IngestError, LogWriteError */
  append(body: Uint8Array, naming: OtlpNaming, rules: TimeRules, touched: Set<Head>): OtlpReport | 'general' {
    if (body.length > BODY_OUT_CAPACITY) return 'general';
    const head = this.walk(body, naming, rules);
    if (head === undefined) return 'general';
    const { arena } = head;
    // Settling makes series, which overwrites none of these.
    const walked = arena.field(RES_SAMPLES);
    const isRising = arena.field(RES_RISING) === 1;
    const hasDropped = arena.field(RES_DROPPED) > 0;
    const others = othersOf(head);
    const misses = this.settleMisses(head, arena.field(RES_MISSES), naming, rules, others);
    if (misses === 'general') return 'general';
    const drops = hasDropped || misses?.needsDrop === true;
    const rows = drops ? arena.kernel.dropOtlpRows(walked) : walked;
    const dropped = drops ? arena.field(RES_DROPPED) : 0;
    if (!isRising && arena.kernel.rowsRise(rows) === 0) return 'general';
    const batch = translate(naming, others);
    // What a series gets from both sides has an order that only one of them can keep.
    if (batch === 'general' || (batch !== undefined && rowsShare(head, rows, batch.series))) return 'general';
    const report = this.appendRows(head, rows, rules, touched, misses?.lostSeries ?? new Set());
    report.dropped = dropped;
    if (batch !== undefined) {
      const statuses = new Uint8Array(batch.length);
      report.translated = { batch, statuses, report: this.batches.append(batch, statuses, rules, touched) };
    }
    return report;
  }

  /** Walks the body in the head that covers all of it. Undefined: there is none, or the form is not the usual one. */
  private walk(body: Uint8Array, naming: OtlpNaming, rules: TimeRules): Head | undefined {
    const known = this.current.get();
    const first = known ?? this.current.orScout();
    if (!walkIn(first, body, naming)) return undefined;
    const { arena } = first;
    if (arena.field(RES_OUTSIDE) === 0 || arena.field(RES_SAMPLES) > 0) return known;
    const other = this.current.covering(arena.f64[RES_OUTSIDE_MIN >>> 3]!, arena.f64[RES_OUTSIDE_MAX >>> 3]!, rules);
    if (other === undefined || !walkIn(other, body, naming)) return undefined;
    this.current.moveOn(first, other);
    return other;
  }

  /** Finds or makes the series of the unknown points; adds what cannot be named to `others`. */
  private settleMisses(
    head: Head, count: number, naming: OtlpNaming, rules: TimeRules, others: OthersFound,
  ): OtlpMisses | undefined | 'general' {
    if (count === 0) return undefined;
    const offsets = missedPoints(head, count);
    const named = naming.name(Uint32Array.from(offsets));
    if (named === 'general' || this.limitsDecide(head, named, naming, others)) return 'general';
    const misses = new OtlpMisses(head, named, offsets, rules, others);
    // Readers see the new series only when their first samples are in: appendColumns publishes.
    return head.inBatch(() => misses.settle(count)) ? misses : 'general';
  }

  /** Where a limit leaves room for some of the new series only, the first in the request get it. The two sides do not know that order. */
  private limitsDecide(head: Head, named: PointSeries, naming: OtlpNaming, others: OthersFound): boolean {
    if (!head.mayRefuse(2 * COLUMN_CAPACITY)) return false;
    const batch = translate(naming, others);
    const isNew = (labels: Labels | undefined): boolean => labels !== undefined && head.find(labels) < 0;
    return batch === 'general' || (batch?.series.some(isNew) === true && named.series.some(isNew));
  }

  private appendRows(head: Head, rows: number, rules: TimeRules, touched: Set<Head>, lostSeries: Set<string>): OtlpReport {
    const report: OtlpReport = { ...newReport(), rejectedPoints: 0, lostSeries, translated: undefined };
    if (rows === 0) return report;
    this.others.touch(head, touched);
    const counts = head.appendColumns(rows, this.others.minValid(head, rules, rows), rules.notAfter);
    report.samples += counts.ok + counts.duplicates;
    if (counts.slow > 0) this.slowRows(head, rows, rules, report, lostSeries);
    return report;
  }

  private slowRows(head: Head, rows: number, rules: TimeRules, report: OtlpReport, lostSeries: Set<string>): void {
    const lost = new LostPoints();
    const lostRefs = new Set<number>();
    settleSlowRows(this.others, head, rows, rules, report, (row, status) => {
      lostRefs.add(head.columnRef(row));
      const origin = head.arena.field(OTLP_ORIGINS + row * 4);
      lost.add(status, origin === OTLP_NO_ORIGIN ? undefined : origin);
    });
    report.rejectedPoints = lost.count;
    lost.tell(report.rejects);
    // Of a series that keeps a sample the exemplars are kept.
    for (let row = 0; row < rows && lostRefs.size > 0; row++) {
      if (isAccepted(head.columnStatus(row))) lostRefs.delete(head.columnRef(row));
    }
    for (const ref of lostRefs) lostSeries.add(head.reader.labelsOf(ref).key());
  }
}

/** What the walk left to the translator. */
function othersOf({ arena }: Head): OthersFound {
  const messages: number[] = [];
  const targets = new Map<number, TimeRange>();
  const end = OTLP_OTHERS + arena.field(RES_OTHERS) * OTLP_OTHER_BYTES;
  for (let at = OTLP_OTHERS; at < end; at += OTLP_OTHER_BYTES) {
    const offset = arena.field(at + OTLP_OTHER_START) - BODY_OUT;
    if (arena.field(at + OTLP_OTHER_KIND) === OTLP_OTHER_MESSAGE) messages.push(offset);
    else targets.set(offset, { earliest: arena.f64[at >>> 3]!, latest: arena.f64[(at >>> 3) + 1]! });
  }
  return { messages, targets };
}

function translate(naming: OtlpNaming, { messages, targets }: OthersFound): SampleBatch | undefined | 'general' {
  if (messages.length === 0 && targets.size === 0) return undefined;
  return naming.translate({ messages: Uint32Array.from(messages).sort(), targets });
}

function walkIn(head: Head, body: Uint8Array, { generation, targetStepMs, classicHistograms }: OtlpNaming): boolean {
  head.loadPlain(body);
  return head.arena.kernel.walkOtlp(BODY_OUT, BODY_OUT + body.length, generation, targetStepMs, classicHistograms ? 1 : 0) === WALK_DONE;
}
