/** What an operator wants to know of a block. */
export interface BlockSummary {
  readonly id: number;
  /** Half-open range, ms. */
  readonly mint: number;
  readonly maxt: number;
  readonly series: number;
  readonly floats: number;
  readonly histograms: number;
  readonly chunks: number;
  readonly sizeBytes: number;
  /** Times compacted, 0: made from a head. */
  readonly level: number;
  /** Heads whose samples are in it. */
  readonly heads: readonly number[];
  /** Blocks that it was compacted of, the oldest ancestors included. */
  readonly parents: readonly number[];
  /** Known to have damaged pages. */
  readonly damaged: boolean;
}
