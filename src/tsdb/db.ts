/**
 * The embedded store, on the thread that writes: the only door to this room besides `head-set` (for the threads that read).
 * A sample goes to the open head of its time; there is one at most (`head-store.ts`).
 */
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Timer } from '../io/clock.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { BlockSummary } from '../storage/block-summary.js';
import type {
  Appender, AppendReport, OtlpNaming, OtlpReport, ProbeReport, SeriesNaming, SeriesOfRest,
} from '../storage/appender.js';
import { IngestError } from '../storage/ingestion.js';
import { Administration } from './administration.js';
import { BatchAppend } from './batch-append.js';
import { probeBatch } from './batch-probe.js';
import { ColumnCodec } from './block/column-codec.js';
import { PageCache } from './block/page-cache.js';
import { BlockStore } from './block-store.js';
import { BlockTail } from './block-tail.js';
import { Compaction } from './compaction.js';
import type { DbEnvironment, DbOptions, DbStats, IntakeRules } from './db-options.js';
import { DiskUsage } from './disk-usage.js';
import type { SourceDescriptor } from './head/descriptor.js';
import { Head } from './head/head.js';
import { timeRules, type TimeRules } from './head/time-rules.js';
import { HeadPressure, type CloseReason } from './head-pressure.js';
import { HeadStore, type DbOpenReport, type ReplayProgress } from './head-store.js';
import { LogRescue } from './log-rescue.js';
import { LogSyncer } from './log/log-syncer.js';
import { LogWriteError } from './log/log-error.js';
import { OtherSources } from './other-sources.js';
import { OtlpAppend } from './otlp-append.js';
import { Scrub } from './scrub.js';
import { SeriesLimits, withDecidedMisses, type SeriesLimitOptions } from './series-limits.js';
import { HeadSnapshots } from './snapshot/head-snapshots.js';
import { Upkeep } from './upkeep.js';
import { WireAppend } from './wire-append.js';
import { remoteWriteV1Walk, remoteWriteV2Walk, type WireWalk } from './wire-walk.js';

/** How often the age of the data is looked at without cause. */
const UPKEEP_MS = 60_000;
/** After a new head was opened, which often means that an old one is over. Long enough to let the request be answered. */
const UPKEEP_SOON_MS = 200;
/** Decoded pages of blocks on the thread that writes, which looks up the ends of series that were silent for long. */
const TAIL_CACHE_BYTES = 8 * 1024 * 1024;
const ADMIN_REQUESTS_MAX = 16;
const NO_SERIES_LIMITS: SeriesLimitOptions = { perMetric: 0, perSender: 0, senderLabel: '' };
/** Each reserves some 10 GiB of address space. */
const HEADS_MAX = 32;
const CLOSE_AT = 0.7;
const CLOSE_MIN_AGE_MS = 60_000;

export class Db implements Appender {
  private readonly syncer: LogSyncer;
  private readonly rescue: LogRescue;
  private readonly wire: WireAppend;
  private readonly otlp: OtlpAppend;
  private readonly batches: BatchAppend;
  private readonly others: OtherSources;
  private readonly tail: BlockTail | undefined;
  private readonly upkeep: Upkeep;
  private readonly compaction: Compaction | undefined;
  /** Deleting and copying. */
  readonly administration: Administration;
  private readonly scrub: Scrub | undefined;
  private readonly pressure: HeadPressure;
  private readonly upkeepTimer: Timer;
  private soonTimer: Timer | undefined;
  private sourcesListener: (sources: readonly SourceDescriptor[]) => void = () => {};
  private releaseSource: (id: number) => Promise<void> = () => Promise.resolve();
  private newest: number;
  private intake: IntakeRules;

  private constructor(
    private readonly options: DbOptions,
    private readonly environment: DbEnvironment,
    private readonly store: HeadStore,
    private readonly blocks: BlockStore,
    /** What was found at the start: damage, torn tails, lost samples. */
    readonly openReport: DbOpenReport,
    private readonly limits: SeriesLimits,
  ) {
    const { clock, report } = environment;
    this.intake = options;
    this.setIntake(options);
    this.rescue = new LogRescue(clock, store, report);
    this.syncer = new LogSyncer(clock, options.sync, (error) => {
      report('error', `the log cannot be made durable: ${error.message}`);
      this.rescue.start();
    });
    const { codec } = environment;
    this.tail = codec && new BlockTail(blocks, { codec: new ColumnCodec(codec), cache: new PageCache(TAIL_CACHE_BYTES) }, (message) =>
      report('error', message));
    this.others = new OtherSources(store, blocks, this.tail);
    this.wire = new WireAppend(store, this.others, options.maxDecodedBytes, environment.decodeLabelRun);
    this.batches = new BatchAppend(store, this.others, this.tail);
    this.otlp = new OtlpAppend(store, this.others, this.batches);
    this.newest = Math.max(store.newestSample(), blocks.newestSample());
    const { compactBlocks, verifyBlock, onBlockJob: observe = () => {} } = environment;
    const { retentionMs, retentionBytes = 0 } = options;
    const place = {
      heads: store, blocks, rescue: this.rescue, clock, report, observe,
      rules: () => this.rules(), announce: () => this.announce(),
      release: (id: number) => this.releaseSource(id),
    };
    const { sealHead, onExpired } = environment;
    const usage = new DiskUsage(environment.disk, options.directory, store);
    this.upkeep = new Upkeep({ ...place, usage, sealHead, onExpired }, { retentionMs, retentionBytes });
    this.compaction = compactBlocks && new Compaction({ ...place, compact: compactBlocks }, {
      headRangeMs: options.headRangeMs, maxBlockMs: options.maxBlockMs ?? 0, retentionMs, retentionBytes,
    });
    this.administration = new Administration({
      ...place, disk: environment.disk, directory: options.directory, syncer: this.syncer, upkeep: this.upkeep,
      compaction: this.compaction, sources: () => this.sources(),
    }, environment.adminWork, options.maxAdminRequests ?? ADMIN_REQUESTS_MAX);
    this.scrub = verifyBlock && new Scrub({ ...place, verify: verifyBlock }, options.scrubIntervalMs ?? 0);
    const memoryBytes = options.headMemoryBytes;
    // Where nothing makes blocks, closing gives nothing back.
    const closeAt = environment.sealHead ? options.headCloseAt ?? CLOSE_AT : 1;
    this.pressure = new HeadPressure(store, {
      memoryBytes, closeAtBytes: memoryBytes * closeAt, minAgeMs: options.headCloseMinAgeMs ?? CLOSE_MIN_AGE_MS,
    }, () => clock.nowMs(), (head, reason) => this.closedEarly(head, reason));
    this.upkeepTimer = clock.every(UPKEEP_MS, () => {
      void this.maintain();
      void this.check();
    });
    store.onOpened(() => {
      this.sourcesListener(this.sources());
      this.upkeepSoon();
    });
    if (store.heads().some((head) => head.isClosed)) this.upkeepSoon();
  }

  private upkeepSoon(): void {
    this.soonTimer?.cancel();
    this.soonTimer = this.environment.clock.after(UPKEEP_SOON_MS, () => void this.maintain());
  }

  private closedEarly(head: Head, reason: CloseReason): void {
    const { report, onClosedEarly } = this.environment;
    const { seriesCount, sampleCount } = head.arena;
    const why = reason === 'memory' ? 'the heads come near storage.head.memory' : 'its tables are nearly full';
    report('info', `a head was closed early, because ${why}: ${seriesCount} series, ${sampleCount} samples, ${head.usedBytes} bytes`);
    onClosedEarly?.(reason);
    this.upkeepSoon();
  }

  /**
   * Opens the data directory and replays the logs of its heads.
   * @throws Error if another process has the directory, or a log is of a later version
   */
  static async open(options: DbOptions, environment: DbEnvironment, onProgress?: (progress: ReplayProgress) => void): Promise<Db> {
    const seed = randomBytes(8);
    const blocks = new BlockStore(environment.disk, path.join(options.directory, 'blocks'));
    const store = new HeadStore(environment.disk, path.join(options.directory, 'heads'), environment.module, {
      rangeMs: options.headRangeMs,
      maxSeries: options.maxSeriesPerHead,
      maxHeads: options.maxHeads ?? HEADS_MAX,
      segmentBytes: options.logSegmentBytes,
      preallocate: options.sync.mode === 'always',
      seed: { low: seed.readUInt32LE(0), high: seed.readUInt32LE(4) },
      keepStarts: options.keepStarts ?? false,
      blockSpans: () => blocks.sampleSpans(),
      snapshots: options.headSnapshots && new HeadSnapshots(environment.disk, environment.clock, options.headSnapshots),
    });
    const unreadable = blocks.open();
    const report = await store.open(onProgress, (id, mint, maxt) => blocks.holdsHead(id, mint, maxt), blocks.highestId() + 1);
    const limits = new SeriesLimits(NO_SERIES_LIMITS, environment.onSeriesRefused ?? (() => {}));
    const notes = [...unreadable.map((text) => ({ level: 'error' as const, text })), ...report.notes];
    return new Db(options, environment, store, blocks, { ...report, notes }, limits);
  }

  /** Takes other rules for what is accepted, from the next request on. Known series stay known, whatever the limits. */
  setIntake(intake: IntakeRules): void {
    this.intake = intake;
    this.limits.change(intake.seriesLimits ?? NO_SERIES_LIMITS, this.store.heads());
    this.store.setGuard(this.limits.isOff ? undefined : this.limits);
  }

  // ---- Readers ----------------------------------------------------------------------------------------------------------

  /**
   * Calls back with the complete list of heads and blocks, now and whenever it changes. `release` resolves when no reader holds one.
   */
  announceHeads(listener: (sources: readonly SourceDescriptor[]) => void, release: (id: number) => Promise<void>): void {
    this.sourcesListener = listener;
    this.releaseSource = release;
    listener(this.sources());
  }

  private announce(): void {
    this.tail?.prune();
    this.sourcesListener(this.sources());
  }

  private sources(): SourceDescriptor[] {
    return [...this.blocks.descriptors(), ...this.store.descriptors()];
  }

  // ---- Writing ----------------------------------------------------------------------------------------------------------

  appendRemoteWriteV1(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'> {
    return this.appendWire(remoteWriteV1Walk, body, naming, seriesOfRest);
  }

  appendRemoteWriteV2(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'> {
    return this.appendWire(remoteWriteV2Walk, body, naming, seriesOfRest);
  }

  private async appendWire(
    protocol: WireWalk, body: Uint8Array, naming: SeriesNaming | undefined, seriesOfRest: SeriesOfRest | undefined,
  ): Promise<AppendReport | 'general'> {
    const touched = new Set<Head>();
    const always = !this.limits.isOff || naming !== undefined;
    const walk = withDecidedMisses(protocol, always, this.options.maxPlainLabel ?? Infinity);
    const outcome = this.writing(touched, () => this.wire.append(walk, body, this.rules(), touched, naming, seriesOfRest));
    if (outcome !== 'general') this.explainLimit(outcome);
    await this.acknowledge(touched);
    if (outcome !== 'general') this.checkStarved(outcome);
    return outcome;
  }

  async appendOtlp(body: Uint8Array, naming: OtlpNaming): Promise<OtlpReport | 'general'> {
    const touched = new Set<Head>();
    const outcome = this.writing(touched, () => this.otlp.append(body, naming, this.rules(), touched));
    const translated = outcome === 'general' ? undefined : outcome.translated?.report;
    if (translated) this.explainLimit(translated);
    await this.acknowledge(touched);
    if (translated) this.checkStarved(translated);
    return outcome;
  }

  async appendBatch(batch: SampleBatch, statuses: Uint8Array): Promise<AppendReport> {
    const touched = new Set<Head>();
    const report = this.writing(touched, () => this.batches.append(batch, statuses, this.rules(), touched));
    this.explainLimit(report);
    await this.acknowledge(touched);
    this.checkStarved(report);
    return report;
  }

  /** Says in the report which limit refused series, and why it was reached. After the batch: heads can be read again. */
  private explainLimit(report: AppendReport): void {
    const example = this.limits.takeExplanation();
    const known = report.rejects.get(AppendStatus.seriesLimit);
    if (example !== undefined && known !== undefined) report.rejects.set(AppendStatus.seriesLimit, { ...known, example });
  }

  probeBatch(batch: SampleBatch, statuses: Uint8Array): ProbeReport {
    const { maxSeriesPerHead: limit } = this.options;
    const newest = this.store.newestOpen();
    const room = limit === 0 ? Infinity : limit - (newest?.arena.seriesCount ?? 0);
    return probeBatch(this.store, this.others, batch, statuses, this.rules(), room, this.limits.isOff ? undefined : this.limits);
  }

  private rules(): TimeRules {
    const { outOfOrderWindowMs, maxFutureMs } = this.intake;
    return timeRules(this.newest, outOfOrderWindowMs, this.environment.clock.nowMs(), maxFutureMs);
  }

  /** Runs a write between the checks that every write needs. */
  private writing<T>(touched: Set<Head>, write: () => T): T {
    const reason = this.environment.unusable?.();
    if (reason !== undefined) throw new IngestError('unavailable', reason);
    try {
      // What an earlier request could not get into the log goes first: its samples are in memory, and a retry of that request
      // would find them there and be acknowledged.
      this.store.flushPending();
      this.pressure.relieve(this.newest);
      return write();
    } catch (error) {
      if (error instanceof LogWriteError) {
        throw new IngestError('unavailable', `the log cannot be written: ${error.message}`, { cause: error });
      }
      throw error;
    } finally {
      for (const head of touched) if (head.arena.maxTime > this.newest) this.newest = head.arena.maxTime;
    }
  }

  /** The known series are stored; for the new ones the sender shall come again, and finds the others as duplicates. */
  private checkStarved(report: AppendReport): void {
    const refused = report.rejects.get(AppendStatus.outOfMemory);
    if (refused === undefined) return;
    const { headMemoryBytes } = this.options;
    throw new IngestError('unavailable', `${refused.example}: the series of the last minutes alone use most of storage.head.memory, `
      + `${headMemoryBytes} bytes; known series are stored, ${refused.count} samples of new ones have to wait`);
  }

  private async acknowledge(touched: ReadonlySet<Head>): Promise<void> {
    try {
      for (const head of touched) if (head.log) await this.syncer.acknowledge(head.log);
    } catch (error) {
      if (!(error instanceof LogWriteError)) throw error;
      throw new IngestError('unavailable', `the log cannot be made durable: ${error.message}`, { cause: error });
    }
  }

  // ---- Life-cycle ---------------------------------------------------------------------------------------------------------

  /** Makes blocks of heads whose time is over, drops what is past the retention, compacts. Never rejects; problems are reported. */
  async maintain(): Promise<void> {
    this.pressure.closeEnded(this.newest);
    await this.upkeep.run();
    await this.compaction?.run();
  }

  /** Reads the block again that was not read for longest, if it is time. Never rejects; damage is reported. */
  async check(): Promise<void> {
    await this.scrub?.run();
  }

  /** The blocks, oldest first. */
  blockSummaries(): readonly BlockSummary[] {
    return this.blocks.summaries();
  }

  /** Samples, series and bytes of the open heads, for figures. */
  stats(): DbStats {
    const heads = this.store.heads();
    return {
      samples: heads.reduce((sum, head) => sum + head.arena.sampleCount, 0),
      series: this.store.newestOpen()?.arena.seriesCount ?? 0,
      heads: heads.length,
      closedHeads: heads.filter((head) => head.isClosed).length,
      isStarved: this.pressure.isStarved,
      usedBytes: this.store.usedBytes(),
      memoryBytes: this.options.headMemoryBytes,
      blocks: this.blocks.blocks().length,
      blockBytes: this.blocks.totalBytes(),
      damagedBlocks: this.blocks.damaged.size,
      unreadableBlocks: this.blocks.unreadable,
      oldestMs: Math.min(this.blocks.oldestSample(), this.store.oldestSample()),
      newestMs: this.newest,
    };
  }

  /**
   * Begins no more work in the background and resolves when there is none. What runs in other threads may be ended from now on: it is
   * not taken for a failure, and begun anew at the next start.
   */
  async stopUpkeep(): Promise<void> {
    this.upkeepTimer.cancel();
    this.soonTimer?.cancel();
    await Promise.all([this.upkeep.stop(), this.compaction?.stop(), this.scrub?.stop()]);
  }

  /** Makes everything durable and closes the files. @throws LogWriteError if something could not be written */
  async close(): Promise<void> {
    await this.stopUpkeep();
    this.tail?.close();
    await this.rescue.stop();
    await this.syncer.close();
    const problem = await this.store.close();
    if (problem !== '') this.environment.report('warn', problem);
  }
}
