/** `/series`, `/labels`, `/label/<name>/values`: what exists, without samples. */
import { goQuote } from '../../model/go-quote.js';
import { compareLabels, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import type { ApiContext, ApiHandler, ApiReply } from '../contract.js';
import { success, TRUNCATED, writeStrings } from '../envelope.js';
import { ApiError, badData, invalidParameter } from '../error-types.js';
import { FormParams } from '../form.js';
import { isLabelName, unescapeLabelName } from '../label-name.js';
import { limitParam, matcherSets, MAX_TIME_MS, MIN_TIME_MS, optionalTime } from '../params.js';
import { writeLabels, writeList } from '../result-json.js';

/** A series of the union: its object, and labels that no cache shares. */
const SERIES_BYTES = 300;

export const handleSeries: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  if (form.error !== undefined) throw badData(`error parsing form values: ${form.error}`);
  if (form.getAll('match[]').length === 0) throw badData('no match[] parameter provided');
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, (reason) => invalidParameter('match[]', reason));

  const series = selectUnion(context, sets, mint, maxt).sort(compareLabels);
  const { list, warnings } = cut(series, limit);
  return success(context, (json) => writeList(json, list, writeLabels), warnings);
};

export const handleLabels: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, badData);
  return strings(mint > maxt ? [] : context.storage.labelNames(sets, mint, maxt), limit, context);
};

export const handleLabelValues: ApiHandler = (request, context) => {
  const name = unescapeLabelName(request.pathArgument);
  if (!isLabelName(name)) throw badData(`invalid label name: ${goQuote(name)}`);
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, badData);
  return strings(mint > maxt ? [] : context.storage.labelValues(name, sets, mint, maxt), limit, context);
};

/** Without times everything is meant. */
function timeRange(form: FormParams): { mint: number; maxt: number } {
  return { mint: optionalTime(form, 'start', MIN_TIME_MS), maxt: optionalTime(form, 'end', MAX_TIME_MS) };
}

/** Label sets of the series that any of the matcher sets selects, each once, in no order. */
function selectUnion(context: ApiContext, sets: readonly (readonly Matcher[])[], mint: number, maxt: number): Labels[] {
  // An empty range is not an error here (a query would be one).
  if (mint > maxt) return [];
  const union: Labels[] = [];
  const seen = new Set<string>();
  for (const set of sets) {
    throwIfStopped(context);
    for (const { labels } of context.storage.select(set, mint, maxt)) {
      if (sets.length > 1) {
        const key = labels.key();
        if (seen.has(key)) continue;
        seen.add(key);
      }
      context.memory?.take(SERIES_BYTES);
      union.push(labels);
    }
  }
  return union;
}

function strings(list: readonly string[], limit: number, context: ApiContext): ApiReply {
  const shown = cut(list, limit);
  return success(context, (json) => writeStrings(json, shown.list), shown.warnings);
}

function cut<T>(list: readonly T[], limit: number): { list: readonly T[]; warnings: readonly string[] } {
  return limit > 0 && list.length > limit ? { list: list.slice(0, limit), warnings: [TRUNCATED] } : { list, warnings: [] };
}

/** @throws ApiError timeout or canceled, for handlers that run without the engine */
export function throwIfStopped(context: Pick<ApiContext, 'stopRequested'>): void {
  const reason = context.stopRequested();
  if (reason === 'timeout') throw new ApiError('timeout', 'query timed out in query execution');
  if (reason === 'canceled') throw new ApiError('canceled', 'query was canceled in query execution');
}
