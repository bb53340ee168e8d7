/** What the store is made of, for people who look for the metric or label that has too many series. */

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Figures of the data that is still written to. */
export interface HeadFigures {
  readonly numSeries: number;
  readonly numLabelPairs: number;
  readonly chunkCount: number;
  /** Of the samples in the heads; undefined while there are none. */
  readonly minTimeMs: number | undefined;
  readonly maxTimeMs: number | undefined;
}

/** The largest counts, falling, equal ones by name. */
export interface Cardinality {
  readonly head: HeadFigures;
  readonly seriesByMetricName: readonly NamedCount[];
  readonly valuesByLabelName: readonly NamedCount[];
  /** Bytes of the texts of a label's values. */
  readonly bytesByLabelName: readonly NamedCount[];
  /** Names have the form `name=value`. */
  readonly seriesByLabelPair: readonly NamedCount[];
}

export interface CardinalitySource {
  /** @param limit entries per list @param poll called every few thousand pairs; may throw to stop */
  cardinality(limit: number, poll: () => void): Cardinality;
}
