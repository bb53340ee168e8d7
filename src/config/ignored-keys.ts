/**
 * Keys of a prometheus.yml that are accepted and have no effect: a file that runs a Prometheus must start narthex, and
 * say once what is missing. Nothing below such a key is looked at.
 */
export interface IgnoredKey {
  readonly reason: string;
  /** No warning: nobody would expect an effect once the section that it belongs to has been reported. */
  readonly quiet?: true;
}

const SCRAPING = 'narthex receives metrics and does not scrape';

export const IGNORED_KEYS: Readonly<Record<string, IgnoredKey>> = {
  scrape_configs: {
    reason: `${SCRAPING}; let a Prometheus or an OpenTelemetry Collector scrape these targets and send them here by remote write or OTLP`,
  },
  scrape_config_files: { reason: SCRAPING },
  rule_files: { reason: 'narthex does not evaluate rules; use Grafana-managed rules, or a ruler that queries this server and writes back' },
  alerting: { reason: 'narthex does not send alerts; use Grafana-managed alerts' },
  remote_write: { reason: 'narthex does not forward what it receives' },
  remote_read: { reason: 'narthex answers queries from its own storage only' },
  tracing: { reason: 'narthex does not export traces' },
  runtime: { reason: 'it tunes the Go runtime' },
  'global.scrape_timeout': { reason: SCRAPING, quiet: true },
  'global.scrape_protocols': { reason: SCRAPING },
  'global.scrape_failure_log_file': { reason: SCRAPING },
  'global.scrape_native_histograms': { reason: SCRAPING },
  'global.convert_classic_histograms_to_nhcb': { reason: SCRAPING },
  'global.always_scrape_classic_histograms': { reason: SCRAPING },
  'global.extra_scrape_metrics': { reason: SCRAPING },
  'global.metric_name_escaping_scheme': { reason: SCRAPING },
  'global.body_size_limit': { reason: `${SCRAPING}; see limits.max_body_size` },
  'global.sample_limit': { reason: SCRAPING },
  'global.target_limit': { reason: SCRAPING },
  'global.label_limit': { reason: `${SCRAPING}; see limits.max_label_names_per_series` },
  'global.label_name_length_limit': { reason: `${SCRAPING}; see limits.max_label_name_length` },
  'global.label_value_length_limit': { reason: `${SCRAPING}; see limits.max_label_value_length` },
  'global.keep_dropped_targets': { reason: SCRAPING },
  'global.rule_query_offset': { reason: 'narthex does not evaluate rules' },
  'global.query_log_file': { reason: 'there is no query log yet' },
  'storage.tsdb.retention.percentage': { reason: 'retention by share of the disk is not there yet; use retention.size' },
  'storage.tsdb.stale_series_compaction_threshold': { reason: 'a head is dropped as a whole when its range is over' },
};
