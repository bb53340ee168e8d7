/**
 * The real store that a story is told to: on a simulated disk that can fail and stop, by a clock that the story moves, with the work of
 * other threads behind a gate. Here it is opened, ended and disturbed; what it has to answer is the business of others.
 */
import fs from 'node:fs';
import { expect } from 'vitest';
import type { Clock } from '../../../src/io/clock.js';
import type { AdminWork } from '../../../src/tsdb/administration.js';
import { compactBlocks } from '../../../src/tsdb/compact/compact-blocks.js';
import { rewriteBlock } from '../../../src/tsdb/compact/rewrite-block.js';
import { sealHead } from '../../../src/tsdb/compact/seal-head.js';
import { Db } from '../../../src/tsdb/db.js';
import type { DbOptions } from '../../../src/tsdb/db-options.js';
import { isBlock, type SourceDescriptor } from '../../../src/tsdb/head/descriptor.js';
import { HeadSet } from '../../../src/tsdb/head-set.js';
import { kernelArenaFormat, loadCodecModule, loadKernelModule } from '../../../src/tsdb/kernel-loader.js';
import { matchSeries } from '../../../src/tsdb/match-series.js';
import { decodeLabelRun } from '../../../src/wire/label-run.js';
import { MirrorDisk } from '../../support/mirror-disk.js';
import { SimClock } from '../../support/sim-clock.js';
import { SIMULATED } from '../../support/sim-disk.js';
import { HOUR, T0, tempDirectory } from '../../support/store-fixture.js';
import { Gate, settle } from './gate.js';
import type { Fault, Story } from './story.js';

const kernels = loadKernelModule();
const codec = loadCodecModule();
/** What the kernels of any store of a story run. */
export const MODULES = { kernels, codec };

export const RANGE_MS = 2 * HOUR;
export const MAX_FUTURE_MS = 600_000;
const SYNC_MS = 50;
/** Within it the store tries again what failed. */
const RETRIES_MS = 60_000;

export class ToldStore {
  readonly directory = tempDirectory();
  readonly disk: MirrorDisk;
  /** These three are of the process under way: each start has its own. */
  db!: Db;
  heads!: HeadSet;
  gate = new Gate();
  /** What queries see. */
  sources: readonly SourceDescriptor[] = [];
  /** Blocks that were there at some time, by id. */
  readonly blocksSeen = new Set<number>();
  /** Errors of the background on a disk that works: there must be none. */
  readonly complaints: string[] = [];
  private clock = new SimClock(T0 + HOUR);
  /** What the system's clock was set by. */
  private skewMs = 0;
  private isFaulty = false;
  private syncFails = false;
  private isDamaged = false;

  constructor(private readonly story: Story) {
    this.disk = new MirrorDisk(this.directory, { seed: story.seed, shortWrites: 0.05 });
  }

  /** The machine has stopped: what did not end before has no result. */
  get stopped(): boolean {
    return this.disk.sim.stopped;
  }

  /** Since the last start something was done to the disk that may make requests fail. */
  get faulty(): boolean {
    return this.isFaulty;
  }

  get mayFail(): boolean {
    return this.isFaulty || this.stopped;
  }

  /** Something happened that may leave damage in logs beyond their torn ends. */
  get damaged(): boolean {
    return this.isDamaged;
  }

  // ---- Beginning and end ------------------------------------------------------------------------------------------------

  async open(): Promise<void> {
    this.isFaulty = false;
    this.syncFails = false;
    this.clock = new SimClock(this.clock.nowMs());
    const clock: Clock = {
      nowMs: () => this.nowMs(),
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
          if (level === 'error' && !this.mayFail && !message.includes(SIMULATED)) this.complaints.push(message);
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
    if (!this.isDamaged) expect(this.db.openReport.notes.filter(({ level }) => level === 'error'), 'damage').toEqual([]);
  }

  options(): DbOptions {
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

  /** An orderly end. */
  async close(): Promise<void> {
    this.heads.close();
    await this.closeDb();
  }

  /** The end without warning, and nothing more for a store that has ended: what was under way does not come to the disk any more. */
  async kill(): Promise<void> {
    this.disk.sim.crashAfter(0);
    this.heads.close();
    await this.closeDb().catch(() => undefined);
  }

  private async closeDb(): Promise<void> {
    const closing = this.db.close();
    this.gate.end();
    await closing;
  }

  /** What the end of the process, or of the machine, leaves on the disk. */
  loseUnwritten(how: 'power' | 'process'): void {
    this.disk.crash(how);
    // Sectors of a log are lost in any order: what follows a hole is damage, and none of it was promised.
    if (how === 'power') this.isDamaged = true;
  }

  /** Gives everything back; for `finally`, however far `open` came. */
  async end(): Promise<void> {
    this.disk.sim.crashAfter(0);
    this.gate.end();
    this.heads?.close();
    await this.db?.close().catch(() => undefined);
    this.disk.crash('process');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  // ---- Time -------------------------------------------------------------------------------------------------------------

  nowMs(): number {
    return this.clock.nowMs() + this.skewMs;
  }

  /** Moves the clock, forwards with its timers; backwards only what it says. Then the store does what is due. */
  async moveClock(byMs: number): Promise<void> {
    if (byMs < 0) this.skewMs += byMs;
    else this.clock.advance(byMs);
    await settle();
    await this.maintain();
  }

  maintain(): Promise<void> {
    return this.gate.begun(this.db.maintain());
  }

  /** After it what was acknowledged before is durable, on a disk that works. */
  async passSyncInterval(): Promise<void> {
    this.clock.advance(SYNC_MS);
    await settle();
  }

  // ---- Faults -----------------------------------------------------------------------------------------------------------

  /** The next disk operations of a kind fail. */
  fail({ what, code, times }: Fault): void {
    // A process that cannot leave a note of a failed sync cannot warn the next one.
    if (this.syncFails) return;
    this.isFaulty = true;
    this.disk.sim.fail(what, code, times);
  }

  /** The next sync of a file fails, and nothing else. */
  failSync(): void {
    this.isFaulty = true;
    this.syncFails = true;
    this.disk.sim.heal();
    this.disk.sim.fail('datasync', 'EIO');
  }

  /** The disk works again, and the store has the time to find out. */
  async heal(): Promise<void> {
    this.disk.sim.heal();
    for (let i = 0; i < 4; i++) {
      this.clock.advance(RETRIES_MS / 4);
      await settle();
    }
    // From here on everything has to be accepted again.
    if (!this.stopped) this.isFaulty = this.syncFails = false;
  }
}
