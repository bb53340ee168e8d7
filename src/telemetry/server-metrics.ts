/**
 * The metrics of the server by name: the one place where their names and meanings are written. Where Prometheus counts the
 * same thing the name is Prometheus', so that existing dashboards and alerts work; the others begin with `narthex_`.
 * README lists them.
 */
import { createBlockMetrics, type BlockMetrics } from './block-metrics.js';
import { LATENCY_BOUNDS, type Counter, type Gauge, type Histogram, type MetricsRegistry } from './metrics.js';

export interface ServerMetrics {
  readonly httpRequests: Counter;
  readonly httpDuration: Histogram;
  readonly ingestRequests: Counter;
  readonly ingestSamples: Counter;
  readonly ingestHistograms: Counter;
  readonly ingestExemplars: Counter;
  readonly ingestRejected: Counter;
  readonly ingestDropped: Counter;
  readonly seriesRefused: Counter;
  readonly haClusters: Gauge;
  readonly haFailovers: Counter;
  readonly ingestBytes: Counter;
  readonly ingestInFlightRequests: Gauge;
  readonly ingestInFlightBytes: Gauge;
  readonly queries: Counter;
  readonly queriesRunning: Gauge;
  readonly queriesQueued: Gauge;
  readonly queryBytes: Gauge;
  readonly headSeries: Gauge;
  readonly headBytes: Gauge;
  readonly headBytesMax: Gauge;
  readonly heads: Gauge;
  readonly headsClosed: Gauge;
  readonly headsClosedEarly: Counter;
  readonly headsStarved: Gauge;
  readonly block: BlockMetrics;
  readonly walBytes: Counter;
  readonly walSyncDuration: Histogram;
  readonly walFailures: Counter;
  readonly configLastReloadSuccessful: Gauge;
  readonly configLastReloadTime: Gauge;
}

export function createServerMetrics(registry: MetricsRegistry): ServerMetrics {
  const counter = registry.counter.bind(registry);
  const gauge = registry.gauge.bind(registry);
  const latency = (name: string, help: string, labels: readonly string[] = []) => registry.histogram(name, help, LATENCY_BOUNDS, labels);
  return {
    httpRequests: counter('prometheus_http_requests_total', 'HTTP requests answered.', ['handler', 'code']),
    httpDuration: latency('prometheus_http_request_duration_seconds', 'Time to answer HTTP requests.', ['handler']),

    ingestRequests: counter('narthex_ingest_requests_total', 'Ingest requests answered.', ['protocol', 'code']),
    ingestSamples: counter('narthex_ingest_samples_total', 'Float samples stored, exact duplicates included.', ['protocol']),
    ingestHistograms: counter('narthex_ingest_histograms_total', 'Native histogram samples stored.', ['protocol']),
    ingestExemplars: counter('narthex_ingest_exemplars_total', 'Exemplars stored.', ['protocol']),
    ingestRejected: counter('narthex_ingest_rejected_samples_total', 'Samples or OTLP data points refused.', ['protocol', 'reason']),
    ingestDropped: counter('narthex_ingest_dropped_samples_total',
      'Samples passed over on purpose: by a relabelling rule, or of a replica that is not elected.', ['protocol', 'reason']),
    seriesRefused: counter('narthex_series_refused_total', 'New series refused by a limit, each time they came.', ['limit']),
    haClusters: gauge('narthex_ha_clusters', 'Clusters of identical senders that are known.'),
    haFailovers: counter('narthex_ha_failovers_total', 'Times that another replica of a cluster was elected.'),
    ingestBytes: counter('narthex_ingest_received_bytes_total', 'Bytes of ingest bodies as received.', ['protocol']),
    ingestInFlightRequests: gauge('narthex_ingest_in_flight_requests', 'Ingest requests being worked on.'),
    ingestInFlightBytes: gauge('narthex_ingest_in_flight_bytes', 'Bytes of ingest bodies in memory.'),

    queries: counter('narthex_queries_total', 'API requests answered by query workers.', ['endpoint', 'code']),
    queriesRunning: gauge('prometheus_engine_queries', 'Queries being worked on.'),
    queriesQueued: gauge('narthex_queries_queued', 'Queries waiting for a worker.'),
    queryBytes: gauge('narthex_query_memory_bytes', 'Memory of the queries that run.'),

    headSeries: gauge('prometheus_tsdb_head_series', 'Series in the heads.'),
    headBytes: gauge('narthex_head_memory_bytes', 'Memory used by the heads.'),
    headBytesMax: gauge('narthex_head_memory_max_bytes', 'Memory that the heads may use.'),
    heads: gauge('narthex_heads', 'Heads in memory.'),
    headsClosed: gauge('narthex_heads_closed', 'Heads that take no more samples and wait to become blocks.'),
    headsClosedEarly: counter('narthex_heads_closed_early_total', 'Heads that became blocks before their range was over.', ['reason']),
    headsStarved: gauge('narthex_head_memory_short', 'Whether new series are refused, because the live ones use most of the memory.'),
    block: createBlockMetrics(registry),
    walBytes: counter('narthex_wal_written_bytes_total', 'Bytes written to the log.'),
    walSyncDuration: latency('prometheus_tsdb_wal_fsync_duration_seconds', 'Time to force the log to the disk.'),
    walFailures: counter('prometheus_tsdb_wal_writes_failed_total', 'Writes to the log that failed.'),

    configLastReloadSuccessful: gauge('prometheus_config_last_reload_successful', 'Whether the configuration was last loaded well.'),
    configLastReloadTime: gauge('prometheus_config_last_reload_success_timestamp_seconds', 'When the configuration was last loaded.'),
  };
}

export interface BuildInfo {
  /** The level of the Prometheus API that is answered, semver: clients choose features by it. */
  readonly apiVersion: string;
  /** Version of narthex. */
  readonly version: string;
  readonly revision: string;
}

/** `prometheus_build_info` is what Grafana and others read when /api/v1/status/buildinfo cannot be had. */
export function registerBuildInfo(registry: MetricsRegistry, build: BuildInfo): void {
  const labels = ['version', 'revision', 'branch', 'goversion'];
  registry.gauge('prometheus_build_info', 'The Prometheus version whose API is served; always 1.', labels)
    .with(build.apiVersion, build.revision, '', '').set(1);
  registry.gauge('narthex_build_info', 'Version of narthex and of Node.js; always 1.', ['version', 'revision', 'node_version'])
    .with(build.version, build.revision, process.versions.node).set(1);
}
