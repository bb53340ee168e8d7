import { RE2JS, RE2JSException } from 're2js';
import { METRIC_NAME } from '../../model/labels.js';
import { Matcher, RegexError } from '../../model/matcher.js';
import { QueryError } from '../engine/engine-api.js';
import { isLabelName } from '../engine/label-text.js';
import type { OperatorBuilder } from '../engine/operator-builder.js';
import type { EvalFrame } from '../engine/query-context.js';
import { uniqueSeries } from '../operators/merge-series.js';
import type { OutputSeries, VectorOperator } from '../operators/operator.js';
import { RelabelOperator } from '../operators/relabel.js';
import type { Call } from '../parser/ast.js';
import { stringArgument } from './string-argument.js';

/** `label_replace(v, dst, replacement, src, regex)` */
export function labelReplaceCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const input = build.vector(call.args[0]!, frame);
  const dst = stringArgument(call, 1);
  const replacement = stringArgument(call, 2);
  const src = stringArgument(call, 3);
  const regex = compile(stringArgument(call, 4));
  checkDestination(dst, call.func);
  return unique(input, frame, (series) => {
    const matcher = regex.matcher(series.labels.get(src));
    return matcher.matches() ? withLabel(series, dst, expand(replacement, matcher, regex)) : series;
  });
}

/** `label_join(v, dst, separator, src, …)` */
export function labelJoinCall(build: OperatorBuilder, call: Call, frame: EvalFrame): VectorOperator {
  const input = build.vector(call.args[0]!, frame);
  const dst = stringArgument(call, 1);
  const separator = stringArgument(call, 2);
  const sources = call.args.slice(3).map((_, i) => stringArgument(call, i + 3));
  for (const source of sources) {
    if (!isLabelName(source)) {
      throw new QueryError('execution', `invalid source label name in label_join(): ${source}`);
    }
  }
  checkDestination(dst, call.func);
  return unique(input, frame, (series) => withLabel(series, dst, sources.map((source) => series.labels.get(source)).join(separator)));
}

function unique(input: VectorOperator, frame: EvalFrame, relabel: (series: OutputSeries) => OutputSeries): VectorOperator {
  return uniqueSeries(new RelabelOperator(frame, input, relabel), undefined, frame, true);
}

/** A metric name that was set on purpose stays, even if the one before was to leave. */
function withLabel(series: OutputSeries, name: string, value: string): OutputSeries {
  return { labels: series.labels.with(name, value), dropName: name === METRIC_NAME ? false : series.dropName };
}

function checkDestination(name: string, func: string): void {
  if (!isLabelName(name)) {
    throw new QueryError('execution', `invalid destination label name in ${func}(): ${name}`);
  }
}

function compile(pattern: string): RE2JS {
  try {
    // A matcher has limits on the size of patterns, and checks them before anything is compiled.
    new Matcher('=~', 'src', pattern);
    return RE2JS.compile(`^(?s:${pattern})$`);
  } catch (error) {
    if (!(error instanceof RE2JSException) && !(error instanceof RegexError)) throw error;
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${pattern}`, { cause: error });
  }
}

const REFERENCE = /\$(?:\$|\{(\w+)\}|(\w+))/g;

/** `$1`, `${1}`, `$name`, `$$`, as Go's Regexp.Expand: `$1x` is the group called `1x`; unknown groups are empty. */
function expand(template: string, matcher: ReturnType<RE2JS['matcher']>, regex: RE2JS): string {
  if (!template.includes('$')) return template;
  const names = regex.namedGroups();
  return template.replace(REFERENCE, (all: string, braced: string | undefined, bare: string | undefined) => {
    if (all === '$$') return '$';
    const reference = braced ?? bare!;
    if (/^\d+$/.test(reference)) {
      const index = Number(reference);
      return index <= regex.groupCount() ? (matcher.group(index) ?? '') : '';
    }
    return Object.hasOwn(names, reference) ? (matcher.group(reference) ?? '') : '';
  });
}
