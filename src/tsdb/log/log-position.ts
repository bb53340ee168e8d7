/** A place between two records of a log. */
export interface LogPosition {
  readonly segment: number;
  /** Offset in the segment, behind a record (or behind the segment's header). */
  readonly end: number;
}
