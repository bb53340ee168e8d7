/** Entry of a thread that makes or checks one block and ends: what it read of a head's memory goes with it. */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import { NodeDisk } from '../io/node-disk.js';
import { BlockError } from '../tsdb/block/block-error.js';
import type { BlockMeta } from '../tsdb/block/block-format.js';
import { compactBlocks } from '../tsdb/compact/compact-blocks.js';
import { sealHead } from '../tsdb/compact/seal-head.js';
import { verifyBlockFile } from '../tsdb/compact/verify-file.js';
import type { BlockWorkerData, FromBlockWorker } from './messages.js';

const port = parentPort;
invariant(port, 'block-worker runs in a worker thread');
const job: BlockWorkerData = workerData;

/** Linux counts niceness by thread. A head takes memory until it is a block; everything else can wait for requests. */
const NICENESS: Readonly<Record<BlockWorkerData['kind'], number>> = { seal: 0, compact: 10, verify: 19 };

function carryOut(): BlockMeta {
  switch (job.kind) {
    case 'seal':
      return sealHead(new NodeDisk(), job);
    case 'compact':
      return compactBlocks(new NodeDisk(), job);
    case 'verify':
      return verifyBlockFile(job);
  }
}

function run(): FromBlockWorker {
  try {
    // Elsewhere it would be the priority of the whole process.
    if (process.platform === 'linux' && NICENESS[job.kind] > 0) os.setPriority(NICENESS[job.kind]);
    return { kind: 'done', meta: carryOut() };
  } catch (error) {
    // Posted as data, because an exception that leaves a thread loses its class.
    if (error instanceof BlockError) return { kind: 'damaged', code: error.code, file: error.file, detail: error.detail };
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

port.postMessage(run());
