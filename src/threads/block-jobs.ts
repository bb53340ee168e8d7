import { Worker } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import type { BlockMeta } from '../tsdb/block/block-format.js';
import type { HeadDescriptor } from '../tsdb/head/descriptor.js';
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
 * The main thread's side of making blocks: one job at a time, each in a thread of its own. A thread that lives as long as its job
 * gives all memory back at its end, and neither queries nor the catalogue wait for it.
 */
export class BlockJobs {
  private worker: Worker | undefined;
  private closed = false;

  constructor(private readonly options: BlockJobOptions) {}

  /** Writes the block of a head to `file`. @throws Error with what went wrong; the file is of no use then */
  async seal(head: HeadDescriptor, file: string): Promise<BlockMeta> {
    invariant(!this.worker, 'one block at a time');
    if (this.closed) throw new Error('the server is stopping');
    const { kernels, codec, heapMib } = this.options;
    const workerData: BlockWorkerData = { kernels, codec, head, readerSlot: BLOCK_READER_SLOT, file };
    const worker = new Worker(workerEntry('block-worker'), {
      workerData, name: 'narthex-block', resourceLimits: { maxOldGenerationSizeMb: heapMib },
    });
    this.worker = worker;
    try {
      const answer = await new Promise<FromBlockWorker>((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)));
      });
      if (answer.kind === 'failed') throw new Error(answer.message);
      return answer.meta;
    } finally {
      await worker.terminate();
      this.worker = undefined;
    }
  }

  /** Ends a job under way: it is begun anew at the next start. */
  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }
}
