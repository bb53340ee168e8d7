/** Names that `--enable-feature` takes, and what each means here. */

/** Features that narthex can switch. */
export interface Features {
  readonly promql_experimental_functions: boolean;
  readonly promql_delayed_name_removal: boolean;
  readonly promql_per_step_stats: boolean;
  /** Inject `__type__` and `__unit__` labels on ingest. */
  readonly type_and_unit_labels: boolean;
  readonly created_timestamp_zero_ingestion: boolean;
  /** Store start timestamps. */
  readonly st_storage: boolean;
  /** `rate()` and others look at them. */
  readonly use_start_timestamps: boolean;
  readonly search_api: boolean;
  /** Sets `otlp.delta_temporality` to cumulative. */
  readonly otlp_deltatocumulative: boolean;
  /** Sets `otlp.delta_temporality` to native. */
  readonly otlp_native_delta_ingestion: boolean;
}

type Meaning =
  | { readonly kind: 'switch'; readonly key: keyof Features }
  /** Part of narthex without being asked for. */
  | { readonly kind: 'always' }
  /** Known upstream, no meaning or not there: one warning with the reason. */
  | { readonly kind: 'ignored'; readonly reason: string };

const always: Meaning = { kind: 'always' };
const ignored = (reason: string): Meaning => ({ kind: 'ignored', reason });
const GO_RUNTIME = ignored('it tunes the Go runtime');
const NO_SCRAPING = ignored('narthex does not scrape');
const NO_RULES = ignored('narthex does not evaluate rules');
const OWN_STORE = ignored('it concerns Prometheus\' own storage engine');

export const FEATURES: Readonly<Record<string, Meaning>> = {
  'promql-experimental-functions': { kind: 'switch', key: 'promql_experimental_functions' },
  'promql-delayed-name-removal': { kind: 'switch', key: 'promql_delayed_name_removal' },
  'promql-per-step-stats': { kind: 'switch', key: 'promql_per_step_stats' },
  'type-and-unit-labels': { kind: 'switch', key: 'type_and_unit_labels' },
  'created-timestamp-zero-ingestion': { kind: 'switch', key: 'created_timestamp_zero_ingestion' },
  'st-storage': { kind: 'switch', key: 'st_storage' },
  'use-start-timestamps': { kind: 'switch', key: 'use_start_timestamps' },
  'search-api': { kind: 'switch', key: 'search_api' },

  'otlp-deltatocumulative': { kind: 'switch', key: 'otlp_deltatocumulative' },
  'otlp-native-delta-ingestion': { kind: 'switch', key: 'otlp_native_delta_ingestion' },

  'exemplar-storage': always,
  'memory-snapshot-on-shutdown': always,
  'native-histograms': always,
  'otlp-write-receiver': always,
  'remote-write-receiver': always,
  'metadata-wal-records': always,
  'expand-external-labels': always,
  'promql-at-modifier': always,
  'promql-negative-offset': always,
  'promql-duration-expr': always,
  'promql-extended-range-selectors': always,
  'promql-binop-fill-modifiers': always,
  'utf8-names': always,

  'agent': ignored('there is no agent mode'),
  'auto-gomemlimit': GO_RUNTIME,
  'auto-gomaxprocs': GO_RUNTIME,
  'delayed-compaction': OWN_STORE,
  'use-uncached-io': OWN_STORE,
  'xor2-encoding': OWN_STORE,
  'fast-startup': OWN_STORE,
  'extra-scrape-metrics': NO_SCRAPING,
  'no-default-scrape-port': NO_SCRAPING,
  'no-scrape-default-port': NO_SCRAPING,
  'new-service-discovery-manager': NO_SCRAPING,
  'concurrent-rule-eval': NO_RULES,
  'auto-reload-config': ignored('reload with POST /-/reload or SIGHUP'),
  'old-ui': ignored('narthex has its own page'),
};

/** @returns the switches, and one warning for each name that has no effect. Unknown names warn too, as in Prometheus. */
export function resolveFeatures(names: readonly string[]): { features: Features; warnings: string[] } {
  const on = new Set<keyof Features>();
  const warnings: string[] = [];
  for (const name of new Set(names)) {
    const meaning = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
    if (!meaning) warnings.push(`feature "${name}" is not known`);
    else if (meaning.kind === 'switch') on.add(meaning.key);
    else if (meaning.kind === 'ignored') warnings.push(`feature "${name}" has no effect: ${meaning.reason}`);
  }
  const features: Features = {
    promql_experimental_functions: on.has('promql_experimental_functions'),
    promql_delayed_name_removal: on.has('promql_delayed_name_removal'),
    promql_per_step_stats: on.has('promql_per_step_stats'),
    type_and_unit_labels: on.has('type_and_unit_labels'),
    created_timestamp_zero_ingestion: on.has('created_timestamp_zero_ingestion'),
    st_storage: on.has('st_storage'),
    use_start_timestamps: on.has('use_start_timestamps'),
    search_api: on.has('search_api'),
    otlp_deltatocumulative: on.has('otlp_deltatocumulative'),
    otlp_native_delta_ingestion: on.has('otlp_native_delta_ingestion'),
  };
  return { features, warnings };
}
