import { Labels } from '../model/labels.js';

/**
 * A label set as the catalogue stores it: a JSON array of alternating names and values, in the set's order. Equal
 * sets have equal texts. An array, because a JavaScript object would move names such as "1" to the front.
 */
export function labelText(labels: Labels): string {
  const flat: string[] = [];
  for (let i = 0; i < labels.length; i++) flat.push(labels.names[i]!, labels.values[i]!);
  return JSON.stringify(flat);
}

/** The reverse of `labelText`. @throws SyntaxError if the text is not one. */
export function parseLabelText(text: string): Labels {
  const flat: unknown = JSON.parse(text);
  if (!Array.isArray(flat) || flat.length % 2 !== 0) throw new SyntaxError(`not a label set: ${text}`);
  const names: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    names.push(String(flat[i]));
    values.push(String(flat[i + 1]));
  }
  return Labels.fromSorted(names, values);
}
