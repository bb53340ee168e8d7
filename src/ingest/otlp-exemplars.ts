import type { Exemplar } from '../model/exemplar.js';
import { Labels } from '../model/labels.js';
import type { OtlpExemplar } from '../wire/otlp-types.js';
import { codePointCount, EXEMPLAR_CODE_POINTS_MAX } from '../wire/wire-labels.js';
import { attributeText } from './otlp-attributes.js';

/**
 * Exemplars of a point, in its order, with ids and filtered attributes (not escaped) as labels. If all of them are too
 * long for an exemplar, the attributes go and the ids stay. A time that is not set is 0, as Prometheus stores it.
 * `dropped` counts those without a value.
 */
export function translateExemplars(exemplars: readonly OtlpExemplar[]): { kept: Exemplar[]; dropped: number } {
  const kept: Exemplar[] = [];
  let dropped = 0;
  for (const exemplar of exemplars) {
    if (exemplar.value === undefined) {
      dropped++;
      continue;
    }
    kept.push({ labels: exemplarLabels(exemplar), value: exemplar.value, timestampMs: exemplar.timeMs });
  }
  return { kept, dropped };
}

function exemplarLabels({ traceId, spanId, filteredAttributes }: OtlpExemplar): Labels {
  const ids: [string, string][] = [];
  if (traceId !== '') ids.push(['trace_id', traceId]);
  if (spanId !== '') ids.push(['span_id', spanId]);
  const all = [...ids];
  for (const { key, value } of filteredAttributes) all.push([key, attributeText(value)]);
  let codePoints = 0;
  for (const [name, value] of all) codePoints += codePointCount(name) + codePointCount(value);
  return Labels.fromPairs(codePoints <= EXEMPLAR_CODE_POINTS_MAX ? all : ids);
}
