/** The evaluation times of a query or a subquery: startMs, startMs + stepMs, … count of them. */
export interface StepGrid {
  readonly startMs: number;
  /** Time of the last step: at most the end that was asked for. */
  readonly endMs: number;
  /** Never 0: a single step has some positive step. */
  readonly stepMs: number;
  /** 0 for a subquery whose window holds no step. */
  readonly count: number;
}

export function stepGrid(startMs: number, endMs: number, stepMs: number): StepGrid {
  const count = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
  return { startMs, endMs: startMs + (count - 1) * stepMs, stepMs, count };
}

export function singleStep(timeMs: number): StepGrid {
  return { startMs: timeMs, endMs: timeMs, stepMs: 1, count: 1 };
}
