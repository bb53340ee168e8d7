import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import type { MetricMetadata } from '../model/metadata.js';

/** What the query side reads from the catalogue. Synchronous, like `Queryable`. */
export interface MetadataSource {
  /** Metadata by family, newest first within a family. `metric` '' = all. Limits 0 = none. */
  metadata(metric: string, limit: number, limitPerMetric: number): Map<string, MetricMetadata[]>;
}

export interface ExemplarSource {
  /** Exemplars in [startMs, endMs] of the series that match any of the matcher sets, series sorted by labels, exemplars by time. */
  exemplars(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): { series: Labels; exemplars: Exemplar[] }[];
}
