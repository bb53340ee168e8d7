import type { Features } from '../config/features.js';
import type { Config } from '../config/schema.js';

/** `/api/v1/features`: what clients may rely on, in Prometheus' categories. `false` means known there, and not here. */
export function featureList(
  features: Features, web: { readonly admin: boolean; readonly lifecycle: boolean }, deltas: Config['otlp']['delta_temporality'],
) {
  return {
    api: {
      admin: web.admin,
      exclude_alerts: true,
      label_values_match: true,
      lifecycle: web.lifecycle,
      openapi_3_1: true,
      openapi_3_2: false,
      otlp_write_receiver: true,
      query_stats: true,
      query_warnings: true,
      remote_write_receiver: true,
      search: features.search_api,
      time_range_labels: true,
      time_range_series: true,
    },
    otlp_receiver: {
      delta_conversion: deltas === 'cumulative',
      native_delta_ingestion: deltas === 'native',
    },
    prometheus: {
      agent_mode: false,
      auto_reload_config: false,
      enable_type_and_unit_labels: features.type_and_unit_labels,
    },
    promql: {
      anchored: true,
      at_modifier: true,
      bool: true,
      by: true,
      delayed_name_removal: features.promql_delayed_name_removal,
      duration_expr: true,
      experimental_functions: features.promql_experimental_functions,
      fill: true,
      group_left: true,
      group_right: true,
      ignoring: true,
      negative_offset: true,
      offset: true,
      on: true,
      per_query_lookback_delta: true,
      per_step_stats: features.promql_per_step_stats,
      smoothed: true,
      subqueries: true,
      type_and_unit_labels: features.type_and_unit_labels,
      without: true,
    },
    rules: { },
    scrape: { },
    tsdb: {
      exemplar_storage: true,
      isolation: true,
      native_histograms: true,
    },
  };
}
