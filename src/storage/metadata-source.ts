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
  /**
   * Exemplars in [startMs, endMs] of the series that match any of the matcher sets, series sorted by labels, exemplars by time.
   * @param keep called with the bytes of each series looked at and each exemplar, before the next; throws if no more is wanted
   */
  exemplars(
    matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number, keep?: (bytes: number) => void,
  ): { series: Labels; exemplars: Exemplar[] }[];
}
