/**
 * What a catalogue has, as lines of JSON beside those of samples:
 *
 *   {"metadata":{"family":"http_requests_total","type":"counter","help":"…","unit":""}}     oldest first within a family
 *   {"labels":{"__name__":"…"},"exemplars":[{"t":ms,"v":1.5,"labels":{"trace_id":"…"}},…]}    some exemplars of one series
 *
 * `v` as in `sample-lines.ts`.
 */
import type { SeriesExemplars } from '../../catalogue/exemplar-table.js';
import { Labels } from '../../model/labels.js';
import { METRIC_TYPES, type MetricMetadata } from '../../model/metadata.js';
import { labelsText, putValue, SampleLineError, valueText } from './sample-lines.js';

export function encodeMetadata({ family, type, help, unit }: MetricMetadata): string {
  return JSON.stringify({ metadata: { family, type, help, unit } });
}

/** Exemplars [from, to) of a series, without the line's end. */
export function encodeExemplars({ series, timestamps, values, labels }: SeriesExemplars, from: number, to: number): string {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const texts: string[] = [];
  for (let i = from; i < to; i++) {
    const value = valueText(values[i]!, words[i * 2]!, words[i * 2 + 1]!);
    texts.push(`{"t":${timestamps[i]!},"v":${value},"labels":${labelsText(labels[i]!)}}`);
  }
  return `{"labels":${labelsText(series)},"exemplars":[${texts.join(',')}]}`;
}

/** @throws SampleLineError */
export function decodeMetadata(value: unknown): MetricMetadata {
  const { family, type, help = '', unit = '' } = value as Partial<Record<keyof MetricMetadata, unknown>>;
  if (typeof family !== 'string' || family === '' || typeof help !== 'string' || typeof unit !== 'string') {
    throw new SampleLineError('"metadata" has no "family", or not all of it is text');
  }
  const known = METRIC_TYPES.find((one) => one === type);
  if (known === undefined) throw new SampleLineError(`"metadata" has no "type" that is known: ${JSON.stringify(type)}`);
  return { family, type: known, help, unit };
}

/** @throws SampleLineError */
export function decodeExemplars(series: Labels, list: readonly unknown[]): SeriesExemplars {
  const values = new Float64Array(list.length);
  const timestamps = new Float64Array(list.length);
  const labels = list.map((one, i) => {
    const { t, v, labels: own } = one as { readonly t?: unknown; readonly v?: unknown; readonly labels?: unknown };
    if (!Number.isSafeInteger(t)) throw new SampleLineError(`an exemplar has ${JSON.stringify(t)}, which is no time in ms`);
    timestamps[i] = Number(t);
    putValue(values, i, v);
    return labelsOf(own);
  });
  return { series, timestamps, values, labels };
}

/** @throws SampleLineError */
export function labelsOf(value: unknown): Labels {
  if (typeof value !== 'object' || value === null || Object.values(value).some((one) => typeof one !== 'string')) {
    throw new SampleLineError('"labels" is not an object of strings');
  }
  return Labels.fromObject(value as Record<string, string>);
}
