import { Worker } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import { BlockError } from '../tsdb/block/block-error.js';
import type { BlockMeta } from '../tsdb/block/block-format.js';
import type { CompactJob } from '../tsdb/compact/compact-blocks.js';
import type { HeadDescriptor } from '../tsdb/head/descriptor.js';
import { heapLimits } from './heap-limits.js';
import type { BlockWorkerData, FromBlockWorker } from './messages.js';
import { BLOCK_READER_SLOT } from './query-pool.js';
import { workerEntry } from './worker-entry.js';

export interface BlockJobOptions {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
  /** Upper bound of a job's JavaScript heap: label values and the columns of one page. */
  readonly heapMib: number;
}

/**
 * The main thread's side of making blocks, each in a thread of its own. A thread that lives as long as its job gives all memory back at
 * its end, and neither queries nor the catalogue wait for it. Two jobs at a time at most: a head becomes a block at once, because it
 * takes memory; compacting and checking blocks can take minutes, wait for each other, and run at low priority beside it.
 */
export class BlockJobs {
  private readonly workers = new Set<Worker>();
  private sealing = false;
  private background: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: BlockJobOptions) {}

  /** Threads there are. */
  get running(): number {
    return this.workers.size;
  }

  /** Writes the block of a head to `file`. @throws Error with what went wrong; the file is of no use then */
  async seal(head: HeadDescriptor, file: string): Promise<BlockMeta> {
    invariant(!this.sealing, 'one head at a time becomes a block');
    const { kernels, codec } = this.options;
    this.sealing = true;
    try {
      return await this.run({ kind: 'seal', kernels, codec, head, readerSlot: BLOCK_READER_SLOT, file });
    } finally {
      this.sealing = false;
    }
  }

  /** Writes one block of several to `file`. @throws BlockError if one of them is damaged, Error; the file is of no use then */
  compact(parents: CompactJob['parents'], header: CompactJob['header'], file: string): Promise<BlockMeta> {
    return this.inBackground({ kind: 'compact', codec: this.options.codec, parents, header, file });
  }

  /** Reads all of a block. @throws BlockError that says what is damaged */
  verify(file: string): Promise<BlockMeta> {
    return this.inBackground({ kind: 'verify', codec: this.options.codec, file });
  }

  /** Ends the jobs under way: they are begun anew at the next start. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
  }

  private inBackground(workerData: BlockWorkerData): Promise<BlockMeta> {
    const job = this.background.then(() => this.run(workerData));
    // The next one waits for the end of this one, however it ends.
    this.background = job.catch(() => undefined);
    return job;
  }

  private async run(workerData: BlockWorkerData): Promise<BlockMeta> {
    if (this.closed) throw new Error('the server is stopping');
    const worker = new Worker(workerEntry('block-worker'), {
      workerData, name: `narthex-${workerData.kind}`, resourceLimits: heapLimits(this.options.heapMib),
    });
    this.workers.add(worker);
    try {
      const answer = await new Promise<FromBlockWorker>((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
      });
      switch (answer.kind) {
        case 'done':
          return answer.meta;
        case 'damaged':
          throw new BlockError(answer.code, answer.file, answer.detail);
        case 'failed':
          throw new Error(answer.message);
      }
    } finally {
      await worker.terminate();
      this.workers.delete(worker);
    }
  }
}
