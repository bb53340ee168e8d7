/**
 * Warnings and infos of one query, with the wording of Prometheus 3.14 (`util/annotations`) and the place in the query
 * text that they are about. Equal texts are kept once, with one place: upstream compares texts before places are added to
 * them, and what is said later replaces what was said before.
 */
import { goQuote } from '../../model/go-quote.js';
import type { AggregateOp, BinaryOp, Expr, Position } from '../parser/ast.js';
import { formatPosition } from '../parser/position.js';
import { EvaluationOrder, type NotePosition, type NoteSource } from './evaluation-order.js';
import { formatG, formatTwoDigits } from './number-text.js';

/** How far counts of classic buckets had to be raised to be monotonic, at one or more steps. */
export interface MonotonicityRepair {
  readonly lowestBound: number;
  readonly highestBound: number;
  readonly diffMax: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface MergedRepairs {
  readonly repair: MonotonicityRepair;
  readonly count: number;
}

/** Where one text was said: places that differ, in the order of our evaluation, which is not upstream's. */
interface Note {
  readonly source: NoteSource;
  readonly places: NotePosition[];
}

export class Annotations {
  private readonly warnings = new Map<string, Note>();
  private readonly plainInfos = new Map<string, Note>();
  private readonly repairs = new Map<string, Note & { merged: MergedRepairs }>();

  constructor(private readonly queryText: string) {}

  /** All warnings and infos so far, as they appear in the answer. @param expr the query, whose evaluation order decides about places */
  texts(expr: Expr): { warnings: string[]; infos: string[] } {
    const order = new EvaluationOrder(expr);
    const withPlaces = (notes: ReadonlyMap<string, Note>): string[] =>
      Array.from(notes, ([text, { source, places }]) => `${text} (${this.place(order.last(places, source))})`);
    // Repairs are added to those that are there already, which keep their place.
    const repairs = Array.from(this.repairs, ([text, { source, places, merged }]) =>
      `${text}${repairText(merged)} (${this.place(order.first(places, source))})`);
    return { warnings: withPlaces(this.warnings), infos: [...withPlaces(this.plainInfos), ...repairs] };
  }

  invalidRatio(got: number, to: number, pos: Position): void {
    this.warn(`ratio value should be between -1 and 1, got ${formatG(got)}, capping to ${formatG(to)}`, pos);
  }

  invalidQuantile(got: number, pos: Position): void {
    this.warn(`quantile value should be between 0 and 1, got ${formatG(got)}`, pos);
  }

  badBucketLabel(metricName: string, label: string, pos: Position): void {
    this.warn(`bucket label "le" is missing or has a malformed value of ${goQuote(label)}${forMetric(metricName)}`, pos);
  }

  mixedFloatsHistograms(metricName: string, pos: Position): void {
    this.warn(`encountered a mix of histograms and floats for metric name ${goQuote(metricName)}`, pos);
  }

  mixedFloatsHistogramsInAggregation(pos: Position): void {
    this.warn('encountered a mix of histograms and floats for aggregation', pos);
  }

  mixedClassicNativeHistograms(metricName: string, pos: Position): void {
    this.warn(`vector contains a mix of classic and native histograms${forMetric(metricName)}`, pos);
  }

  histogramNotCounter(metricName: string, pos: Position): void {
    this.warn(`this native histogram metric is not a counter: ${goQuote(metricName)}`, pos);
  }

  histogramNotGauge(metricName: string, pos: Position): void {
    this.warn(`this native histogram metric is not a gauge: ${goQuote(metricName)}`, pos);
  }

  mixedExponentialCustom(metricName: string, pos: Position): void {
    this.warn(
      `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${goQuote(metricName)}`,
      pos,
    );
  }

  incompatibleBucketLayout(op: BinaryOp, pos: Position): void {
    this.warn(`incompatible bucket layout encountered for binary operator ${op}`, pos, 'node');
  }

  counterResetCollision(operation: 'aggregation' | 'subtraction' | 'addition', pos: Position): void {
    this.warn(`conflicting counter resets during histogram ${operation}`, pos, operation === 'aggregation' ? 'operand' : 'node');
  }

  sortInRangeQuery(pos: Position): void {
    this.warn('sort is ineffective for range queries since results are always ordered by labels', pos, 'node');
  }

  startTimeOverlap(metricName: string, pos: Position): void {
    this.warn(`sample has start time that overlaps with previous sample timestamp for metric ${goQuote(metricName)}`, pos);
  }

  possibleNonCounter(metricName: string, pos: Position): void {
    this.info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${goQuote(metricName)}`, pos,
    );
  }

  possibleNonCounterByType(metricName: string, type: string, pos: Position): void {
    this.info(
      `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${goQuote(type)}: ${goQuote(metricName)}`,
      pos,
    );
  }

  /** All repairs of one metric become one info. */
  forcedMonotonicity(metricName: string, pos: Position, repair: MonotonicityRepair): void {
    const text = 'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ' +
      `https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metricName)}`;
    const before = this.repairs.get(text);
    if (before === undefined) {
      this.repairs.set(text, { source: 'operand', places: [pos], merged: { repair, count: 1 } });
      return;
    }
    if (!before.places.some((place) => samePlace(place, pos))) before.places.push(pos);
    const { merged } = before;
    before.merged = {
      count: merged.count + 1,
      repair: {
        lowestBound: Math.min(merged.repair.lowestBound, repair.lowestBound),
        highestBound: Math.max(merged.repair.highestBound, repair.highestBound),
        diffMax: Math.max(merged.repair.diffMax, repair.diffMax),
        firstMs: Math.min(merged.repair.firstMs, repair.firstMs),
        lastMs: Math.max(merged.repair.lastMs, repair.lastMs),
      },
    };
  }

  incompatibleTypesInBinary(lhs: string, op: BinaryOp, rhs: string, pos: Position): void {
    this.info(`incompatible sample types encountered for binary operator ${goQuote(op)}: ${lhs} ${op} ${rhs}`, pos, 'node');
  }

  /** @param pos of the aggregation itself for `topk` and `bottomk`, of what is aggregated for the others */
  histogramIgnoredInAggregation(op: AggregateOp, pos: Position): void {
    this.info(`ignored histogram in ${op} aggregation`, pos, op === 'topk' || op === 'bottomk' ? 'node' : 'operand');
  }

  histogramIgnoredInMixedRange(metricName: string, pos: Position): void {
    this.info(
      `ignored histograms in a range containing both floats and histograms for metric name ${goQuote(metricName)}`, pos,
    );
  }

  quantileNaNResult(metricName: string, pos: Position): void {
    this.info(`input to histogram_quantile has NaN observations, result is NaN${forMetric(metricName)}`, pos);
  }

  quantileNaNSkew(metricName: string, pos: Position): void {
    this.info(`input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metricName)}`, pos);
  }

  fractionNaNs(metricName: string, pos: Position): void {
    this.info(
      `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(metricName)}`, pos,
    );
  }

  /** @param source 'node' for a binary operator, 'operand' for a function of a range vector */
  mismatchedBoundsReconciled(operation: 'addition' | 'subtraction' | 'aggregation', pos: NotePosition, source: NoteSource): void {
    this.info(`mismatched custom buckets were reconciled during ${operation}`, pos, source);
  }

  private warn(message: string, pos: NotePosition, source: NoteSource = 'operand'): void {
    add(this.warnings, `PromQL warning: ${message}`, pos, source);
  }

  private info(message: string, pos: NotePosition, source: NoteSource = 'operand'): void {
    add(this.plainInfos, `PromQL info: ${message}`, pos, source);
  }

  private place(pos: Position): string {
    return formatPosition(this.queryText, pos.start);
  }
}

function add(notes: Map<string, Note>, text: string, pos: NotePosition, source: NoteSource): void {
  const note = notes.get(text);
  if (note === undefined) notes.set(text, { source, places: [pos] });
  else if (!note.places.some((place) => samePlace(place, pos))) note.places.push(pos);
}

/** The same place mostly is the same object: notes are said once a step or series. */
function samePlace(a: NotePosition, b: NotePosition): boolean {
  return a === b || (a.start === b.start && a.end === b.end && a.operand === b.operand);
}

function repairText({ repair, count }: MergedRepairs): string {
  return (
    `, from buckets ${formatG(repair.lowestBound)} to ${formatG(repair.highestBound)}, with a max diff of ` +
    `${formatTwoDigits(repair.diffMax)}, over ${count} samples from ${rfc3339(repair.firstMs)} to ${rfc3339(repair.lastMs)}`
  );
}

function forMetric(metricName: string): string {
  return metricName === '' ? '' : ` for metric name ${goQuote(metricName)}`;
}

/** Whole seconds, as Go prints a time in UTC. */
function rfc3339(timeMs: number): string {
  return new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
