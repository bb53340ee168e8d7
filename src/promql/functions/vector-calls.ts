import { invariant } from '../../invariant.js';
import type { OperatorBuilder } from '../engine/operator-builder.js';
import { type EvalFrame, skippingBuckets } from '../engine/query-context.js';
import { ABSENT } from '../engine/step-column.js';
import { histogramAvg, histogramStddev, histogramStdvar } from '../histogram/stats.js';
import { AbsentOperator } from '../operators/absent.js';
import { type ColumnFunction, ElementFunctionOperator, onFloats, onHistograms } from '../operators/element-function.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { VectorOperator } from '../operators/operator.js';
import { RangeFunctionOperator } from '../operators/range-function.js';
import { VectorOfScalar, timeScalar } from '../operators/scalar.js';
import { SortOperator } from '../operators/sort.js';
import type { Call } from '../parser/ast.js';
import { withoutParens } from '../plan/plan.js';
import { samplePresent } from './any-sample.js';
import { histogramFractionCall, histogramQuantileCall, histogramQuantilesCall } from './histogram-calls.js';
import { infoCall } from './info-call.js';
import { labelJoinCall, labelReplaceCall } from './label-calls.js';
import { ELEMENT_FUNCTIONS, clamp, roundTo, maxOf, minOf } from './math.js';
import { rangeCall } from './range-calls.js';
import { stringArgument } from './string-argument.js';
import { DATE_FUNCTIONS } from './time.js';

const HISTOGRAM_FUNCTIONS: Readonly<Record<string, ColumnFunction>> = {
  histogram_count: onHistograms((h) => h.count),
  histogram_sum: onHistograms((h) => h.sum),
  histogram_avg: onHistograms(histogramAvg),
  histogram_stddev: onHistograms(histogramStddev),
  histogram_stdvar: onHistograms(histogramStdvar),
};

/** `histogram_stddev` and `histogram_stdvar` are not among them, and do not ask for buckets either: inside of these they have none. */
const WITHOUT_BUCKETS: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);

/** The functions that give an instant vector. */
export function vectorCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const ranged = rangeCall(build, call, frame);
  if (ranged !== undefined) return ranged;
  const element = ELEMENT_FUNCTIONS[call.func];
  if (element !== undefined) return elementwise(build, call, frame, onFloats(element));
  const date = DATE_FUNCTIONS[call.func];
  if (date !== undefined) return dateCall(build, call, frame, date);
  const histogram = HISTOGRAM_FUNCTIONS[call.func];
  if (histogram !== undefined) {
    return elementwise(build, call, WITHOUT_BUCKETS.has(call.func) ? skippingBuckets(frame) : frame, histogram);
  }
  switch (call.func) {
    case 'round':
      return roundCall(build, call, frame);
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max':
      return clampCall(build, call, frame);
    case 'vector':
      return new VectorOfScalar(build.scalar(call.args[0]!, frame));
    case 'timestamp':
    case 'start_timestamp':
      return timestampCall(build, call, frame);
    case 'absent':
      return new AbsentOperator(frame, build.vector(call.args[0]!, frame), call.args[0]!);
    case 'absent_over_time':
      return absentOverTimeCall(build, call, frame);
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return sortCall(build, call, frame);
    case 'label_replace':
      return labelReplaceCall(build, call, frame);
    case 'label_join':
      return labelJoinCall(build, call, frame);
    case 'info':
      return infoCall(build, call, frame);
    case 'histogram_quantile':
      return histogramQuantileCall(build, call, frame);
    case 'histogram_quantiles':
      return histogramQuantilesCall(build, call, frame);
    case 'histogram_fraction':
      return histogramFractionCall(build, call, frame);
    default:
      invariant(false, `no vector function ${call.func}`);
  }
}

function elementwise(build: OperatorBuilder, call: Call, frame: EvalFrame, apply: ColumnFunction): VectorOperator {
  const input = build.vector(call.args[0]!, frame);
  return uniqueSeries(new ElementFunctionOperator(frame, input, apply), input, frame);
}

function dateCall(build: OperatorBuilder, call: Call, frame: EvalFrame, date: (seconds: number) => number): VectorOperator {
  if (call.args.length > 0) return elementwise(build, call, frame, onFloats(date));
  return new ElementFunctionOperator(frame, new VectorOfScalar(timeScalar(frame)), onFloats(date));
}

function roundCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  if (call.args.length < 2) return elementwise(build, call, frame, onFloats((x) => roundTo(x, 1)));
  const nearest = build.scalar(call.args[1]!, frame);
  return elementwise(build, call, frame, onFloats((x, step) => roundTo(x, nearest.values()[step]!)));
}

function clampCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const bounds = call.args.slice(1).map((arg) => build.scalar(arg, frame));
  if (call.func === 'clamp_min') {
    return elementwise(build, call, frame, onFloats((x, step) => maxOf(x, bounds[0]!.values()[step]!)));
  }
  if (call.func === 'clamp_max') {
    return elementwise(build, call, frame, onFloats((x, step) => minOf(x, bounds[0]!.values()[step]!)));
  }
  const [lowest, highest] = bounds;
  const clampColumn = onFloats((x, step) => clamp(x, lowest!.values()[step]!, highest!.values()[step]!));
  return elementwise(build, call, frame, (column, series) => {
    clampColumn(column, series);
    // Bounds the wrong way round leave nothing.
    for (let s = 0; s < column.length; s++) if (lowest!.values()[s]! > highest!.values()[s]!) column.kinds[s] = ABSENT;
  });
}

/** Of a plain selector the time of the sample itself, of anything else the evaluation time. */
function timestampCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const wantsStart = call.func === 'start_timestamp';
  const inner = withoutParens(call.args[0]!);
  const selector = inner.kind === 'step-invariant' ? withoutParens(inner.expr) : inner;
  if (selector.kind === 'vector-selector') {
    const times = build.vectorSelector(selector, frame, wantsStart ? 'start-timestamp' : 'timestamp');
    return uniqueSeries(new ElementFunctionOperator(frame, times, () => {}), times, frame);
  }
  if (wantsStart) return elementwise(build, call, frame, (column) => column.reset());
  const times = timeScalar(frame);
  return elementwise(build, call, frame, (column) => {
    for (let s = 0; s < column.length; s++) if (column.kinds[s] !== ABSENT) column.setFloat(s, times.values()[s]!);
    column.histograms = undefined;
  });
}

function absentOverTimeCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const arg = call.args[0]!;
  const source = build.range(arg, frame, call.func);
  return new AbsentOperator(frame, new RangeFunctionOperator(frame, source, samplePresent, true), arg);
}

function sortCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  if (frame.grid.count > 1) frame.query.annotations.sortInRangeQuery(call.pos);
  const input = build.vector(call.args[0]!, frame);
  const descending = call.func.endsWith('_desc');
  if (call.func === 'sort' || call.func === 'sort_desc') return new SortOperator(frame, input, { kind: 'value', descending });
  const names = call.args.slice(1).map((_, i) => stringArgument(call, i + 1));
  return new SortOperator(frame, input, { kind: 'labels', names, descending });
}
