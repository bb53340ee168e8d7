import type { LoadedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { Notifications } from '../http/notifications.js';
import type { ServerStatus } from '../http/server-status.js';
import { systemClock } from '../io/clock.js';
import type { Logger } from '../telemetry/logger.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';

/**
 * Reads the configuration again. What can change while running does (translation of OTLP, relabelling, log level); for the rest
 * a warning names the sections that need a restart. @throws ConfigError, and everything stays as it was
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
  const fixed = ['global', 'storage', 'wal', 'query', 'limits', 'web', 'features'] as const;
  const changed: string[] = fixed.filter((section) => JSON.stringify(loaded.config[section]) !== JSON.stringify(started[section]));
  for (const key of ['grpc_listen_address', 'http_listen_address'] as const) {
    if (loaded.config.otlp[key] !== started.otlp[key]) changed.push(`otlp.${key}`);
  }
  const withoutRules = ({ ingest }: Config): string => JSON.stringify({ ...ingest, relabel_configs: [] });
  if (withoutRules(loaded.config) !== withoutRules(started)) changed.push('ingest');
  if (changed.length > 0) logger.warn({ sections: changed }, 'changes in these sections take effect at the next start');
  logger.info('configuration reloaded');
  return loaded.config;
}

export function noteReload(metrics: ServerMetrics, succeeded: boolean): void {
  metrics.configLastReloadSuccessful.with().set(succeeded ? 1 : 0);
  if (succeeded) metrics.configLastReloadTime.with().set(systemClock.nowMs() / 1000);
}
