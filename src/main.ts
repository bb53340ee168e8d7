/**
 * Wiring only: configuration -> sockets -> store -> query workers -> ready, and all of it backwards at the end.
 * Sockets come first, so that health checks and the replay status answer while the log is read.
 */
import os from 'node:os';
import path from 'node:path';
import type { ApiEndpoint } from './api/contract.js';
import { badData } from './api/error-types.js';
import { CatalogueReader } from './catalogue/catalogue-reader.js';
import { DEFAULT_CATALOGUE_LIMITS } from './catalogue/catalogue-writer.js';
import { parseListenAddress } from './config/checks.js';
import { ConfigError } from './config/config-error.js';
import { ingestSettings, otlpSettings } from './config/ingest-settings.js';
import { loadConfig, thisMachine, type LoadedConfig } from './config/load.js';
import type { Config } from './config/schema.js';
import { NARTHEX_VERSION } from './config/version.js';
import type { AdminStore, HttpDeps, WireCodecs } from './http/deps.js';
import { OtlpListeners } from './grpc/otlp-listeners.js';
import { HttpMetrics } from './http/http-metrics.js';
import { httpOptions } from './http/http-options.js';
import { IngestGate } from './http/ingest-gate.js';
import { Listener } from './http/listener.js';
import { Notifications } from './http/notifications.js';
import { Readiness } from './http/readiness.js';
import { buildServer } from './http/server.js';
import { API_VERSION, ServerStatus } from './http/server-status.js';
import { explainOtlp, explainWrite } from './ingest/dry-run.js';
import { HaTracker } from './ingest/ha-tracker.js';
import { Ingester } from './ingest/ingester.js';
import { limitedLabelRun, plainLabelBytes } from './ingest/label-limits.js';
import { OtlpTranslator } from './ingest/otlp-translate.js';
import { SeriesPolicy } from './ingest/series-policy.js';
import { invariant } from './invariant.js';
import { systemClock } from './io/clock.js';
import { prepareDataDirectory } from './io/data-directory.js';
import { DirLock } from './io/dir-lock.js';
import { NodeDisk } from './io/node-disk.js';
import { Relabeling } from './model/relabel.js';
import type { CatalogueSink } from './storage/catalogue-sink.js';
import { countBlockJob, setBlockFigures } from './telemetry/block-metrics.js';
import { CONTENT_TYPES, negotiateFormat, renderMetrics } from './telemetry/exposition.js';
import { createLogger, type Logger } from './telemetry/logger.js';
import { MetricsRegistry } from './telemetry/metrics.js';
import { registerProcessMetrics } from './telemetry/process-metrics.js';
import { selfMetricsJson } from './telemetry/self-metrics.js';
import { createServerMetrics, registerBuildInfo, type ServerMetrics } from './telemetry/server-metrics.js';
import { DEFAULT_QUEUE_LIMITS } from './threads/catalogue-queue.js';
import { AdminJobs } from './threads/admin-jobs.js';
import { BlockJobs } from './threads/block-jobs.js';
import { collectGarbage } from './threads/collect-garbage.js';
import { MaintenanceClient } from './threads/maintenance-client.js';
import { QueryPool, queryWorkerCount } from './threads/query-pool.js';
import type { Administration } from './tsdb/administration.js';
import { Db } from './tsdb/db.js';
import { kernelArenaFormat, loadCodecModule, loadKernelModule } from './tsdb/kernel-loader.js';
import { decodeOtlp } from './wire/otlp-decode.js';
import { decodeWrite } from './wire/remote-write.js';
import { encodeExportResponse, encodeStatus } from './wire/otlp-response.js';
import { decodeLabelRun } from './wire/label-run.js';
import { uncompressBlock } from './wire/snappy.js';

const MIB = 1024 * 1024;
/**
 * How long a shutdown waits for requests and queries in flight. With `storage.head.snapshot_timeout` behind it as much as Docker waits
 * before it kills; Kubernetes waits 30 s, systemd 90 s.
 */
const DRAIN_MS = 5_000;
const CATALOGUE_FLUSH_MS = 5_000;
/** A query that does not notice its end within this loses its thread. */
const STOP_GRACE_MS = 5_000;
const CATALOGUE_BATCH_MS = 100;
const READS_CATALOGUE: ReadonlySet<ApiEndpoint> = new Set<ApiEndpoint>(['query_exemplars', 'metadata']);

/** Everything that opens after the sockets. */
interface Store {
  readonly db: Db;
  readonly maintenance: MaintenanceClient;
  readonly queries: QueryPool;
  readonly blockJobs: BlockJobs;
  readonly adminJobs: AdminJobs;
  readonly ingester: Ingester;
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  // Flags begin with a hyphen, so that a word is a command and never a mistyped flag.
  if (argv[0] === 'translate') {
    const { translateCommand } = await import('./tools/translate.js');
    process.exitCode = await translateCommand(argv.slice(1), process.env);
    return;
  }
  if (argv[0] === 'inspect' || argv[0] === 'verify' || argv[0] === 'dump' || argv[0] === 'import') {
    const { dataCommand } = await import('./tools/data/commands.js');
    process.exitCode = await dataCommand(argv[0], argv.slice(1));
    return;
  }
  const loaded = readConfiguration(argv);
  if (loaded.printAndExit !== undefined) {
    process.stdout.write(loaded.printAndExit);
    return;
  }
  const { config } = loaded;
  const logger = createLogger(config.log);
  for (const warning of loaded.warnings) logger.warn(warning);

  const registry = new MetricsRegistry();
  const metrics = createServerMetrics(registry);
  registerProcessMetrics(registry);
  const status = new ServerStatus(loaded, () => systemClock.nowMs());
  registerBuildInfo(registry, { apiVersion: API_VERSION, version: NARTHEX_VERSION, revision: status.buildInfo().revision });

  const readiness = new Readiness();
  const notifications = new Notifications(() => systemClock.nowMs(), config.web.max_notifications_subscribers);
  notifications.set('starting', true);
  const { max_in_flight_requests: maxRequests, max_in_flight_bytes_bytes: maxBytes } = config.limits;
  const gate = new IngestGate({ maxRequests, maxBytes });
  let otlp = otlpSettings(config);
  let translator = new OtlpTranslator(otlp);
  let store: Store | undefined;
  let lock: DirLock | undefined;
  let listener: Listener | undefined;
  let otlpListeners: OtlpListeners | undefined;
  // The readiness gate keeps requests out while there is no store.
  const opened = (): Store => {
    invariant(store, 'a request came before the store was open');
    return store;
  };

  const deps: HttpDeps = {
    options: httpOptions(config),
    logger,
    clock: systemClock,
    readiness,
    gate,
    ingestion: {
      remoteWriteV1: (body) => opened().ingester.remoteWriteV1(body),
      remoteWriteV2: (body) => opened().ingester.remoteWriteV2(body),
      otlp: (body) => opened().ingester.otlp(body),
      append: (batch, source) => opened().ingester.append(batch, source),
      judge: (batch) => opened().ingester.judge(batch),
    },
    queries: {
      run: async (request, signal) => {
        const { queries, maintenance } = opened();
        // Whoever was acknowledged shall find it: what waits for the catalogue's next write goes first.
        // A failed write has been reported where it happened; the query answers with what there is.
        if (READS_CATALOGUE.has(request.endpoint)) await maintenance.flush().catch(() => undefined);
        return queries.run(request, signal);
      },
    },
    admin: adminStore(() => opened().db.administration),
    codecs: wireCodecs(() => translator),
    dryRun: {
      otlp: (body, encoding) => explainOtlp(decodeOtlp(body, encoding), otlp, deps.ingestion),
      remoteWrite: (message, version) => explainWrite(decodeWrite(message, version, ingestSettings(config)), version, deps.ingestion),
    },
    status,
    lifecycle: {
      reload: async () => {
        const again = reloadConfiguration(argv, config, logger, status, metrics, notifications);
        otlp = otlpSettings(again);
        translator = new OtlpTranslator(otlp);
        logger.level = again.log.level;
      },
      quit: () => shutdown.begin('a request to /-/quit'),
    },
    observer: new HttpMetrics(metrics),
    notifications,
    blocks: () => opened().db.blockSummaries(),
    selfMetrics: (pattern) => {
      try {
        return selfMetricsJson(registry, pattern);
      } catch (error) {
        if (error instanceof RangeError) throw badData(error.message);
        throw error;
      }
    },
    ownMetrics: (accept) => {
      const format = negotiateFormat(accept);
      return { contentType: CONTENT_TYPES[format], body: renderMetrics(registry, format) };
    },
  };
  registry.onCollect(() => collectGauges(metrics, gate, store));
  noteReload(metrics, true);

  const shutdown = new Shutdown(logger, async () => {
    readiness.stop();
    notifications.set('stopping', true);
    notifications.close();
    await drain([listener, otlpListeners], logger);
    await store?.queries.close(0);
    const idle = store?.db.stopUpkeep();
    await store?.blockJobs.close();
    await store?.adminJobs.close();
    await idle;
    await Promise.all([store?.maintenance.close(CATALOGUE_FLUSH_MS), store?.db.close()]);
    lock?.release();
  });
  process.on('SIGTERM', () => shutdown.begin('SIGTERM'));
  process.on('SIGINT', () => shutdown.begin('SIGINT'));
  process.on('SIGHUP', () => void deps.lifecycle.reload().catch(() => undefined));

  try {
    const app = buildServer(deps);
    await app.ready();
    listener = await Listener.open(app, listenAddresses(config));
    const { addresses } = listener;
    const disk = new NodeDisk();
    prepareDataDirectory(config.storage.tsdb.path);
    lock = await DirLock.acquire(disk, config.storage.tsdb.path, systemClock);
    // Side by side: the doors for OTLP load a library, and the store waits for threads.
    const opening = openStore(config, disk, logger, readiness, metrics, () => translator);
    const doors = OtlpListeners.open(config.otlp, listenAddresses(config), deps).then((open) => {
      otlpListeners = open;
      const { grpcAddress = 'off', httpAddress = 'off' } = open;
      logger.info({
        version: NARTHEX_VERSION, addresses, otlp_grpc: grpcAddress, otlp_http: httpAddress, node: process.versions.node,
      }, 'narthex is listening');
    });
    [store] = await Promise.all([opening, doors]);
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    logger.debug({ err: error }, 'start failed');
    for (const open of [listener, otlpListeners]) {
      open?.closeAllConnections();
      await open?.close();
    }
    lock?.release();
    process.exit(1);
  }
  if (shutdown.begun) return;
  readiness.becomeReady();
  notifications.set('starting', false);
  announce(config, listener, deps.options.routePrefix, logger);
}

// ---- Configuration ------------------------------------------------------------------------------------------------------

function readConfiguration(argv: readonly string[]): LoadedConfig {
  try {
    return loadConfig(argv, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`narthex cannot start:\n${error.message}`);
    process.exit(2);
  }
}

/**
 * Reads the configuration again. What can change while running does (translation of OTLP, log level); for the rest a
 * warning names the sections that need a restart. @throws ConfigError, and everything stays as it was
 */
function reloadConfiguration(
  argv: readonly string[], started: Config, logger: Logger, status: ServerStatus, metrics: ServerMetrics, notifications: Notifications,
): Config {
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig(argv, process.env);
  } catch (error) {
    status.reloaded(undefined);
    noteReload(metrics, false);
    notifications.set('reloadFailed', true);
    logger.error({ err: error }, 'the configuration was not reloaded');
    throw error;
  }
  status.reloaded(loaded);
  noteReload(metrics, true);
  notifications.set('reloadFailed', false);
  const fixed = ['global', 'ingest', 'storage', 'wal', 'query', 'limits', 'web', 'features'] as const;
  const changed: string[] = fixed.filter((section) => JSON.stringify(loaded.config[section]) !== JSON.stringify(started[section]));
  for (const key of ['grpc_listen_address', 'http_listen_address'] as const) {
    if (loaded.config.otlp[key] !== started.otlp[key]) changed.push(`otlp.${key}`);
  }
  if (changed.length > 0) logger.warn({ sections: changed }, 'changes in these sections take effect at the next start');
  logger.info('configuration reloaded');
  return loaded.config;
}

function noteReload(metrics: ServerMetrics, succeeded: boolean): void {
  metrics.configLastReloadSuccessful.with().set(succeeded ? 1 : 0);
  if (succeeded) metrics.configLastReloadTime.with().set(systemClock.nowMs() / 1000);
}

function listenAddresses({ web }: Config): { host: string; port: number }[] {
  return web.listen_address.map((text) => {
    const address = parseListenAddress(text);
    invariant(address, `listen address ${text} passed the checks`);
    return address;
  });
}

function adminStore(administration: () => Administration): AdminStore {
  return {
    deleteSeries: (matcherSets, startMs, endMs) => administration().deleteSeries(matcherSets, startMs, endMs),
    cleanTombstones: () => administration().cleanTombstones(),
    snapshot: (skipHead) => administration().snapshot(!skipHead),
    flush: () => administration().flush(),
  };
}

function wireCodecs(translator: () => OtlpTranslator): WireCodecs {
  return {
    uncompressBlock,
    decodeOtlp: (bytes, encoding) => translator().translate(decodeOtlp(bytes, encoding)),
    encodeExportResponse: (partial, encoding) => encodeExportResponse(encoding, partial),
    encodeStatus: ({ code, message }, encoding) => encodeStatus(encoding, code, message),
  };
}

// ---- Store --------------------------------------------------------------------------------------------------------------

async function openStore(
  config: Config, disk: NodeDisk, logger: Logger, readiness: Readiness, metrics: ServerMetrics, otlpTranslator: () => OtlpTranslator,
): Promise<Store> {
  const { storage, limits, wal } = config;
  const kernels = loadKernelModule();
  const catalogueFile = path.join(storage.tsdb.path, 'catalogue.sqlite');
  const starting = MaintenanceClient.start({
    catalogueFile,
    catalogueLimits: {
      ...DEFAULT_CATALOGUE_LIMITS,
      maxExemplars: storage.exemplars.max_exemplars,
      outOfOrderWindowMs: storage.tsdb.out_of_order_time_window_ms,
    },
    queueLimits: DEFAULT_QUEUE_LIMITS,
    batchDelayMs: CATALOGUE_BATCH_MS,
    onError: (error) => logger.error(`catalogue: ${error.message}`),
  });

  const codec = loadCodecModule();
  const adminJobs = new AdminJobs({ kernels, codec, catalogueFile, heapMib: workerHeapMib(1) });
  const queriesStarting = starting.then(() => startQueries(config, kernels, codec, catalogueFile, logger));
  const blockJobs = new BlockJobs({ kernels, codec, heapMib: workerHeapMib(1) });
  const settings = ingestSettings(config);
  const opening = Db.open({
    directory: storage.tsdb.path,
    headRangeMs: storage.head.range_ms,
    maxHeads: storage.head.max_open,
    maxAdminRequests: config.web.max_admin_requests,
    retentionBytes: storage.tsdb.retention.size_bytes,
    maxBlockMs: storage.tsdb.max_block_duration_ms,
    scrubIntervalMs: storage.block.scrub_interval_ms,
    maxSeriesPerHead: storage.head.max_series,
    seriesLimits: {
      perMetric: limits.max_series_per_metric, perSender: limits.max_series_per_sender, senderLabel: limits.sender_label,
    },
    maxPlainLabel: plainLabelBytes(settings),
    headMemoryBytes: storage.head.memory_bytes,
    headCloseAt: storage.head.close_at / 100,
    headCloseMinAgeMs: storage.head.close_min_age_ms,
    outOfOrderWindowMs: storage.tsdb.out_of_order_time_window_ms,
    maxFutureMs: limits.max_future_ms,
    keepStarts: config.features.st_storage,
    retentionMs: storage.tsdb.retention.time_ms,
    maxDecodedBytes: limits.max_decoded_body_size_bytes,
    sync: { mode: wal.sync, intervalMs: wal.sync_interval_ms },
    logSegmentBytes: wal.segment_size_bytes,
    ...(storage.head.snapshot ? { headSnapshots: { arenaFormat: kernelArenaFormat(), timeoutMs: storage.head.snapshot_timeout_ms } } : {}),
  }, {
    disk,
    clock: systemClock,
    module: kernels,
    decodeLabelRun: limitedLabelRun(decodeLabelRun, settings),
    codec,
    adminWork: {
      match: (...wanted) => adminJobs.match(...wanted),
      rewrite: (...wanted) => adminJobs.rewrite(...wanted),
      copyCatalogue: async (file) => {
        await maintenance.flush();
        await adminJobs.copyCatalogue(file);
      },
    },
    sealHead: (head, file) => blockJobs.seal(head, file),
    compactBlocks: (parents, header, file) => blockJobs.compact(parents, header, file),
    verifyBlock: (file) => blockJobs.verify(file),
    onBlockJob: (done) => countBlockJob(metrics.block, done),
    report: (level, message) => logger[level](message),
    onClosedEarly: (reason) => metrics.headsClosedEarly.with(reason).inc(),
    onSeriesRefused: (limit) => metrics.seriesRefused.with(limit).inc(),
  }, ({ headsDone, headsTotal, bytesDone, bytesTotal }) => {
    // Hundredths of a head, since most of the time there are one or two.
    const within = bytesTotal > 0 ? Math.floor((100 * bytesDone) / bytesTotal) : 0;
    readiness.replay = { min: 0, max: headsTotal * 100, current: Math.min(headsTotal * 100, headsDone * 100 + within) };
  });
  // The threads start while the log is read: they need the catalogue, and the heads only when they are told of them.
  const [maintenance, queries, db] = await Promise.all([starting, queriesStarting, opening]);
  for (const { level, text } of db.openReport.notes) logger[level](text);
  const { heads, restored, samples, logBytes } = db.openReport;
  logger.info({ heads, restored, samples, logBytes }, 'log replayed');

  db.announceHeads((descriptors) => queries.setHeads(descriptors), async (id) => {
    await queries.whenReleased(id);
    // This thread's own references go right after; their memory comes back only when they are collected.
    systemClock.after(CATALOGUE_BATCH_MS, collectGarbage);
  });

  const catalogue = CatalogueReader.open(catalogueFile);
  const ha = haTracker(config, maintenance, metrics, logger);
  ha?.restore(catalogue.haElections());
  const policy = new SeriesPolicy({
    ...(ha ? { ha } : {}), relabeling: new Relabeling(config.ingest.relabel_configs), maxRemembered: config.ingest.relabel_memory,
  });
  const inForce = policy.isOff ? undefined : policy;
  const nowMs = (): number => systemClock.nowMs();
  const ingester = new Ingester(db, maintenance, settings, nowMs, otlpTranslator, inForce, (protocol, { dropped, deduplicated }) => {
    metrics.ingestDropped.with(protocol, 'relabel').inc(dropped.samples + dropped.histograms);
    metrics.ingestDropped.with(protocol, 'ha_replica').inc(deduplicated.samples + deduplicated.histograms);
    if (ha) metrics.haClusters.with().set(ha.size);
  });
  ingester.rememberMetadata([...catalogue.metadata('', 0, 1).values()].flat());
  catalogue.close();
  return { db, maintenance, queries, blockJobs, adminJobs, ingester };
}

/** The threads that answer queries. The maintenance worker has opened the catalogue before. */
function startQueries(
  config: Config, kernels: WebAssembly.Module, codec: WebAssembly.Module, catalogueFile: string, logger: Logger,
): Promise<QueryPool> {
  const { storage, query, global, features } = config;
  const shortWorkers = query.short_workers;
  const workers = queryWorkerCount(query.workers, os.availableParallelism(), shortWorkers);
  return QueryPool.start({
    workers,
    shortWorkers,
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
      },
      resultCacheBytes: query.result_cache_size_bytes,
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

function haTracker({ ingest: { ha } }: Config, catalogue: CatalogueSink, metrics: ServerMetrics, logger: Logger): HaTracker | undefined {
  if (!ha.enabled) return undefined;
  return new HaTracker({
    clusterLabel: ha.cluster_label,
    replicaLabel: ha.replica_label,
    updateTimeoutMs: ha.update_timeout_ms,
    failoverTimeoutMs: ha.failover_timeout_ms,
    maxClusters: ha.max_clusters,
  }, (elections) => catalogue.haElections(elections), (cluster, replica) => {
    metrics.haFailovers.with().inc();
    logger.warn({ cluster, replica }, 'another replica was elected: the one before was silent');
  });
}

/** Results lie outside of the JavaScript heap; what a worker has there is label sets. A quarter of the memory for all workers. */
function workerHeapMib(workers: number): number {
  const share = thisMachine().memoryBytes / 4 / workers / MIB;
  return Math.round(Math.min(4096, Math.max(256, share)));
}

function collectGauges(metrics: ServerMetrics, gate: IngestGate, store: Store | undefined): void {
  metrics.ingestInFlightRequests.with().set(gate.inFlightRequests);
  metrics.ingestInFlightBytes.with().set(gate.inFlightBytes);
  if (!store) return;
  const { running, queued } = store.queries.stats();
  metrics.queriesRunning.with().set(running);
  metrics.queriesQueued.with().set(queued);
  const figures = store.db.stats();
  const { series, heads, closedHeads, usedBytes, memoryBytes, isStarved } = figures;
  setBlockFigures(metrics.block, figures);
  metrics.headSeries.with().set(series);
  metrics.heads.with().set(heads);
  metrics.headsClosed.with().set(closedHeads);
  metrics.headBytesMax.with().set(memoryBytes);
  metrics.headsStarved.with().set(isStarved ? 1 : 0);
  metrics.headBytes.with().set(usedBytes);
}

// ---- Beginning and end ----------------------------------------------------------------------------------------------------

function announce({ web }: Config, listener: Listener, routePrefix: string, logger: Logger): void {
  const address = listener.addresses[0]!.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost');
  const base = web.external_url === '' ? `http://${address}${routePrefix}` : `${web.external_url.replace(/\/+$/, '')}/`;
  logger.info({
    remote_write: `${base}api/v1/write`,
    otlp: `${base}api/v1/otlp/v1/metrics`,
    grafana_data_source: base,
  }, 'Server is ready to receive web requests.');
}

/** Waits for requests in flight, and breaks their connections if they take too long. */
async function drain(listeners: readonly (Listener | OtlpListeners | undefined)[], logger: Logger): Promise<void> {
  const late = systemClock.after(DRAIN_MS, () => {
    logger.warn(`requests are still in flight after ${DRAIN_MS} ms, closing their connections`);
    for (const listener of listeners) listener?.closeAllConnections();
  });
  await Promise.all(listeners.map((listener) => listener?.close()));
  late.cancel();
}

/** The orderly end, once; a second signal ends the process at once. */
class Shutdown {
  begun = false;

  constructor(private readonly logger: Logger, private readonly end: () => Promise<void>) {}

  begin(reason: string): void {
    if (this.begun) {
      this.logger.warn(`${reason} while stopping: ending at once`);
      process.exit(1);
    }
    this.begun = true;
    this.logger.info(`stopping because of ${reason}`);
    this.end().then(() => {
      this.logger.info('stopped');
      process.exit(0);
    }, (error: unknown) => {
      this.logger.fatal({ err: error }, 'the shutdown failed');
      process.exit(1);
    });
  }
}

await main();
