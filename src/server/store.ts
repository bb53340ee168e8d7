/** The store with everything around it: threads for queries and for blocks, the catalogue, the door for samples. */
import type { Config } from '../config/schema.js';
import { ingestSettings, intakeRules } from '../config/ingest-settings.js';
import type { Readiness } from '../http/readiness.js';
import { HaTracker } from '../ingest/ha-tracker.js';
import { Ingester } from '../ingest/ingester.js';
import { limitedLabelRun, plainLabelBytes } from '../ingest/label-limits.js';
import type { OtlpTranslator } from '../ingest/otlp-translate.js';
import { SeriesPolicy } from '../ingest/series-policy.js';
import { CatalogueReader } from '../catalogue/catalogue-reader.js';
import { systemClock } from '../io/clock.js';
import { Relabeling } from '../model/relabel.js';
import type { CatalogueSink } from '../storage/catalogue-sink.js';
import { countBlockJob } from '../telemetry/block-metrics.js';
import type { Logger } from '../telemetry/logger.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import { AdminJobs } from '../threads/admin-jobs.js';
import { BlockJobs } from '../threads/block-jobs.js';
import { collectGarbage } from '../threads/collect-garbage.js';
import type { MaintenanceClient } from '../threads/maintenance-client.js';
import type { QueryPool } from '../threads/query-pool.js';
import { Db } from '../tsdb/db.js';
import { kernelArenaFormat } from '../tsdb/kernel-loader.js';
import { decodeLabelRun } from '../wire/label-run.js';
import { CATALOGUE_BATCH_MS, workerHeapMib, type Foundation } from './foundation.js';

export interface Store {
  readonly db: Db;
  readonly maintenance: MaintenanceClient;
  readonly queries: QueryPool;
  readonly blockJobs: BlockJobs;
  readonly adminJobs: AdminJobs;
  readonly ingester: Ingester;
  /** Takes what can change while the server runs from a configuration that was loaded again; `server/reload` says what that is. */
  readonly adopt: (config: Config) => void;
}

/**
 * Replays the log, tells the query threads of the heads and blocks, and makes the door for samples.
 * @throws whatever keeps the store or one of the threads from opening
 */
export async function openStore(
  config: Config, foundation: Foundation, logger: Logger, readiness: Readiness, metrics: ServerMetrics,
  otlpTranslator: () => OtlpTranslator,
): Promise<Store> {
  const { storage, limits, wal } = config;
  const { disk, kernels, codec, catalogueFile } = foundation;
  const adminJobs = new AdminJobs({ kernels, codec, catalogueFile, heapMib: workerHeapMib(1) });
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
    ...intakeRules(config),
    maxPlainLabel: plainLabelBytes(settings),
    headMemoryBytes: storage.head.memory_bytes,
    headCloseAt: storage.head.close_at / 100,
    headCloseMinAgeMs: storage.head.close_min_age_ms,
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
    // Before the catalogue is open there is nothing to remove; if it cannot be opened, the start fails elsewhere.
    onExpired: (beforeMs) => void foundation.maintenance.then((opened) => opened.expireExemplars(beforeMs), () => undefined),
    onBlockJob: (done) => countBlockJob(metrics.block, done),
    report: (level, message) => logger[level](message),
    unusable: () => (foundation.lock.isHeld ? undefined
      : `the data directory ${storage.tsdb.path} was removed or replaced: samples are accepted when it is back, or after a restart`),
    onClosedEarly: (reason) => metrics.headsClosedEarly.with(reason).inc(),
    onSeriesRefused: (limit) => metrics.seriesRefused.with(limit).inc(),
  }, ({ headsDone, headsTotal, bytesDone, bytesTotal }) => {
    // Hundredths of a head, since most of the time there are one or two.
    const within = bytesTotal > 0 ? Math.floor((100 * bytesDone) / bytesTotal) : 0;
    readiness.replay = { min: 0, max: headsTotal * 100, current: Math.min(headsTotal * 100, headsDone * 100 + within) };
  });
  // The threads start while the log is read; they are told of the heads afterwards.
  const [maintenance, queries, db] = await Promise.all([foundation.maintenance, foundation.queries, opening]);
  for (const { level, text } of db.openReport.notes) logger[level](text);
  const { heads, restored, samples, logBytes } = db.openReport;
  logger.info({ heads, restored, samples, logBytes }, 'log replayed');

  db.announceHeads((descriptors) => queries.setHeads(descriptors), async (id) => {
    await queries.whenReleased(id);
    // This thread's own references go right after; their memory comes back only when they are collected.
    systemClock.after(CATALOGUE_BATCH_MS, collectGarbage);
  });

  const catalogue = CatalogueReader.open(catalogueFile);
  let ha = haTracker(config, maintenance, metrics, logger);
  ha?.restore(catalogue.haElections());
  let haSettings = JSON.stringify(config.ingest.ha);
  const policyFor = ({ ingest: { relabel_configs: rules, relabel_memory: maxRemembered } }: Config): SeriesPolicy | undefined => {
    const made = new SeriesPolicy({ ...(ha ? { ha } : {}), relabeling: new Relabeling(rules), maxRemembered });
    return made.isOff ? undefined : made;
  };
  let policy = policyFor(config);
  const nowMs = (): number => systemClock.nowMs();
  const ingester = new Ingester(db, maintenance, settings, nowMs, otlpTranslator, () => policy, (protocol, { dropped, deduplicated }) => {
    metrics.ingestDropped.with(protocol, 'relabel').inc(dropped.samples + dropped.histograms);
    metrics.ingestDropped.with(protocol, 'ha_replica').inc(deduplicated.samples + deduplicated.histograms);
    if (ha) metrics.haClusters.with().set(ha.size);
  });
  ingester.rememberMetadata([...catalogue.metadata('', 0, 1).values()].flat());
  catalogue.close();
  const adopt = (again: Config): void => {
    db.setIntake(intakeRules(again));
    ingester.maxFutureMs = ingestSettings(again).maxFutureMs;
    if (JSON.stringify(again.ingest.ha) !== haSettings) {
      haSettings = JSON.stringify(again.ingest.ha);
      const elected = ha?.elections() ?? [];
      ha = haTracker(again, maintenance, metrics, logger);
      ha?.restore(elected);
    }
    policy = policyFor(again);
  };
  return { db, maintenance, queries, blockJobs, adminJobs, ingester, adopt };
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
