/** Entry of the maintenance worker: owns the catalogue's write connection. */
import { parentPort, workerData } from 'node:worker_threads';
import { CatalogueError } from '../catalogue/catalogue-error.js';
import { CatalogueWriter } from '../catalogue/catalogue-writer.js';
import { invariant } from '../invariant.js';
import type { FromMaintenanceWorker, MaintenanceWorkerData, ToMaintenanceWorker } from './messages.js';

const port = parentPort;
invariant(port, 'maintenance-worker runs in a worker thread');
const data: MaintenanceWorkerData = workerData;

const catalogue = openCatalogue();
if (catalogue) {
  port.on('message', (message: ToMaintenanceWorker) => {
    switch (message.kind) {
      case 'catalogue':
        post(write(catalogue, message));
        break;
      case 'expire':
        expire(catalogue, message.beforeMs);
        break;
      case 'stop':
        catalogue.close();
        port.close();
        break;
    }
  });
  post({ kind: 'ready' });
}

function post(message: FromMaintenanceWorker): void {
  port!.postMessage(message);
}

function openCatalogue(): CatalogueWriter | undefined {
  try {
    return CatalogueWriter.open(data.catalogueFile, data.catalogueLimits);
  } catch (error) {
    // Posted as data, because an exception that leaves a thread loses its class.
    if (!(error instanceof CatalogueError)) throw error;
    post({ kind: 'unusable', code: error.code, file: error.file, message: error.message });
    return undefined;
  }
}

function expire(writer: CatalogueWriter, beforeMs: number): void {
  try {
    writer.expireExemplars(beforeMs);
  } catch (error) {
    post({ kind: 'not_expired', message: messageOf(error) });
  }
}

function write(writer: CatalogueWriter, { sequence, batch }: Extract<ToMaintenanceWorker, { kind: 'catalogue' }>): FromMaintenanceWorker {
  try {
    return { kind: 'written', sequence, counts: writer.apply(batch) };
  } catch (error) {
    // A full or failing disk, mostly. The main thread decides whether it sends the batch again.
    return { kind: 'failed', sequence, message: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
