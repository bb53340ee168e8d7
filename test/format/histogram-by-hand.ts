/** Decodes native histograms, from the comment at the top of `model/histogram-codec.ts` and from `block/format.md`. */
import type { Histogram, ResetHint } from '../../src/model/histogram.js';
import { columnValues } from './column-by-hand.js';
import { ByteCursor } from './byte-cursor.js';

type Spans = Histogram['positiveSpans'];

const spans = (c: ByteCursor): Spans => c.list(c.v(), () => ({ offset: c.z(), length: c.v() }));

/** A record of a head or a log. */
export function histogramRecord(c: ByteCursor): Histogram {
  const flags = c.u8();
  const schema = c.i8();
  const sum = c.f64();
  const n = (): number => (flags & 2 ? c.v() : c.f64());
  const count = n();
  const [zeroThreshold, zeroCount] = flags & 16 ? [c.f64(), n()] : [0, 0];
  const customValues = flags & 64 ? c.list(c.v(), () => c.f64()) : [];
  const side = (): { spans: Spans; buckets: number[] } => ({ spans: spans(c), buckets: c.list(c.v(), n) });
  const positive = side();
  const negative = flags & 32 ? side() : { spans: [], buckets: [] };
  return {
    float: (flags & 1) !== 0, schema, zeroThreshold, zeroCount, count, sum, customValues, resetHint: ((flags >> 2) & 3) as ResetHint,
    positiveSpans: positive.spans, positiveBuckets: positive.buckets, negativeSpans: negative.spans, negativeBuckets: negative.buckets,
  };
}

/** A chunk of a block. */
export function histogramChunk(c: ByteCursor, count: number): Histogram[] {
  const out: Histogram[] = [];
  if (c.u8() === 0) return c.list(count, () => histogramRecord(c.part(c.v())));
  while (out.length < count) out.push(...section(c));
  return out;
}

function section(c: ByteCursor): Histogram[] {
  const count = c.v();
  const float = c.u8() !== 0;
  const schema = c.i8();
  const zeroThreshold = c.f64();
  const customValues = c.list(c.v(), () => c.f64());
  const layouts = c.list(c.v(), () => ({ histograms: c.v(), positive: spans(c), negative: spans(c) }));
  const hints: ResetHint[] = [];
  while (hints.length < count) {
    const run = c.v();
    hints.push(...Array.from({ length: Math.floor(run / 4) }, () => (run % 4) as ResetHint));
  }
  const next = (): number[] => {
    const part = c.part(c.v());
    return columnValues(part.bytes.subarray(part.at, part.end), count);
  };
  const [counts, zeroCounts, sums] = [next(), next(), next()];
  const all = (of: (layout: (typeof layouts)[number]) => Spans): number[] =>
    [...new Set(layouts.flatMap((layout) => indexes(of(layout))))].sort((a, b) => a - b);
  const [positive, negative] = [all((layout) => layout.positive), all((layout) => layout.negative)];
  const columns = [positive, negative].map((side) => new Map(side.map((index) => [index, next()])));
  const layoutOf = layouts.flatMap((layout) => Array.from({ length: layout.histograms }, () => layout));
  return hints.map((resetHint, i): Histogram => ({
    float, schema, zeroThreshold, customValues, resetHint, count: counts[i]!, zeroCount: zeroCounts[i]!, sum: sums[i]!,
    positiveSpans: layoutOf[i]!.positive, positiveBuckets: indexes(layoutOf[i]!.positive).map((index) => columns[0]!.get(index)![i]!),
    negativeSpans: layoutOf[i]!.negative, negativeBuckets: indexes(layoutOf[i]!.negative).map((index) => columns[1]!.get(index)![i]!),
  }));
}

function indexes(list: Spans): number[] {
  let next = 0;
  return list.flatMap(({ offset, length }) => {
    const first = next + offset;
    next = first + length;
    return Array.from({ length }, (_, i) => first + i);
  });
}
