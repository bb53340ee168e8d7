import { Worker } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import type { HeadChange } from './head-leases.js';
import { heapLimits } from './heap-limits.js';
import { StopFlag } from './messages.js';
import type { FromQueryWorker, QueryWorkerData, StopReason, ToQueryWorker } from './messages.js';
import type { QueryJob } from './query-job.js';
import type { QueryRuntimeSettings } from './query-runtime.js';

export interface QueryWorkerEvents {
  ready(worker: QueryWorkerHandle): void;
  /** The job has its reply; the worker is idle. */
  done(worker: QueryWorkerHandle, job: QueryJob): void;
  headsTaken(worker: QueryWorkerHandle, epoch: number): void;
  /** The thread has ended. `error` is undefined if it was asked to. */
  gone(worker: QueryWorkerHandle, error: Error | undefined): void;
}

export interface QueryWorkerOptions {
  readonly entry: URL;
  /** Module of the runtime; if left out, the installed one. */
  readonly runtimeUrl?: string;
  readonly settings: QueryRuntimeSettings;
  readonly readerSlot: number;
  /** Takes short requests only. */
  readonly shortOnly: boolean;
  /** JavaScript heap of the thread. What goes beyond it ends the thread and not the process. */
  readonly heapMib: number;
  /** How long a job may go on after it was told to stop, before its thread is ended. */
  readonly stopGraceMs: number;
}

/** The main thread's side of one query worker, which runs one job at a time. */
export class QueryWorkerHandle {
  /** It has started; stays true when the thread ends. */
  ready = false;
  job: QueryJob | undefined;
  /** Why the job that runs was told to stop. */
  stopReason: StopReason | undefined;
  private readonly stopFlag = new SharedArrayBuffer(4);
  private readonly flag = new Int32Array(this.stopFlag);
  private readonly worker: Worker;
  private killTimer: NodeJS.Timeout | undefined;
  private error: Error | undefined;
  private stopping = false;

  constructor(readonly options: QueryWorkerOptions, private readonly events: QueryWorkerEvents) {
    const { runtimeUrl, settings, readerSlot } = options;
    const data: QueryWorkerData = { ...(runtimeUrl === undefined ? {} : { runtimeUrl }), settings, readerSlot, stopFlag: this.stopFlag };
    this.worker = new Worker(options.entry, {
      workerData: data, name: 'narthex-query', resourceLimits: heapLimits(options.heapMib),
    });
    this.worker.on('message', (message: FromQueryWorker) => this.receive(message));
    this.worker.on('error', (error) => (this.error = error));
    this.worker.on('exit', (code) => this.exited(code));
  }

  get idle(): boolean {
    return this.ready && this.job === undefined && !this.stopping;
  }

  run(job: QueryJob): void {
    invariant(this.idle, 'a query worker has one job at a time');
    this.job = job;
    this.stopReason = undefined;
    Atomics.store(this.flag, 0, StopFlag.none);
    this.post({ kind: 'run', job: job.id, request: job.dispatch() });
  }

  /** Tells the running job to stop; the first reason counts. A job that does not listen loses its thread. */
  stopJob(reason: StopReason): void {
    if (!this.job || this.stopReason) return;
    this.stopReason = reason;
    Atomics.store(this.flag, 0, StopFlag[reason]);
    this.killTimer = setTimeout(() => {
      this.error = new Error(`query did not stop within ${this.options.stopGraceMs} ms (${reason}), its thread was ended`);
      void this.worker.terminate();
    }, this.options.stopGraceMs);
  }

  /** What the runtime opens is there: it may be made. */
  begin(): void {
    this.post({ kind: 'begin' });
  }

  /** Rehearses for so long, between jobs. */
  warmUp(budgetMs: number): void {
    this.post({ kind: 'warmUp', budgetMs, shortOnly: this.options.shortOnly });
  }

  setHeads(change: HeadChange): void {
    this.post({ kind: 'heads', epoch: change.epoch, ids: change.ids, added: change.added });
  }

  /** Ends the thread after the job that runs. */
  close(): void {
    this.stopping = true;
    this.post({ kind: 'stop' });
  }

  /** Ends the thread now. */
  terminate(): void {
    this.stopping = true;
    void this.worker.terminate();
  }

  private post(message: ToQueryWorker): void {
    this.worker.postMessage(message);
  }

  private receive(message: FromQueryWorker): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        this.events.ready(this);
        break;
      case 'reply': {
        const job = this.job;
        invariant(job?.id === message.job, `a reply to job ${message.job}, which does not run here`);
        clearTimeout(this.killTimer);
        this.job = undefined;
        job.succeed(message.reply);
        this.events.done(this, job);
        break;
      }
      case 'heads':
        this.events.headsTaken(this, message.epoch);
        break;
    }
  }

  private exited(code: number): void {
    clearTimeout(this.killTimer);
    const asked = this.stopping && this.error === undefined;
    this.events.gone(this, asked ? undefined : (this.error ?? new Error(`thread ended with code ${code}`)));
  }
}
