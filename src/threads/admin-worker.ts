/** Entry of a thread that does one job of the admin API and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { backupCatalogue } from '../catalogue/backup.js';
import { invariant } from '../invariant.js';
import { NodeDisk } from '../io/node-disk.js';
import { rewriteBlock } from '../tsdb/compact/rewrite-block.js';
import { matchSeries } from '../tsdb/match-series.js';
import type { AdminJob, FromAdminWorker } from './messages.js';

const port = parentPort;
invariant(port, 'admin-worker runs in a worker thread');

async function run(job: AdminJob): Promise<FromAdminWorker> {
  try {
    switch (job.kind) {
      case 'match':
        return { kind: 'matched', result: matchSeries(job) };
      case 'rewrite':
        return { kind: 'rewritten', meta: rewriteBlock(new NodeDisk(), job) };
      case 'catalogue':
        await backupCatalogue(job.file, job.copy);
        return { kind: 'copied' };
    }
  } catch (error) {
    // Posted as data, because an exception that leaves a thread loses its class.
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

void run(workerData).then((answer) => port.postMessage(answer));
