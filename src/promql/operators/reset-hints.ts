import { ResetHint } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { hintWhenRead } from '../histogram/reset.js';

/**
 * Gives the histograms of a series the counter reset hints that Prometheus' store would: a histogram knows whether the
 * one before it was larger (hints that are there stay). Later steps of a query need not compare again, and warnings
 * about colliding resets depend on it. Of a reset that it found itself Prometheus tells only where no more than count
 * and sum are asked for (`tellResets`; prometheus/prometheus#15346).
 */
export function settleResetHints(columns: SampleColumns, tellResets: boolean): void {
  const { histograms, length } = columns;
  if (histograms === undefined) return;
  for (let i = length - 1; i >= 0; i--) {
    const histogram = histograms[i];
    if (histogram === undefined || histogram.resetHint !== ResetHint.unknown) continue;
    const resetHint = hintWhenRead(histogram, i === 0 ? columns.histogramBefore : histograms[i - 1]);
    if (resetHint === ResetHint.noReset || (resetHint === ResetHint.reset && tellResets)) histograms[i] = { ...histogram, resetHint };
  }
}
