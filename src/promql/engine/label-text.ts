import { goQuote } from '../../model/go-quote.js';
import type { Labels } from '../../model/labels.js';

const LONE_SURROGATE = /[\ud800-\udfff]/u;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Any text may be a label name that is valid UTF-8: bytes that are not came through the parser as lone surrogates. */
export function isLabelName(text: string): boolean {
  return text !== '' && !LONE_SURROGATE.test(text);
}

/** A label set as upstream's errors show it: the metric name as a label among others. */
export function labelText(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i++) {
    const name = labels.names[i]!;
    parts.push(`${PLAIN_NAME.test(name) ? name : goQuote(name)}=${goQuote(labels.values[i]!)}`);
  }
  return `{${parts.join(', ')}}`;
}
