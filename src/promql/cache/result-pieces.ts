/** Results of neighbouring ranges, cut and joined: lists of series, sorted by labels, floats only where they are kept. */
import { compareLabels, type Labels } from '../../model/labels.js';
import type { ResultSeries } from '../engine/engine-api.js';

export type Piece = readonly ResultSeries[];

/** Memory of a series besides its samples, about. */
const SERIES_BYTES = 500;
const SAMPLE_BYTES = 16;
const NO_HISTOGRAMS = { histogramTimestamps: [], histograms: [] };

export function pieceBytes(piece: Piece): number {
  let bytes = 0;
  for (const series of piece) bytes += SERIES_BYTES + SAMPLE_BYTES * series.timestamps.length;
  return bytes;
}

export function sampleCount(piece: Piece): number {
  let count = 0;
  for (const series of piece) count += series.timestamps.length + series.histograms.length;
  return count;
}

export function hasHistograms(piece: Piece): boolean {
  return piece.some((series) => series.histograms.length > 0);
}

/** The samples with firstMs <= t <= lastMs, as views; of pieces without histograms. */
export function cut(piece: Piece, firstMs: number, lastMs: number): Piece {
  const kept: ResultSeries[] = [];
  for (const series of piece) {
    const { timestamps } = series;
    const from = countBelow(timestamps, firstMs);
    const to = countBelow(timestamps, lastMs + 1);
    if (from === to) continue;
    const whole = from === 0 && to === timestamps.length;
    kept.push(whole ? series : {
      labels: series.labels, timestamps: timestamps.subarray(from, to), values: series.values.subarray(from, to), ...NO_HISTOGRAMS,
    });
  }
  return kept;
}

/** The same with arrays of its own: a view would keep all of the array alive that it was cut from. */
export function withOwnArrays(piece: Piece): Piece {
  return piece.map((series) => ({ ...series, timestamps: series.timestamps.slice(), values: series.values.slice() }));
}

/** Pieces of ranges that follow one another, as one. */
export function join(pieces: readonly Piece[]): Piece {
  const filled = pieces.filter((piece) => piece.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const partsOf = new Map<string, ResultSeries[]>();
  for (const piece of filled) {
    for (const series of piece) {
      const key = series.labels.key();
      const parts = partsOf.get(key);
      if (parts === undefined) partsOf.set(key, [series]);
      else parts.push(series);
    }
  }
  const joined = Array.from(partsOf.values(), (parts) => (parts.length === 1 ? parts[0]! : joinSeries(parts[0]!.labels, parts)));
  // In order already, unless a later piece has series that the first has not.
  return joined.length === filled[0]!.length ? joined : joined.sort((a, b) => compareLabels(a.labels, b.labels));
}

function joinSeries(labels: Labels, parts: readonly ResultSeries[]): ResultSeries {
  let length = 0;
  for (const part of parts) length += part.timestamps.length;
  const timestamps = new Float64Array(length);
  const values = new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    timestamps.set(part.timestamps, at);
    values.set(part.values, at);
    at += part.timestamps.length;
  }
  return {
    labels, timestamps, values,
    histogramTimestamps: parts.flatMap((part) => part.histogramTimestamps),
    histograms: parts.flatMap((part) => part.histograms),
  };
}

/** Number of times that are below `t`. */
function countBelow(timestamps: Float64Array, t: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}
