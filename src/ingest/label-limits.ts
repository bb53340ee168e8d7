import type { Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { LabelRunDecoder } from '../storage/appender.js';
import type { RejectGroup } from '../storage/ingestion.js';

/** What a label set may be; Infinity = no limit. */
export interface LabelLimits {
  readonly maxLabelNamesPerSeries: number;
  readonly maxLabelNameLength: number;
  readonly maxLabelValueLength: number;
}

/** The sentence that says which limit a label set exceeds, undefined if none. */
export function labelFault(labels: Labels, limits: LabelLimits): string | undefined {
  const { maxLabelNamesPerSeries, maxLabelNameLength, maxLabelValueLength } = limits;
  if (labels.length > maxLabelNamesPerSeries) {
    return `invalid labels: ${labels.length} labels, limits.max_label_names_per_series is ${maxLabelNamesPerSeries}: `
      + `series ${shorten(labels.toString())}`;
  }
  for (let i = 0; i < labels.length; i++) {
    const name = labels.names[i]!;
    const value = labels.values[i]!;
    if (name.length > maxLabelNameLength) {
      return `invalid labels: a label name of ${name.length} characters, limits.max_label_name_length is `
        + `${maxLabelNameLength}: ${shorten(name)}`;
    }
    if (value.length > maxLabelValueLength) {
      return `invalid labels: label ${name} has a value of ${value.length} characters, limits.max_label_value_length is `
        + `${maxLabelValueLength}: ${shorten(value)}`;
    }
  }
  return undefined;
}

/**
 * Takes samples of series over the limits out of the batch. Returns what that cost, in samples.
 * @param fault see `labelFault`
 */
export function refuseByLimits(batch: SampleBatch, fault: (labels: Labels) => string | undefined): RejectGroup[] {
  const faults = new Map<number, string>();
  batch.series.forEach((labels, index) => {
    const found = fault(labels);
    if (found !== undefined) faults.set(index, found);
  });
  if (faults.size === 0) return [];
  let count = 0;
  let example = '';
  batch.removeSamples((i) => {
    const found = faults.get(batch.seriesIndex[i]!);
    if (found === undefined) return false;
    count++;
    if (example === '') example = found;
    return true;
  });
  return count === 0 ? [] : [{ status: AppendStatus.invalidLabels, count, example }];
}

/** A decoder of label runs that knows the limits. */
export function limitedLabelRun(decode: LabelRunDecoder, limits: LabelLimits): LabelRunDecoder {
  return (run) => {
    const labels = decode(run);
    return typeof labels === 'string' ? labels : (labelFault(labels, limits) ?? labels);
  };
}

/** No label set whose labels have at most so many bytes, and that has at most a quarter as many labels, exceeds a limit. */
export function plainLabelBytes(limits: LabelLimits): number {
  return Math.min(limits.maxLabelNamesPerSeries * 4, limits.maxLabelNameLength, limits.maxLabelValueLength);
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
