/** A large selection, some metrics at a time, in the order of their names: what is held then are the series of a few metrics. */
import { compareUtf8, METRIC_NAME } from '../model/labels.js';
import { Matcher } from '../model/matcher.js';
import type { Queryable } from '../storage/queryable.js';

/** Few enough to hold, enough that the other matchers are not worked out again for each. */
const NAMES_PER_BATCH = 32;

export interface MetricBatch {
  /** To be added to the matchers of a selection. */
  readonly matcher: Matcher;
  readonly lastName: string;
  /** There is no other batch behind it. */
  readonly isLast: boolean;
}

/**
 * The metrics that any of the matcher sets selects. Series without a name are in no batch.
 * @param wanted names that are asked for
 */
export function* metricBatches(
  storage: Queryable, sets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll: () => void,
  wanted: (name: string) => boolean,
): Generator<MetricBatch> {
  const names = storage.labelValues(METRIC_NAME, sets, mint, maxt, poll).filter(wanted);
  for (let i = 0; i < names.length; i += NAMES_PER_BATCH) {
    const some = names.slice(i, i + NAMES_PER_BATCH);
    yield { matcher: Matcher.oneOf(METRIC_NAME, some), lastName: some.at(-1)!, isLast: i + some.length === names.length };
  }
}

/** True if the order of label sets is that of metric names first: no label sorts before the name. */
export function isOrderedByMetric(storage: Queryable, mint: number, maxt: number, poll: () => void): boolean {
  const first = storage.labelNames([], mint, maxt, poll)[0];
  return first === undefined || compareUtf8(METRIC_NAME, first) <= 0;
}
