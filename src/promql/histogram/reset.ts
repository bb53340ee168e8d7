/** Counter resets between two histograms of a series. */
import { CUSTOM_BUCKETS_SCHEMA, ResetHint, type BucketSpan, type Histogram } from '../../model/histogram.js';
import { FloatHistogram, firstIndexAbove } from './float-histogram.js';
import { commonBounds, firstFrom, sameIndexes, sideOf, toCoarserBounds, type Side } from './sides.js';

/**
 * True if the counter was reset between two neighbouring samples. A hint decides if there is one (a gauge is looked at
 * like a counter; the caller warns), otherwise the contents do.
 */
export function detectReset(current: Histogram, previous: Histogram): boolean {
  if (current.resetHint === ResetHint.reset) return true;
  return current.resetHint !== ResetHint.noReset && observationsFell(current, previous);
}

/**
 * The hint that a stored sample shows when it is selected: Prometheus starts a chunk at each reset, so that samples
 * after the first know whether there was one. Warnings about colliding resets depend on it.
 * @param previous the sample before it; undefined if it is the first, or a float or stale marker lies in between
 */
export function hintWhenRead(current: Histogram, previous: Histogram | undefined): ResetHint {
  if (current.resetHint === ResetHint.gauge || current.resetHint === ResetHint.reset) return current.resetHint;
  if (previous === undefined || previous.resetHint === ResetHint.gauge) return ResetHint.unknown;
  return observationsFell(current, previous) ? ResetHint.reset : ResetHint.noReset;
}

/**
 * True if any number of observations fell: the total, the zero bucket, a bucket. A finer schema or a narrower zero
 * bucket counts as well, for instrumentation only ever coarsens in between. Hints are not looked at.
 */
function observationsFell(current: Histogram, previous: Histogram): boolean {
  if (current.count < previous.count) return true;
  if (current.schema === CUSTOM_BUCKETS_SCHEMA) {
    if (previous.schema !== CUSTOM_BUCKETS_SCHEMA) return true;
    if (!sameIndexes(current.customValues, previous.customValues)) return detectResetOverCommonBounds(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  if (current.schema === previous.schema && current.zeroThreshold === previous.zeroThreshold) {
    if (current.zeroCount < previous.zeroCount) return true;
    if (sameSpans(current.positiveSpans, previous.positiveSpans) && sameSpans(current.negativeSpans, previous.negativeSpans)) {
      // The usual case: nothing to align. A count that falls decides, unless it may lie inside the zero bucket.
      if (!anyFell(current.positiveBuckets, previous.positiveBuckets) && !anyFell(current.negativeBuckets, previous.negativeBuckets)) {
        return false;
      }
      if (current.zeroThreshold === 0) return true;
    }
  }
  return detectResetAligned(current, previous);
}

function sameSpans(a: readonly BucketSpan[], b: readonly BucketSpan[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]!.offset !== b[i]!.offset || a[i]!.length !== b[i]!.length) return false;
  return true;
}

function anyFell(current: readonly number[], previous: readonly number[]): boolean {
  for (let i = 0; i < current.length; i++) if (current[i]! < previous[i]!) return true;
  return false;
}

/** Brings the previous histogram to the wider zero bucket and the coarser schema of the current one first. */
function detectResetAligned(current: Histogram, previous: Histogram): boolean {
  const before = FloatHistogram.from(previous);
  if (previous.zeroThreshold !== current.zeroThreshold) {
    const widened = before.copy();
    widened.widenZeroBucket(current.zeroThreshold);
    // The new threshold cuts through a populated bucket: not possible without a reset.
    if (widened.zeroThreshold !== current.zeroThreshold) return true;
    if (current.zeroCount < widened.zeroCount) return true;
  }
  // Not `widened`: a merged bucket that reaches out of the zero bucket keeps what the zero bucket has got as well, so
  // that a histogram which widens and coarsens at once may be taken for reset. So it is upstream.
  before.reduceTo(current.schema);
  const from = current.schema === CUSTOM_BUCKETS_SCHEMA ? 0 : firstIndexAbove(current.zeroThreshold, current.schema);
  return (
    sideFell(sideOf(current.positiveSpans, current.positiveBuckets), before.positive, from) ||
    sideFell(sideOf(current.negativeSpans, current.negativeBuckets), before.negative, from)
  );
}

/** Custom buckets that are not over the same bounds are compared between the bounds that both have. */
function detectResetOverCommonBounds(current: Histogram, previous: Histogram): boolean {
  const bounds = commonBounds(current.customValues, previous.customValues);
  const now = toCoarserBounds(sideOf(current.positiveSpans, current.positiveBuckets), current.customValues, bounds);
  const before = toCoarserBounds(sideOf(previous.positiveSpans, previous.positiveBuckets), previous.customValues, bounds);
  return sideFell(now, before, 0);
}

/** True if a bucket from index `from` on had more observations before; a populated one that is gone had. */
function sideFell(now: Side, before: Side, from: number): boolean {
  let i = 0;
  for (let j = firstFrom(before, from); j < before.indexes.length; j++) {
    const index = before.indexes[j]!;
    while (i < now.indexes.length && now.indexes[i]! < index) i++;
    if (i < now.indexes.length && now.indexes[i] === index) {
      if (now.counts[i]! < before.counts[j]!) return true;
    } else if (before.counts[j] !== 0) {
      return true;
    }
  }
  return false;
}
