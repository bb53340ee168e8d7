import { Worker } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import type { BlockMeta } from '../tsdb/block/block-format.js';
import type { AdminWork } from '../tsdb/administration.js';
import type { RewriteJob } from '../tsdb/compact/rewrite-block.js';
import type { BlockDescriptor, SourceDescriptor } from '../tsdb/head/descriptor.js';
import type { MatcherText, MatchResult } from '../tsdb/match-series.js';
import { heapLimits } from './heap-limits.js';
import type { AdminJob, FromAdminWorker } from './messages.js';
import { BLOCK_READER_SLOT } from './query-pool.js';
import { workerEntry } from './worker-entry.js';

export interface AdminJobOptions {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
  readonly catalogueFile: string;
  /** Upper bound of a job's JavaScript heap. */
  readonly heapMib: number;
}

/**
 * The heavy parts of the admin API: one job at a time, each in a thread of its own that ends with it. The store sees to it that no block
 * is made of a head meanwhile, so that both may use the same scratch slot.
 */
export class AdminJobs implements AdminWork {
  private worker: Worker | undefined;
  private closed = false;

  constructor(private readonly options: AdminJobOptions) {}

  async match(sources: readonly SourceDescriptor[], matcherSets: readonly (readonly MatcherText[])[], mint: number, maxt: number):
    Promise<MatchResult> {
    const { kernels, codec } = this.options;
    const answer = await this.run({ kind: 'match', kernels, codec, readerSlot: BLOCK_READER_SLOT, sources, matcherSets, mint, maxt });
    invariant(answer.kind === 'matched', `a match job answered ${answer.kind}`);
    return answer.result;
  }

  async rewrite(block: BlockDescriptor, header: RewriteJob['header'], file: string): Promise<BlockMeta> {
    const answer = await this.run({ kind: 'rewrite', codec: this.options.codec, block, header, file });
    invariant(answer.kind === 'rewritten', `a rewrite job answered ${answer.kind}`);
    return answer.meta;
  }

  async copyCatalogue(copy: string): Promise<void> {
    await this.run({ kind: 'catalogue', file: this.options.catalogueFile, copy });
  }

  private async run(job: AdminJob): Promise<FromAdminWorker> {
    invariant(!this.worker, 'one admin job at a time');
    if (this.closed) throw new Error('the server is stopping');
    const worker = new Worker(workerEntry('admin-worker'), {
      workerData: job, name: 'narthex-admin', resourceLimits: heapLimits(this.options.heapMib),
    });
    this.worker = worker;
    try {
      const answer = await new Promise<FromAdminWorker>((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
      });
      if (answer.kind === 'failed') throw new Error(answer.message);
      return answer;
    } finally {
      await worker.terminate();
      this.worker = undefined;
    }
  }

  /** Ends a job under way; whoever waits for it gets an error. */
  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }
}
