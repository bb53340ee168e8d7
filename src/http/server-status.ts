/** What /api/v1/status/* says about this process. */
import os from 'node:os';
import type { JsonValue } from '../api/json-value.js';
import { formatDuration } from '../config/duration.js';
import type { LoadedConfig } from '../config/load.js';
import { NARTHEX_VERSION } from '../config/version.js';
import type { BuildInfo, StatusSource } from './deps.js';
import { featureList } from './feature-list.js';

/**
 * The Prometheus release whose HTTP API and PromQL are answered. Grafana, promtool and others choose what they send by it;
 * narthex' own version is in `revision`. There must be no `features`: Grafana would take the server for a Mimir.
 */
export const API_VERSION = '3.14.0';

export class ServerStatus implements StatusSource {
  private readonly startedMs: number;
  private reload: { readonly succeeded: boolean; readonly atMs: number };

  constructor(private loaded: LoadedConfig, private readonly nowMs: () => number) {
    this.startedMs = nowMs();
    this.reload = { succeeded: true, atMs: this.startedMs };
  }

  /** Notes the outcome of a reload; without a configuration it failed and the old one stays. */
  reloaded(loaded: LoadedConfig | undefined): void {
    if (loaded) this.loaded = loaded;
    this.reload = { succeeded: loaded !== undefined, atMs: loaded ? this.nowMs() : this.reload.atMs };
  }

  buildInfo(): BuildInfo {
    return {
      version: API_VERSION,
      revision: `narthex-${NARTHEX_VERSION}`,
      branch: 'narthex',
      buildUser: '',
      buildDate: '',
      goVersion: `node-${process.versions.node}`,
    };
  }

  runtimeInfo(): { readonly [key: string]: JsonValue } {
    const { retention } = this.loaded.config.storage.tsdb;
    const limits = [
      ...(retention.time_ms > 0 ? [formatDuration(retention.time_ms)] : []),
      ...(retention.size_bytes > 0 ? [`${retention.size_bytes}B`] : []),
    ];
    return {
      startTime: new Date(this.startedMs).toISOString(),
      CWD: process.cwd(),
      hostname: os.hostname(),
      serverTime: new Date(this.nowMs()).toISOString(),
      reloadConfigSuccess: this.reload.succeeded,
      lastConfigTime: new Date(this.reload.atMs).toISOString(),
      corruptionCount: 0,
      // There are no goroutines; clients expect the keys.
      goroutineCount: 0,
      GOMAXPROCS: os.availableParallelism(),
      GOMEMLIMIT: this.loaded.config.storage.head.memory_bytes,
      GOGC: '',
      GODEBUG: '',
      storageRetention: limits.join(' or '),
    };
  }

  configYaml(): string {
    return this.loaded.effectiveYaml();
  }

  flags(): Readonly<Record<string, string>> {
    return this.loaded.flags;
  }

  features(): ReturnType<StatusSource['features']> {
    const { features, otlp, web } = this.loaded.config;
    return featureList(features, { admin: web.enable_admin_api, lifecycle: web.enable_lifecycle }, otlp.delta_temporality);
  }
}
