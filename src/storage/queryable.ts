/**
 * The reading seam between the engine and the store: `promql` and `tsdb` meet only here. Everything is synchronous;
 * a query runs in a worker thread over shared memory and read-only files, and looks at its cancel flag in between.
 */
import type { Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import type { SampleColumns } from '../model/sample-columns.js';

/** What the reader of a selection will do with it. Advice only: an implementation may ignore all of it. */
export interface SelectHints {
  /** Function that is applied to the selection directly ('rate', 'sum_over_time', …), '' if none. */
  readonly func: string;
  /** Range of a range selector in ms, 0 for instant selectors. */
  readonly rangeMs: number;
  readonly stepMs: number;
  /** To be called now and then while a selection of many series is put together; throws if it is not wanted any more. */
  readonly poll?: () => void;
}

/** One series of a selection. Its labels are complete, its samples are decoded on demand. */
export interface Series {
  readonly labels: Labels;
  /** Appends all samples with mint <= t <= maxt to `out`, rising in time, at most one per timestamp. Keeps no reference to `out`. */
  read(out: SampleColumns, mint: number, maxt: number): void;
}

/** All times are ms since the epoch, both ends inclusive. */
export interface Queryable {
  /**
   * Series that match all matchers and may have samples in [mint, maxt], in no particular order, each label set
   * once. A series without samples in the range may be returned.
   */
  select(matchers: readonly Matcher[], mint: number, maxt: number, hints?: SelectHints): Series[];
  /**
   * Sorted (UTF-8 order) names of the labels of the series that `select` would return for any of the matcher sets; none = all series.
   * @param poll as in `SelectHints`
   */
  labelNames(matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void): string[];
  /** Sorted values of one label, likewise. */
  labelValues(name: string, matcherSets: readonly (readonly Matcher[])[], mint: number, maxt: number, poll?: () => void): string[];
}
