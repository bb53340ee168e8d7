// What the walks of remote write 1.0 and 2.0 have in common: a body is a run of top-level fields, each a series or something that is
// left to the general decoder by itself.
import { beginColumns, endColumns, putOther } from './columns';
import { beginPrediction, endPrediction } from './identity';
import { beginMisses, endMisses } from './miss';
import { RES_RESUME, WALK_DONE, WALK_GENERAL } from './layout';

/** Result of one field, beside the WALK_ codes: left to the general decoder. */
export const SERIES_OTHER: u32 = 100;

export function beginWalk(): void {
  beginColumns();
  beginMisses();
  beginPrediction();
}

/** `at`: the first field that was not walked. */
export function endWalk(at: u32): void {
  endPrediction();
  endMisses();
  endColumns();
  store<u32>(RES_RESUME, at);
}

/** The WALK_ code for a field at [start, end) whose walk gave `result`: WALK_DONE goes on with the next. */
export function settleField(result: u32, start: u32, end: u32): u32 {
  if (result != SERIES_OTHER) return result;
  return putOther(start, end) ? WALK_DONE : WALK_GENERAL;
}
