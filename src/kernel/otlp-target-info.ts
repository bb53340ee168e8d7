// `target_info`: the series that says which resources there are, one for each.
import { leaveToGeneral } from './otlp-cursor';
import { lookupIdentity } from './identity';
import { mix } from './hash';
import { addMiss, earliest, endRowsAt, hasOwnTarget, keepsStarts, latest, leaveTarget, noteDropped, rows } from './otlp-rows';
import {
  COLUMN_CAPACITY, COL_REFS, COL_STARTS, COL_TIMES, COL_VALUES, OTLP_MISS_TARGET, OTLP_NO_ORIGIN, OTLP_ORIGINS, OTLP_REF_NONE,
  OTLP_TARGET_STEPS_MAX,
} from './layout';

/** Folded into a resource's hash for its `target_info`. */
const TARGET_INFO: u64 = 0x6f7406;
const ONE_BITS: u64 = 0x3ff0000000000000;

/**
 * Samples of the `target_info` of the resource at [start, end) with this hash: from its earliest point in steps of `stepMs`, and at
 * its latest point.
 */
export function targetInfo(start: u32, end: u32, resource1: u64, resource2: u64, stepMs: f64): void {
  const first = rows;
  const steps = ceil((latest - earliest) / stepMs);
  if (!hasOwnTarget() || !(steps <= <f64>OTLP_TARGET_STEPS_MAX)) {
    leaveTarget(start);
    return;
  }
  if (<u32>COLUMN_CAPACITY - first <= <u32>OTLP_TARGET_STEPS_MAX) {
    leaveToGeneral();
    return;
  }
  const h1 = mix(resource1, TARGET_INFO);
  const h2 = mix(resource2, TARGET_INFO);
  const value = lookupIdentity(h1, h2);
  if (value == OTLP_REF_NONE) return;
  noteDropped(value);
  let row = first;
  let t: f64 = -1;
  for (let i: f64 = 0; i < steps; i++) {
    t = floor(earliest + i * stepMs);
    store<f64>(COL_TIMES + (row++ << 3), t);
  }
  if (t != latest) store<f64>(COL_TIMES + (row++ << 3), latest);
  for (let i = first; i < row; i++) {
    store<u32>(COL_REFS + (i << 2), value);
    store<u64>(COL_VALUES + (i << 3), ONE_BITS);
    if (keepsStarts) store<f64>(COL_STARTS + (i << 3), 0);
    store<u32>(OTLP_ORIGINS + (i << 2), OTLP_NO_ORIGIN);
  }
  if (value < 0) addMiss(OTLP_MISS_TARGET, start, end, first, row - first, h1, h2);
  endRowsAt(row, earliest, latest);
}
