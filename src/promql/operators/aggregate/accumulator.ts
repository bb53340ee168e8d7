import type { Labels } from '../../../model/labels.js';
import type { StepColumn } from '../../engine/step-column.js';

/**
 * One aggregation over all groups. Input columns are added one by one and not kept: what an accumulator remembers is
 * per group and step, cell `group * steps + step`.
 */
export interface Accumulator {
  /** @param labels of the series of the column */
  add(group: number, column: StepColumn, labels: Labels): void;
  /** Fills `out`, which is reset, with the result of a group. Called after all `add`s, any number of times. */
  emit(group: number, out: StepColumn): void;
}
