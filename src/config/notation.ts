/** Between a value as people write it and the value inside: for each kind of leaf, both directions and the checks. */
import type { RelabelFields } from '../model/relabel.js';
import { formatDuration, parseDuration } from './duration.js';
import { violation } from './leaf-check.js';
import type { Leaf } from './schema-nodes.js';
import { formatSize, parseSize } from './size.js';

export type LeafValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>> | readonly RelabelFields[];

/** The words that Go's YAML reader takes for booleans, so that a prometheus.yml with `yes` works. */
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false, on: true, off: false };

/** Reads one value from a text: an environment variable, a flag, or a YAML scalar. @throws SyntaxError */
export function parseLeaf(leaf: Leaf, text: string): LeafValue {
  switch (leaf.notation) {
    case 'duration': return parseDuration(text);
    case 'size': return parseSize(text);
    case 'integer': {
      // `5e7` is how Prometheus' own flags write fifty million.
      const value = /^\d/.test(text) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(value)) throw new SyntaxError(`not a whole number: "${text}"`);
      return value;
    }
    case 'boolean': {
      const value = BOOLEANS[text.toLowerCase()];
      if (value === undefined) throw new SyntaxError(`not a boolean: "${text}" (true or false)`);
      return value;
    }
    case 'list': return text === '' ? [] : text.split(',').map((item) => item.trim());
    case 'map': return parseMap(text);
    case 'rules': return parseRules(text);
    case 'text':
    case 'choice': return text;
  }
}

function parseMap(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const pair of text === '' ? [] : text.split(',')) {
    const eq = pair.indexOf('=');
    if (eq <= 0) throw new SyntaxError(`expected name=value pairs separated by commas, got "${pair}"`);
    result[pair.slice(0, eq).trim()] = pair.slice(eq + 1).trim();
  }
  return result;
}

function parseRules(text: string): RelabelFields[] {
  try {
    const value: unknown = text === '' ? [] : JSON.parse(text);
    if (!Array.isArray(value)) throw new SyntaxError('expected a list');
    return value;
  } catch (error) {
    throw new SyntaxError(`not a list of rules in JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The reason why a value of the right kind is not allowed, undefined if it is. */
export function leafProblem(leaf: Leaf, value: LeafValue): string | undefined {
  const broken = violation(leaf, value);
  switch (broken?.keyword) {
    case undefined: return undefined;
    case 'minimum':
    case 'maximum': {
      const bound = formatLeaf(leaf, broken.limit);
      return `must be at ${broken.keyword === 'minimum' ? 'least' : 'most'} ${bound}, is ${formatLeaf(leaf, value)}`;
    }
    case 'enum': return `must be one of ${'values' in leaf ? leaf.values.join(', ') : ''}, is "${String(value)}"`;
    case 'minLength':
    case 'minItems': return 'must not be empty';
    case 'pattern': return 'entries must not be blank';
    case 'type': return `must be ${broken.wanted}`;
  }
}

/** The value as the file would have it, for one line: `1h30m`, `512MiB`, `a,b`. */
export function formatLeaf(leaf: Leaf, value: LeafValue): string {
  const written = writtenValue(leaf, value);
  if (leaf.notation === 'rules') return JSON.stringify(written);
  if (Array.isArray(written)) return written.join(',');
  if (typeof written === 'object') return Object.entries(written).map(([name, v]) => `${name}=${v}`).join(',');
  return String(written);
}

/** The value as the file would have it, as data for a YAML or JSON writer. */
export function writtenValue(leaf: Leaf, value: LeafValue): LeafValue {
  if (typeof value === 'number' && leaf.notation === 'duration') return formatDuration(value);
  if (typeof value === 'number' && leaf.notation === 'size') return value === 0 ? '0' : formatSize(value);
  return value;
}

/** The default of a leaf as an inside value. The schema test proves that it parses and is allowed. */
export function defaultValue(leaf: Leaf): LeafValue {
  return typeof leaf.written === 'string' ? parseLeaf(leaf, leaf.written) : leaf.written;
}
