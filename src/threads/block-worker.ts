/** Entry of a thread that makes one block and ends: what it read of the head's memory goes with it. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../invariant.js';
import { NodeDisk } from '../io/node-disk.js';
import { sealHead } from '../tsdb/compact/seal-head.js';
import type { BlockWorkerData, FromBlockWorker } from './messages.js';

const port = parentPort;
invariant(port, 'block-worker runs in a worker thread');
const job: BlockWorkerData = workerData;

function run(): FromBlockWorker {
  try {
    return { kind: 'sealed', meta: sealHead(new NodeDisk(), job) };
  } catch (error) {
    // Posted as data, because an exception that leaves a thread loses its class.
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

port.postMessage(run());
