/**
 * Cardinality figures read off the dictionaries of heads: each label pair has its number of series in its record, so that
 * neither postings nor label sets are decoded. A million pairs take milliseconds.
 *
 * A series that lives through several heads is in each of them. Counts of several heads are therefore merged by their
 * maximum, not added: exact while the same series go on, a lower bound when they come and go.
 */
import { PAIR_BASE, PAIR_BYTES, PAIR_COUNT, PAIR_LENGTH, PAIR_NAME } from '../../kernel/layout.js';
import { compareUtf8, METRIC_NAME } from '../../model/labels.js';
import type { Cardinality, NamedCount } from '../../storage/cardinality.js';
import type { Arena } from './arena.js';
import { LargestCounts } from './largest-counts.js';

/** Pairs between two looks at the cancel flag. */
const POLL_INTERVAL = 8192;

/** @param arenas of all heads @param limit entries per list @param poll called every few thousand pairs; may throw to stop */
export function cardinalityOf(arenas: readonly Arena[], limit: number, poll: () => void): Cardinality {
  const totals = arenas.length === 1 ? countOne(arenas[0]!, limit, poll) : countMany(arenas, limit, poll);
  const filled = arenas.filter((arena) => arena.sampleCount > 0);
  return {
    head: {
      numSeries: Math.max(0, ...arenas.map((arena) => arena.kernel.publishedSeries())),
      numLabelPairs: totals.pairs,
      chunkCount: arenas.reduce((sum, arena) => sum + arena.chunkCount, 0),
      minTimeMs: filled.length === 0 ? undefined : Math.min(...filled.map((arena) => arena.minTime)),
      maxTimeMs: filled.length === 0 ? undefined : Math.max(...filled.map((arena) => arena.maxTime)),
    },
    seriesByMetricName: totals.metrics,
    valuesByLabelName: largestOf(totals.values, limit),
    bytesByLabelName: largestOf(totals.bytes, limit),
    seriesByLabelPair: totals.largestPairs,
  };
}

interface Totals {
  pairs: number;
  metrics: readonly NamedCount[];
  largestPairs: readonly NamedCount[];
  values: ReadonlyMap<string, number>;
  bytes: ReadonlyMap<string, number>;
}

/** Only the texts of the largest pairs are read. */
function countOne(arena: Arena, limit: number, poll: () => void): Totals {
  const names = Array.from({ length: arena.nameCount }, (_, name) => arena.nameText(name));
  const metricName = names.indexOf(METRIC_NAME);
  const values = new Float64Array(names.length);
  const bytes = new Float64Array(names.length);
  const largestPairs = new LargestCounts(limit, (pair) => pairName(names, arena, pair));
  const largestMetrics = new LargestCounts(limit, (pair) => arena.pairText(pair));
  let pairs = 0;
  forEachPair(arena, poll, (name, pair, series, valueBytes) => {
    // A name that came after the list of names was made belongs to series that came later too.
    if (name >= names.length) return;
    pairs++;
    values[name]!++;
    bytes[name]! += valueBytes;
    largestPairs.add(pair, series);
    if (name === metricName) largestMetrics.add(pair, series);
  });
  return {
    pairs, metrics: largestMetrics.list(), largestPairs: largestPairs.list(), values: byText(names, values), bytes: byText(names, bytes),
  };
}

/** Dictionaries of different heads have nothing in common but their texts. */
function countMany(arenas: readonly Arena[], limit: number, poll: () => void): Totals {
  const merged = new Map<string, Map<string, { series: number; readonly bytes: number }>>();
  for (const arena of arenas) {
    const names = Array.from({ length: arena.nameCount }, (_, name) => arena.nameText(name));
    forEachPair(arena, poll, (name, pair, series, bytes) => {
      const text = names[name];
      if (text === undefined) return;
      let values = merged.get(text);
      if (values === undefined) merged.set(text, (values = new Map()));
      const value = arena.pairText(pair);
      const known = values.get(value);
      if (known === undefined) values.set(value, { series, bytes });
      else if (series > known.series) known.series = series;
    });
  }
  const pairs: [string, number][] = [];
  const values = new Map<string, number>();
  const bytes = new Map<string, number>();
  for (const [name, counts] of merged) {
    values.set(name, counts.size);
    let sum = 0;
    for (const [value, count] of counts) {
      pairs.push([`${name}=${value}`, count.series]);
      sum += count.bytes;
    }
    bytes.set(name, sum);
  }
  const metrics = [...(merged.get(METRIC_NAME) ?? [])].map(([name, { series }]): [string, number] => [name, series]);
  return { pairs: pairs.length, metrics: largestOf(metrics, limit), largestPairs: largestOf(pairs, limit), values, bytes };
}

type VisitPair = (name: number, pair: number, series: number, valueBytes: number) => void;

function forEachPair(arena: Arena, poll: () => void, visit: VisitPair): void {
  const count = arena.pairCount;
  for (let pair = 0; pair < count; pair++) {
    if (pair % POLL_INTERVAL === 0) poll();
    const record = PAIR_BASE + pair * PAIR_BYTES;
    const series = arena.field(record + PAIR_COUNT);
    // What a refused series left behind has none.
    if (series > 0) visit(arena.field(record + PAIR_NAME), pair, series, arena.field(record + PAIR_LENGTH));
  }
}

function pairName(names: readonly string[], arena: Arena, pair: number): string {
  return `${names[arena.field(PAIR_BASE + pair * PAIR_BYTES + PAIR_NAME)]!}=${arena.pairText(pair)}`;
}

function byText(names: readonly string[], counts: Float64Array): Map<string, number> {
  const map = new Map<string, number>();
  for (let i = 0; i < names.length; i++) if (counts[i]! > 0) map.set(names[i]!, counts[i]!);
  return map;
}

function largestOf(counts: Iterable<readonly [string, number]>, limit: number): NamedCount[] {
  const list = Array.from(counts, ([name, value]) => ({ name, value }));
  return list.sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name)).slice(0, limit);
}
