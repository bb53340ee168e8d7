import { goQuote } from '../../model/go-quote.js';
import type { Labels } from '../../model/labels.js';

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A label set as upstream's errors show it: the metric name as a label among others. */
export function labelText(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i++) {
    const name = labels.names[i]!;
    parts.push(`${PLAIN_NAME.test(name) ? name : goQuote(name)}=${goQuote(labels.values[i]!)}`);
  }
  return `{${parts.join(', ')}}`;
}
