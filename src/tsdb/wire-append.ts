/** The fast path of a remote write 1.0 body: kernels over raw bytes; TypeScript only for series seen for the first time. */
import {
  BODY_OUT, LABELS_UNUSUAL, RES_MISSES, RES_OUTSIDE, RES_OUTSIDE_MAX, RES_OUTSIDE_MIN, RES_RESUME,
  RES_SAMPLES, WALK_DONE, WALK_MORE,
} from '../kernel/layout.js';
import { AppendStatus, isAccepted } from '../storage/append-status.js';
import type { AppendReport, LabelRunDecoder } from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';
import { addReject, newReport, refuseSeries } from './reject-collector.js';
import { checkMinValid, settleSlowRow } from './slow-rows.js';

/** Samples of a body that the head at hand does not cover. */
interface Outside {
  count: number;
  min: number;
  max: number;
}

export class WireAppend {
  /** Head that took the last body: nearly always the right one for the next. */
  private current: Head | undefined;

  constructor(
    private readonly store: HeadStore,
    private readonly maxDecodedBytes: number,
    private readonly decodeLabelRun: LabelRunDecoder,
  ) {}

  /** See `Appender.appendRemoteWriteV1`. Adds the heads that it wrote to `touched`. @throws IngestError, LogWriteError */
  append(body: Uint8Array, rules: TimeRules, touched: Set<Head>): AppendReport | 'general' {
    const head = this.currentHead();
    // An empty store has no head to walk with, and only decoding tells which one the samples need.
    if (head === undefined) return 'general';
    const size = head.loadSnappy(body, this.maxDecodedBytes);
    if (size === -2) throw new IngestError('body_too_large', `the body is larger than ${this.maxDecodedBytes} bytes when decompressed`);
    if (size < 0) throw new IngestError('corrupt_body', 'the body is not a snappy block: wrong length, offset or literal');
    const report = newReport();
    const outside = this.pass(head, size, rules, report, touched);
    if (outside === 'general') return 'general';
    if (outside.count === 0) return report;
    // All the others in one range that may be open: walk once more, in that range's head. Anything else is decoded in full, which
    // finds what is stored already and says what is wrong with the rest.
    const other = this.headForAll(outside, rules);
    if (other === undefined || other === head) return 'general';
    other.loadPlain(head.loadedBody(size));
    const rest = this.pass(other, size, rules, report, touched);
    if (rest === 'general' || rest.count + outside.count !== this.walked) return 'general';
    if (other.mint > head.mint) this.current = other;
    return report;
  }

  /** Samples that the last pass saw, inside and outside its head. */
  private walked = 0;

  private currentHead(): Head | undefined {
    const heads = this.store.heads();
    if (this.current === undefined || !heads.includes(this.current)) this.current = heads.at(-1);
    return this.current;
  }

  private headForAll(outside: Outside, rules: TimeRules): Head | undefined {
    if (outside.min < rules.lowest || outside.max > rules.notAfter) return undefined;
    const head = this.store.obtain(outside.min);
    return head.covers(outside.max) ? head : undefined;
  }

  private pass(head: Head, size: number, rules: TimeRules, report: AppendReport, touched: Set<Head>): Outside | 'general' {
    const { arena } = head;
    const { kernel } = arena;
    const end = BODY_OUT + size;
    const minValid = checkMinValid(this.store, head, rules);
    const outside: Outside = { count: 0, min: Infinity, max: -Infinity };
    this.walked = 0;
    let at = BODY_OUT;
    for (;;) {
      const result = kernel.walkRemoteWriteV1(at, end);
      if (result !== WALK_DONE && result !== WALK_MORE) return 'general';
      const samples = arena.field(RES_SAMPLES);
      const outsideCount = arena.field(RES_OUTSIDE);
      this.walked += samples + outsideCount;
      outside.count += outsideCount;
      outside.min = Math.min(outside.min, arena.f64[RES_OUTSIDE_MIN >>> 3]!);
      outside.max = Math.max(outside.max, arena.f64[RES_OUTSIDE_MAX >>> 3]!);
      const resume = arena.field(RES_RESUME);
      if (samples > 0) {
        touched.add(head);
        this.settleMisses(head, arena.field(RES_MISSES), report);
        const counts = head.appendColumns(samples, minValid, rules.notAfter);
        report.samples += counts.ok + counts.duplicates;
        if (counts.slow > 0) this.slowRows(head, samples, rules, report);
      }
      if (result === WALK_DONE) return outside;
      at = resume;
    }
  }

  /** Makes series for the unknown ones; the samples of those that are refused keep no ref. */
  private settleMisses(head: Head, count: number, report: AppendReport): void {
    if (count === 0) return;
    // Readers see the new series only when their first samples are in: appendColumns publishes.
    head.inBatch(() => this.settleInBatch(head, count, report));
  }

  private settleInBatch(head: Head, count: number, report: AppendReport): void {
    const { kernel } = head.arena;
    const left = kernel.resolveMisses(count);
    for (let i = 0; left > 0 && i < count; i++) {
      const code = head.missCode(i);
      if (code === 0) continue;
      const samples = head.missSamples(i).count;
      if (code !== LABELS_UNUSUAL) {
        refuseSeries(report, code, samples, () => this.describe(head.missLabels(i)));
        continue;
      }
      const labels = this.decodeLabelRun(head.missLabels(i));
      if (typeof labels === 'string') {
        addReject(report, AppendStatus.invalidLabels, samples, () => labels);
        continue;
      }
      const ref = head.resolve(labels);
      if (ref >= 0) kernel.settleMiss(i, ref);
      else refuseSeries(report, -ref, samples, () => labels.toString());
    }
  }

  private describe(run: Uint8Array): string {
    const labels = this.decodeLabelRun(run);
    return typeof labels === 'string' ? labels : labels.toString();
  }

  private slowRows(head: Head, samples: number, rules: TimeRules, report: AppendReport): void {
    let stored: Set<string> | undefined;
    for (let row = 0; row < samples; row++) {
      const status = head.columnStatus(row);
      if (isAccepted(status)) continue;
      // Refused with their miss, and counted there.
      if (head.columnRef(row) < 0) continue;
      if (status === AppendStatus.conflict) {
        // With a sample of this very request: Prometheus keeps the first and says nothing.
        stored ??= storedRows(head, samples);
        if (stored.has(rowKey(head, row))) {
          report.samples++;
          continue;
        }
      }
      settleSlowRow(this.store, head, row, rules, report);
    }
    head.flushSingles();
  }
}

/** Series and time of the rows that the kernel stored. */
function storedRows(head: Head, samples: number): Set<string> {
  const keys = new Set<string>();
  for (let row = 0; row < samples; row++) if (head.columnStatus(row) === AppendStatus.ok) keys.add(rowKey(head, row));
  return keys;
}

function rowKey(head: Head, row: number): string {
  return `${head.columnRef(row)}@${head.columnTime(row)}`;
}
