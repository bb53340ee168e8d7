/**
 * `/status/tsdb`: what the cardinality of the store is made of. Counted over all series that can be selected (heads
 * and blocks, where Prometheus counts its head), in one pass and with one counter per label pair.
 */
import type { Queryable } from '../../storage/queryable.js';
import { compareUtf8, METRIC_NAME } from '../../model/labels.js';
import { Matcher } from '../../model/matcher.js';
import type { ApiContext, ApiHandler } from '../contract.js';
import { success } from '../envelope.js';
import { badData } from '../error-types.js';
import { FormParams } from '../form.js';
import type { JsonWriter } from '../json-writer.js';
import { MAX_TIME_MS, MIN_TIME_MS } from '../params.js';
import { writeList } from '../result-json.js';
import { throwIfStopped } from './series.js';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 10_000;
/** Series between two looks at the cancel flag. */
const STOP_CHECK_INTERVAL = 4096;

interface Count {
  readonly name: string;
  readonly value: number;
}

interface Cardinality {
  series: number;
  labelPairs: number;
  byMetricName: Count[];
  valuesByLabelName: Count[];
  bytesByLabelName: Count[];
  byLabelPair: Count[];
}

export const handleStatusTsdb: ApiHandler = (request, context) => {
  const text = new FormParams(request.params).get('limit');
  const limit = text === '' ? LIMIT_DEFAULT : Number(text);
  if (!/^\d*$/.test(text) || limit < 1) throw badData('limit must be a positive number');
  const counted = countCardinality(context.storage, context, Math.min(limit, LIMIT_MAX));
  const head = context.headStats?.();
  return success(context.limits.maxResponseBytes, (json) => {
    json.raw('{"headStats":{"numSeries":');
    json.integer(head?.numSeries ?? counted.series);
    json.raw(',"numLabelPairs":');
    json.integer(head?.numLabelPairs ?? counted.labelPairs);
    json.raw(',"chunkCount":');
    json.integer(head?.chunkCount ?? 0);
    json.raw(',"minTime":');
    // Go's int64 extremes, as Prometheus shows an empty head. They are no doubles, so they are written as text.
    writeTimeOr(json, head?.minTimeMs, '9223372036854775807');
    json.raw(',"maxTime":');
    writeTimeOr(json, head?.maxTimeMs, '-9223372036854775808');
    json.raw('},"seriesCountByMetricName":');
    writeList(json, counted.byMetricName, writeCount);
    json.raw(',"labelValueCountByLabelName":');
    writeList(json, counted.valuesByLabelName, writeCount);
    json.raw(',"memoryInBytesByLabelName":');
    writeList(json, counted.bytesByLabelName, writeCount);
    json.raw(',"seriesCountByLabelValuePair":');
    writeList(json, counted.byLabelPair, writeCount);
    json.raw('}');
  });
};

function countCardinality(storage: Queryable, context: ApiContext, limit: number): Cardinality {
  const byName = new Map<string, Map<string, number>>();
  const all = storage.select([new Matcher('!=', METRIC_NAME, '')], MIN_TIME_MS, MAX_TIME_MS);
  for (let i = 0; i < all.length; i++) {
    if (i % STOP_CHECK_INTERVAL === 0) throwIfStopped(context);
    const { names, values } = all[i]!.labels;
    for (let k = 0; k < names.length; k++) {
      let counts = byName.get(names[k]!);
      if (!counts) byName.set(names[k]!, (counts = new Map()));
      counts.set(values[k]!, (counts.get(values[k]!) ?? 0) + 1);
    }
  }
  const pairs: Count[] = [];
  const valueCounts: Count[] = [];
  const byteCounts: Count[] = [];
  for (const [name, counts] of byName) {
    let bytes = 0;
    for (const [value, series] of counts) {
      bytes += Buffer.byteLength(value);
      pairs.push({ name: `${name}=${value}`, value: series });
    }
    valueCounts.push({ name, value: counts.size });
    byteCounts.push({ name, value: bytes });
  }
  const metricCounts = [...(byName.get(METRIC_NAME) ?? [])].map(([name, value]) => ({ name, value }));
  return {
    series: all.length,
    labelPairs: pairs.length,
    byMetricName: largest(metricCounts, limit),
    valuesByLabelName: largest(valueCounts, limit),
    bytesByLabelName: largest(byteCounts, limit),
    byLabelPair: largest(pairs, limit),
  };
}

function largest(counts: Count[], limit: number): Count[] {
  return counts.sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name)).slice(0, limit);
}

function writeCount(json: JsonWriter, count: Count): void {
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
