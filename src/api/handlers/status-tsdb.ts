/** `/status/tsdb`: what the cardinality of the heads is made of. */
import type { NamedCount } from '../../storage/cardinality.js';
import type { ApiHandler } from '../contract.js';
import { success } from '../envelope.js';
import { badData } from '../error-types.js';
import { FormParams } from '../form.js';
import type { JsonWriter } from '../json-writer.js';
import { parseGoInt } from '../params.js';
import { writeList } from '../result-json.js';
import { throwIfStopped } from '../stop.js';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 10_000;

export const handleStatusTsdb: ApiHandler = (request, context) => {
  const text = new FormParams(request.params).get('limit');
  const limit = text === '' ? LIMIT_DEFAULT : positive(text);
  if (limit > LIMIT_MAX) throw badData(`limit must not exceed ${LIMIT_MAX}`);
  const counted = context.cardinality.cardinality(limit, () => throwIfStopped(context));
  const { head } = counted;
  return success(context, (json) => {
    json.raw('{"headStats":{"numSeries":');
    json.integer(head.numSeries);
    json.raw(',"numLabelPairs":');
    json.integer(head.numLabelPairs);
    json.raw(',"chunkCount":');
    json.integer(head.chunkCount);
    json.raw(',"minTime":');
    // Go's int64 extremes, as Prometheus shows an empty head. They are no doubles, so they are written as text.
    writeTimeOr(json, head.minTimeMs, '9223372036854775807');
    json.raw(',"maxTime":');
    writeTimeOr(json, head.maxTimeMs, '-9223372036854775808');
    json.raw('},"seriesCountByMetricName":');
    writeList(json, counted.seriesByMetricName, writeCount);
    json.raw(',"labelValueCountByLabelName":');
    writeList(json, counted.valuesByLabelName, writeCount);
    json.raw(',"memoryInBytesByLabelName":');
    writeList(json, counted.bytesByLabelName, writeCount);
    json.raw(',"seriesCountByLabelValuePair":');
    writeList(json, counted.seriesByLabelPair, writeCount);
    json.raw('}');
  });
};

/** @throws ApiError bad_data, in the one text that the endpoint has for whatever is wrong */
function positive(text: string): number {
  let limit = 0;
  try {
    limit = parseGoInt(text);
  } catch {
    // Said below.
  }
  if (limit < 1) throw badData('limit must be a positive number');
  return limit;
}

function writeCount(json: JsonWriter, count: NamedCount): void {
  json.raw('{"name":');
  json.htmlSafeString(count.name);
  json.raw(',"value":');
  json.integer(count.value);
  json.raw('}');
}

function writeTimeOr(json: JsonWriter, ms: number | undefined, whenUnknown: string): void {
  if (ms === undefined) json.raw(whenUnknown);
  else json.integer(ms);
}
