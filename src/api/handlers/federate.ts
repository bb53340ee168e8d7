/**
 * `/federate`: the newest sample of each selected series within the lookback, as text or protobuf; stale markers are left out. Metrics
 * come by name, some of them at a time, and an answer of any size in pages of whole metrics, each a job of its own (`README.md`): so
 * memory holds the series of a few metrics, and not all.
 * Source: prometheus/prometheus `web/federate.go`; observed on a running server.
 */
import { compareLabels, compareUtf8, METRIC_NAME } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';
import { GrowingMemory } from '../../storage/memory-account.js';
import { Pace } from '../../storage/pace.js';
import type { ApiContext, ApiHandler, ApiReply, PageCursor } from '../contract.js';
import { ApiError, badData } from '../error-types.js';
import { FederationWriter, negotiateFederation, type FederatedSample } from '../federate-format.js';
import { FormParams } from '../form.js';
import { metricBatches } from '../metric-batches.js';
import { anyMatcherSets } from '../params.js';
import { stoppable, stoppableRegexes, throwIfStopped } from '../stop.js';

/** Prometheus' default, used where the context does not name another. */
const LOOKBACK_DEFAULT_MS = 5 * 60_000;
/** Series read or compared between two polls. */
const SERIES_PER_POLL = 500;
/** A page is ended at the first metric after this many bytes. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** A series: its object, labels that no cache shares, and its sample. */
const SERIES_BYTES = 400;

type MatcherSets = readonly (readonly Matcher[])[];

export const handleFederate: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  if (form.error !== undefined) return text(400, `error parsing form values: ${form.error}\n`);
  let sets: MatcherSets;
  try {
    // `{}` is allowed and selects nothing, in Prometheus as well.
    sets = anyMatcherSets(form, badData, stoppableRegexes(context)).filter((set) => set.length > 0);
  } catch (error) {
    if (error instanceof ApiError && error.type === 'bad_data') return text(400, `${error.message}\n`);
    throw error;
  }
  const writer = new FederationWriter(negotiateFederation(request.accept ?? ''), context);
  const next = writePage(writer, sets, request.cursor, request.nowMs, context);
  const reply = { status: 200, contentType: writer.contentType, body: writer.finish() };
  return next === undefined ? reply : { ...reply, next };
};

/** @returns where to go on, if the page is full before the last metric */
function writePage(
  writer: FederationWriter, sets: MatcherSets, cursor: PageCursor | undefined, nowMs: number, context: ApiContext,
): PageCursor | undefined {
  if (sets.length === 0) return undefined;
  const mint = nowMs - (context.limits.lookbackDeltaMs ?? LOOKBACK_DEFAULT_MS);
  const sent = cursor?.values[0];
  const poll = (): void => throwIfStopped(context);
  const wanted = (name: string): boolean => sent === undefined || compareUtf8(name, sent) > 0;
  const held = new GrowingMemory(context.memory);
  for (const { matcher, lastName, isLast } of metricBatches(context.storage, sets, mint, nowMs, poll, wanted)) {
    for (const sample of newestSamples(matcher, sets, mint, nowMs, context, held)) writer.add(sample);
    if (writer.length >= PAGE_BYTES && !isLast) return { query: 0, names: [METRIC_NAME], values: [lastName] };
  }
  return undefined;
}

/** Of some metrics: by name, whatever other label sorts before it, then by labels. */
function newestSamples(
  named: Matcher, sets: MatcherSets, mint: number, maxt: number, context: ApiContext, held: GrowingMemory,
): FederatedSample[] {
  const found: FederatedSample[] = [];
  let looked = 0;
  const seen = new Set<string>();
  const columns = new SampleColumns();
  columns.wantsStarts = false;
  const pace = new Pace(() => throwIfStopped(context), SERIES_PER_POLL);
  for (const set of sets) {
    throwIfStopped(context);
    for (const series of context.storage.select([named, ...set], mint, maxt, stoppable(context))) {
      pace.step();
      if (sets.length > 1) {
        const key = series.labels.key();
        if (seen.has(key)) continue;
        seen.add(key);
      }
      held.growTo(++looked * SERIES_BYTES);
      columns.clear();
      series.read(columns, mint, maxt);
      const last = columns.length - 1;
      if (last < 0 || isStaleAt(columns.values, last)) continue;
      const value = columns.histograms?.[last] ?? columns.values[last]!;
      found.push({ labels: series.labels, timestampMs: columns.timestamps[last]!, value });
    }
  }
  return found.sort((a, b) => {
    pace.step();
    return compareUtf8(a.labels.metricName, b.labels.metricName) || compareLabels(a.labels, b.labels);
  });
}

function text(status: number, body: string): ApiReply {
  return { status, contentType: 'text/plain; charset=utf-8', body: new TextEncoder().encode(body) };
}
