/**
 * The threads that a server has all its life, and the lock of the directory that they work in. They are started before the
 * main thread loads what it needs for HTTP and for samples, so that all of them load their modules side by side.
 */
import os from 'node:os';
import path from 'node:path';
import { DEFAULT_CATALOGUE_LIMITS } from '../catalogue/catalogue-writer.js';
import { thisMachine } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { systemClock } from '../io/clock.js';
import { prepareDataDirectory } from '../io/data-directory.js';
import { DirLock } from '../io/dir-lock.js';
import { NodeDisk } from '../io/node-disk.js';
import type { Logger } from '../telemetry/logger.js';
import { DEFAULT_QUEUE_LIMITS } from '../threads/catalogue-queue.js';
import { MaintenanceClient } from '../threads/maintenance-client.js';
import { queryMemory } from '../threads/query-memory.js';
import { QueryPool, queryWorkerCount } from '../threads/query-pool.js';
import { loadCodecModule, loadKernelModule } from '../tsdb/kernel-loader.js';

const MIB = 1024 * 1024;
export const CATALOGUE_BATCH_MS = 100;
/** A query that does not notice its end within this loses its thread. */
const STOP_GRACE_MS = 5_000;

/** What is there, or on its way, before anything is read. */
export interface Foundation {
  readonly disk: NodeDisk;
  readonly lock: DirLock;
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
  readonly catalogueFile: string;
  /** Resolves when the catalogue is open. */
  readonly maintenance: Promise<MaintenanceClient>;
  /** Resolves when all threads can take queries. */
  readonly queries: Promise<QueryPool>;
}

/** @throws DirLockError, or the error of the disk, if the data directory cannot be used */
export async function layFoundation(config: Config, logger: Logger): Promise<Foundation> {
  const { storage } = config;
  const disk = new NodeDisk();
  prepareDataDirectory(storage.tsdb.path);
  const lock = await DirLock.acquire(disk, storage.tsdb.path, systemClock);
  lock.watch((held) => {
    if (held) logger.info('the data directory is back; samples are accepted again');
    else logger.error(`the data directory ${storage.tsdb.path} was removed or replaced: nothing is accepted until it is back`);
  });
  const catalogueFile = path.join(storage.tsdb.path, 'catalogue.sqlite');
  const kernels = loadKernelModule();
  const codec = loadCodecModule();
  const maintenance = MaintenanceClient.start({
    catalogueFile,
    catalogueLimits: {
      ...DEFAULT_CATALOGUE_LIMITS,
      maxExemplars: storage.exemplars.max_exemplars,
      maxExemplarsPerSeries: storage.exemplars.max_exemplars_per_series,
      outOfOrderWindowMs: storage.tsdb.out_of_order_time_window_ms,
    },
    queueLimits: DEFAULT_QUEUE_LIMITS,
    batchDelayMs: CATALOGUE_BATCH_MS,
    onError: (error) => logger.error(`catalogue: ${error.message}`),
  });
  const queries = startQueries(config, kernels, codec, catalogueFile, logger, maintenance);
  // Whoever awaits them gets the error; until then it is no unhandled one.
  for (const starting of [maintenance, queries]) starting.catch(() => undefined);
  return { disk, lock, kernels, codec, catalogueFile, maintenance, queries };
}

/** The threads that answer queries. They read the catalogue, which is there once the maintenance worker has opened it. */
function startQueries(
  config: Config, kernels: WebAssembly.Module, codec: WebAssembly.Module, catalogueFile: string, logger: Logger,
  begin: Promise<unknown>,
): Promise<QueryPool> {
  const { storage, query, global, features } = config;
  const shortWorkers = query.short_workers;
  const workers = queryWorkerCount(query.workers, os.availableParallelism(), shortWorkers);
  return QueryPool.start({
    workers,
    shortWorkers,
    // Each takes a tenth of a second of processor time, which a start needs for the log.
    startAtOnce: 1,
    begin,
    maxConcurrent: query.max_concurrency,
    maxQueued: query.queue_size,
    heapMib: workerHeapMib(workers + shortWorkers),
    stopGraceMs: STOP_GRACE_MS,
    onWorkerLost: (error) => logger.error(`query worker ended: ${error.message}`),
    settings: {
      kernels,
      blocks: { codec, cacheBytes: storage.block.cache_size_bytes },
      catalogueFile,
      engine: {
        lookbackDeltaMs: query.lookback_delta_ms,
        maxSamples: query.max_samples,
        maxSeries: query.max_series,
        defaultEvaluationIntervalMs: global.evaluation_interval_ms,
        enableDelayedNameRemoval: features.promql_delayed_name_removal,
        enableExperimentalFunctions: features.promql_experimental_functions,
        enableTypeAndUnitLabels: features.type_and_unit_labels,
        useStartTimestamps: features.use_start_timestamps,
        enablePerStepStats: features.promql_per_step_stats,
      },
      resultCacheBytes: query.result_cache_size_bytes,
      memory: queryMemory(query.max_memory_bytes, Math.min(workers + shortWorkers, query.max_concurrency)),
      limits: {
        maxPointsPerSeries: query.max_points_per_series,
        maxResponseBytes: query.max_response_size_bytes,
        readSampleLimit: storage.remote.read_sample_limit,
        readFrameBytes: storage.remote.read_max_bytes_in_frame_bytes,
        lookbackDeltaMs: query.lookback_delta_ms,
      },
      externalLabels: global.external_labels,
      searchApi: features.search_api,
    },
  });
}

/** Results lie outside of the JavaScript heap; what a worker has there is label sets. A quarter of the memory for all workers. */
export function workerHeapMib(workers: number): number {
  const share = thisMachine().memoryBytes / 4 / workers / MIB;
  return Math.round(Math.min(4096, Math.max(256, share)));
}
