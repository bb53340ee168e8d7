/** Metric types, numbered as in remote write (prompb MetricMetadata, io.prometheus.write.v2 Metadata). */
export const METRIC_TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/** What is known of a metric family (the name without `_bucket`, `_sum`, `_count`; with `_total`). */
export interface MetricMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** Family of a metric when metadata comes with each series, as in remote write 2.0: that of `h_bucket` is `h`. */
export function familyOf(metricName: string, type: MetricType): string {
  if (type !== 'histogram' && type !== 'gaugehistogram' && type !== 'summary') return metricName;
  const suffix = /_(?:bucket|sum|count)$/.exec(metricName);
  return suffix === null ? metricName : metricName.slice(0, suffix.index);
}
