/** `/series`, `/labels`, `/label/<name>/values`: what exists, without samples. */
import { goQuote } from '../../model/go-quote.js';
import { compareLabels, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import { Pace } from '../../storage/pace.js';
import type { ApiContext, ApiHandler, ApiReply } from '../contract.js';
import { success, TRUNCATED, writeStrings } from '../envelope.js';
import { badData, invalidParameter } from '../error-types.js';
import { FormParams } from '../form.js';
import { isLabelName, unescapeLabelName } from '../label-name.js';
import { limitParam, matcherSets, MAX_TIME_MS, MIN_TIME_MS, optionalTime } from '../params.js';
import { writeLabels, writeList } from '../result-json.js';
import { stoppable, stoppableRegexes, throwIfStopped } from '../stop.js';

/** A series of the union: its object, and labels that no cache shares. */
const SERIES_BYTES = 300;
/** Label sets read, compared or written between two polls. */
const LABELS_PER_POLL = 500;
/** A name or value: a string of some length, and its place in a list. */
const NAME_BYTES = 64;
/** Names or values written between two polls. */
const NAMES_PER_POLL = 10_000;

export const handleSeries: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  if (form.error !== undefined) throw badData(`error parsing form values: ${form.error}`);
  if (form.getAll('match[]').length === 0) throw badData('no match[] parameter provided');
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, (reason) => invalidParameter('match[]', reason), stoppableRegexes(context));

  const pace = new Pace(() => throwIfStopped(context), LABELS_PER_POLL);
  const series = selectUnion(context, sets, mint, maxt).sort((a, b) => {
    pace.step();
    return compareLabels(a, b);
  });
  const { list, warnings } = cut(series, limit);
  return success(context, (json) => writeList(json, list, writeLabels, () => pace.step()), warnings);
};

export const handleLabels: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, badData, stoppableRegexes(context));
  return strings(mint > maxt ? [] : context.storage.labelNames(sets, mint, maxt, () => throwIfStopped(context)), limit, context);
};

export const handleLabelValues: ApiHandler = (request, context) => {
  const name = unescapeLabelName(request.pathArgument);
  if (!isLabelName(name)) throw badData(`invalid label name: ${goQuote(name)}`);
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const { mint, maxt } = timeRange(form);
  const sets = matcherSets(form, badData, stoppableRegexes(context));
  const poll = (): void => throwIfStopped(context);
  return strings(mint > maxt ? [] : context.storage.labelValues(name, sets, mint, maxt, poll), limit, context);
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
  const pace = new Pace(() => throwIfStopped(context), LABELS_PER_POLL);
  for (const set of sets) {
    throwIfStopped(context);
    for (const { labels } of context.storage.select(set, mint, maxt, stoppable(context))) {
      pace.step();
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
  context.memory?.take(list.length * NAME_BYTES);
  const shown = cut(list, limit);
  const pace = new Pace(() => throwIfStopped(context), NAMES_PER_POLL);
  return success(context, (json) => writeStrings(json, shown.list, () => pace.step()), shown.warnings);
}

function cut<T>(list: readonly T[], limit: number): { list: readonly T[]; warnings: readonly string[] } {
  return limit > 0 && list.length > limit ? { list: list.slice(0, limit), warnings: [TRUNCATED] } : { list, warnings: [] };
}
