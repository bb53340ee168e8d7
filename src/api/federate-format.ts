/** Which format a federating client gets, and the text one. Source: prometheus/common `expfmt/encode.go`, `Negotiate`. */
import { compareUtf8, METRIC_NAME, type Labels } from '../model/labels.js';
import { METRIC_FAMILY_TYPE, MetricFamilyWriter, type FamilySample } from '../wire/metric-family.js';
import {
  escapeLabelName, escapeMetricName, expositionFloat, isNameEscaping, quoteLabelValue, type NameEscaping,
} from './exposition-text.js';

export interface FederateFormat {
  readonly kind: 'text' | 'protobuf';
  readonly escaping: NameEscaping;
}

/**
 * The first acceptable type in the order of the client's weights; text if there is none. `escaping` may come with any type that is
 * looked at on the way.
 */
export function negotiateFederation(accept: string): FederateFormat {
  let escaping: NameEscaping = 'underscores';
  for (const { type, params } of rangesOf(accept)) {
    const wanted = params.get('escaping');
    if (isNameEscaping(wanted)) escaping = wanted;
    const isFamily = type === 'application/vnd.google.protobuf' && params.get('proto') === 'io.prometheus.client.MetricFamily';
    if (isFamily && params.get('encoding') === 'delimited') return { kind: 'protobuf', escaping };
    if (type === 'text/plain' && ['', '0.0.4'].includes(params.get('version') ?? '')) break;
  }
  return { kind: 'text', escaping };
}

function rangesOf(accept: string): { type: string; params: Map<string, string>; weight: number }[] {
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim());
    const params = new Map(rest.map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    }));
    return { type: type.toLowerCase(), params, weight: Number(params.get('q') ?? 1) };
  });
  return ranges.sort((a, b) => b.weight - a.weight);
}

export interface FederatedSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: FamilySample['value'];
}

/** Samples sorted by name. Native histograms have no text form and are left out of it, as in Prometheus. */
export function writeFederation(
  found: readonly FederatedSample[], { kind, escaping }: FederateFormat, externalLabels: Readonly<Record<string, string>>,
): { contentType: string; body: Uint8Array } {
  const named = found.filter(({ labels }) => labels.metricName !== '');
  if (kind === 'protobuf') {
    const writer = new MetricFamilyWriter();
    for (const { labels, timestampMs, value } of named) writer.add({ ...family(labels, escaping, externalLabels), timestampMs, value });
    return { contentType: `${METRIC_FAMILY_TYPE}; escaping=${escaping}`, body: writer.finish() };
  }
  return {
    // Quoted names are of version 1.0.0, but it is 0.0.4 that Prometheus sends, and reads.
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`,
    body: new TextEncoder().encode(textOf(named, escaping, externalLabels)),
  };
}

function textOf(found: readonly FederatedSample[], escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>): string {
  const lines: string[] = [];
  let last: string | undefined;
  for (const { labels, timestampMs, value } of found) {
    if (typeof value !== 'number') continue;
    const name = labels.metricName;
    if (name !== last) {
      lines.push(`# TYPE ${escapeMetricName(name, escaping)} untyped\n`);
      last = name;
    }
    lines.push(`${sampleName(labels, escaping, externalLabels)} ${expositionFloat(value)} ${timestampMs}\n`);
  }
  return lines.join('');
}

function sampleName(labels: Labels, escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>): string {
  const pairs = allPairs(labels, externalLabels).map(([name, value]) => `${escapeLabelName(name, escaping)}=${quoteLabelValue(value)}`);
  const name = escapeMetricName(labels.metricName, escaping);
  return name.startsWith('"') ? `{${[name, ...pairs].join(',')}}` : `${name}{${pairs.join(',')}}`;
}

function family(
  labels: Labels, escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>,
): Pick<FamilySample, 'name' | 'labels'> {
  const pairs = allPairs(labels, externalLabels);
  if (escaping === 'allow-utf-8') return { name: labels.metricName, labels: pairs };
  return {
    name: escapeMetricName(labels.metricName, escaping),
    labels: pairs.map(([name, value]) => [escapeLabelName(name, escaping), value] as const),
  };
}

/** Labels without the name, then what the series does not have: external labels and `instance`. */
function allPairs(labels: Labels, externalLabels: Readonly<Record<string, string>>): (readonly [name: string, value: string])[] {
  const own = labels.names.map((name, i) => [name, labels.values[i]!] as const).filter(([name]) => name !== METRIC_NAME);
  // A series without an instance gets an empty one, so that the scraping side does not add its own target's.
  const added = Object.entries({ instance: '', ...externalLabels }).filter(([name]) => !labels.names.includes(name));
  return [...own, ...added.sort(([a], [b]) => compareUtf8(a, b))];
}
