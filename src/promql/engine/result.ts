import type { Histogram } from '../../model/histogram.js';
import { compareLabels } from '../../model/labels.js';
import { MergeSeries } from '../operators/merge-series.js';
import type { OutputSeries, VectorOperator } from '../operators/operator.js';
import { RangeSamples } from '../operators/range-samples.js';
import type { RangeSource } from '../operators/range-source.js';
import { sumOfSamples, WindowWalker, type RangeFunction } from '../operators/range-window.js';
import { QueryError, type QueryResult, type ResultSeries } from './engine-api.js';
import type { QueryLimits } from './limits.js';
import { withoutIdentity } from './name-removal.js';
import type { EvalFrame } from './query-context.js';
import { FLOAT, HISTOGRAM, StepColumn } from './step-column.js';

const NO_HISTOGRAMS: readonly Histogram[] = [];
const NO_TIMES: readonly number[] = [];
const NO_FLOATS = new Float64Array(0);

/** Evaluates an operator into the answer of a range query, not yet sorted; empty series are left out. */
export function matrixResult(operator: VectorOperator, frame: EvalFrame): QueryResult {
  return { type: 'matrix', series: collect(withNamesRemoved(operator, frame), frame) };
}

/** A matrix with its series sorted by labels; other results as they are. @throws QueryError when the query is stopped meanwhile */
export function sortedResult(result: QueryResult, limits: QueryLimits): QueryResult {
  if (result.type !== 'matrix') return result;
  const series = [...result.series].sort((a, b) => {
    limits.handledLabels();
    return compareLabels(a.labels, b.labels);
  });
  return { type: 'matrix', series };
}

/** Evaluates an operator into the answer of an instant query, in the order of the operator. */
export function vectorResult(operator: VectorOperator, frame: EvalFrame): QueryResult {
  return { type: 'vector', series: collect(withNamesRemoved(operator, frame), frame) };
}

/** The raw samples of a range vector: what an instant query for `metric[5m]` answers. */
export function rangeVectorResult(source: RangeSource, frame: EvalFrame): QueryResult {
  const results: ResultSeries[] = [];
  const samples = new RangeSamples();
  const walker = new WindowWalker(frame, source);
  source.series().forEach((series, index) => {
    source.load(index, samples);
    const copy: RangeFunction = {
      evaluate: (all, window) => {
        frame.query.limits.hold(window.hi - window.lo + sumOfSamples(all, window.histogramLo, window.histogramHi));
        frame.query.limits.keepSeries(window.hi - window.lo, window.histogramHi - window.histogramLo);
        results.push({
          labels: series.dropName ? withoutIdentity(series.labels) : series.labels,
          timestamps: all.timestamps.slice(window.lo, window.hi),
          values: all.values.slice(window.lo, window.hi),
          histogramTimestamps: Array.from(all.histogramTimestamps.subarray(window.histogramLo, window.histogramHi)),
          histograms: all.histograms.slice(window.histogramLo, window.histogramHi),
        });
      },
    };
    frame.query.limits.queryable += walker.walk(samples, copy, new StepColumn(1), frame.counts);
  });
  if (hasEqualLabels(results)) throw new QueryError('execution', 'vector cannot contain metrics with the same labelset');
  return { type: 'matrix', series: results };
}

function collect(operator: VectorOperator, frame: EvalFrame): ResultSeries[] {
  const { grid, query } = frame;
  const column = new StepColumn(grid.count);
  const series = operator.series();
  const results: ResultSeries[] = [];
  for (let i = 0; i < series.length; i++) {
    query.limits.poll();
    operator.read(i, column);
    const result = seriesResult(series[i]!, column, frame);
    if (result !== undefined) results.push(result);
  }
  return results;
}

function seriesResult(series: OutputSeries, column: StepColumn, frame: EvalFrame): ResultSeries | undefined {
  const { startMs, stepMs, count } = frame.grid;
  const { kinds, values } = column;
  let floats = 0;
  let histogramCount = 0;
  for (let s = 0; s < count; s++) {
    if (kinds[s] === FLOAT) floats++;
    else if (kinds[s] === HISTOGRAM) histogramCount++;
  }
  if (floats + histogramCount === 0) return undefined;
  frame.query.limits.keepSeries(floats, histogramCount);
  const outTimes = floats === 0 ? NO_FLOATS : new Float64Array(floats);
  const outValues = floats === 0 ? NO_FLOATS : new Float64Array(floats);
  for (let s = 0, i = 0; i < floats; s++) {
    if (kinds[s] !== FLOAT) continue;
    outTimes[i] = startMs + s * stepMs;
    outValues[i++] = values[s]!;
  }
  if (histogramCount === 0) {
    return { labels: series.labels, timestamps: outTimes, values: outValues, histogramTimestamps: NO_TIMES, histograms: NO_HISTOGRAMS };
  }
  const histogramTimestamps: number[] = [];
  const histograms: Histogram[] = [];
  for (let s = 0; s < count; s++) {
    if (kinds[s] !== HISTOGRAM) continue;
    histogramTimestamps.push(startMs + s * stepMs);
    histograms.push(column.histogramAt(s));
  }
  return { labels: series.labels, timestamps: outTimes, values: outValues, histogramTimestamps, histograms };
}

/** Delayed name removal: marked names leave now, and series that become equal by that are merged. */
function withNamesRemoved(operator: VectorOperator, frame: EvalFrame): VectorOperator {
  if (!operator.series().some((series) => series.dropName)) return operator;
  const renamed = operator.series().map((series) =>
    series.dropName ? { labels: withoutIdentity(series.labels), dropName: false } : series,
  );
  return new MergeSeries({ series: () => renamed, read: (index, out) => operator.read(index, out) }, undefined, frame);
}

function hasEqualLabels(results: readonly ResultSeries[]): boolean {
  const keys = new Set<string>();
  for (const { labels } of results) keys.add(labels.key());
  return keys.size < results.length;
}
