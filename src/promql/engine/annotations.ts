/**
 * Warnings and infos of one query, with the wording of Prometheus 3.14 (`util/annotations`) and the place in the query
 * text that they are about. Equal texts are kept once.
 */
import { goQuote } from '../../model/go-quote.js';
import type { AggregateOp, BinaryOp, Position } from '../parser/ast.js';
import { formatPosition } from '../parser/position.js';
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
  readonly metricName: string;
  readonly pos: Position;
  readonly repair: MonotonicityRepair;
  readonly count: number;
}

export class Annotations {
  readonly warnings = new Set<string>();
  private readonly plainInfos = new Set<string>();
  private readonly repairs = new Map<string, MergedRepairs>();

  constructor(private readonly queryText: string) {}

  /** All infos so far, as they appear in the answer. */
  infos(): string[] {
    return [...this.plainInfos, ...Array.from(this.repairs.values(), (merged) => this.repairText(merged))];
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
    this.warn(`incompatible bucket layout encountered for binary operator ${op}`, pos);
  }

  counterResetCollision(operation: 'aggregation' | 'subtraction' | 'addition', pos: Position): void {
    this.warn(`conflicting counter resets during histogram ${operation}`, pos);
  }

  sortInRangeQuery(pos: Position): void {
    this.warn('sort is ineffective for range queries since results are always ordered by labels', pos);
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

  /** All repairs of one metric at one place become one info. */
  forcedMonotonicity(metricName: string, pos: Position, repair: MonotonicityRepair): void {
    const key = `${pos.start} ${metricName}`;
    const before = this.repairs.get(key);
    this.repairs.set(key, before === undefined ? { metricName, pos, repair, count: 1 } : {
      ...before,
      count: before.count + 1,
      repair: {
        lowestBound: Math.min(before.repair.lowestBound, repair.lowestBound),
        highestBound: Math.max(before.repair.highestBound, repair.highestBound),
        diffMax: Math.max(before.repair.diffMax, repair.diffMax),
        firstMs: Math.min(before.repair.firstMs, repair.firstMs),
        lastMs: Math.max(before.repair.lastMs, repair.lastMs),
      },
    });
  }

  incompatibleTypesInBinary(lhs: string, op: BinaryOp, rhs: string, pos: Position): void {
    this.info(`incompatible sample types encountered for binary operator ${goQuote(op)}: ${lhs} ${op} ${rhs}`, pos);
  }

  histogramIgnoredInAggregation(op: AggregateOp, pos: Position): void {
    this.info(`ignored histogram in ${op} aggregation`, pos);
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

  mismatchedBoundsReconciled(operation: 'addition' | 'subtraction' | 'aggregation', pos: Position): void {
    this.info(`mismatched custom buckets were reconciled during ${operation}`, pos);
  }

  private warn(message: string, pos: Position): void {
    this.warnings.add(`PromQL warning: ${message} (${formatPosition(this.queryText, pos.start)})`);
  }

  private info(message: string, pos: Position): void {
    this.plainInfos.add(`PromQL info: ${message} (${formatPosition(this.queryText, pos.start)})`);
  }

  private repairText({ metricName, pos, repair, count }: MergedRepairs): string {
    return (
      'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ' +
      `https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metricName)}, ` +
      `from buckets ${formatG(repair.lowestBound)} to ${formatG(repair.highestBound)}, with a max diff of ` +
      `${formatTwoDigits(repair.diffMax)}, over ${count} samples from ${rfc3339(repair.firstMs)} to ${rfc3339(repair.lastMs)} ` +
      `(${formatPosition(this.queryText, pos.start)})`
    );
  }
}

function forMetric(metricName: string): string {
  return metricName === '' ? '' : ` for metric name ${goQuote(metricName)}`;
}

/** Whole seconds, as Go prints a time in UTC. */
function rfc3339(timeMs: number): string {
  return new Date(Math.trunc(timeMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
