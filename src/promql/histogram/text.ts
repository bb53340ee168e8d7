/** Histograms as text, for values of labels (`count_values`) and messages. */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.js';
import { customBound, exponentialBound } from '../../model/histogram-buckets.js';
import { spanIndexes } from '../../model/histogram-spans.js';

/** `{count:4, sum:5, [-1,-0.5):1, [-0.001,0.001]:1, (0.5,1]:2}`: from the lowest bucket on, empty ones left out. */
export function histogramText(h: Histogram): string {
  const custom = h.schema === CUSTOM_BUCKETS_SCHEMA;
  const parts = [`count:${formatG(h.count)}`, `sum:${formatG(h.sum)}`];
  const add = (open: string, lower: number, upper: number, close: string, count: number): void => {
    if (count !== 0) parts.push(`${open}${formatG(lower)},${formatG(upper)}${close}:${formatG(count)}`);
  };
  const negative = spanIndexes(h.negativeSpans);
  for (let i = negative.length - 1; i >= 0; i--) {
    const index = negative[i]!;
    add('[', -exponentialBound(index, h.schema), -exponentialBound(index - 1, h.schema), ')', h.negativeBuckets[i]!);
  }
  if (!custom) add('[', -h.zeroThreshold, h.zeroThreshold, ']', h.zeroCount);
  const positive = spanIndexes(h.positiveSpans);
  for (let i = 0; i < positive.length; i++) {
    const index = positive[i]!;
    if (custom) {
      add(index === 0 ? '[' : '(', customBound(index - 1, h.customValues), customBound(index, h.customValues), ']', h.positiveBuckets[i]!);
    } else {
      add('(', exponentialBound(index - 1, h.schema), exponentialBound(index, h.schema), ']', h.positiveBuckets[i]!);
    }
  }
  return `{${parts.join(', ')}}`;
}

/** As Go's %g: the shortest digits that are exact; an exponent, of two digits or more, below 1e-4 and from 1e6 on. */
function formatG(x: number): string {
  if (x !== x) return 'NaN';
  if (x === Infinity || x === -Infinity) return x > 0 ? '+Inf' : '-Inf';
  if (Object.is(x, -0)) return '-0';
  const [digits, exponent] = x.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(x);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
