import type { MetricMetadata } from '../model/metadata.js';
import type { HaElection } from '../storage/catalogue-sink.js';

/** One write of the catalogue: plain data, because it crosses from the ingest thread to the maintenance thread. */
export interface CatalogueBatch {
  readonly metadata: readonly SeenMetadata[];
  readonly exemplars: ExemplarColumns;
  readonly rejects: readonly RejectRecord[];
  /** At most one of each cluster. */
  readonly haElections: readonly HaElection[];
}

export interface SeenMetadata {
  readonly metadata: MetricMetadata;
  readonly atMs: number;
}

/** Exemplars in order of arrival, as columns of equal length. Values are bit-exact. */
export interface ExemplarColumns {
  /** Distinct series of the batch. */
  readonly series: readonly SeriesText[];
  /** Per exemplar: index into `series`. */
  readonly seriesIndex: Uint32Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** Per exemplar: its labels as `labelText`. */
  readonly labels: readonly string[];
}

export interface SeriesText {
  readonly metric: string;
  /** `labelText` of the series. */
  readonly labels: string;
}

/** Rejects of one reason and source, merged over the time of a batch. */
export interface RejectRecord {
  readonly reason: string;
  readonly source: string;
  /** Data points. */
  readonly points: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Oldest first. */
  readonly examples: readonly RejectExample[];
}

export interface RejectExample {
  readonly example: string;
  readonly points: number;
  readonly atMs: number;
}

export interface CatalogueWriteCounts {
  exemplarsStored: number;
  /** Equal to what was there: nothing to do. */
  exemplarsDuplicate: number;
  exemplarsOutOfOrder: number;
}
