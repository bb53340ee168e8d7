/** Native histograms in the API's form: `{"count":"6","sum":"7.5","buckets":[[0,"1","2","2"]]}`. */
import { bucketRows } from '../model/histogram-buckets.js';
import type { Histogram } from '../model/histogram.js';
import type { JsonWriter } from './json-writer.js';

/** Buckets rise; empty ones are left out, and `buckets` is absent if none remains. */
export function writeHistogram(json: JsonWriter, histogram: Histogram): void {
  json.raw('{"count":');
  json.quotedFloat(histogram.count);
  json.raw(',"sum":');
  json.quotedFloat(histogram.sum);
  const rows = bucketRows(histogram);
  let written = 0;
  for (let i = 0; i < rows.length; i++) {
    if (rows.counts[i] === 0) continue;
    json.raw(written++ === 0 ? ',"buckets":[[' : ',[');
    json.integer(rows.rules[i]!);
    json.raw(',');
    json.quotedFloat(rows.lowers[i]!);
    json.raw(',');
    json.quotedFloat(rows.uppers[i]!);
    json.raw(',');
    json.quotedFloat(rows.counts[i]!);
    json.raw(']');
  }
  json.raw(written === 0 ? '}' : ']}');
}
