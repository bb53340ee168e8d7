/** `/query` and `/query_range`: parameters in Prometheus' order of checks, evaluation, JSON. */
import type { Engine, QueryOutcome, QueryRequest, QueryResult } from '../../promql/engine/engine-api.js';
import { throwIfStopped } from '../../promql/engine/limits.js';
import { goQuote } from '../../model/go-quote.js';
import type { ApiContext, ApiHandler, ApiReply, ApiRequest } from '../contract.js';
import { success, TRUNCATED } from '../envelope.js';
import { badData, invalidParameter, isInputError } from '../error-types.js';
import { FormParams } from '../form.js';
import { limitParam, lookbackDeltaMs, optionalTime, requiredDurationNs, requiredTime, timeoutMs } from '../params.js';
import { writeQueryData } from '../result-json.js';

export const handleQuery: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const timeMs = optionalTime(form, 'time', request.nowMs);
  const range = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
  return evaluate(form, range, limit, request, context);
};

export const handleQueryRange: ApiHandler = (request: ApiRequest, context: ApiContext) => {
  const form = new FormParams(request.params);
  const limit = limitParam(form);
  const startMs = requiredTime(form, 'start');
  const endMs = requiredTime(form, 'end');
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  const stepNs = requiredDurationNs(form, 'step');
  // Steps below a millisecond are refused with it: Prometheus divides by zero there.
  const stepMs = Math.trunc(stepNs / 1e6);
  if (!(stepMs > 0)) {
    throw invalidParameter('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  }
  const max = context.limits.maxPointsPerSeries;
  if (Math.trunc(((endMs - startMs) * 1e6) / stepNs) > max) {
    throw badData(
      `exceeded maximum resolution of ${max.toLocaleString('en-US')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
  return evaluate(form, { startMs, endMs, stepMs }, limit, request, context);
};

type Range = Pick<QueryRequest, 'startMs' | 'endMs' | 'stepMs'>;

function evaluate(form: FormParams, range: Range, limit: number, request: ApiRequest, context: ApiContext): ApiReply {
  // Checked here for its error text; the deadline itself is set on arrival, since waiting in the queue counts.
  timeoutMs(form);
  const lookback = lookbackDeltaMs(form);
  const statsParam = form.get('stats');
  const outcome = runQuery(context, {
    text: form.get('query'),
    ...range,
    lookbackDeltaMs: lookback,
    ...(statsParam === '' ? {} : { stats: statsParam === 'all' ? 'per-step' as const : 'total' as const }),
    uncached: statsParam !== '' || form.get('nocache') === '1',
    stopRequested: context.stopRequested,
    memory: context.memory,
  });
  const truncated = truncate(outcome.result, limit);
  const warnings = [...outcome.warnings, ...(truncated ? [TRUNCATED] : []), ...statsWarnings(statsParam)];
  const stats = statsParam === '' ? undefined : { ...outcome.stats, queuedMs: request.queuedMs ?? 0 };
  return success(
    context,
    (json) => writeQueryData(json, truncated ?? outcome.result, stats, () => throwIfStopped(context.stopRequested)),
    warnings,
    outcome.infos,
  );
}

/** Since 3.14 other words still mean `true`, with a warning. */
function statsWarnings(param: string): string[] {
  if (param === '' || param === 'true' || param === 'all') return [];
  const text = `value ${goQuote(param)} for parameter "stats" is deprecated and will be rejected in the next major release`;
  return [`${text}, use "true" or "all"`];
}

function runQuery(context: { readonly engine: Engine; readonly storage: ApiContext['storage'] }, request: QueryRequest): QueryOutcome {
  try {
    return context.engine.query(context.storage, request);
  } catch (error) {
    if (isInputError(error)) throw invalidParameter('query', error.message);
    throw error;
  }
}

/** The result cut to `limit` series, undefined if it is within it. Scalars and strings are never cut. */
function truncate(result: QueryResult, limit: number): QueryResult | undefined {
  if (limit === 0 || result.type === 'scalar' || result.type === 'string' || result.series.length <= limit) return undefined;
  return { type: result.type, series: result.series.slice(0, limit) };
}
