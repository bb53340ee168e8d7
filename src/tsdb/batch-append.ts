/** Appends decoded requests (remote write 2.0, OTLP, unusual 1.0): resolves label sets, spreads samples over heads. */
import { COLUMN_CAPACITY, ST_DUPLICATE, ST_OK } from '../kernel/layout.js';
import type { Histogram } from '../model/histogram.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus, isAccepted } from '../storage/append-status.js';
import type { AppendReport } from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import type { BlockTail } from './block-tail.js';
import { DeltaRows } from './delta-rows.js';
import { FoundSamples } from './found-samples.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import { judgeTime, type TimeRules } from './head/time-rules.js';
import { rowValue, type OtherSources } from './other-sources.js';
import { addReject, describeOverlap, describeSample, newReport, refuseSeries } from './reject-collector.js';
import { firstOfEqual, SeriesTail } from './series-tail.js';
import { settleSlowRow } from './slow-rows.js';
import { addZeroRows } from './zero-rows.js';

/** One request on its way. */
interface Request {
  readonly batch: SampleBatch;
  /** By row. */
  readonly statuses: Uint8Array;
  readonly rules: TimeRules;
  readonly report: AppendReport;
  readonly touched: Set<Head>;
  readonly deltas: DeltaRows | undefined;
  readonly found: FoundSamples;
}

export class BatchAppend {
  constructor(private readonly store: HeadStore, private readonly others: OtherSources, private readonly older?: BlockTail) {}

  /** See `Appender.appendBatch`. @throws IngestError, LogWriteError */
  append(batch: SampleBatch, statuses: Uint8Array, rules: TimeRules, touched: Set<Head>): AppendReport {
    const request = { batch, rules, report: newReport(), touched, found: new FoundSamples() };
    if (!batch.hasDeltas && !batch.zeroAtStart) return this.appendAll({ ...request, statuses, deltas: undefined });
    const tail = new SeriesTail(this.store, this.older);
    const first = firstOfEqual(batch.series);
    const deltas = batch.hasDeltas ? new DeltaRows(tail, batch, first) : undefined;
    addZeroRows(batch, first, deltas, tail, rules);
    const all = new Uint8Array(batch.length);
    try {
      return this.appendAll({ ...request, statuses: all, deltas });
    } finally {
      const sent = batch.length - batch.addedRows;
      statuses.set(all.subarray(0, sent));
      batch.truncate(sent);
      batch.addedRows = 0;
    }
  }

  private appendAll(request: Request): AppendReport {
    // Oldest head first: a total in one goes on in the next.
    const byHead = [...this.spread(request)].sort(([a], [b]) => a.mint - b.mint);
    for (const [head, rows] of byHead) {
      this.others.touch(head, request.touched);
      try {
        this.appendTo(head, rows, request);
      } finally {
        // Also where a row throws: memory has those before it, and a repetition that finds them is acknowledged.
        head.flushSingles();
      }
    }
    return request.report;
  }

  /** Sample indexes by head, each list in rising time: what is out of order inside one request need not be so in the store. */
  private spread(request: Request): Map<Head, number[]> {
    const { batch, rules } = request;
    const byHead = new Map<Head, number[]>();
    let last: Head | undefined;
    let rising = true;
    for (let i = 0; i < batch.length; i++) {
      const t = batch.timestamps[i]!;
      if (i > 0 && t < batch.timestamps[i - 1]!) rising = false;
      if (t > rules.notAfter || t < rules.lowest) {
        this.refuseTime(request, i);
        continue;
      }
      if (!last?.covers(t)) {
        // A head of its own is opened only for what is new.
        if (this.store.needsLateHead(t) && this.settleKnown(request, i)) continue;
        last = this.store.obtain(t);
      }
      const head: Head = last;
      const rows = byHead.get(head);
      if (rows) rows.push(i);
      else byHead.set(head, [i]);
    }
    if (!rising) for (const rows of byHead.values()) rows.sort((a, b) => batch.timestamps[a]! - batch.timestamps[b]! || a - b);
    return byHead;
  }

  /** Refuses a sample whose time alone forbids it, unless a head has the very same sample already. */
  private refuseTime({ batch, statuses, rules, report, touched, deltas, found }: Request, i: number): void {
    const t = batch.timestamps[i]!;
    const labels = batch.series[batch.seriesIndex[i]!]!;
    const status = judgeTime(rules, t, -Infinity);
    const isDelta = deltas?.isDelta(i) === true;
    const isStored = isDelta ? this.others.isInHeads(labels, t) && deltas.judgeStored(i) === AppendStatus.duplicate
      : this.others.probeHeads(labels, t, rowValue(batch, i)) === ST_DUPLICATE;
    if (isStored) found.note(labels, t, isDelta);
    if (isStored || found.has(labels, t, isDelta)) {
      this.others.touchAt(t, touched);
      this.accept(report, i, batch, statuses, AppendStatus.duplicate);
      return;
    }
    statuses[i] = status;
    addReject(report, status, 1, () => describeSample(status, labels.toString(), t, -Infinity, rules));
  }

  /** Settles a sample if closed heads or blocks have one at its time: a duplicate is accepted, another value refused. */
  private settleKnown({ batch, statuses, rules, report, touched, deltas, found }: Request, i: number): boolean {
    const t = batch.timestamps[i]!;
    const labels = batch.series[batch.seriesIndex[i]!]!;
    const isDelta = deltas?.isDelta(i) === true;
    let status: AppendStatus = AppendStatus.ok;
    if (isDelta) {
      if (t <= deltas.newestOf(i)) status = deltas.judgeStored(i);
    } else {
      const probed = this.others.probe(labels, t, rowValue(batch, i));
      if (probed !== ST_OK) status = probed === ST_DUPLICATE ? AppendStatus.duplicate : AppendStatus.conflict;
    }
    if (status === AppendStatus.ok) return false;
    if (isAccepted(status)) found.note(labels, t, isDelta);
    else if (found.has(labels, t, isDelta)) status = AppendStatus.duplicate;
    // Its original may still wait for the disk.
    this.others.touchAt(t, touched);
    if (isAccepted(status)) this.accept(report, i, batch, statuses, status);
    else {
      statuses[i] = status;
      addReject(report, status, 1, () => describeSample(status, labels.toString(), t, this.others.newestOf(undefined, labels, t), rules));
    }
    return true;
  }

  private appendTo(head: Head, rows: readonly number[], request: Request): void {
    const { batch, statuses, report, deltas, found } = request;
    const bits = batch.valueBits();
    const refs = this.resolveAll(head, rows, request);
    const floats = new Uint32Array(Math.min(rows.length, COLUMN_CAPACITY));
    let n = 0;
    const flush = (): void => {
      if (n > 0) this.appendFloats(head, floats.subarray(0, n), request);
      n = 0;
    };
    const lastRows = new Map<number, number>();
    for (const i of rows) {
      const ref = refs.get(batch.seriesIndex[i]!);
      if (ref === undefined) continue;
      // A second value for a time inside one request: Prometheus keeps the first and says nothing. If the first was refused, the
      // second is judged as if it had come alone. Of two deltas nothing is dropped without a word.
      const before = lastRows.get(ref);
      const isDelta = deltas?.isDelta(i) === true;
      if (before !== undefined && batch.timestamps[before] === batch.timestamps[i] && !(isDelta && deltas.isDelta(before))) {
        flush();
        if (isAccepted(statuses[before]!)) {
          this.accept(report, i, batch, statuses, AppendStatus.duplicate);
          continue;
        }
      }
      // Likewise if the first was settled before there was a head for its time, which a row behind it has opened.
      if (found.has(batch.series[batch.seriesIndex[i]!]!, batch.timestamps[i]!, isDelta)) {
        this.accept(report, i, batch, statuses, AppendStatus.duplicate);
        continue;
      }
      // From here on the row holds the total, if it is to be stored.
      if (isDelta && !this.settleDelta(request, deltas, i)) {
        if (isAccepted(statuses[i]!)) lastRows.set(ref, i);
        continue;
      }
      lastRows.set(ref, i);
      const histogram = batch.histograms.get(i);
      if (histogram === undefined) {
        head.putColumn(n, ref, batch.timestamps[i]!, bits, i, startOf(batch, i));
        floats[n++] = i;
        if (n === COLUMN_CAPACITY) flush();
        continue;
      }
      // Keeps the order of floats and histograms of one series.
      flush();
      this.appendHistogram(head, ref, i, histogram, request);
    }
    flush();
  }

  private appendHistogram(head: Head, ref: number, i: number, histogram: Histogram, { batch, statuses, rules, report }: Request): void {
    head.logDictionary();
    const labels = batch.series[batch.seriesIndex[i]!]!;
    const t = batch.timestamps[i]!;
    const newestElsewhere = this.others.newestForJudging(head, () => labels, t, rules);
    const probeElsewhere = this.others.probeRow(head, ref, t, () => labels, histogram);
    const status = head.appendHistogram(ref, t, histogram, startOf(batch, i), rules, newestElsewhere, probeElsewhere);
    if (isAccepted(status)) {
      this.accept(report, i, batch, statuses, status);
      return;
    }
    if (status === AppendStatus.outOfMemory) {
      throw new IngestError('unavailable', `no memory in the head for a histogram of ${labels.toString()}`);
    }
    statuses[i] = status;
    const newest = Math.max(head.newestOf(ref), this.others.newestOf(head, labels, t));
    addReject(report, status, 1, () => describeSample(status, labels.toString(), t, newest, rules));
  }

  /** Makes a total of a delta. False if there is nothing to store: repeated, late, contradicting. */
  private settleDelta({ batch, statuses, rules, report }: Request, deltas: DeltaRows, i: number): boolean {
    const newest = deltas.newestOf(i);
    const status = deltas.settle(i);
    if (status === AppendStatus.ok) return true;
    if (status === AppendStatus.duplicate) {
      this.accept(report, i, batch, statuses, status);
      return false;
    }
    const labels = (): string => batch.series[batch.seriesIndex[i]!]!.toString();
    if (status === AppendStatus.deltaOverlap) {
      addReject(report, status, 1, () => describeOverlap(labels(), batch.startTimestamps[i]!, batch.timestamps[i]!, newest));
      return true;
    }
    statuses[i] = status;
    addReject(report, status, 1, () => describeSample(status, labels(), batch.timestamps[i]!, newest, rules));
    return false;
  }

  /** Refs of the series that the rows need, by index in the batch. */
  private resolveAll(head: Head, rows: readonly number[], { batch, statuses, report, deltas }: Request): Map<number, number> {
    const refs = new Map<number, number>();
    const refused = new Map<number, number>();
    head.inBatch(() => {
      for (const i of rows) {
        const series = batch.seriesIndex[i]!;
        if (refs.has(series)) continue;
        let code = refused.get(series);
        if (code === undefined) {
          const ref = deltas?.tail.knownRef(head, batch.series[series]!) ?? head.resolve(batch.series[series]!);
          if (ref >= 0) {
            refs.set(series, ref);
            continue;
          }
          code = -ref;
          refused.set(series, code);
        }
        statuses[i] = refuseSeries(report, code, batch.isAdded(i) ? 0 : 1, () => batch.series[series]!.toString());
      }
    });
    return refs;
  }

  private appendFloats(head: Head, rows: Uint32Array, { batch, statuses, rules, report }: Request): void {
    const counts = head.appendColumns(rows.length, this.others.minValid(head, rules, rows.length), rules.notAfter);
    report.samples += counts.ok + counts.duplicates;
    if (counts.slow > 0 || counts.duplicates > 0) {
      for (let row = 0; row < rows.length; row++) {
        const status = head.columnStatus(row);
        if (status === AppendStatus.ok) continue;
        statuses[rows[row]!] = status === AppendStatus.duplicate ? status : settleSlowRow(this.others, head, row, rules, report);
      }
    }
    if (batch.addedRows > 0) for (const i of rows) if (batch.isAdded(i) && isAccepted(statuses[i]!)) report.samples--;
    if (batch.staleHistograms.size === 0) return;
    // Stale markers of histograms travel with the floats, but are counted as what they stand for.
    for (const i of rows) {
      if (!batch.staleHistograms.has(i) || !isAccepted(statuses[i]!)) continue;
      report.samples--;
      report.histograms++;
    }
  }

  private accept(report: AppendReport, i: number, batch: SampleBatch, statuses: Uint8Array, status: AppendStatus): void {
    statuses[i] = status;
    if (batch.isAdded(i)) return;
    if (batch.histograms.has(i) || batch.staleHistograms.has(i)) report.histograms++;
    else report.samples++;
  }
}

/** The start of a delta is that of its interval, not that of the total which is stored for it. */
function startOf(batch: SampleBatch, i: number): number {
  return batch.delta[i] === 1 ? 0 : batch.startTimestamps[i]!;
}
