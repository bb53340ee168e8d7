/** What is posted between the main thread and its workers, by direction. Plain data: it is cloned or transferred. */
import type { ApiReply, ApiRequest } from '../api/contract.js';
import type { CatalogueBatch, CatalogueWriteCounts } from '../catalogue/catalogue-batch.js';
import type { CatalogueErrorCode } from '../catalogue/catalogue-error.js';
import type { CatalogueLimits } from '../catalogue/catalogue-writer.js';
import type { BlockErrorCode } from '../tsdb/block/block-error.js';
import type { BlockMeta } from '../tsdb/block/block-format.js';
import type { CompactJob } from '../tsdb/compact/compact-blocks.js';
import type { RewriteJob } from '../tsdb/compact/rewrite-block.js';
import type { SealJob } from '../tsdb/compact/seal-head.js';
import type { VerifyJob } from '../tsdb/compact/verify-file.js';
import type { SourceDescriptor } from '../tsdb/head/descriptor.js';
import type { MatchJob, MatchResult } from '../tsdb/match-series.js';
import type { QueryRuntimeSettings } from './query-runtime.js';

export type StopReason = 'canceled' | 'timeout';

/**
 * The flag that a query worker polls: one Int32 in shared memory per worker, which has one job at a time. The main
 * thread clears it before it posts a job, when the worker is idle, so that a late stop cannot hit the next job.
 */
export const StopFlag = { none: 0, canceled: 1, timeout: 2 } as const;

/**
 * Heads are not part of it: a thread holds its `workerData` for life, and with it the memory of every head named in
 * there. They come as a first message.
 */
export interface QueryWorkerData {
  /** Module that exports `createQueryRuntime`; if left out, `engine-runtime`. */
  readonly runtimeUrl?: string;
  readonly settings: QueryRuntimeSettings;
  /** From 1 on; no two threads that run have the same. */
  readonly readerSlot: number;
  /** 4 bytes, see `StopFlag`. */
  readonly stopFlag: SharedArrayBuffer;
}

export type ToQueryWorker =
  /** What the runtime opens is there. Until then the thread only loads modules. */
  | { readonly kind: 'begin' }
  /** Rehearse queries for that long, between jobs. */
  | { readonly kind: 'warmUp'; readonly budgetMs: number; readonly shortOnly: boolean }
  | { readonly kind: 'run'; readonly job: number; readonly request: ApiRequest }
  /**
   * All heads and blocks from now on: `ids` of all, descriptors only of those that are new to the worker. (Cloning the memory
   * of a known head again would make a second object that must be collected before the arena is free.)
   */
  | { readonly kind: 'heads'; readonly epoch: number; readonly ids: readonly number[]; readonly added: readonly SourceDescriptor[] }
  /** Finish: close files and end the thread. */
  | { readonly kind: 'stop' };

export type FromQueryWorker =
  | { readonly kind: 'ready' }
  /** The body's buffer is transferred. */
  | { readonly kind: 'reply'; readonly job: number; readonly reply: ApiReply }
  /** Nothing of heads that are absent from this epoch is in use any more. */
  | { readonly kind: 'heads'; readonly epoch: number };

export interface MaintenanceWorkerData {
  readonly catalogueFile: string;
  readonly catalogueLimits: CatalogueLimits;
}

/** All that a thread which makes or checks one block is told. It ends with its job, and so does its hold on a head's memory. */
export type BlockWorkerData =
  | ({ readonly kind: 'seal' } & SealJob)
  | ({ readonly kind: 'compact' } & CompactJob)
  | ({ readonly kind: 'verify' } & VerifyJob);

export type FromBlockWorker =
  | { readonly kind: 'done'; readonly meta: BlockMeta }
  /** A block that is read cannot be read: the fields of a `BlockError`. */
  | { readonly kind: 'damaged'; readonly code: BlockErrorCode; readonly file: string; readonly detail: string }
  | { readonly kind: 'failed'; readonly message: string };

/** All that a thread which does one job of the admin API is told. */
export type AdminJob =
  | ({ readonly kind: 'match' } & MatchJob)
  | ({ readonly kind: 'rewrite' } & RewriteJob)
  /** A copy of the catalogue as it is now. */
  | { readonly kind: 'catalogue'; readonly file: string; readonly copy: string };

export type FromAdminWorker =
  | { readonly kind: 'matched'; readonly result: MatchResult }
  | { readonly kind: 'rewritten'; readonly meta: BlockMeta }
  | { readonly kind: 'copied' }
  | { readonly kind: 'failed'; readonly message: string };

export type ToMaintenanceWorker =
  | { readonly kind: 'catalogue'; readonly sequence: number; readonly batch: CatalogueBatch }
  /** Exemplars older than this are to go. Not answered unless it fails: the next one tries again. */
  | { readonly kind: 'expire'; readonly beforeMs: number }
  | { readonly kind: 'stop' };

export type FromMaintenanceWorker =
  | { readonly kind: 'ready' }
  /** The catalogue cannot be opened; the thread ends. */
  | { readonly kind: 'unusable'; readonly code: CatalogueErrorCode; readonly file: string; readonly message: string }
  | { readonly kind: 'written'; readonly sequence: number; readonly counts: CatalogueWriteCounts }
  /** Nothing of the batch was written; it may be sent again. */
  | { readonly kind: 'failed'; readonly sequence: number; readonly message: string }
  | { readonly kind: 'not_expired'; readonly message: string };
