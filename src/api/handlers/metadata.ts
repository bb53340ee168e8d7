/** `/metadata`: type, help and unit by metric family. Unlike Prometheus, which knows scraped targets only, from all that was received. */
import type { MetricMetadata } from '../../model/metadata.js';
import { compareUtf8 } from '../../model/labels.js';
import type { ApiHandler } from '../contract.js';
import { success } from '../envelope.js';
import { badData } from '../error-types.js';
import { FormParams } from '../form.js';
import type { JsonWriter } from '../json-writer.js';
import { parseGoInt } from '../params.js';
import { writeList } from '../result-json.js';

const NO_LIMIT = -1;

export const handleMetadata: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  const limit = optionalInt(form, 'limit');
  const limitPerMetric = optionalInt(form, 'limit_per_metric');
  // As in Prometheus, `limit=0` is none at all here, while `limit_per_metric=0` is no limit.
  const families = limit === 0
    ? new Map<string, MetricMetadata[]>()
    : context.metadata.metadata(form.get('metric'), Math.max(limit, 0), Math.max(limitPerMetric, 0));
  const names = [...families.keys()].sort(compareUtf8);
  return success(context, (json) => {
    json.raw('{');
    for (let i = 0; i < names.length; i++) {
      if (i > 0) json.raw(',');
      json.htmlSafeString(names[i]!);
      json.raw(':');
      writeList(json, families.get(names[i]!)!, writeEntry);
    }
    json.raw('}');
  });
};

function writeEntry(json: JsonWriter, entry: MetricMetadata): void {
  json.raw(`{"type":"${entry.type}","help":`);
  json.htmlSafeString(entry.help);
  json.raw(',"unit":');
  json.htmlSafeString(entry.unit);
  json.raw('}');
}

function optionalInt(form: FormParams, name: string): number {
  const text = form.get(name);
  if (text === '') return NO_LIMIT;
  try {
    return parseGoInt(text);
  } catch {
    // The endpoint has this one text, whatever is wrong with the number.
    throw badData(`${name} must be a number`);
  }
}
