import type { LoadedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { Notifications } from '../http/notifications.js';
import type { ServerStatus } from '../http/server-status.js';
import { systemClock } from '../io/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';

const SECTIONS = ['global', 'storage', 'wal', 'query', 'limits', 'web', 'features', 'otlp', 'log'] as const;

/** A section without the keys that a reload takes. `ingest` has no others. */
function fixedPart({ otlp, limits, storage, log, ...others }: Config, section: typeof SECTIONS[number]): string {
  switch (section) {
    case 'otlp':
      return JSON.stringify([otlp.grpc_listen_address, otlp.http_listen_address]);
    case 'log':
      return log.format;
    case 'limits':
      return JSON.stringify({ ...limits, max_series_per_metric: 0, max_series_per_sender: 0, sender_label: '', max_future_ms: 0 });
    case 'storage':
      return JSON.stringify({ ...storage, tsdb: { ...storage.tsdb, out_of_order_time_window_ms: 0 } });
    default:
      return JSON.stringify(others[section]);
  }
}

/**
 * Reads the configuration again. What can change while running does: translation of OTLP, all of `ingest`, the log level, and the keys
 * left out by `fixedPart`. For the rest a warning names the sections that need a restart.
 * @throws ConfigError, and everything stays as it was
 */
export function reloadConfiguration(
  load: () => LoadedConfig, started: Config, logger: Logger, status: ServerStatus, metrics: ServerMetrics, notifications: Notifications,
): Config {
  let loaded: LoadedConfig;
  try {
    loaded = load();
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
  const changed = SECTIONS.filter((section) => fixedPart(loaded.config, section) !== fixedPart(started, section));
  if (changed.length > 0) logger.warn({ sections: changed }, 'changes in these sections take effect at the next start');
  logger.info('configuration reloaded');
  return loaded.config;
}

export function noteReload(metrics: ServerMetrics, succeeded: boolean): void {
  metrics.configLastReloadSuccessful.with().set(succeeded ? 1 : 0);
  if (succeeded) metrics.configLastReloadTime.with().set(systemClock.nowMs() / 1000);
}
