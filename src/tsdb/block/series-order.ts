/**
 * The order of a block: pairs by name and value, label sets by their pairs, series by metric and label set. From here on pairs, sets
 * and series are known by their place in that order.
 */
import { compareUtf8, METRIC_NAME } from '../../model/labels.js';
import type { BlockSource } from './block-source.js';

export interface OrderedNames {
  readonly name: string;
  readonly firstPair: number;
  readonly pairs: number;
}

export interface SeriesOrder {
  readonly names: readonly OrderedNames[];
  /** Value of each pair. */
  readonly values: readonly string[];
  /** Pairs of set i: setPairs[setStarts[i] .. setStarts[i + 1]), rising, without the metric's. */
  readonly setStarts: Uint32Array;
  readonly setPairs: Uint32Array;
  readonly setCount: number;
  /** By place: number in the source, pair of the metric's name + 1 (0: it has none), label set. */
  readonly source: Uint32Array;
  readonly metric: Uint32Array;
  readonly set: Uint32Array;
}

export function orderSeries(source: BlockSource): SeriesOrder {
  const count = source.seriesCount;
  // Pairs of all series, one after another.
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) starts[i + 1] = starts[i]! + source.pairsOf(i).length;
  const flat = new Uint32Array(starts[count]!);
  const used = new Uint8Array(source.pairCount);
  for (let i = 0; i < count; i++) flat.set(source.pairsOf(i), starts[i]!);
  for (let i = 0; i < flat.length; i++) used[flat[i]!] = 1;

  const { names, values, rank } = orderPairs(source, used);
  for (let i = 0; i < flat.length; i++) flat[i] = rank[flat[i]!]!;
  for (let i = 0; i < count; i++) flat.subarray(starts[i]!, starts[i + 1]!).sort();
  // The metric's pair, if there is one, comes first: __name__ is the first name.
  const metricPairs = names[0]?.name === METRIC_NAME ? names[0].pairs : 0;
  const hasMetric = (i: number): boolean => starts[i + 1]! > starts[i]! && flat[starts[i]!]! < metricPairs;

  const bySet = Uint32Array.from({ length: count }, (_, i) => i);
  const compareSets = (a: number, b: number): number => {
    let x = starts[a]! + (hasMetric(a) ? 1 : 0);
    let y = starts[b]! + (hasMetric(b) ? 1 : 0);
    const [xEnd, yEnd] = [starts[a + 1]!, starts[b + 1]!];
    for (; x < xEnd && y < yEnd; x++, y++) if (flat[x] !== flat[y]) return flat[x]! - flat[y]!;
    return xEnd - x - (yEnd - y);
  };
  bySet.sort(compareSets);

  const setOf = new Uint32Array(count);
  const setStarts = [0];
  const setPairs = new Uint32Array(flat.length);
  let setEnd = 0;
  for (let i = 0; i < count; i++) {
    const series = bySet[i]!;
    if (i === 0 || compareSets(bySet[i - 1]!, series) !== 0) {
      const pairs = flat.subarray(starts[series]! + (hasMetric(series) ? 1 : 0), starts[series + 1]!);
      setPairs.set(pairs, setEnd);
      setEnd += pairs.length;
      setStarts.push(setEnd);
    }
    setOf[series] = setStarts.length - 2;
  }

  const metricOf = Uint32Array.from({ length: count }, (_, i) => (hasMetric(i) ? flat[starts[i]!]! + 1 : 0));
  // `bySet` is ordered by set already, and sorting is stable.
  const order = bySet.sort((a, b) => metricOf[a]! - metricOf[b]! || setOf[a]! - setOf[b]!);
  return {
    names, values, setCount: setStarts.length - 1, setStarts: Uint32Array.from(setStarts), setPairs: setPairs.slice(0, setEnd),
    source: order, metric: Uint32Array.from(order, (i) => metricOf[i]!), set: Uint32Array.from(order, (i) => setOf[i]!),
  };
}

/** Used pairs by name (the metric's first) and value; `rank` gives the place of each of the source's pairs. */
function orderPairs(source: BlockSource, used: Uint8Array): { names: OrderedNames[]; values: string[]; rank: Uint32Array } {
  const byName: number[][] = source.names.map(() => []);
  for (let pair = 0; pair < used.length; pair++) if (used[pair] === 1) byName[source.pairName(pair)]!.push(pair);
  const nameOrder = source.names.map((_, i) => i).filter((i) => byName[i]!.length > 0);
  nameOrder.sort((a, b) => compareNames(source.names[a]!, source.names[b]!));
  const rank = new Uint32Array(used.length);
  const names: OrderedNames[] = [];
  const values: string[] = [];
  for (const name of nameOrder) {
    const texts = byName[name]!.map((pair) => ({ pair, value: source.pairValue(pair) }));
    texts.sort((a, b) => compareUtf8(a.value, b.value));
    names.push({ name: source.names[name]!, firstPair: values.length, pairs: texts.length });
    for (const { pair, value } of texts) rank[pair] = values.push(value) - 1;
  }
  return { names, values, rank };
}

/** The order of names in a block: the metric's first. */
export function compareNames(a: string, b: string): number {
  if (a === METRIC_NAME || b === METRIC_NAME) return a === b ? 0 : a === METRIC_NAME ? -1 : 1;
  return compareUtf8(a, b);
}
