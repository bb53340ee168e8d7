import { Labels, METRIC_NAME, compareUtf8 } from '../../../model/labels.js';
import type { QueryLimits } from '../../engine/limits.js';
import type { OutputSeries } from '../operator.js';

/** `by (…)` or `without (…)` of an aggregation. */
export interface GroupingClause {
  readonly labels: readonly string[];
  readonly without: boolean;
}

export interface Groups {
  /** By input series: its group. */
  readonly groupOf: Uint32Array;
  /** By group: what remains of the labels, groups in order of first appearance. */
  readonly labels: readonly Labels[];
  /** By group: number of input series. */
  readonly sizes: Uint32Array;
}

/** @throws QueryError when the query is stopped meanwhile */
export function groupSeries(series: readonly OutputSeries[], clause: GroupingClause, limits: QueryLimits): Groups {
  const reduce = clause.without ? withoutReducer(clause.labels) : byReducer(clause.labels);
  const groupOf = new Uint32Array(series.length);
  const labels: Labels[] = [];
  const sizes: number[] = [];
  const byKey = new Map<string, number>();
  for (let i = 0; i < series.length; i++) {
    limits.handledLabels();
    const key = reduce.key(series[i]!.labels);
    let group = byKey.get(key);
    if (group === undefined) {
      group = labels.length;
      byKey.set(key, group);
      labels.push(reduce.labels(series[i]!.labels));
      sizes.push(0);
    }
    groupOf[i] = group;
    sizes[group]!++;
  }
  return { groupOf, labels, sizes: Uint32Array.from(sizes) };
}

/** Reduces label sets to what a group has in common; sets with equal keys have equal reduced labels. */
export interface LabelReducer {
  key(labels: Labels): string;
  labels(labels: Labels): Labels;
}

function byReducer(names: readonly string[]): LabelReducer {
  const sorted = [...new Set(names)].sort(compareUtf8);
  return {
    key: (labels) => {
      // The values alone, in the order of the names: cheaper than a reduced label set per series.
      if (sorted.length === 1) return labels.get(sorted[0]!);
      let key = '';
      for (let i = 0; i < sorted.length; i++) key += `${labels.get(sorted[i]!)}\udfff`;
      return key;
    },
    labels: (labels) => Labels.fromPairs(sorted.map((name) => [name, labels.get(name)] as const)),
  };
}

function withoutReducer(names: readonly string[]): LabelReducer {
  const drop = new Set([...names, METRIC_NAME]);
  return {
    key: (labels) => labels.without(drop).key(),
    labels: (labels) => labels.without(drop),
  };
}

/** Reduces to the named labels (`by`, `on`) or to all but these and the metric name (`without`, `ignoring`). */
export function labelReducer(names: readonly string[], without: boolean): LabelReducer {
  return without ? withoutReducer(names) : byReducer(names);
}
