/** The `otlp:` section of the configuration, keys as in Prometheus 3.14, and what else the translation depends on. */
export const TRANSLATION_STRATEGIES = [
  'UnderscoreEscapingWithSuffixes', 'UnderscoreEscapingWithoutSuffixes', 'NoUTF8EscapingWithSuffixes', 'NoTranslation',
] as const;
export type TranslationStrategy = (typeof TRANSLATION_STRATEGIES)[number];

/** What becomes of delta sums and histograms: totals (own choice), raw values (as upstream's native ingestion), or nothing. */
export const DELTA_TEMPORALITIES = ['cumulative', 'native', 'reject'] as const;
export type DeltaTemporality = (typeof DELTA_TEMPORALITIES)[number];

export interface OtlpSettings {
  readonly translation_strategy: TranslationStrategy;
  readonly promote_resource_attributes: readonly string[];
  /** Excludes `promote_resource_attributes`; the configuration checks that. */
  readonly promote_all_resource_attributes: boolean;
  readonly ignore_resource_attributes: readonly string[];
  readonly keep_identifying_resource_attributes: boolean;
  readonly convert_histograms_to_nhcb: boolean;
  /** Own key. */
  readonly delta_temporality: DeltaTemporality;
  /** Own key: silence after which a total starts over. */
  readonly delta_max_idle_ms: number;
  readonly promote_scope_metadata: boolean;
  readonly label_name_underscore_sanitization: boolean;
  readonly label_name_preserve_multiple_underscores: boolean;
  /** `query.lookback-delta`: `target_info` needs a sample in every half of it. */
  readonly lookback_delta_ms: number;
  /** Feature `type-and-unit-labels`. */
  readonly type_and_unit_labels: boolean;
  /** Feature `created-timestamp-zero-ingestion`. */
  readonly created_timestamp_zero_ingestion: boolean;
}

export const OTLP_DEFAULTS: OtlpSettings = {
  translation_strategy: 'UnderscoreEscapingWithSuffixes',
  promote_resource_attributes: [],
  promote_all_resource_attributes: false,
  ignore_resource_attributes: [],
  keep_identifying_resource_attributes: false,
  convert_histograms_to_nhcb: false,
  delta_temporality: 'cumulative',
  delta_max_idle_ms: 86_400_000,
  promote_scope_metadata: false,
  label_name_underscore_sanitization: true,
  label_name_preserve_multiple_underscores: true,
  lookback_delta_ms: 300_000,
  type_and_unit_labels: false,
  created_timestamp_zero_ingestion: false,
};
