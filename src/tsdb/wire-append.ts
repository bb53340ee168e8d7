/** The fast path of a remote write body: kernels over raw bytes; TypeScript only for series seen for the first time. */
import {
  BODY_OUT, LABELS_UNUSUAL, REF_DROPPED, REF_DUPLICATE, REF_FOREIGN, RES_DEDUPLICATED, RES_DROPPED, RES_MISSES, RES_OTHERS,
  RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_RESUME, RES_SAMPLES, WALK_DONE, WALK_MORE,
} from '../kernel/layout.js';
import type { MetricMetadata } from '../model/metadata.js';
import { AppendStatus } from '../storage/append-status.js';
import type { AppendReport, LabelRunDecoder, SeriesFate, SeriesNaming, SeriesOfRest } from '../storage/appender.js';
import { Labels } from '../model/labels.js';
import { IngestError } from '../storage/ingestion.js';
import { CurrentHead } from './current-head.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import type { OtherSources } from './other-sources.js';
import { addReject, describeSample, newReport, refuseSeries } from './reject-collector.js';
import { rowsShare } from './shared-series.js';
import { settleSlowRows } from './slow-rows.js';
import type { WireWalk } from './wire-walk.js';

/** As the general decoder of 2.0. */
const UNUSUAL_BYTES_MAX = 32 * 1024 * 1024;

/** Samples of a body that the head at hand does not cover. */
interface Outside {
  count: number;
  min: number;
  max: number;
}

export class WireAppend {
  private readonly current: CurrentHead;

  constructor(
    store: HeadStore,
    private readonly others: OtherSources,
    private readonly maxDecodedBytes: number,
    private readonly decodeLabelRun: LabelRunDecoder,
  ) {
    this.current = new CurrentHead(store);
  }

  /** See `Appender.appendRemoteWriteV1`. Adds the heads that it wrote to `touched`. @throws IngestError, LogWriteError */
  append(
    protocol: WireWalk, body: Uint8Array, rules: TimeRules, touched: Set<Head>, naming: SeriesNaming | undefined,
    seriesOfRest: SeriesOfRest = () => [],
  ): AppendReport | 'general' {
    const waiting = this.unreported.length;
    this.naming = naming;
    this.seriesOfRest = seriesOfRest;
    this.restSeries = [];
    this.context = undefined;
    const report = this.appendBody(protocol, body, rules, touched);
    // The general decoder finds the metadata of this body itself.
    if (report === 'general') this.unreported.length = waiting;
    else {
      if (this.unreported.length > 0) report.metadata = this.unreported.splice(0);
      naming?.taken();
    }
    return report;
  }

  private appendBody(protocol: WireWalk, body: Uint8Array, rules: TimeRules, touched: Set<Head>): AppendReport | 'general' {
    const head = this.current.orScout();
    const size = head.loadSnappy(body, this.maxDecodedBytes);
    if (size === -2) throw new IngestError('body_too_large', `the body is larger than ${this.maxDecodedBytes} bytes when decompressed`);
    if (size < 0) throw new IngestError('corrupt_body', 'the body is not a snappy block: wrong length, offset or literal');
    const report = newReport();
    this.unusualBytes = 0;
    const outside = this.pass(protocol, head, size, rules, report, touched, true);
    if (outside === 'general') return 'general';
    if (outside.count === 0) return report;
    // All the others in one range that may be open: walk once more, in that range's head. Anything else is decoded in full, which
    // finds what is stored already and says what is wrong with the rest.
    const other = this.current.covering(outside.min, outside.max, rules);
    if (other === undefined || other === head) return 'general';
    other.loadPlain(head.loadedBody(size));
    const rest = this.pass(protocol, other, size, rules, report, touched, false);
    if (rest === 'general' || rest.count + outside.count !== this.walked) return 'general';
    this.current.moveOn(head, other);
    return report;
  }

  /** New metadata on its way out. What a request that failed later had listed is not listed again, so it waits here for the next. */
  private readonly unreported: MetricMetadata[] = [];
  /** Bytes of labels of the current body that are decoded one by one: in 2.0 a small body can stand for many. */
  private unusualBytes = 0;
  /** Samples that the last pass saw, inside and outside its head. */
  private walked = 0;
  // Of the current body.
  private naming: SeriesNaming | undefined;
  private seriesOfRest: SeriesOfRest = () => [];
  /** Of what is left to the general decoder. */
  private restSeries: readonly Labels[] = [];
  private context: number | 'general' | undefined;
  /** A miss turned out to be the general path's business. */
  private isForeign = false;

  /** Walks the body in one head. The first time `report.rest` becomes a message of what is left to the general decoder. */
  private pass(
    protocol: WireWalk, head: Head, size: number, rules: TimeRules, report: AppendReport, touched: Set<Head>, isFirst: boolean,
  ): Outside | 'general' {
    const { arena } = head;
    const end = BODY_OUT + size;
    const outside: Outside = { count: 0, min: Infinity, max: -Infinity };
    this.walked = 0;
    const first = protocol.begin(arena, end);
    if (first === 0) return 'general';
    this.context ??= this.naming === undefined ? 0 : this.naming.begin(() => protocol.firstRun(arena, first, end));
    if (this.context === 'general') return 'general';
    this.isForeign = false;
    for (let at = first; ;) {
      const result = protocol.walk(arena, at, end, this.context);
      if (result !== WALK_DONE && result !== WALK_MORE) return 'general';
      const samples = arena.field(RES_SAMPLES);
      const outsideCount = arena.field(RES_OUTSIDE);
      const [dropped, deduplicated] = [arena.field(RES_DROPPED), arena.field(RES_DEDUPLICATED)];
      report.dropped += dropped;
      report.deduplicated += deduplicated;
      this.walked += samples + outsideCount + dropped + deduplicated;
      outside.count += outsideCount;
      outside.min = Math.min(outside.min, arena.f64[RES_OUTSIDE_MIN >>> 3]!);
      outside.max = Math.max(outside.max, arena.f64[RES_OUTSIDE_MAX >>> 3]!);
      if (isFirst && arena.field(RES_OTHERS) > 0) {
        // What a body leaves aside is decoded before anything of it is stored, and once. One of several parts is far larger than usual.
        if (at !== first || result === WALK_MORE) return 'general';
        report.rest = concatenate([protocol.preamble(arena, first), ...protocol.others(arena)]);
        this.restSeries = this.seriesOfRest(report.rest);
      }
      at = arena.field(RES_RESUME);
      if (samples > 0) {
        this.others.touch(head, touched);
        this.settleMisses(protocol, head, arena.field(RES_MISSES), rules, report);
        if (this.isForeign || (this.restSeries.length > 0 && rowsShare(head, samples, this.restSeries))) return 'general';
        // Without a window the order decides what is taken, and the general path sorts.
        const isPart = result === WALK_MORE || outsideCount > 0;
        if (rules.windowMs === 0 && (isPart || arena.kernel.rowsRise(samples) === 0)) return 'general';
      }
      // Series that are passed over have metadata too.
      if (samples + dropped + deduplicated > 0) for (const entry of protocol.newMetadata(arena)) this.unreported.push(entry);
      if (samples > 0) {
        const counts = head.appendColumns(samples, this.others.minValid(head, rules, samples), rules.notAfter);
        report.samples += counts.ok + counts.duplicates;
        if (counts.slow > 0) settleSlowRows(this.others, head, samples, rules, report);
      }
      if (result === WALK_DONE) return outside;
    }
  }

  /** Makes series for the unknown ones; the samples of those that are refused keep no ref. */
  private settleMisses(protocol: WireWalk, head: Head, count: number, rules: TimeRules, report: AppendReport): void {
    if (count === 0) return;
    // Readers see the new series only when their first samples are in: appendColumns publishes.
    head.inBatch(() => this.settleInBatch(protocol, head, count, rules, report));
  }

  private settleInBatch(protocol: WireWalk, head: Head, count: number, rules: TimeRules, report: AppendReport): void {
    const { arena } = head;
    // A series whose samples are all refused for their time must not leave its name behind.
    const hopeless = missesOutOfTime(head, count, rules);
    const left = hopeless.size > 0 ? arena.misses.leave(count) : protocol.resolveMisses(arena, count);
    for (let i = 0; left > 0 && i < count; i++) {
      const code = arena.misses.code(i);
      if (code === 0) continue;
      const samples = arena.misses.samples(i).count;
      if (code !== LABELS_UNUSUAL) {
        refuseSeries(report, code, samples, () => this.describe(protocol.labelRun(arena, i)));
        continue;
      }
      const run = protocol.labelRun(arena, i);
      this.unusualBytes += run.length;
      if (this.unusualBytes > UNUSUAL_BYTES_MAX) {
        throw new IngestError('body_too_large', `labels expand beyond ${UNUSUAL_BYTES_MAX} bytes`);
      }
      const fate = this.naming?.decide(run) ?? this.decode(run);
      if (!(fate instanceof Labels)) {
        this.passOver(protocol, head, i, fate, samples, report);
        continue;
      }
      const ref = hopeless.has(i) ? head.find(fate) : head.resolve(fate);
      if (ref >= 0) protocol.settle(arena, i, ref);
      else if (hopeless.has(i)) refuseTimes(head, i, fate.toString(), rules, report);
      else refuseSeries(report, -ref, samples, () => fate.toString());
    }
  }

  private decode(run: Uint8Array): SeriesFate {
    const labels = this.decodeLabelRun(run);
    return typeof labels === 'string' ? { status: AppendStatus.invalidLabels, example: labels } : labels;
  }

  /** A series that is not stored: remembers why, unless it is refused, and counts its samples. */
  private passOver(
    protocol: WireWalk, head: Head, miss: number, fate: Exclude<SeriesFate, Labels>, samples: number, report: AppendReport,
  ): void {
    if (fate === 'drop') {
      protocol.settle(head.arena, miss, REF_DROPPED);
      report.dropped += samples;
    } else if (fate === 'duplicate') {
      protocol.settle(head.arena, miss, REF_DUPLICATE);
      report.deduplicated += samples;
    } else if (fate === 'foreign') {
      protocol.settle(head.arena, miss, REF_FOREIGN);
      this.isForeign = true;
    } else addReject(report, fate.status, samples, () => fate.example);
  }

  private describe(run: Uint8Array): string {
    const labels = this.decodeLabelRun(run);
    return typeof labels === 'string' ? labels : labels.toString();
  }
}

/** Misses that have samples, and none with a time that could be stored. */
function missesOutOfTime(head: Head, count: number, rules: TimeRules): Set<number> {
  const found = new Set<number>();
  for (let miss = 0; miss < count; miss++) {
    const { first, count: samples } = head.arena.misses.samples(miss);
    let row = first;
    while (row < first + samples && judgeTime(rules, head.columnTime(row), -Infinity) !== AppendStatus.ok) row++;
    if (samples > 0 && row === first + samples) found.add(miss);
  }
  return found;
}

function refuseTimes(head: Head, miss: number, series: string, rules: TimeRules, report: AppendReport): void {
  const { first, count } = head.arena.misses.samples(miss);
  for (let row = first; row < first + count; row++) {
    const t = head.columnTime(row);
    const status = judgeTime(rules, t, -Infinity);
    addReject(report, status, 1, () => describeSample(status, series, t, -Infinity, rules));
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
