import type { ApiEndpoint, ApiReply, ApiRequest } from '../api/contract.js';
import { invariant } from '../invariant.js';
import type { SourceDescriptor } from '../tsdb/head/descriptor.js';
import { internalReply, timeoutReply } from './error-reply.js';
import { HeadLeases } from './head-leases.js';
import type { StopReason } from './messages.js';
import { QueryJob } from './query-job.js';
import { giveBackQueryMemory, queryMemoryUsed } from './query-memory.js';
import { AdmissionError } from './query-service.js';
import type { CancelSignal, QueryService } from './query-service.js';
import { QueryWorkerHandle } from './query-worker-handle.js';
import type { QueryRuntimeSettings } from './query-runtime.js';
import { workerEntry } from './worker-entry.js';

export interface QueryPoolOptions {
  /** Threads, 1 to `QUERY_WORKERS_MAX`: see `queryWorkerCount`. */
  readonly workers: number;
  /** Threads beside them that take short requests only (`isShort`), so that a long query does not keep those waiting. */
  readonly shortWorkers: number;
  /** How many of all start at once; the others with the first request that finds no idle one, or with `warmUp`. All if left out. */
  readonly startAtOnce?: number;
  /** Queries that run at a time (`query.max_concurrency`); more than there are workers changes nothing. */
  readonly maxConcurrent: number;
  /** Queries that wait (`query.queue_size`); one more is refused. */
  readonly maxQueued: number;
  readonly settings: QueryRuntimeSettings;
  /** Resolves when what the runtime opens is there; the threads load their modules meanwhile. If left out, it is there. */
  readonly begin?: Promise<unknown>;
  /** JavaScript heap per worker; samples lie outside of it. */
  readonly heapMib: number;
  /** How long a query may ignore that it was told to stop before its thread is ended. */
  readonly stopGraceMs: number;
  /** Told of each worker that ended unasked. */
  readonly onWorkerLost: (error: Error) => void;
  /** Modules of the thread; the installed ones unless a test has others. */
  readonly modules?: { readonly entry: URL; readonly runtimeUrl: string };
}

/** For metrics; the counters only rise. */
export interface QueryPoolStats {
  /** Threads that have started. */
  readonly workers: number;
  readonly running: number;
  readonly queued: number;
  readonly refused: number;
  readonly canceled: number;
  readonly timedOut: number;
  readonly workersLost: number;
  /** Memory of the queries that run. */
  readonly memoryBytes: number;
}

/** Every thread that reads arenas needs a slot of its own in them; there are 16: 0 is the writer's, the last the block worker's. */
export const QUERY_WORKERS_MAX = 14;
export const BLOCK_READER_SLOT = 15;

/**
 * Threads for the setting `query.workers`: 0 = one less than there are cores, since ingest has a thread of its own.
 * @param cores what this process may use: `os.availableParallelism()`
 * @param shortWorkers threads for short requests, which need slots too
 */
export function queryWorkerCount(setting: number, cores: number, shortWorkers: number): number {
  return Math.min(QUERY_WORKERS_MAX - shortWorkers, Math.max(1, setting === 0 ? cores - 1 : setting));
}

/**
 * Requests that are look-ups, or an expression at one instant: people wait for them while they type or open a page. They
 * may be slow, too, on a large store; then they only keep each other waiting.
 */
const SHORT: ReadonlySet<ApiEndpoint> = new Set<ApiEndpoint>([
  'query', 'format_query', 'parse_query', 'labels', 'label_values', 'metadata', 'query_exemplars',
  'search_metric_names', 'search_label_names', 'search_label_values',
]);

export function isShort(request: ApiRequest): boolean {
  // A range selector at one instant can read as much as a panel does.
  return SHORT.has(request.endpoint) && !(request.endpoint === 'query' && /\[|%5b/i.test(request.params));
}

/** Waits before a worker that did not even start is tried again. */
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;

/**
 * Runs API requests in worker threads. Admission is first come, first served within two classes, short requests and all
 * others: a request runs if a worker of its class is idle, else waits in a bounded queue, else is refused. Deadline and
 * cancellation hold in the queue and while running.
 */
export class QueryPool implements QueryService {
  private readonly workers = new Set<QueryWorkerHandle>();
  private readonly queue = new Set<QueryJob>();
  private readonly leases = new HeadLeases<QueryWorkerHandle>();
  /** Workers that are still to be started: whether they take short requests only. */
  private unstarted: boolean[] = [];
  private readonly restartTimers = new Set<NodeJS.Timeout>();
  private readonly counters = { refused: 0, canceled: 0, timedOut: 0, workersLost: 0 };
  private lastJob = 0;
  private failedStarts = 0;
  private closing = false;
  private begun = false;
  private warmUpMs = 0;
  /** Called when a worker is ready or gone: for `start` and `close`, which wait for all. */
  private onChange: (error?: Error) => void = () => {};

  private constructor(private readonly options: QueryPoolOptions) {}

  /**
   * Starts the workers that start at once, and resolves when they are ready.
   * @throws whatever kept a worker from starting (a missing module, an unreadable catalogue), or why `begin` was rejected
   */
  static async start(options: QueryPoolOptions): Promise<QueryPool> {
    const { workers, shortWorkers } = options;
    const possible = workers >= 1 && shortWorkers >= 0 && workers + shortWorkers <= QUERY_WORKERS_MAX;
    invariant(possible, `${workers} + ${shortWorkers} query workers`);
    const pool = new QueryPool(options);
    // Those that take every request come first.
    const all = Array.from({ length: workers + shortWorkers }, (_, i) => i >= workers);
    pool.unstarted = all.splice(Math.max(1, options.startAtOnce ?? all.length));
    for (const shortOnly of all) pool.spawn(shortOnly);
    const started = new Promise<void>((resolve, reject) => {
      pool.onChange = (error) => {
        if (error) reject(error);
        else if ([...pool.workers].every((worker) => worker.ready)) resolve();
      };
    });
    try {
      await Promise.all([started, Promise.resolve(options.begin).then(() => pool.begin())]);
    } catch (error) {
      await pool.close(0);
      throw error;
    }
    pool.onChange = () => {};
    return pool;
  }

  run(request: ApiRequest, signal: CancelSignal): Promise<ApiReply> {
    if (this.closing) return Promise.reject(new AdmissionError('stopping', 'the server is stopping'));
    if (signal.aborted) return Promise.reject(canceled());
    if (request.deadlineMs <= Date.now()) {
      this.counters.timedOut++;
      return Promise.resolve(timeoutReply('query queue'));
    }
    const worker = this.freeWorker(request);
    if (!worker && this.running < this.options.maxConcurrent) this.startOthers();
    if (!worker && this.queue.size >= this.options.maxQueued) {
      this.counters.refused++;
      return Promise.reject(new AdmissionError('queue_full',
        `too many queries: ${this.running} running, ${this.queue.size} waiting (query.queue_size)`));
    }
    const job = new QueryJob(++this.lastJob, request, signal, (stopped, reason) => this.stop(stopped, reason));
    if (worker) worker.run(job);
    else this.queue.add(job);
    return job.promise;
  }

  /** All heads that queries read from now on. Queries under way keep what they have. */
  setHeads(heads: readonly SourceDescriptor[]): void {
    // A block that is finished while the server stops changes the list once more; nobody reads any more.
    if (this.closing) return;
    const change = this.leases.set(heads);
    for (const worker of this.workers) worker.setHeads(change);
  }

  /**
   * Lets each thread rehearse queries for so long, between jobs, and later those that replace one. To be called when nothing else
   * needs the cores: after the log has been replayed.
   */
  warmUp(budgetMs: number): void {
    this.warmUpMs = budgetMs;
    this.startOthers();
    for (const worker of this.workers) if (worker.ready && budgetMs > 0) worker.warmUp(budgetMs);
  }

  /**
   * Resolves once the head is absent from the last `setHeads` and no worker uses it any more: its arena may then be
   * reset or forgotten. The main thread still has to drop its own references and collect them.
   */
  whenReleased(headId: number): Promise<void> {
    return this.leases.whenReleased(headId);
  }

  stats(): QueryPoolStats {
    let workers = 0;
    for (const worker of this.workers) if (worker.ready) workers++;
    const { memory } = this.options.settings;
    const memoryBytes = memory === undefined ? 0 : queryMemoryUsed(memory);
    return { workers, running: this.running, queued: this.queue.size, memoryBytes, ...this.counters };
  }

  /**
   * Refuses what waits and what comes, lets running queries end within `drainMs`, then cancels them, and ends the
   * threads. Heads count as released afterwards.
   */
  async close(drainMs: number): Promise<void> {
    this.closing = true;
    for (const timer of this.restartTimers) clearTimeout(timer);
    for (const job of this.queue) job.fail(new AdmissionError('stopping', 'the server is stopping'));
    this.queue.clear();
    this.leases.set([]);
    const gone = new Promise<void>((resolve) => {
      this.onChange = () => {
        if (this.workers.size === 0) resolve();
      };
      this.onChange();
    });
    for (const worker of this.workers) {
      if (worker.ready) worker.close();
      else worker.terminate();
    }
    const cancelTimer = setTimeout(() => {
      for (const worker of this.workers) worker.stopJob('canceled');
    }, drainMs);
    // Last resort, for a thread that neither runs a job nor ends.
    const killTimer = setTimeout(() => {
      for (const worker of this.workers) worker.terminate();
    }, drainMs + this.options.stopGraceMs);
    await gone;
    clearTimeout(cancelTimer);
    clearTimeout(killTimer);
  }

  private get running(): number {
    let running = 0;
    for (const worker of this.workers) if (worker.job) running++;
    return running;
  }

  /**
   * The first idle worker that takes the request: the one used most, whose caches are warm. Short requests prefer the
   * worker that only they use, so that the next long one need not wait for them.
   */
  private freeWorker(request: ApiRequest): QueryWorkerHandle | undefined {
    if (this.running >= this.options.maxConcurrent) return undefined;
    const short = isShort(request);
    let free: QueryWorkerHandle | undefined;
    for (const worker of this.workers) {
      if (!worker.idle || (worker.options.shortOnly && !short)) continue;
      if (!short || worker.options.shortOnly) return worker;
      free ??= worker;
    }
    return free;
  }

  private startOthers(): void {
    for (const shortOnly of this.unstarted.splice(0)) this.spawn(shortOnly);
  }

  private begin(): void {
    this.begun = true;
    for (const worker of this.workers) worker.begin();
  }

  private startWaiting(): void {
    // To the end of the queue: behind a long request there may be a short one that has a worker.
    for (const job of this.queue) {
      const worker = this.freeWorker(job.request);
      if (!worker) continue;
      this.queue.delete(job);
      worker.run(job);
    }
  }

  private stop(job: QueryJob, reason: StopReason): void {
    if (reason === 'canceled') this.counters.canceled++;
    else this.counters.timedOut++;
    if (this.queue.delete(job)) {
      end(job, reason, 'query queue');
      return;
    }
    for (const worker of this.workers) if (worker.job === job) worker.stopJob(reason);
  }

  private spawn(shortOnly: boolean): void {
    const worker = new QueryWorkerHandle(
      {
        ...(this.options.modules ?? { entry: workerEntry('query-worker') }),
        settings: this.options.settings, heapMib: this.options.heapMib, stopGraceMs: this.options.stopGraceMs,
        readerSlot: this.freeSlot(), shortOnly,
      },
      {
        ready: (started) => {
          if (this.warmUpMs > 0) started.warmUp(this.warmUpMs);
          this.failedStarts = 0;
          this.onChange();
          this.startWaiting();
        },
        done: () => this.startWaiting(),
        headsTaken: (reader, epoch) => this.leases.acknowledge(reader, epoch),
        gone: (lost, error) => this.lost(lost, error),
      },
    );
    this.workers.add(worker);
    worker.setHeads(this.leases.join(worker));
    if (this.begun) worker.begin();
  }

  /** The slot of a thread that has ended may be given to another. */
  private freeSlot(): number {
    const taken = new Set(Array.from(this.workers, (worker) => worker.options.readerSlot));
    let slot = 1;
    while (taken.has(slot)) slot++;
    return slot;
  }

  private lost(worker: QueryWorkerHandle, error: Error | undefined): void {
    this.workers.delete(worker);
    this.leases.leave(worker);
    const { memory } = this.options.settings;
    // Before another thread gets its slot.
    if (memory !== undefined) giveBackQueryMemory(memory, worker.options.readerSlot);
    if (worker.job) {
      // Ended on purpose, because it did not stop when told to, or broken.
      if (worker.stopReason) end(worker.job, worker.stopReason, 'expression evaluation');
      else worker.job.succeed(internalReply(`query worker stopped: ${error?.message ?? 'the server is stopping'}`));
    }
    this.onChange(error);
    if (error) {
      this.counters.workersLost++;
      this.options.onWorkerLost(error);
    }
    if (this.closing) return;
    // One that had worked is replaced at once; one that cannot even start must not keep a core busy with trying.
    const delayMs = worker.ready ? 0 : Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** this.failedStarts++);
    const timer = setTimeout(() => {
      this.restartTimers.delete(timer);
      this.spawn(worker.options.shortOnly);
    }, delayMs);
    this.restartTimers.add(timer);
  }
}

function end(job: QueryJob, reason: StopReason, where: 'query queue' | 'expression evaluation'): void {
  if (reason === 'timeout') job.succeed(timeoutReply(where));
  else job.fail(canceled());
}

function canceled(): AdmissionError {
  return new AdmissionError('canceled', 'query was canceled by the client');
}
