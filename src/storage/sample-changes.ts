/** What must be asked before something computed from samples is used again: did they change meanwhile? */
export interface SampleChanges {
  /** A point in time, for `firstChange`. To be taken before the samples are read. */
  mark(): number;
  /**
   * Oldest time (ms) in [mint, maxt] at which a sample may have been added or removed since `mark`, Infinity if there is none.
   * May tell of changes that were none, never the other way round.
   */
  firstChange(mark: number, mint: number, maxt: number): number;
}
