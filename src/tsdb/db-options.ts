/** What a store is opened with, what it asks of the process around it, and what it says of itself. */
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import type { LabelRunDecoder } from '../storage/appender.js';
import type { AdminWork } from './administration.js';
import type { BlockCompactor, BlockJobReport } from './compaction.js';
import type { CloseReason } from './head-pressure.js';
import type { SyncMode } from './log/log-syncer.js';
import type { BlockVerifier } from './scrub.js';
import type { SeriesLimit, SeriesLimitOptions } from './series-limits.js';
import type { SnapshotOptions } from './snapshot/head-snapshots.js';
import type { HeadSealer } from './upkeep.js';

/** What can change while the store is open: `Db.setIntake`. */
export interface IntakeRules {
  readonly outOfOrderWindowMs: number;
  /** How far ahead of the clock a sample may be. */
  readonly maxFutureMs: number;
  /** Without it there are no limits but the head's. */
  readonly seriesLimits?: SeriesLimitOptions;
}

export interface DbOptions extends IntakeRules {
  readonly directory: string;
  /** Length of a head's range, ms. */
  readonly headRangeMs: number;
  /** Series in one head above which new ones are refused, 0 = no limit. */
  readonly maxSeriesPerHead: number;
  /**
   * Series with labels that may be longer than this, or more than a quarter as many, are judged by `decodeLabelRun` and not by the
   * kernels. None if not given.
   */
  readonly maxPlainLabel?: number;
  /** Bytes that all heads together may use. */
  readonly headMemoryBytes: number;
  /** Share of it, up to 1, at which heads become blocks before their range is over. */
  readonly headCloseAt?: number;
  /** Age, in samples or on the clock, below which that does not happen to the newest head. */
  readonly headCloseMinAgeMs?: number;
  /** Keep start timestamps; off if not given. */
  readonly keepStarts?: boolean;
  /** 0 = keep for ever. */
  readonly retentionMs: number;
  /** Bytes of blocks above which the oldest are dropped, 0 = no limit. */
  readonly retentionBytes?: number;
  /** Longest range of a compacted block, ms. 0: only overlapping blocks are compacted. */
  readonly maxBlockMs?: number;
  /** How long a block may go without being read in full, ms. 0 = for ever. */
  readonly scrubIntervalMs?: number;
  /** Heads open at a time; above it samples that need another one are refused for a while. */
  readonly maxHeads?: number;
  /** Requests of the admin API at a time; one more is refused. */
  readonly maxAdminRequests?: number;
  readonly maxDecodedBytes: number;
  readonly sync: { readonly mode: SyncMode; readonly intervalMs: number };
  readonly logSegmentBytes: number;
  /** Snapshots of heads at the end; without it none are written, and none read. */
  readonly headSnapshots?: SnapshotOptions;
}

export interface DbEnvironment {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly module: WebAssembly.Module;
  /** Labels of a remote write 1.0 series that the kernels do not take (unsorted, empty values, …). */
  readonly decodeLabelRun: LabelRunDecoder;
  /** Makes a block of a head in another thread. Without it heads stay in memory until the retention drops them. */
  readonly sealHead?: HeadSealer;
  /** Compacts blocks in another thread. Without it they stay as they are. */
  readonly compactBlocks?: BlockCompactor;
  /** Reads a block in full in another thread. Without it blocks are not checked once they are published. */
  readonly verifyBlock?: BlockVerifier;
  readonly onBlockJob?: (done: BlockJobReport) => void;
  /** Codec of blocks; without it the ends of series in blocks are not found. */
  readonly codec?: WebAssembly.Module;
  /** Threads for the admin API; without it `administration` can only flush. */
  readonly adminWork?: AdminWork;
  /** Called with one line for the operator about what happens in the background. */
  readonly report: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** Told now and then of the time before which nothing is kept, for what else is kept as long as samples are. */
  readonly onExpired?: (beforeMs: number) => void;
  /** Called for each head that was closed before its time. */
  readonly onClosedEarly?: (reason: CloseReason) => void;
  /** Why nothing may be accepted, if that is so: what is written would not be found by the next start. */
  readonly unusable?: () => string | undefined;
  /** Called for each new series each time that a limit refuses it. */
  readonly onSeriesRefused?: (limit: SeriesLimit) => void;
}

export interface DbStats {
  readonly samples: number;
  /** In the newest head. */
  readonly series: number;
  readonly heads: number;
  /** Of these, heads that only wait to become blocks. */
  readonly closedHeads: number;
  readonly usedBytes: number;
  /** What they may use. */
  readonly memoryBytes: number;
  /** True while new series are refused, because not even the live ones fit into the memory of the heads. */
  readonly isStarved: boolean;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly damagedBlocks: number;
  /** Files that cannot be opened. */
  readonly unreadableBlocks: number;
  /** Oldest sample, Infinity while the store is empty. */
  readonly oldestMs: number;
  /** -Infinity while the store is empty. */
  readonly newestMs: number;
}
