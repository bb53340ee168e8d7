/**
 * `/federate`: the newest sample of each selected series within the lookback, as text or protobuf; stale markers are left out.
 * Source: prometheus/prometheus `web/federate.go`; observed on a running server.
 */
import { compareLabels, compareUtf8 } from '../../model/labels.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';
import { Pace } from '../../storage/pace.js';
import type { ApiContext, ApiHandler, ApiReply } from '../contract.js';
import { ApiError, badData } from '../error-types.js';
import { negotiateFederation, writeFederation, type FederatedSample } from '../federate-format.js';
import { FormParams } from '../form.js';
import { anyMatcherSets } from '../params.js';
import { stoppable, throwIfStopped } from './series.js';

/** Prometheus' default, used where the context does not name another. */
const LOOKBACK_DEFAULT_MS = 5 * 60_000;
/** Series read or compared between two polls. */
const SERIES_PER_POLL = 500;

export const handleFederate: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  if (form.error !== undefined) return text(400, `error parsing form values: ${form.error}\n`);
  let found: FederatedSample[];
  try {
    found = newestSamples(context, anyMatcherSets(form, badData), request.nowMs);
  } catch (error) {
    if (error instanceof ApiError && error.type === 'bad_data') return text(400, `${error.message}\n`);
    throw error;
  }
  return { status: 200, ...writeFederation(found, negotiateFederation(request.accept ?? ''), context.externalLabels) };
};

function newestSamples(context: ApiContext, sets: ReturnType<typeof anyMatcherSets>, nowMs: number): FederatedSample[] {
  const mint = nowMs - (context.limits.lookbackDeltaMs ?? LOOKBACK_DEFAULT_MS);
  const found: FederatedSample[] = [];
  const seen = new Set<string>();
  const columns = new SampleColumns();
  columns.wantsStarts = false;
  const pace = new Pace(() => throwIfStopped(context), SERIES_PER_POLL);
  for (const set of sets) {
    throwIfStopped(context);
    // `{}` is allowed and selects nothing, in Prometheus as well.
    if (set.length === 0) continue;
    for (const series of context.storage.select(set, mint, nowMs, stoppable(context))) {
      pace.step();
      const key = series.labels.key();
      if (seen.has(key)) continue;
      seen.add(key);
      columns.clear();
      series.read(columns, mint, nowMs);
      const last = columns.length - 1;
      if (last < 0 || isStaleAt(columns.values, last)) continue;
      const value = columns.histograms?.[last] ?? columns.values[last]!;
      found.push({ labels: series.labels, timestampMs: columns.timestamps[last]!, value });
    }
  }
  // Families must lie together: by name first, whatever other label sorts before `__name__`.
  return found.sort((a, b) => {
    pace.step();
    return compareUtf8(a.labels.metricName, b.labels.metricName) || compareLabels(a.labels, b.labels);
  });
}

function text(status: number, body: string): ApiReply {
  return { status, contentType: 'text/plain; charset=utf-8', body: new TextEncoder().encode(body) };
}
