/** `offset` and `@` of a selector or subquery, resolved to numbers. */
export interface TimeShift {
  readonly offsetMs: number;
  /** `@`: the same time at every step. */
  readonly atMs: number | undefined;
}

/** The time that a selector looks at when it is evaluated at `stepMs`. */
export function referenceTime(shift: TimeShift, stepMs: number): number {
  return (shift.atMs ?? stepMs) - shift.offsetMs;
}
