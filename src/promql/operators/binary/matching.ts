import { Labels, METRIC_NAME } from '../../../model/labels.js';
import type { EngineOptions } from '../../engine/engine-api.js';
import type { QueryLimits } from '../../engine/limits.js';
import { withoutIdentity } from '../../engine/name-removal.js';
import type { BinaryExpr, VectorMatching } from '../../parser/ast.js';
import { type LabelReducer, labelReducer } from '../aggregate/grouping.js';
import type { OutputSeries } from '../operator.js';
import { makesNewMetric } from './arithmetic.js';

/** Series of the two sides that belong together: equal in the labels of `on` or outside those of `ignoring`. */
export interface MatchGroup {
  /** What they have in common. */
  readonly labels: Labels;
  readonly left: number[];
  readonly right: number[];
}

export function matchReducer(matching: VectorMatching): LabelReducer {
  return labelReducer(matching.labels, !matching.on);
}

/** Groups in order of first appearance, left side first. @throws QueryError when the query is stopped meanwhile */
export function matchGroups(
  left: readonly OutputSeries[], right: readonly OutputSeries[], reducer: LabelReducer, limits: QueryLimits,
): MatchGroup[] {
  const byKey = new Map<string, MatchGroup>();
  const place = (labels: Labels): MatchGroup => {
    limits.handledLabels();
    const key = reducer.key(labels);
    let group = byKey.get(key);
    if (group === undefined) {
      group = { labels: reducer.labels(labels), left: [], right: [] };
      byKey.set(key, group);
    }
    return group;
  };
  for (let i = 0; i < left.length; i++) place(left[i]!.labels).left.push(i);
  for (let i = 0; i < right.length; i++) place(right[i]!.labels).right.push(i);
  return [...byKey.values()];
}

/**
 * The series that a pair of matching series becomes. `many` is the side that keeps its labels (the left one in
 * one-to-one), `oneLabels` those of the other side, of which `group_left(…)` takes some.
 */
export function joinedSeries(expr: BinaryExpr, many: OutputSeries, oneLabels: Labels, options: EngineOptions): OutputSeries {
  const matching = expr.matching!;
  const isNew = makesNewMetric(expr.op, expr.returnBool);
  let labels = many.labels;
  let nameLeaves = many.dropName;
  if (isNew) {
    if (options.enableDelayedNameRemoval) nameLeaves = true;
    else labels = withoutIdentity(labels);
  }
  if (matching.card === 'one-to-one') {
    const names = new Set(matching.labels);
    labels = matching.on ? labels.keep(names) : labels.without(names);
  }
  for (const name of matching.include) {
    labels = labels.with(name, oneLabels.get(name));
    if (name === METRIC_NAME) nameLeaves = false;
  }
  return { labels, dropName: nameLeaves };
}
