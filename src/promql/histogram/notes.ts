/**
 * What a computation with histograms has to tell besides its result: a set of bits, none = 0. The caller, who knows
 * names and places, turns them into annotations.
 *
 * Bit, kind, text of Prometheus 3.14:
 * - `mixedSchemas`, warning, no result: vector contains a mix of histograms with exponential and custom buckets
 *   schemas for metric name "…" (functions, aggregations); incompatible bucket layout … (binary operators)
 * - `mixedFloats`, warning, no result: encountered a mix of histograms and floats for metric name "…"
 * - `reconciledAddition`, info: mismatched custom buckets were reconciled during addition (in aggregations and
 *   _over_time: … aggregation)
 * - `reconciledSubtraction`, info: mismatched custom buckets were reconciled during subtraction
 * - `resetCollision`, warning: conflicting counter resets during histogram addition / subtraction / aggregation
 * - `notCounter`, warning: this native histogram metric is not a counter: "…"
 * - `notGauge`, warning: this native histogram metric is not a gauge: "…"
 * - `startTimeOverlap`, warning: sample has start time that overlaps with previous sample timestamp for metric "…"
 * - `quantileIsNaN`, info: input to histogram_quantile has NaN observations, result is NaN …
 * - `quantileSkewed`, info: input to histogram_quantile has NaN observations, result is skewed higher …
 * - `fractionExcludesNaN`, info: input to histogram_fraction has NaN observations, which are excluded from all
 *   fractions …
 */
export const HistogramNote = {
  mixedSchemas: 1,
  mixedFloats: 2,
  reconciledAddition: 4,
  reconciledSubtraction: 8,
  resetCollision: 16,
  notCounter: 32,
  notGauge: 64,
  startTimeOverlap: 128,
  quantileIsNaN: 256,
  quantileSkewed: 512,
  fractionExcludesNaN: 1024,
} as const;
