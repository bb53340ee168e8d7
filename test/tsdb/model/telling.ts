/** Tells a story to a real store on a simulated disk and to the model, and compares them after every operation. */
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Clock } from '../../../src/io/clock.js';
import { Matcher } from '../../../src/model/matcher.js';
import { SampleColumns } from '../../../src/model/sample-columns.js';
import { isAccepted, REASON } from '../../../src/storage/append-status.js';
import { IngestError } from '../../../src/storage/ingestion.js';
import type { AdminWork } from '../../../src/tsdb/administration.js';
import { compactBlocks } from '../../../src/tsdb/compact/compact-blocks.js';
import { rewriteBlock } from '../../../src/tsdb/compact/rewrite-block.js';
import { sealHead } from '../../../src/tsdb/compact/seal-head.js';
import { Db } from '../../../src/tsdb/db.js';
import type { DbOptions } from '../../../src/tsdb/db-options.js';
import { isBlock, type SourceDescriptor } from '../../../src/tsdb/head/descriptor.js';
import { HeadSet } from '../../../src/tsdb/head-set.js';
import { DATA_START } from '../../../src/tsdb/log/format.js';
import { SYNC_FAILED } from '../../../src/tsdb/log/log-writer.js';
import { kernelArenaFormat, loadCodecModule, loadKernelModule } from '../../../src/tsdb/kernel-loader.js';
import { matchSeries } from '../../../src/tsdb/match-series.js';
import { decodeLabelRun } from '../../../src/wire/label-run.js';
import { decodeWrite } from '../../../src/wire/remote-write.js';
import { uncompressBlock } from '../../../src/wire/snappy.js';
import { MirrorDisk } from '../../support/mirror-disk.js';
import { SimClock } from '../../support/sim-clock.js';
import { SIMULATED } from '../../support/sim-disk.js';
import { HOUR, T0, tempDirectory } from '../../support/store-fixture.js';
import { beginnings, firstParts, without, type MetHeads } from './body-parts.js';
import { readCopy } from './copy-of-store.js';
import { Gate } from './gate.js';
import { batchOf, histogramOf, indexOf, orderV1, rowsOf, runsOf, SERIES, valueAt, writeV1, writeV2 } from './requests.js';
import { describeReport, fits } from './report-fit.js';
import { hasValue, keyOf, missing, put, storedText, StoreModel, textOf, valueText, withoutStarts, type Place, type Row, type Samples, type Verdict } from './store-model.js';
import type { Door, Operation, RowSpec, Story, TimeSpec } from './story.js';

const kernels = loadKernelModule();
const codec = loadCodecModule();
const RANGE_MS = 2 * HOUR;
const MAX_FUTURE_MS = 600_000;
const SYNC_MS = 50;
const NO_LIMITS = { typeAndUnitLabels: false, zeroAtStart: false };

export class Telling {
  readonly directory = tempDirectory();
  private readonly disk: MirrorDisk;
  private clock = new SimClock(T0 + HOUR);
  private gate = new Gate();
  /** What the system's clock was set by. */
  private skewMs = 0;
  private db!: Db;
  private heads!: HeadSet;
  private sources: readonly SourceDescriptor[] = [];
  /** Those before the request under way. */
  private sourcesBefore: readonly SourceDescriptor[] = [];
  private readonly model: StoreModel;
  private lastRows: readonly Row[] = [];
  private readonly complaints: string[] = [];
  crashes = 0;
  /** Blocks that were there at some time, by id. */
  readonly blocksSeen = new Set<number>();
  private crashKind: 'power' | 'process' = 'process';
  /** Since the last start something was done to the disk that may make requests fail. */
  private faulty = false;
  private syncFails = false;
  /** Series and times of deleted samples that were not sent again. */
  private readonly gone = new Set<string>();
  /** Something happened that may leave damage in logs beyond their torn ends. */
  private damaged = false;
  /** The process was killed in the moment between a failed sync and the mark that tells the next one. */
  private unmarked = false;

  constructor(private readonly story: Story) {
    this.disk = new MirrorDisk(this.directory, { seed: story.seed, shortWrites: 0.05 });
    this.model = new StoreModel({ windowMs: story.windowMs, maxFutureMs: MAX_FUTURE_MS, keepStarts: story.keepStarts });
  }

  async tell(): Promise<void> {
    await this.open();
    for (const operation of this.story.operations) {
      await this.step(operation);
      if (this.disk.sim.stopped) await this.recover();
      else this.compare();
      // What such a log has on the medium nobody can know, and the start cannot see it: a power failure may take any of it.
      if (this.unmarked) return;
    }
    await this.restart();
  }

  /** Gives everything back; for `finally`. */
  async end(): Promise<void> {
    this.disk.sim.crashAfter(0);
    this.gate.end();
    this.heads?.close();
    await this.db?.close().catch(() => undefined);
    this.disk.crash('process');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  // ---- Beginning and end ------------------------------------------------------------------------------------------------

  private async open(): Promise<void> {
    this.faulty = false;
    this.syncFails = false;
    this.clock = new SimClock(this.clock.nowMs());
    const clock: Clock = {
      nowMs: () => this.clock.nowMs() + this.skewMs,
      monotonicMs: () => this.clock.monotonicMs(),
      after: (ms, call) => this.clock.after(ms, call),
      every: (ms, call) => this.clock.every(ms, call),
    };
    const gate = (this.gate = new Gate());
    this.db = await Db.open(
      this.options(),
      {
        disk: this.disk, clock, module: kernels, codec, decodeLabelRun,
        report: (level, message) => {
          // Nothing fails in the background of a disk that works.
          // What failed before the disk was healed may be told after it.
          if (level === 'error' && !this.faulty && !this.disk.sim.stopped && !message.includes(SIMULATED)) this.complaints.push(message);
        },
        adminWork: this.adminWork(gate),
        compactBlocks: (parents, header, file) => gate.job(() => compactBlocks(this.disk, { codec, parents, header, file })),
        sealHead: (head, file) => gate.job(() => sealHead(this.disk, { kernels, codec, head, readerSlot: 15, file })),
      },
    );
    this.heads = new HeadSet(kernels, 1, { codec, cacheBytes: 1 << 20 });
    this.db.announceHeads((sources) => {
      this.sources = sources;
      this.heads.update(sources);
      for (const source of sources) if (isBlock(source)) this.blocksSeen.add(source.id);
    }, () => gate.release());
    if (!this.damaged) expect(this.db.openReport.notes.filter(({ level }) => level === 'error'), 'damage').toEqual([]);
  }

  private options(): DbOptions {
    const { windowMs, retentionMs, sync, closesEarly, keepStarts } = this.story;
    return {
      directory: this.directory, headRangeMs: RANGE_MS, maxSeriesPerHead: 0, headMemoryBytes: 1 << 30,
      outOfOrderWindowMs: windowMs, maxFutureMs: MAX_FUTURE_MS, retentionMs, maxDecodedBytes: 32 << 20, keepStarts,
      sync: { mode: sync, intervalMs: SYNC_MS }, logSegmentBytes: 8192, maxBlockMs: 18 * HOUR,
      headSnapshots: { arenaFormat: kernelArenaFormat(), timeoutMs: 60_000 },
      // Any head is over this budget once it is old enough.
      ...(closesEarly ? { headCloseAt: 1e-9, headCloseMinAgeMs: HOUR / 2 } : {}),
    };
  }

  /** As the admin worker does it, on this thread. */
  private adminWork(gate: Gate): AdminWork {
    return {
      match: async (sources, matcherSets, mint, maxt) => matchSeries({ kernels, codec, readerSlot: 14, sources, matcherSets, mint, maxt }),
      rewrite: (block, header, file) => gate.job(() => rewriteBlock(this.disk, { codec, block, header, file })),
      copyCatalogue: async () => undefined,
    };
  }

  private async restart(): Promise<void> {
    this.disk.sim.heal();
    this.heads.close();
    try {
      const closing = this.db.close();
      this.gate.end();
      await closing;
      await this.open();
    } catch (error) {
      if (!this.disk.sim.stopped) throw error;
    }
    if (this.disk.sim.stopped) return this.recover();
    const found = this.read();
    this.forget(found);
    expect(missing(this.model.visible, found), 'lost by a clean restart').toEqual([]);
    expect(missing(this.withinRetention(found), this.model.visible), 'invented by a clean restart').toEqual([]);
    this.begin(found);
  }

  /** The model goes on with what was found at a start. */
  private begin(found: Samples): void {
    const before = this.model.newest;
    this.model.restart(found);
    // Deleted samples are gone, but the head or block that had them may remember their times.
    const { newestMs } = this.db.stats();
    if (this.gone.size > 0 && newestMs > this.model.newest && newestMs <= before) this.model.newest = newestMs;
  }

  /** The start after a crash. */
  private async recover(): Promise<void> {
    this.disk.sim.crashAfter(0);
    this.heads.close();
    const closing = this.db.close().catch(() => undefined);
    this.gate.end();
    await closing;
    await settle();
    this.crashes++;
    this.unmarked = this.crashKind === 'process' && this.disk.sim.failedSyncs > 0 && !this.hasMark();
    this.disk.crash(this.crashKind);
    // Sectors of a log are lost in any order: what follows a hole is damage, and none of it was promised.
    if (this.crashKind === 'power') this.damaged = true;
    await this.open();
    const found = this.read();
    this.forget(found);
    const { acknowledged, synced, ever } = this.model;
    // A lost record can leave what follows it with the start before.
    const lost = this.crashKind === 'power' ? missing(withoutStarts(synced), withoutStarts(found)) : missing(acknowledged, found);
    expect(lost, `lost by a crash (${this.crashKind})`).toEqual([]);
    for (const [series, times] of found) {
      for (const [t, value] of times) if (!ever.has(keyOf(series, t, valueText(value)))) expect.fail(`never sent: ${keyOf(series, t, value)}`);
    }
    if (this.crashKind === 'process') {
      for (const key of this.gone) {
        const [series, t] = key.split('@').map(Number);
        const isBack = found.get(series!)?.has(t!) === true && this.model.visible.get(series!)?.has(t!) !== true;
        if (isBack) expect.fail(`deleted, and back after a crash: series ${series} at ${t}`);
      }
    }
    this.begin(found);
    if (this.crashKind === 'process' && this.story.powerFailsAfterStart === true && !this.unmarked) {
      this.crashKind = 'power';
      await this.recover();
    }
  }

  private hasMark(): boolean {
    const { sim } = this.disk;
    const heads = path.join(this.directory, 'heads');
    return sim.stat(heads) !== undefined && sim.list(heads).some((head) => sim.stat(path.join(heads, head, SYNC_FAILED)) !== undefined);
  }

  // ---- Operations ---------------------------------------------------------------------------------------------------------

  private async step(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'write':
        return this.write(operation.rows.map((spec) => this.rowOf(spec)), operation.door);
      case 'repeat':
        return this.write(this.lastRows, operation.door);
      case 'run': {
        const { series, count, stepMs, door } = operation;
        const end = this.nowMs();
        return this.write(Array.from({ length: count }, (_, i) => ({ series, t: end - (count - 1 - i) * stepMs, value: floatOf(i * 0.5), start: i % 50 < 30 ? 0 : end - HOUR })), door);
      }
      case 'clock':
        if (operation.byMs < 0) this.skewMs += operation.byMs;
        else this.clock.advance(operation.byMs);
        return this.settle();
      case 'sync':
        this.clock.advance(SYNC_MS);
        await settle();
        if (!this.faulty && !this.disk.sim.stopped) this.model.syncAll();
        return;
      case 'maintain':
        return this.begun(this.db.maintain());
      case 'hold':
        return this.gate.close(operation.what);
      case 'letGo':
        return this.gate.open();
      case 'copy':
        return this.copy();
      case 'check':
        return this.checkRange(operation.job, operation.fromMs, operation.lengthMs);
      case 'restart':
        return this.restart();
      case 'delete':
        return this.deleteSamples(operation.job, operation.fromMs, operation.lengthMs);
      case 'clean':
        return this.clean();
      case 'flush':
        return this.flush();
      case 'crash':
        this.crashKind = operation.how;
        this.disk.sim.crashAfter(operation.after);
        return;
      case 'tail':
        this.crashKind = 'process';
        this.disk.sim.crashAfter(0);
        this.gate.end();
        await this.db.close().catch(() => undefined);
        this.addTail(operation.bytes);
        return;
      case 'fault':
        // A process that cannot leave a note of a failed sync cannot warn the next one.
        if (this.syncFails) return;
        this.faulty = true;
        this.disk.sim.fail(operation.what, operation.code, operation.times);
        return;
      case 'fsync':
        this.faulty = true;
        this.syncFails = true;
        this.disk.sim.heal();
        this.disk.sim.fail('datasync', 'EIO');
        return;
      case 'heal':
        this.disk.sim.heal();
        for (let i = 0; i < 4; i++) {
          this.clock.advance(15_000);
          await settle();
        }
        // From here on everything has to be accepted again.
        if (!this.disk.sim.stopped) this.faulty = this.syncFails = false;
        return;
    }
  }

  private async deleteSamples(job: string, fromMs: number, lengthMs: number): Promise<void> {
    // In a narrower window the time of a deleted newest sample would decide about others.
    if (this.story.windowMs < 3 * HOUR || this.model.newest === -Infinity) return;
    const mint = this.model.newest + fromMs;
    const maxt = mint + lengthMs;
    let failed = false;
    try {
      await this.throughGate(this.db.administration.deleteSeries([[new Matcher('=', 'job', job)]], mint, maxt));
    } catch (error) {
      if (this.disk.sim.stopped) return this.model.deleted(job, mint, maxt, undefined, this.gone);
      if (!this.faulty) throw error;
      failed = true;
    }
    this.model.deleted(job, mint, maxt, failed || this.disk.sim.stopped ? this.read() : new Map(), this.gone);
  }

  private async clean(): Promise<void> {
    const { gate } = this;
    const cleaning = this.db.administration.cleanTombstones().catch((error: unknown) => {
      // Nobody waits for it behind a closed gate, and a stop ends its thread.
      if (!this.faulty && !this.disk.sim.stopped && !gate.isEnded) this.complaints.push(`clean: ${String(error)}`);
    });
    return this.begun(cleaning);
  }

  private async flush(): Promise<void> {
    await this.throughGate(this.db.administration.flush()).catch((error: unknown) => {
      if (!this.faulty && !this.disk.sim.stopped) throw error;
    });
  }

  /** A copy of the store has what the store has, and opens without a complaint. */
  private async copy(): Promise<void> {
    let name: string;
    try {
      name = await this.throughGate(this.db.administration.snapshot(true));
    } catch (error) {
      if (!this.faulty && !this.disk.sim.stopped) throw error;
      return;
    }
    if (this.disk.sim.stopped) return;
    const read = (heads: HeadSet): Samples => this.read([], -8e15, 8e15, heads);
    const { found, notes } = await readCopy(path.join(this.directory, 'snapshots', name), this.options(), { kernels, codec }, read);
    const here = this.read();
    expect(missing(here, found), 'missing in the copy').toEqual([]);
    expect(missing(this.withinRetention(found), here), 'more in the copy').toEqual([]);
    if (!this.damaged && !this.faulty) expect(notes, 'notes of the copy').toEqual([]);
  }

  /** Waits for something, unless the gate may keep it. */
  private async begun(work: Promise<unknown>): Promise<void> {
    if (!this.gate.isClosed) return void (await work);
    this.gate.later(work);
    await settle();
  }

  /** Waits for something, and opens the gate if it does not end otherwise. */
  private async throughGate<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const noted = work.finally(() => (done = true));
    this.gate.later(noted);
    await settle();
    if (!done) await this.gate.open();
    return noted;
  }

  private async settle(): Promise<void> {
    await settle();
    await this.begun(this.db.maintain());
  }

  private nowMs(): number {
    return this.clock.nowMs() + this.skewMs;
  }

  /** Bytes that nobody promised anything about, behind the newest segment of the newest head. */
  private addTail(bytes: number): void {
    const heads = path.join(this.directory, 'heads');
    const head = fs.existsSync(heads) ? fs.readdirSync(heads).filter((name) => /^\d+_/.test(name)).sort().at(-1) : undefined;
    const segment = head === undefined ? undefined : fs.readdirSync(path.join(heads, head)).filter((name) => name.endsWith('.log')).sort().at(-1);
    if (head === undefined || segment === undefined) return;
    // One whose header could not be written has no records, and no torn ones.
    if (fs.statSync(path.join(heads, head, segment)).size < DATA_START) return;
    this.disk.sim.extend(path.join(heads, head, segment), Uint8Array.from({ length: bytes }, () => this.disk.sim.random(256)));
  }

  // ---- Writing --------------------------------------------------------------------------------------------------------------

  private async write(wantedRows: readonly Row[], wanted: Door): Promise<void> {
    if (wantedRows.length === 0) return;
    const door = wanted === 'v2' && wantedRows.some((row) => 'histogram' in row.value) ? 'v1' : wanted;
    // Remote write 1.0 has no start timestamps.
    const rows = door === 'v1' ? wantedRows.map((row) => ({ ...row, start: 0 })) : wantedRows;
    this.lastRows = rows;
    this.sourcesBefore = this.sources;
    this.model.sent(rows);
    for (const { series, t } of rows) this.gone.delete(`${series}@${t}`);
    try {
      if (door === 'batch') await this.writeBatch(rows);
      else await this.writeBody(rows, door);
    } catch (error) {
      if (this.disk.sim.stopped) return;
      if (!this.faulty || !(error instanceof IngestError) || error.code !== 'unavailable') throw error;
      this.adopt(rows);
    }
  }

  private async writeBatch(rows: readonly Row[]): Promise<void> {
    const before = this.nowMs();
    const place = this.place();
    const statuses = new Uint8Array(rows.length);
    const report = await this.db.appendBatch(batchOf(rows), statuses);
    if (this.disk.sim.stopped) return;
    // The store looks at a request in the order of its times.
    const order = rows.map((_, i) => i).sort((a, b) => rows[a]!.t - rows[b]!.t || a - b);
    const sorted = order.map((i) => rows[i]!);
    const verdicts = this.model.judge(sorted, before, place);
    order.forEach((i, k) => {
      const { allowed } = verdicts[k]!;
      if (!allowed.includes(statuses[i]!)) {
        expect.fail(`${describe(rows[i]!)} was ${REASON[statuses[i]!]}, expected ${allowed.map((one) => REASON[one]).join(' or ')}`);
      }
    });
    const told = Array.from(statuses, (status): Verdict => ({ allowed: [status], stored: false }));
    expect(fits(told, report), 'counts of the report').toBe(true);
    this.take(sorted, verdicts);
  }

  private async writeBody(rows: readonly Row[], door: 'v1' | 'v2'): Promise<void> {
    const before = this.nowMs();
    const place = this.place();
    const body = door === 'v1' ? writeV1(rows) : writeV2(rows);
    const version = door === 'v1' ? 1 : 2;
    const report = door === 'v1' ? await this.db.appendRemoteWriteV1(body) : await this.db.appendRemoteWriteV2(body);
    if (this.disk.sim.stopped) return;
    const inOrder = door === 'v1' ? orderV1(rows) : rows;
    if (report === 'general') return this.writeGeneral(inOrder, rowsOf(decodeWrite(uncompressBlock(body, 1 << 26), version, NO_LIMITS)), place);
    const rest = report.rest === undefined ? [] : rowsOf(decodeWrite(report.rest, version, NO_LIMITS));
    const fast = without(inOrder, rest);
    const candidates = [fast, ...firstParts(fast, this.metHeads()).map((first) => [...first, ...without(fast, first)])];
    const fitting = candidates.find((candidate) => fits(this.model.judge(candidate, before, place), report));
    if (fitting === undefined) expect.fail(`no order of the rows explains ${describeReport(report)}: ${fast.map(describe).join('; ')}`);
    this.take(fitting, this.model.judge(fitting, before, place));
    if (rest.length > 0) await this.writeBatch(rest);
  }

  /** The body goes to the general decoder; some of it may be stored already, in the order of the body. */
  private async writeGeneral(inOrder: readonly Row[], decoded: readonly Row[], place: (t: number) => Place): Promise<void> {
    expect(without(decoded, inOrder)).toEqual([]);
    const found = this.read();
    // Series with histograms are left to the decoder anyhow.
    const walked = runsOf(inOrder).filter((run) => !run.some((row) => 'histogram' in row.value)).flat();
    for (const first of beginnings(walked, this.metHeads())) {
      const verdicts = this.model.judge(first, this.nowMs(), place);
      const stored = first.filter((_, i) => verdicts[i]!.stored);
      const extra = stored.every((row) => hasValue(found, row));
      if (!extra || stored.length !== count(found) - count(this.model.visible)) continue;
      this.model.store(first, verdicts);
      return this.writeBatch(decoded);
    }
    expect.fail('a body that goes to the general decoder was stored in part, and not as one head would do it');
  }

  private metHeads(): MetHeads {
    return { rangeMs: RANGE_MS, before: this.sourcesBefore, after: this.sources, closesEarly: this.story.closesEarly };
  }

  private take(rows: readonly Row[], verdicts: readonly Verdict[]): void {
    this.model.store(rows, verdicts);
    this.model.acknowledge(rows.filter((_, i) => verdicts[i]!.allowed.some((status) => isAccepted(status))), this.story.sync === 'always');
  }

  /** After a request that failed: what of it is visible was not acknowledged, but it is there now. */
  private adopt(rows: readonly Row[]): void {
    const found = this.read();
    this.forget(found);
    expect(missing(this.model.visible, found), 'lost by a failed request').toEqual([]);
    for (const { series, t, value } of rows) {
      if (this.model.visible.get(series)?.has(t) === true || !hasValue(found, { series, t, value })) continue;
      put(this.model.visible, series, t, found.get(series)!.get(t)!);
      this.model.newest = Math.max(this.model.newest, t);
    }
  }

  private rowOf(spec: RowSpec): Row {
    const row = this.valueOf(spec);
    return { ...row, start: spec.startBefore === 0 ? 0 : row.t - spec.startBefore };
  }

  private valueOf({ series, time, value }: RowSpec): Omit<Row, 'start'> {
    const known = time.from === 'stored' ? this.model.pick(time.offset) : undefined;
    const t = known?.t ?? this.timeOf(time);
    const index = known?.series ?? series;
    if (typeof value === 'number') return { series: index, t, value: { histogram: histogramOf(value) } };
    if (value !== 'same') return { series: index, t, value: { high: value[0], low: value[1] } };
    const there = this.model.visible.get(index)?.get(t);
    if (there === undefined || !there.startsWith('f:')) return { series: index, t, value: floatOf(1) };
    return { series: index, t, value: { high: parseInt(there.slice(2, 10), 16), low: parseInt(there.slice(10), 16) } };
  }

  private timeOf({ from, offset }: TimeSpec): number {
    const { newest } = this.model;
    const base = newest === -Infinity ? this.nowMs() : newest;
    switch (from) {
      case 'clock': return this.nowMs() + offset;
      case 'newest': return base + offset;
      case 'border': return Math.ceil(base / RANGE_MS) * RANGE_MS + offset;
      case 'window': return base - this.story.windowMs + offset;
      case 'hour': return base - HOUR + offset;
      case 'future': return this.nowMs() + MAX_FUTURE_MS + offset;
      case 'stored': return base;
    }
  }

  /** Where the samples of a time lie as things are now. */
  private place(): (t: number) => Place {
    const { sources } = this;
    return (t) => {
      const covering = sources.filter(({ mint, maxt }) => mint <= t && t < maxt);
      if (covering.length === 0) return 'nowhere';
      // What a closed head has is settled as in a block.
      return this.story.closesEarly || covering.some((source) => isBlock(source)) ? 'block' : 'head';
    };
  }

  // ---- Reading ------------------------------------------------------------------------------------------------------------

  private compare(): void {
    const found = this.read();
    this.forget(found);
    expect(missing(this.model.visible, found), 'missing').toEqual([]);
    expect(missing(this.withinRetention(found), this.model.visible), 'not expected').toEqual([]);
    expect(this.db.stats().newestMs).toBe(this.model.newest);
    expect(this.complaints).toEqual([]);
  }

  private read(matchers: readonly Matcher[] = [], mint = -8e15, maxt = 8e15, heads = this.heads): Samples {
    const found: Samples = new Map();
    const columns = new SampleColumns(4);
    const seen = new Set<number>();
    for (const series of heads.select(matchers, mint, maxt)) {
      const index = indexOf(series.labels);
      if (seen.has(index)) expect.fail(`selected twice: ${series.labels.toString()}`);
      seen.add(index);
      columns.clear();
      series.read(columns, mint, maxt);
      for (let i = 0; i < columns.length; i++) {
        const t = columns.timestamps[i]!;
        if (i > 0 && t <= columns.timestamps[i - 1]!) expect.fail(`${series.labels.toString()}: ${t} after ${columns.timestamps[i - 1]}`);
        put(found, index, t, storedText(valueAt(columns, i), columns.startTimestamps?.[i] ?? 0));
      }
    }
    return found;
  }

  /** Lets the model drop what the retention may have dropped. */
  private forget(found: Samples): void {
    if (this.story.retentionMs > 0) this.model.forgetBefore(this.model.newest - this.story.retentionMs, found);
  }

  /** Without what the retention may have dropped: a file that could not be removed is back after a start. */
  private withinRetention(found: Samples): Samples {
    const { retentionMs } = this.story;
    if (retentionMs === 0) return found;
    const from = this.model.newest - retentionMs;
    return new Map(Array.from(found, ([series, times]) => [series, new Map([...times].filter(([t]) => t >= from))]));
  }

  private checkRange(job: string, fromMs: number, lengthMs: number): void {
    const mint = Math.max(this.model.newest, T0) + fromMs;
    const maxt = mint + lengthMs;
    const found = this.read([new Matcher('=', 'job', job)], mint, maxt);
    const wanted: Samples = new Map();
    for (const [series, times] of this.model.visible) {
      if (SERIES[series]!.get('job') !== job) continue;
      for (const [t, value] of times) if (t >= mint && t <= maxt) put(wanted, series, t, value);
    }
    expect(missing(wanted, found), `missing in [${mint}, ${maxt}]`).toEqual([]);
    expect(missing(this.withinRetention(found), wanted), `too much in [${mint}, ${maxt}]`).toEqual([]);
    // Indexes know series, not samples: at least what is in the range, at most what is anywhere.
    const values = new Set(this.heads.labelValues('job', [], mint, maxt));
    const names = new Set(this.heads.labelNames([], mint, maxt));
    for (const [series, times] of this.model.visible) {
      if (![...times.keys()].some((t) => t >= mint && t <= maxt)) continue;
      const labels = SERIES[series]!;
      for (const name of labels.names) if (!names.has(name)) expect.fail(`label name ${name} is missing`);
      const value = labels.get('job');
      if (value !== '' && !values.has(value)) expect.fail(`value ${value} of label job is missing`);
    }
    const known = new Set(SERIES.map((labels) => labels.get('job')));
    for (const value of values) if (!known.has(value)) expect.fail(`a value of job that nobody sent: ${value}`);
  }
}

function floatOf(value: number): { high: number; low: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return { high: view.getUint32(0), low: view.getUint32(4) };
}

/** Lets what waits for the simulated disk go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}

function count(samples: Samples): number {
  let n = 0;
  for (const times of samples.values()) n += times.size;
  return n;
}

function describe({ series, t, value }: Row): string {
  return `series ${series} at ${t} (${textOf(value).slice(0, 40)})`;
}
