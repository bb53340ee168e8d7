/** What the kind of an OTLP metric is to Prometheus (`storage/remote/otlptranslator` of 3.14): its type, and the suffix of its name. */
import type { MetricType } from '../model/metadata.js';
import type { OtlpData } from '../wire/otlp-types.js';
import type { SuffixKind } from './otlp-names.js';

/** Of a metric whose deltas are not stored as they are: those have no type. */
export function metricType(data: OtlpData): MetricType {
  switch (data.kind) {
    case 'gauge': return 'gauge';
    case 'sum': return data.monotonic ? 'counter' : 'gauge';
    case 'histogram': return 'histogram';
    case 'exponential_histogram': return 'histogram';
    case 'summary': return 'summary';
    case 'none': return 'unknown';
  }
}

export function suffixKind(data: OtlpData): SuffixKind {
  if (data.kind === 'gauge') return 'gauge';
  return data.kind === 'sum' && data.monotonic ? 'counter' : 'other';
}
