/**
 * Reads what `promtool tsdb dump` prints: `{__name__="up", job="a"} 1 1700000000000`, one sample a line, names and values quoted as in Go.
 * A stale marker is printed as NaN there, so that it comes back as one. Native histograms are printed by the bounds and counts of their
 * buckets without schema and kind: exponential ones become float histograms of the schema that has these bounds.
 */
import { unquote } from '../../promql/parser/string-literal.js';
import { Labels } from '../../model/labels.js';
import { ResetHint, type Histogram } from '../../model/histogram.js';
import { spansOf } from '../../model/histogram-spans.js';
import { SCHEMA_MAX, SCHEMA_MIN, validateHistogram } from '../../model/histogram-validate.js';
import type { LineReader, LineTarget } from './line-target.js';
import { floatOf, readPairs } from './open-metrics-reader.js';
import { SampleLineError } from './sample-lines.js';

const SAMPLE = /^\{(?<labels>(?:"(?:[^"\\]|\\.)*"|[^"}])*)\} (?:\{(?<histogram>[^}]*)\}|(?<value>\S+)) (?<time>-?\d+)$/;
const BUCKET = /^(?<open>[[(])(?<low>[^,]+),(?<high>[^,\])]+)[\])]:(?<count>\S+)$/;

export class PromtoolDumpReader implements LineReader {
  constructor(private readonly target: LineTarget) {}

  line(text: string): void {
    if (text.trim() === '') return;
    const groups = SAMPLE.exec(text)?.groups;
    const ms = Number(groups?.['time']);
    if (!groups || !Number.isSafeInteger(ms)) throw new SampleLineError('this is no sample as `promtool tsdb dump` prints it');
    const pairs = readPairs(groups['labels']!, goUnquoted);
    const { columns } = this.target;
    if (groups['histogram'] === undefined) columns.pushFloat(ms, floatOf(groups['value']!));
    else columns.pushHistogram(ms, histogramOf(groups['histogram']));
    columns.setStarts(0);
    this.target.samples(Labels.fromPairs(pairs));
  }

  end(): void {
    // Every line stands for itself.
  }
}

function goUnquoted(text: string): string {
  try {
    return unquote(`"${text}"`);
  } catch (cause) {
    throw new SampleLineError(`"${text}" is not quoted as in Go`, { cause });
  }
}

// ---- Histograms: `count:3, sum:2.5, [-0.001,0.001]:1, (0.5,1]:2` ---------------------------------------------------------------------

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

function histogramOf(text: string): Histogram {
  const [count, sum, ...rest] = text.split(', ');
  if (!count?.startsWith('count:') || !sum?.startsWith('sum:')) throw new SampleLineError('a histogram begins with count and sum');
  const buckets = rest.map(bucketOf);
  const zero = buckets.find(({ low, high }) => low === -high);
  const positive = buckets.filter((one) => one !== zero && one.low >= 0);
  const below = buckets.filter((one) => one !== zero && one.high <= 0);
  const negative = below.map((one) => ({ low: -one.high, high: -one.low, count: one.count }));
  if (positive.length + negative.length + Number(zero !== undefined) < buckets.length) {
    throw customBuckets();
  }
  const schema = schemaOf([...positive, ...negative]);
  const [up, down] = [sideOf(positive, schema), sideOf(negative.reverse(), schema)];
  const histogram: Histogram = {
    float: true, schema, zeroThreshold: zero?.high ?? 0, zeroCount: zero?.count ?? 0,
    count: floatOf(count.slice('count:'.length)), sum: floatOf(sum.slice('sum:'.length)),
    positiveSpans: up.spans, positiveBuckets: up.buckets, negativeSpans: down.spans, negativeBuckets: down.buckets,
    customValues: [], resetHint: ResetHint.unknown,
  };
  const fault = validateHistogram(histogram);
  if (fault !== undefined) throw new SampleLineError(`a histogram is not valid: ${fault}`);
  return histogram;
}

function bucketOf(text: string): Bucket {
  const groups = BUCKET.exec(text)?.groups;
  if (!groups) throw new SampleLineError(`${text} is no bucket of a histogram`);
  return { low: floatOf(groups['low']!), high: floatOf(groups['high']!), count: floatOf(groups['count']!) };
}

/** Bounds of schema s have the ratio 2^(2^-s). */
function schemaOf(buckets: readonly Bucket[]): number {
  const first = buckets.find(({ low, high }) => low > 0 && high < Infinity);
  if (!first) return 0;
  const schema = Math.round(-Math.log2(Math.log2(first.high / first.low)));
  if (!(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) throw customBuckets();
  return schema;
}

function sideOf(buckets: readonly Bucket[], schema: number): { spans: Histogram['positiveSpans']; buckets: number[] } {
  const indexes = buckets.map(({ low, high }) => {
    const at = Math.log2(high) * 2 ** schema;
    const index = Math.round(at);
    const width = low > 0 ? (Math.log2(high) - Math.log2(low)) * 2 ** schema : NaN;
    // Printed bounds are those of the table, exact to the last digits; others are those of custom buckets.
    if (!(Math.abs(at - index) < 1e-6) || !(Math.abs(width - 1) < 1e-6)) throw customBuckets();
    return index;
  });
  return { spans: spansOf(indexes), buckets: buckets.map((bucket) => bucket.count) };
}

function customBuckets(): SampleLineError {
  return new SampleLineError('a histogram with custom buckets cannot be read from its text: not all of its bounds are printed');
}
