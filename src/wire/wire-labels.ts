/** Label sets as they come over remote write: any order, possibly wrong. Rules: Prometheus 3.14 `storage/remote/write_handler.go`. */
import { compareUtf8, Labels, METRIC_NAME } from '../model/labels.js';

/** Exemplar labels above this many code points (names and values together) are refused (OpenMetrics 1.0, kept by Prometheus). */
export const EXEMPLAR_CODE_POINTS_MAX = 128;

/** Why a label set cannot be a series, ready for an answer. */
export class LabelFault {
  constructor(readonly message: string) {}
}

/**
 * Sorts (in place), checks and drops empty values. `illFormed`: some name or value was not UTF-8.
 * @returns a fault for: no metric name, an empty name, invalid UTF-8, a repeated name (even with equal values).
 */
export function seriesLabels(names: string[], values: string[], illFormed: boolean): Labels | LabelFault {
  sortByName(names, values);
  let hasName = false;
  let hasEmptyName = false;
  let hasEmptyValue = false;
  let repeated: string | undefined;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (name === '') hasEmptyName = true;
    if (values[i] === '') hasEmptyValue = true;
    else if (name === METRIC_NAME) hasName = true;
    if (i > 0 && name === names[i - 1]) repeated ??= name;
  }
  if (!hasName || hasEmptyName || illFormed) {
    const why = illFormed ? 'invalid UTF-8' : hasEmptyName ? 'empty label name' : 'no metric name';
    return new LabelFault(`invalid metric name or labels (${why}), got ${labelText(names, values)}`);
  }
  if (repeated !== undefined) {
    return new LabelFault(`invalid labels for series, labels ${labelText(names, values)}, duplicated label ${repeated}`);
  }
  return hasEmptyValue ? withoutEmpty(names, values) : Labels.fromSorted(names.slice(), values.slice());
}

/** Labels of an exemplar, undefined if they cannot be stored: too long, or not UTF-8. */
export function exemplarLabels(names: readonly string[], values: readonly string[], illFormed: boolean): Labels | undefined {
  if (illFormed) return undefined;
  let codePoints = 0;
  for (let i = 0; i < names.length; i++) {
    codePoints += codePointCount(names[i]!) + codePointCount(values[i]!);
    if (codePoints > EXEMPLAR_CODE_POINTS_MAX) return undefined;
  }
  return Labels.fromPairs(names.map((name, i) => [name, values[i]!] as const));
}

export function codePointCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    // The second half of a surrogate pair is not a code point of its own.
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  }
  return count;
}

/** Label pairs as they came, for messages: `{__name__="m", a="1", a="2"}`. */
function labelText(names: readonly string[], values: readonly string[]): string {
  return `{${names.map((name, i) => `${name}=${JSON.stringify(values[i])}`).join(', ')}}`;
}

function sortByName(names: string[], values: string[]): void {
  let i = 1;
  while (i < names.length && compareUtf8(names[i - 1]!, names[i]!) <= 0) i++;
  if (i >= names.length) return;
  const order = names.map((_, index) => index).sort((a, b) => compareUtf8(names[a]!, names[b]!));
  const sortedNames = order.map((index) => names[index]!);
  const sortedValues = order.map((index) => values[index]!);
  for (let k = 0; k < order.length; k++) {
    names[k] = sortedNames[k]!;
    values[k] = sortedValues[k]!;
  }
}

function withoutEmpty(names: readonly string[], values: readonly string[]): Labels {
  return Labels.fromSorted(names.filter((_, i) => values[i] !== ''), values.filter((value) => value !== ''));
}
