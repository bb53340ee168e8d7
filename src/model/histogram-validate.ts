/**
 * Native histograms are checked before they are stored: a histogram that contradicts itself makes every later query
 * over its series fail. Rules and wording as in Prometheus 3.14 (`model/histogram`, Validate).
 */
import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type Histogram } from './histogram.js';
import { coarserIndex, spanIndexes, spanLength, spansOf } from './histogram-spans.js';

export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;
/** Finer schemas up to this one are legal on the wire; the receiver merges their buckets to `SCHEMA_MAX`. */
const SCHEMA_REDUCIBLE_MAX = 52;

/**
 * What is wrong with a histogram, undefined if nothing is. Call `reduceSchema` first: schemas above 8 are refused here.
 * A text names the side and the place, e.g. `positive side: span number 2 with offset -1: histogram has a span whose
 * offset is negative`.
 */
export function validateHistogram(h: Histogram): string | undefined {
  return h.schema === CUSTOM_BUCKETS_SCHEMA ? checkCustom(h) : checkExponential(h);
}

/**
 * Brings schemas 9 to 52 to 8 by merging neighbouring buckets; any other histogram is returned as it is. Never fails:
 * spans that do not fit their buckets are passed through, for `validateHistogram` to refuse.
 */
export function reduceSchema(h: Histogram): Histogram {
  if (h.schema <= SCHEMA_MAX || h.schema > SCHEMA_REDUCIBLE_MAX || !Number.isInteger(h.schema)) return h;
  const consistent =
    checkSpans(h.positiveSpans, h.positiveBuckets.length) === undefined &&
    checkSpans(h.negativeSpans, h.negativeBuckets.length) === undefined;
  if (!consistent) return { ...h, schema: SCHEMA_MAX };
  const positive = mergeBuckets(h.positiveSpans, h.positiveBuckets, h.schema - SCHEMA_MAX);
  const negative = mergeBuckets(h.negativeSpans, h.negativeBuckets, h.schema - SCHEMA_MAX);
  return {
    ...h,
    schema: SCHEMA_MAX,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
  };
}

function mergeBuckets(
  spans: readonly BucketSpan[],
  buckets: readonly number[],
  levels: number,
): { spans: BucketSpan[]; buckets: number[] } {
  const indexes: number[] = [];
  const merged: number[] = [];
  const source = spanIndexes(spans);
  for (let i = 0; i < source.length; i++) {
    const index = coarserIndex(source[i]!, levels);
    if (indexes.length > 0 && indexes[indexes.length - 1] === index) {
      merged[merged.length - 1] = merged[merged.length - 1]! + buckets[i]!;
    } else {
      indexes.push(index);
      merged.push(buckets[i]!);
    }
  }
  return { spans: spansOf(indexes), buckets: merged };
}

function checkExponential(h: Histogram): string | undefined {
  if (!Number.isInteger(h.schema) || h.schema < SCHEMA_MIN || h.schema > SCHEMA_MAX) {
    return (
      'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets' +
      `, got schema ${h.schema}`
    );
  }
  const problem =
    prefixed('positive side', checkSpans(h.positiveSpans, h.positiveBuckets.length)) ??
    prefixed('negative side', checkSpans(h.negativeSpans, h.negativeBuckets.length)) ??
    prefixed('negative side', checkBuckets(h.negativeBuckets));
  if (problem !== undefined) return problem;
  if (h.zeroCount < 0) {
    return `zero bucket has observation count of ${h.zeroCount}: histogram has a bucket whose observation count is negative`;
  }
  if (h.customValues.length > 0) return 'histogram with exponential schema must not have custom bounds';
  return checkCounts(h);
}

function checkCustom(h: Histogram): string | undefined {
  const problem = prefixed('custom buckets', checkBounds(h));
  if (problem !== undefined) return problem;
  if (h.zeroCount !== 0) return 'custom buckets: must have zero count of 0';
  if (h.zeroThreshold !== 0) return 'custom buckets: must have zero threshold of 0';
  if (h.negativeSpans.length > 0) return 'custom buckets: must not have negative spans';
  if (h.negativeBuckets.length > 0) return 'custom buckets: must not have negative buckets';
  return checkCounts(h);
}

function checkCounts(h: Histogram): string | undefined {
  if (h.count < 0) return `observation count is ${h.count}: histogram's observation count is negative`;
  const problem = prefixed('positive side', checkBuckets(h.positiveBuckets));
  if (problem !== undefined || h.float) return problem; // rounding makes totals of float histograms incomparable
  const inBuckets = total(h.positiveBuckets) + total(h.negativeBuckets) + h.zeroCount;
  const found = `${inBuckets} observations found in buckets, but the Count field is ${h.count}: `;
  // Observations of NaN are counted, but belong to no bucket; the sum tells that there were some.
  if (Number.isNaN(h.sum)) {
    if (inBuckets <= h.count) return undefined;
    return `${found}histogram's observation count should be at least the number of observations found in the buckets`;
  }
  if (inBuckets === h.count) return undefined;
  return `${found}histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)`;
}

function checkSpans(spans: readonly BucketSpan[], buckets: number): string | undefined {
  for (let i = 1; i < spans.length; i++) {
    const problem = checkOffset(spans, i);
    if (problem !== undefined) return problem;
  }
  return checkSpanLength(spans, buckets);
}

function checkOffset(spans: readonly BucketSpan[], i: number): string | undefined {
  const { offset } = spans[i]!;
  return offset < 0 ? `span number ${i + 1} with offset ${offset}: histogram has a span whose offset is negative` : undefined;
}

function checkSpanLength(spans: readonly BucketSpan[], buckets: number): string | undefined {
  const need = spanLength(spans);
  if (need === buckets) return undefined;
  return `spans need ${need} buckets, have ${buckets} buckets: histogram spans specify different number of buckets than provided`;
}

function checkBounds(h: Histogram): string | undefined {
  const bounds = h.customValues;
  let prev = -Infinity;
  for (const bound of bounds) {
    if (Number.isNaN(bound)) return 'histogram custom bounds must not be NaN';
    if (bound <= prev) {
      return `previous bound is ${fixed(prev)} and current is ${fixed(bound)}: `
        + 'histogram custom bounds must be in strictly increasing order';
    }
    prev = bound;
  }
  if (prev === Infinity) return 'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite';
  let highest = 0;
  for (let i = 0; i < h.positiveSpans.length; i++) {
    const problem = checkOffset(h.positiveSpans, i); // the first one too: there is no bucket below 0
    if (problem !== undefined) return problem;
    highest += h.positiveSpans[i]!.offset + h.positiveSpans[i]!.length;
  }
  const problem = checkSpanLength(h.positiveSpans, h.positiveBuckets.length);
  if (problem !== undefined) return problem;
  if (highest > bounds.length + 1) {
    return `only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${highest}: `
      + 'histogram custom bounds are too few';
  }
  return undefined;
}

function checkBuckets(buckets: readonly number[]): string | undefined {
  for (let i = 0; i < buckets.length; i++) {
    if (buckets[i]! < 0) {
      return `bucket number ${i + 1} has observation count of ${buckets[i]!}: histogram has a bucket whose observation count is negative`;
    }
  }
  return undefined;
}

function total(buckets: readonly number[]): number {
  let sum = 0;
  for (const count of buckets) sum += count;
  return sum;
}

function prefixed(where: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${where}: ${problem}`;
}

/** As Go's %f. */
function fixed(x: number): string {
  if (x === Infinity) return '+Inf';
  return x === -Infinity ? '-Inf' : x.toFixed(6);
}
