/**
 * `/federate`: the newest sample of each selected series within the lookback, in the text exposition format.
 * Source: prometheus/prometheus `web/federate.go`; observed on a running server. Histograms and stale markers are
 * left out (the text format has no native histograms).
 */
import { compareLabels, compareUtf8, METRIC_NAME, type Labels } from '../../model/labels.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';
import type { ApiContext, ApiHandler, ApiReply, ApiRequest } from '../contract.js';
import { ApiError, badData } from '../error-types.js';
import { escapeLabelName, escapeMetricName, expositionFloat, quoteLabelValue, type NameEscaping } from '../exposition-text.js';
import { FormParams } from '../form.js';
import { matcherSets } from '../params.js';
import { throwIfStopped } from './series.js';

/** Prometheus' default, used where the context does not name another. */
const LOOKBACK_DEFAULT_MS = 5 * 60_000;

interface Newest {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
}

export const handleFederate: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  if (form.error !== undefined) return text(400, `error parsing form values: ${form.error}\n`);
  let found: Newest[];
  try {
    found = newestSamples(context, matcherSets(form, badData), request.nowMs);
  } catch (error) {
    if (error instanceof ApiError && error.type === 'bad_data') return text(400, `${error.message}\n`);
    throw error;
  }
  return exposition(found, request, context);
};

function newestSamples(context: ApiContext, sets: ReturnType<typeof matcherSets>, nowMs: number): Newest[] {
  const mint = nowMs - (context.limits.lookbackDeltaMs ?? LOOKBACK_DEFAULT_MS);
  const found: Newest[] = [];
  const seen = new Set<string>();
  const columns = new SampleColumns();
  for (const set of sets) {
    throwIfStopped(context);
    for (const series of context.storage.select(set, mint, nowMs)) {
      const key = series.labels.key();
      if (seen.has(key)) continue;
      seen.add(key);
      columns.clear();
      series.read(columns, mint, nowMs);
      const last = columns.length - 1;
      if (last < 0 || isStaleAt(columns.values, last) || columns.histograms?.[last]) continue;
      found.push({ labels: series.labels, timestampMs: columns.timestamps[last]!, value: columns.values[last]! });
    }
  }
  // Families must lie together: by name first, whatever other label sorts before `__name__`.
  return found.sort((a, b) => compareUtf8(a.labels.metricName, b.labels.metricName) || compareLabels(a.labels, b.labels));
}

function exposition(found: readonly Newest[], request: ApiRequest, context: ApiContext): ApiReply {
  const escaping: NameEscaping = /escaping\s*=\s*allow-utf-8/i.test(request.accept ?? '') ? 'allow-utf-8' : 'underscores';
  const lines: string[] = [];
  let family: string | undefined;
  for (const { labels, timestampMs, value } of found) {
    const name = labels.metricName;
    if (name === '') continue;
    if (name !== family) {
      lines.push(`# TYPE ${escapeMetricName(name, escaping)} untyped\n`);
      family = name;
    }
    lines.push(`${sampleName(labels, escaping, context.externalLabels)} ${expositionFloat(value)} ${timestampMs}\n`);
  }
  const version = escaping === 'allow-utf-8' ? '1.0.0' : '0.0.4';
  return text(200, lines.join(''), `text/plain; version=${version}; charset=utf-8; escaping=${escaping}`);
}

function sampleName(labels: Labels, escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>): string {
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (labels.names[i] !== METRIC_NAME) pairs.push(pair(labels.names[i]!, labels.values[i]!, escaping));
  }
  // A series without an instance gets an empty one, so that the scraping side does not add its own target's.
  const added = { instance: '', ...externalLabels };
  for (const [name, value] of Object.entries(added).sort(([a], [b]) => compareUtf8(a, b))) {
    if (!labels.names.includes(name)) pairs.push(pair(name, value, escaping));
  }
  const name = escapeMetricName(labels.metricName, escaping);
  return name.startsWith('"') ? `{${[name, ...pairs].join(',')}}` : `${name}{${pairs.join(',')}}`;
}

function pair(name: string, value: string, escaping: NameEscaping): string {
  return `${escapeLabelName(name, escaping)}=${quoteLabelValue(value)}`;
}

function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): ApiReply {
  return { status, contentType, body: new TextEncoder().encode(body) };
}
