/**
 * `/search/metric_names`, `/search/label_names`, `/search/label_values`: what completion in an editor asks for, ranked, as
 * NDJSON: lines of results, then one that tells how it ended. Experimental in Prometheus since 3.13 (feature search-api).
 */
import { goQuote } from '../../model/go-quote.js';
import { compareUtf8, METRIC_NAME } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import type { ApiContext, ApiHandler, ApiReply, ApiRequest } from '../contract.js';
import { ApiError, badData } from '../error-types.js';
import { FormParams } from '../form.js';
import { JsonWriter } from '../json-writer.js';
import { matcherSets, optionalTime, parseGoBool, parseGoInt } from '../params.js';
import { writeList } from '../result-json.js';
import { anyMatch, FUZZ_ALGORITHMS, textMatch, type FuzzAlgorithm } from '../text-match.js';
import { stoppableRegexes, throwIfStopped } from '../stop.js';

const HOUR_MS = 3_600_000;
const LIMIT_DEFAULT = 100;
const BATCH_DEFAULT = 100;
/** A name with its score: strings, objects, places in lists. */
const NAME_BYTES = 100;
/** Names between two looks at the cancel flag: a score costs about a microsecond. */
const POLL_INTERVAL = 4096;

interface SearchParams {
  readonly sets: readonly (readonly Matcher[])[];
  readonly mint: number;
  readonly maxt: number;
  readonly searches: readonly string[];
  readonly threshold: number;
  readonly algorithm: FuzzAlgorithm;
  readonly caseSensitive: boolean;
  readonly includeScore: boolean;
  readonly order: 'rising' | 'falling' | 'score';
  readonly limit: number;
  readonly batchSize: number;
}

interface Found {
  readonly name: string;
  readonly score: number;
}

export const handleSearchMetricNames: ApiHandler = (request, context) => {
  const form = formOf(request, context);
  const params = searchParams(form, request, context, 'metric_names');
  const includeMetadata = boolParam(form, 'include_metadata', false);
  const names = context.storage.labelValues(METRIC_NAME, params.sets, params.mint, params.maxt, () => throwIfStopped(context));
  return answer(names, params, context, includeMetadata ? (json, name) => writeMetadata(json, name, context) : () => {});
};

export const handleSearchLabelNames: ApiHandler = (request, context) => {
  const params = searchParams(formOf(request, context), request, context, 'label_names');
  const names = context.storage.labelNames(params.sets, params.mint, params.maxt, () => throwIfStopped(context));
  return answer(names, params, context, () => {});
};

export const handleSearchLabelValues: ApiHandler = (request, context) => {
  const form = formOf(request, context);
  const params = searchParams(form, request, context, 'label_values', () => {
    if (form.get('label') === '') throw badData('missing required parameter "label"');
  });
  // Prometheus has `name` here too; Grafana 13.2 reads `value`.
  const poll = (): void => throwIfStopped(context);
  const values = context.storage.labelValues(form.get('label'), params.sets, params.mint, params.maxt, poll);
  return answer(values, params, context, (json, name) => {
    json.raw(',"value":');
    json.htmlSafeString(name);
  });
};

/** @throws ApiError unavailable while the feature is off */
function formOf(request: ApiRequest, context: ApiContext): FormParams {
  if (context.searchApi !== true) throw new ApiError('unavailable', 'search API disabled');
  const form = new FormParams(request.params);
  if (form.error !== undefined) throw badData(`error parsing form values: ${form.error}`);
  return form;
}

/** In Prometheus' order of checks. `checkOwn`: of parameters that only one endpoint has, before the order. */
function searchParams(
  form: FormParams, request: ApiRequest, context: ApiContext, endpoint: string, checkOwn: () => void = () => {},
): SearchParams {
  const mint = optionalTime(form, 'start', request.nowMs - HOUR_MS);
  const maxt = optionalTime(form, 'end', request.nowMs);
  const sets = matcherSets(form, badData, stoppableRegexes(context));
  const searches = form.getAll('search[]');
  const threshold = intParam(form, 'fuzz_threshold', 0, 100, 'must be 0-100') / 100;
  const algorithm = algorithmParam(form.get('fuzz_alg'));
  const caseSensitive = boolParam(form, 'case_sensitive', true);
  const includeScore = boolParam(form, 'include_score', false);
  const sortBy = form.get('sort_by');
  const sortDir = form.get('sort_dir');
  if (sortDir !== '' && sortBy === '') throw badData('sort_dir is only valid when sort_by is set');
  if (sortDir !== '' && sortBy === 'score') throw badData('sort_dir is not supported for sort_by=score');
  if (!['', 'asc', 'dsc'].includes(sortDir)) throw badData(`invalid sort_dir ${goQuote(sortDir)}: must be "asc" or "dsc"`);
  if (sortBy === 'score' && searches.length === 0) throw badData('sort_by=score requires search[] to be set');
  const limit = intParam(form, 'limit', 0, Infinity, 'must be non-negative integer') || LIMIT_DEFAULT;
  const batchSize = intParam(form, 'batch_size', 0, Infinity, 'must be non-negative integer') || BATCH_DEFAULT;
  checkOwn();
  if (!['', 'alpha', 'score'].includes(sortBy)) {
    throw badData(`invalid sort_by ${goQuote(sortBy)} for ${endpoint}: must be "alpha" or "score"`);
  }
  const order = sortBy === 'score' ? 'score' : sortDir === 'dsc' ? 'falling' : 'rising';
  return { sets, mint, maxt, searches, threshold, algorithm, caseSensitive, includeScore, order, limit, batchSize };
}

/** `names` in UTF-8 order, each once. */
function answer(
  names: readonly string[], params: SearchParams, context: ApiContext, writeMore: (json: JsonWriter, name: string) => void,
): ApiReply {
  context.memory?.take(names.length * NAME_BYTES);
  const found = rank(names, params, context);
  const shown = found.slice(0, params.limit);
  const json = new JsonWriter(context.limits.maxResponseBytes, context.memory);
  // Without results there is still one line of them.
  for (let i = 0; i === 0 || i < shown.length; i += params.batchSize) {
    json.raw('{"results":');
    writeList(json, shown.slice(i, i + params.batchSize), (out, { name, score }) => {
      out.raw('{"name":');
      out.htmlSafeString(name);
      if (params.includeScore) {
        out.raw(',"score":');
        out.number(score);
      }
      writeMore(out, name);
      out.raw('}');
    });
    json.raw('}\n');
  }
  json.raw(`{"status":"success","has_more":${String(found.length > shown.length)}}\n`);
  return { status: 200, contentType: 'application/x-ndjson; charset=utf-8', body: json.finish() };
}

function rank(names: readonly string[], params: SearchParams, context: ApiContext): Found[] {
  const { searches, algorithm, threshold, caseSensitive } = params;
  const match = searches.length === 0 ? () => 1 : anyMatch(searches.map((typed) => textMatch(typed, algorithm, threshold, caseSensitive)));
  const found: Found[] = [];
  for (let i = 0; i < names.length; i++) {
    if (i % POLL_INTERVAL === 0) throwIfStopped(context);
    const score = match(names[i]!);
    if (score !== undefined) found.push({ name: names[i]!, score });
  }
  if (params.order === 'falling') found.reverse();
  if (params.order === 'score') found.sort((a, b) => b.score - a.score || compareUtf8(a.name, b.name));
  return found;
}

function writeMetadata(json: JsonWriter, name: string, context: ApiContext): void {
  const entry = context.metadata.metadata(name, 1, 1).get(name)?.[0];
  if (!entry) return;
  json.raw(`,"type":"${entry.type}"`);
  for (const key of ['help', 'unit'] as const) {
    if (entry[key] === '') continue;
    json.raw(`,"${key}":`);
    json.htmlSafeString(entry[key]);
  }
}

function intParam(form: FormParams, name: string, min: number, max: number, rule: string): number {
  const text = form.get(name);
  if (text === '') return 0;
  let value: number;
  try {
    value = parseGoInt(text);
  } catch {
    value = NaN;
  }
  if (!(value >= min && value <= max)) throw badData(`invalid ${name} ${goQuote(text)}: ${rule}`);
  return value;
}

function boolParam(form: FormParams, name: string, whenAbsent: boolean): boolean {
  const text = form.get(name);
  if (text === '') return whenAbsent;
  const value = parseGoBool(text);
  if (value === undefined) throw badData(`invalid ${name} ${goQuote(text)}: must be boolean`);
  return value;
}

function algorithmParam(text: string): FuzzAlgorithm {
  const algorithm = text === '' ? FUZZ_ALGORITHMS[0] : FUZZ_ALGORITHMS.find((known) => known === text);
  if (!algorithm) throw badData(`unsupported fuzz_alg ${goQuote(text)}: must be one of [${FUZZ_ALGORITHMS.join(' ')}]`);
  return algorithm;
}
