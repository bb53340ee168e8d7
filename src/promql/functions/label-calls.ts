import { METRIC_NAME } from '../../model/labels.js';
import { Matcher } from '../../model/matcher.js';
import { RegexCapture } from '../../model/regex-engine.js';
import { type RegexBudget, RegexError } from '../../model/regex-limits.js';
import { expandTemplate, refersToGroups } from '../../model/regex-template.js';
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
  const replace = replacer(stringArgument(call, 4), replacement, frame.query.regexes);
  checkDestination(dst, call.func);
  return unique(input, frame, (series) => {
    const value = replace(series.labels.get(src));
    return value === undefined ? series : withLabel(series, dst, value);
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

/** What takes the place of a value that matches; undefined for others. Groups are found only if the template has any but the whole. */
function replacer(pattern: string, template: string, budget: RegexBudget): (value: string) => string | undefined {
  const { poll } = budget;
  try {
    if (refersToGroups(template)) {
      const regex = new RegexCapture(pattern, budget);
      return (value) => {
        const group = regex.match(value, poll);
        return group && expandTemplate(template, group);
      };
    }
    const regex = new Matcher('=~', 'src', pattern, budget);
    return (value) => (regex.matches(value, poll) ? expandTemplate(template, () => value) : undefined);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new QueryError('execution', `invalid regular expression in label_replace(): ${pattern}`, { cause: error });
  }
}
