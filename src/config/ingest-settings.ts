/** What the ingest room wants to know, from the configuration: for the server and for commands that do as the server would. */
import type { Config } from './schema.js';

/** Families whose metadata is compared in memory, about 100 bytes each. */
const METADATA_FAMILIES_MAX = 200_000;

/** `OtlpSettings`. */
export function otlpSettings({ otlp, query, features }: Config) {
  const { type_and_unit_labels, created_timestamp_zero_ingestion } = features;
  return { ...otlp, lookback_delta_ms: query.lookback_delta_ms, type_and_unit_labels, created_timestamp_zero_ingestion };
}

/** `IngestSettings`. */
export function ingestSettings({ limits, features }: Config) {
  return {
    maxDecodedBytes: limits.max_decoded_body_size_bytes,
    maxLabelNamesPerSeries: orUnlimited(limits.max_label_names_per_series),
    maxLabelNameLength: orUnlimited(limits.max_label_name_length),
    maxLabelValueLength: orUnlimited(limits.max_label_value_length),
    maxMetadataFamilies: METADATA_FAMILIES_MAX,
    maxFutureMs: orUnlimited(limits.max_future_ms),
    typeAndUnitLabels: features.type_and_unit_labels,
    zeroAtStart: features.created_timestamp_zero_ingestion,
  };
}

/** `IntakeRules` of the store. */
export function intakeRules({ limits, storage }: Config) {
  return {
    outOfOrderWindowMs: storage.tsdb.out_of_order_time_window_ms,
    maxFutureMs: orUnlimited(limits.max_future_ms),
    seriesLimits: { perMetric: limits.max_series_per_metric, perSender: limits.max_series_per_sender, senderLabel: limits.sender_label },
  };
}

/** In the configuration 0 is no limit. */
function orUnlimited(limit: number): number {
  return limit === 0 ? Infinity : limit;
}
