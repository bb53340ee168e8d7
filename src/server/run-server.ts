/**
 * Wiring of the parts that serve requests: sockets -> store -> ready, and all of it backwards at the end. Sockets come before the
 * store, so that health checks and the replay status answer while the log is read.
 */
import type { ApiEndpoint } from '../api/contract.js';
import { badData } from '../api/error-types.js';
import { parseListenAddress } from '../config/checks.js';
import { ingestSettings, otlpSettings } from '../config/ingest-settings.js';
import type { LoadedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { NARTHEX_VERSION } from '../config/version.js';
import { OtlpListeners } from '../grpc/otlp-listeners.js';
import type { AdminStore, HttpDeps, WireCodecs } from '../http/deps.js';
import { HttpMetrics } from '../http/http-metrics.js';
import { httpOptions } from '../http/http-options.js';
import { IngestGate } from '../http/ingest-gate.js';
import { Listener } from '../http/listener.js';
import { Notifications } from '../http/notifications.js';
import { Readiness } from '../http/readiness.js';
import { buildServer } from '../http/server.js';
import { API_VERSION, ServerStatus } from '../http/server-status.js';
import { explainOtlp, explainWrite } from '../ingest/dry-run.js';
import { OtlpTranslator } from '../ingest/otlp-translate.js';
import { invariant } from '../invariant.js';
import { systemClock } from '../io/clock.js';
import type { DirLock } from '../io/dir-lock.js';
import { RegexError } from '../model/regex-limits.js';
import { CONTENT_TYPES, negotiateFormat, renderMetrics } from '../telemetry/exposition.js';
import type { Logger } from '../telemetry/logger.js';
import { MetricsRegistry } from '../telemetry/metrics.js';
import { registerProcessMetrics } from '../telemetry/process-metrics.js';
import { selfMetricsJson } from '../telemetry/self-metrics.js';
import { profileSource } from './profile-source.js';
import { createServerMetrics, registerBuildInfo } from '../telemetry/server-metrics.js';
import type { Administration } from '../tsdb/administration.js';
import { decodeOtlp } from '../wire/otlp-decode.js';
import { encodeExportResponse, encodeStatus } from '../wire/otlp-response.js';
import { decodeWrite } from '../wire/remote-write.js';
import { uncompressBlock } from '../wire/snappy.js';
import type { Foundation } from './foundation.js';
import { collectGauges } from './gauges.js';
import { noteReload, reloadConfiguration } from './reload.js';
import { drain, Shutdown } from './shutdown.js';
import { openStore, type Store } from './store.js';

const CATALOGUE_FLUSH_MS = 5_000;
/** Right after a start, senders that waited for the server need the processors more. */
const WARM_UP_DELAY_MS = 10_000;
const READS_CATALOGUE: ReadonlySet<ApiEndpoint> = new Set<ApiEndpoint>(['query_exemplars', 'metadata']);

/**
 * Returns when requests are answered. A failed start is logged and ends the process.
 * @param load reads the configuration again; throws ConfigError
 */
export async function runServer(
  loaded: LoadedConfig, load: () => LoadedConfig, logger: Logger, founding: Promise<Foundation>,
): Promise<void> {
  const { config } = loaded;
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
  let latest = config;
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
        if (READS_CATALOGUE.has(request.endpoint)) await maintenance.flushOnce();
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
        const again = reloadConfiguration(load, config, logger, status, metrics, notifications);
        latest = again;
        otlp = otlpSettings(again);
        translator = new OtlpTranslator(otlp);
        store?.adopt(again);
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
        if (error instanceof RegexError) throw badData(`invalid metric_name_pattern: ${error.message}`);
        throw error;
      }
    },
    profiles: profileSource,
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
    listener = await Listener.open(app.routing, listenAddresses(config), deps.options.connections);
    const { addresses } = listener;
    const foundation = await founding;
    ({ lock } = foundation);
    // Side by side: the doors for OTLP load a library, and the store waits for threads.
    const opening = openStore(config, foundation, logger, readiness, metrics, () => translator);
    const doors = OtlpListeners.open(config.otlp, listenAddresses(config), deps).then((open) => {
      otlpListeners = open;
      const { grpcAddress = 'off', httpAddress = 'off' } = open;
      logger.info({
        version: NARTHEX_VERSION, addresses, otlp_grpc: grpcAddress, otlp_http: httpAddress, node: process.versions.node,
      }, 'narthex is listening');
    });
    [store] = await Promise.all([opening, doors]);
    // A reload that came before there was a store.
    if (latest !== config) store.adopt(latest);
  } catch (error) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    logger.debug({ err: error }, 'start failed');
    for (const open of [listener, otlpListeners]) {
      open?.closeAllConnections();
      await open?.close();
    }
    // It may have been taken although something else failed before it was asked for.
    await founding.then((foundation) => foundation.lock.release(), () => undefined);
    process.exit(1);
  }
  if (shutdown.begun) return;
  readiness.becomeReady();
  const { queries } = store;
  systemClock.after(WARM_UP_DELAY_MS, () => {
    if (!shutdown.begun) queries.warmUp(config.query.warm_up_ms);
  });
  notifications.set('starting', false);
  announce(config, listener, deps.options.routePrefix, logger);
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

function announce({ web }: Config, listener: Listener, routePrefix: string, logger: Logger): void {
  const address = listener.addresses[0]!.replace(/^(0\.0\.0\.0|\[::\])/, 'localhost');
  const base = web.external_url === '' ? `http://${address}${routePrefix}` : `${web.external_url.replace(/\/+$/, '')}/`;
  logger.info({
    remote_write: `${base}api/v1/write`,
    otlp: `${base}api/v1/otlp/v1/metrics`,
    grafana_data_source: base,
  }, 'Server is ready to receive web requests.');
}
