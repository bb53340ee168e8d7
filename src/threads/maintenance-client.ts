import { Worker } from 'node:worker_threads';
import type { CatalogueBatch, CatalogueWriteCounts } from '../catalogue/catalogue-batch.js';
import { CatalogueError } from '../catalogue/catalogue-error.js';
import type { CatalogueLimits } from '../catalogue/catalogue-writer.js';
import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { CatalogueSink, HaElection, RejectEntry } from '../storage/catalogue-sink.js';
import { CatalogueQueue } from './catalogue-queue.js';
import type { CatalogueCounts, CatalogueQueueLimits } from './catalogue-queue.js';
import { YOUNG_GENERATION_MIB } from './heap-limits.js';
import type { FromMaintenanceWorker, MaintenanceWorkerData, ToMaintenanceWorker } from './messages.js';
import { workerEntry } from './worker-entry.js';

export interface MaintenanceOptions {
  readonly catalogueFile: string;
  readonly catalogueLimits: CatalogueLimits;
  readonly queueLimits: CatalogueQueueLimits;
  /** How long entries wait for company, ms. */
  readonly batchDelayMs: number;
  /** Told of each write that failed and of each end of the thread that nobody asked for. */
  readonly onError: (error: Error) => void;
  /** Module of the thread; the installed one unless a test has another. */
  readonly entry?: URL;
}

/** For metrics; everything but `queued` only rises. */
export interface MaintenanceStats {
  /** Entries that wait. */
  readonly queued: number;
  readonly dropped: Readonly<CatalogueCounts>;
  readonly written: Readonly<CatalogueWriteCounts & { batches: number }>;
  readonly failedWrites: number;
}

interface BatchUnderWay {
  readonly sequence: number;
  readonly batch: CatalogueBatch;
  attempts: number;
  readonly settled: Promise<Error | undefined>;
  readonly settle: (error: Error | undefined) => void;
  /** Resolves when it is settled, or the first attempt failed. */
  readonly tried: Promise<void>;
  readonly haveTried: () => void;
}

/** A queue this long is sent without waiting for company. */
const EAGER_SIZE = 5_000;
/** With waits that double from `RETRY_MIN_MS` to `RETRY_MAX_MS` this is about two minutes of a full disk. */
const ATTEMPTS_MAX = 10;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 30_000;
/** The table is read in full to find them; a little longer than the retention they may stay. */
const EXPIRE_EVERY_MS = 600_000;
/** SQLite copies its log into the file when it closes; ended in between it does so at the next start. */
const STOP_MAX_MS = 10_000;

/**
 * The main thread's side of the maintenance worker. Entries are collected and sent as one batch at a time; while that
 * is under way, others collect, up to the caps of the queue. Nothing here waits and nothing blocks ingest.
 */
export class MaintenanceClient implements CatalogueSink {
  private readonly queue: CatalogueQueue;
  private readonly written = { batches: 0, exemplarsStored: 0, exemplarsDuplicate: 0, exemplarsOutOfOrder: 0 };
  private failedWrites = 0;
  private worker: Worker | undefined;
  private ready = false;
  private underWay: BatchUnderWay | undefined;
  private sendTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private sequence = 0;
  private failedStarts = 0;
  private expiredBeforeMs = -Infinity;
  private closing = false;
  private closed: Promise<void> | undefined;
  /** For `start`, which waits for the first worker; undefined afterwards. */
  private onStarted: ((error: Error | undefined) => void) | undefined;

  private constructor(private readonly options: MaintenanceOptions) {
    this.queue = new CatalogueQueue(options.queueLimits);
  }

  /**
   * Starts the thread; resolves when the catalogue is open (and exists: readers may be opened now).
   * @throws CatalogueError
   */
  static async start(options: MaintenanceOptions): Promise<MaintenanceClient> {
    const client = new MaintenanceClient(options);
    const error = await new Promise<Error | undefined>((resolve) => {
      client.onStarted = resolve;
      client.spawn();
    });
    client.onStarted = undefined;
    if (!error) return client;
    await client.close(0);
    throw error;
  }

  metadata(entries: readonly MetricMetadata[]): void {
    this.queue.addMetadata(entries, Date.now());
    this.schedule();
  }

  exemplars(entries: readonly { readonly series: Labels; readonly exemplar: Exemplar }[]): void {
    this.queue.addExemplars(entries);
    this.schedule();
  }

  rejects(entries: readonly RejectEntry[]): void {
    this.queue.addRejects(entries);
    this.schedule();
  }

  haElections(entries: readonly HaElection[]): void {
    this.queue.addHaElections(entries);
    this.schedule();
  }

  /** Exemplars older than this are not kept. Called as often as one likes. */
  expireExemplars(beforeMs: number): void {
    if (!this.worker || !this.ready || this.closing || beforeMs < this.expiredBeforeMs + EXPIRE_EVERY_MS) return;
    this.expiredBeforeMs = beforeMs;
    post(this.worker, { kind: 'expire', beforeMs });
  }

  /**
   * Resolves when everything handed over before the call is committed.
   * @throws Error when a batch was given up (it is counted as dropped then)
   */
  async flush(): Promise<void> {
    // What is under way, and then what waits now. Entries that arrive meanwhile may go along.
    const first = await this.underWay?.settled;
    this.send();
    const error = (await this.underWay?.settled) ?? first;
    if (error) throw error;
  }

  /**
   * For whoever is about to read: as `flush`, but waits for no second attempt. As long as the catalogue cannot be written, it is read as
   * it is. Never rejects.
   */
  async flushOnce(): Promise<void> {
    await this.underWay?.tried;
    this.send();
    await this.underWay?.tried;
  }

  /** Writes what waits, as far as `timeoutMs` allows, and ends the thread. What comes later is dropped and counted. */
  close(timeoutMs: number): Promise<void> {
    this.closed ??= this.end(timeoutMs);
    return this.closed;
  }

  stats(): MaintenanceStats {
    return {
      queued: this.queue.size, dropped: { ...this.queue.dropped }, written: { ...this.written }, failedWrites: this.failedWrites,
    };
  }

  private async end(timeoutMs: number): Promise<void> {
    if (this.ready && timeoutMs > 0) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
      // Why a write failed went to `onError`; here it only ends the waiting.
      await Promise.race([this.flush().catch(() => undefined), timeout]);
      clearTimeout(timer);
    }
    this.closing = true;
    clearTimeout(this.sendTimer);
    clearTimeout(this.retryTimer);
    await this.endWorker();
    if (this.underWay) this.giveUp(this.underWay, new Error('the server is stopping'));
    this.queue.countDropped(this.queue.take());
  }

  private async endWorker(): Promise<void> {
    const worker = this.worker;
    if (!worker) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    // A thread with a write under way that hangs does not read messages.
    if (this.ready && !this.underWay) post(worker, { kind: 'stop' });
    else void worker.terminate();
    const timer = setTimeout(() => void worker.terminate(), STOP_MAX_MS);
    await exited;
    clearTimeout(timer);
  }

  private schedule(): void {
    if (this.closing) {
      this.queue.countDropped(this.queue.take());
      return;
    }
    if (this.underWay || this.queue.size === 0) return;
    if (this.queue.size >= EAGER_SIZE) this.send();
    else this.sendTimer ??= setTimeout(() => this.send(), this.options.batchDelayMs);
  }

  private send(): void {
    if (this.underWay || this.closing || this.queue.size === 0) return;
    clearTimeout(this.sendTimer);
    this.sendTimer = undefined;
    let settle: BatchUnderWay['settle'] = () => {};
    const settled = new Promise<Error | undefined>((resolve) => (settle = resolve));
    let haveTried: BatchUnderWay['haveTried'] = () => {};
    const tried = new Promise<void>((resolve) => (haveTried = resolve));
    void settled.then(haveTried);
    this.underWay = { sequence: ++this.sequence, batch: this.queue.take(), attempts: 0, settled, settle, tried, haveTried };
    this.transmit();
  }

  /** Posts the batch under way, unless the thread is away: then `ready` does it. */
  private transmit(): void {
    if (!this.underWay || !this.worker || !this.ready) return;
    this.underWay.attempts++;
    // Cloned and not transferred: the batch is still needed if this attempt fails.
    post(this.worker, { kind: 'catalogue', sequence: this.underWay.sequence, batch: this.underWay.batch });
  }

  private receive(message: FromMaintenanceWorker): void {
    switch (message.kind) {
      case 'ready':
        this.ready = true;
        this.failedStarts = 0;
        this.onStarted?.(undefined);
        this.transmit();
        break;
      case 'unusable':
        this.startFailed(new CatalogueError(message.code, message.file, message.message));
        break;
      case 'written':
        if (message.sequence === this.underWay?.sequence) this.wrote(this.underWay, message.counts);
        break;
      case 'not_expired':
        this.failedWrites++;
        this.expiredBeforeMs = -Infinity;
        this.options.onError(new Error(`old exemplars were not removed: ${message.message}`));
        break;
      case 'failed':
        if (message.sequence === this.underWay?.sequence) this.failed(this.underWay, message.message);
        break;
    }
  }

  private wrote(done: BatchUnderWay, counts: CatalogueWriteCounts): void {
    this.written.batches++;
    this.written.exemplarsStored += counts.exemplarsStored;
    this.written.exemplarsDuplicate += counts.exemplarsDuplicate;
    this.written.exemplarsOutOfOrder += counts.exemplarsOutOfOrder;
    this.underWay = undefined;
    done.settle(undefined);
    this.schedule();
  }

  private failed(batch: BatchUnderWay, message: string): void {
    const error = new Error(`catalogue write failed: ${message}`);
    this.failedWrites++;
    batch.haveTried();
    this.options.onError(error);
    if (batch.attempts >= ATTEMPTS_MAX) {
      this.giveUp(batch, error);
      this.schedule();
      return;
    }
    this.retryTimer = setTimeout(() => this.transmit(), backoffMs(batch.attempts - 1));
  }

  private giveUp(batch: BatchUnderWay, error: Error): void {
    this.queue.countDropped(batch.batch);
    this.underWay = undefined;
    batch.settle(error);
  }

  private spawn(): void {
    const data: MaintenanceWorkerData = { catalogueFile: this.options.catalogueFile, catalogueLimits: this.options.catalogueLimits };
    const worker = new Worker(this.options.entry ?? workerEntry('maintenance-worker'), {
      workerData: data, name: 'narthex-maintenance', resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    });
    let cause: Error | undefined;
    worker.on('message', (message: FromMaintenanceWorker) => this.receive(message));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => this.exited(cause ?? new Error(`thread ended with code ${code}`)));
    this.worker = worker;
  }

  private startFailed(error: Error): void {
    if (this.onStarted) this.onStarted(error);
    else this.options.onError(error);
  }

  private exited(cause: Error): void {
    const hadStarted = this.ready;
    this.ready = false;
    this.worker = undefined;
    if (this.closing) return;
    const error = new Error(`maintenance thread stopped: ${cause.message}`, { cause });
    if (this.onStarted) {
      this.onStarted(error);
      return;
    }
    clearTimeout(this.retryTimer);
    this.underWay?.haveTried();
    // A batch that ends the thread each time must not be tried for ever.
    if (hadStarted && this.underWay && this.underWay.attempts >= ATTEMPTS_MAX) this.giveUp(this.underWay, error);
    this.options.onError(error);
    this.retryTimer = setTimeout(() => this.spawn(), hadStarted ? RETRY_MIN_MS : backoffMs(this.failedStarts++));
  }
}

function post(worker: Worker, message: ToMaintenanceWorker): void {
  worker.postMessage(message);
}

function backoffMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures);
}
