import { Labels, METRIC_NAME } from '../../model/labels.js';
import type { OutputSeries } from '../operators/operator.js';
import type { EngineOptions } from './engine-api.js';

const TYPE = '__type__';
const UNIT = '__unit__';
/** The labels that say what a metric is; they leave together once a computation made something else of it. */
const IDENTITY: ReadonlySet<string> = new Set([METRIC_NAME, TYPE, UNIT]);

/** The labels without the metric's name, type and unit. */
export function withoutIdentity(labels: Labels): Labels {
  const names = labels.names;
  // Upper-case names sort before __name__, so it is not always the first; nearly always it is.
  if (names[0] === METRIC_NAME && !names.includes(TYPE) && !names.includes(UNIT)) {
    return Labels.fromSorted(names.slice(1), labels.values.slice(1));
  }
  return labels.without(IDENTITY);
}

/** Series of a computation that has no metric name: dropped now, or marked when names are removed at the end. */
export function dropName(series: OutputSeries, options: EngineOptions): OutputSeries {
  if (options.enableDelayedNameRemoval) return series.dropName ? series : { labels: series.labels, dropName: true };
  return { labels: withoutIdentity(series.labels), dropName: false };
}
