import { type Histogram, ResetHint } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import type { BucketUse } from '../engine/query-context.js';
import { hintWhenRead } from '../histogram/reset.js';

/**
 * Gives the histograms of a series the counter reset hints that Prometheus' store would: a histogram knows whether the
 * one before it was larger (hints that are there stay). Later steps of a query need not compare again, and warnings
 * about colliding resets depend on it. Of a reset that it found itself Prometheus tells only where no more than count
 * and sum are asked for (prometheus/prometheus#15346); there, buckets are left out once resets are known.
 */
export function settleHistograms(columns: SampleColumns, buckets: BucketUse): void {
  const { histograms, length } = columns;
  if (histograms === undefined) return;
  const skipsBuckets = buckets === 'skipped';
  // From the last to the first: each is compared with the one before it as it was stored.
  for (let i = length - 1; i >= 0; i--) {
    const histogram = histograms[i];
    if (histogram === undefined) continue;
    let { resetHint } = histogram;
    if (resetHint === ResetHint.unknown) {
      const found = hintWhenRead(histogram, i === 0 ? columns.histogramBefore : histograms[i - 1]);
      if (found === ResetHint.noReset || (found === ResetHint.reset && skipsBuckets)) resetHint = found;
    }
    if (skipsBuckets) histograms[i] = withoutBuckets(histogram, resetHint);
    else if (resetHint !== histogram.resetHint) histograms[i] = { ...histogram, resetHint };
  }
}

/**
 * What upstream reads where buckets are not asked for: count, sum and schema, which tells custom buckets from exponential ones. It can
 * be seen in what compares or adds such histograms, in `histogram_stddev` inside of `histogram_count`, and in the samples counted.
 */
function withoutBuckets({ float, schema, count, sum }: Histogram, resetHint: ResetHint): Histogram {
  return {
    float, schema, count, sum, resetHint,
    zeroThreshold: 0, zeroCount: 0, positiveSpans: [], negativeSpans: [], positiveBuckets: [], negativeBuckets: [], customValues: [],
  };
}
