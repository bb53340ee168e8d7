import type { Labels } from '../model/labels.js';
import type { LabelRunDecoder } from '../storage/appender.js';

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
