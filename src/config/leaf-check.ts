/**
 * A value against the JSON Schema of its leaf, for the few keywords that `schema-nodes` writes. A validator for all of JSON Schema is
 * a package of hundreds of modules, and every start would load it; a test compares this one with it.
 */
import type { Leaf } from './schema-nodes.js';

/** The first rule that a value breaks. */
export type Violation =
  | { readonly keyword: 'type'; readonly wanted: string }
  | { readonly keyword: 'minimum' | 'maximum'; readonly limit: number }
  | { readonly keyword: 'enum' | 'minLength' | 'minItems' | 'pattern' };

/** undefined if the value is allowed. */
export function violation(leaf: Leaf, value: unknown): Violation | undefined {
  switch (leaf.notation) {
    case 'duration':
    case 'size':
    case 'integer': return Number.isInteger(value) ? outOfBounds(bounds(leaf), value as number) : { keyword: 'type', wanted: 'integer' };
    case 'boolean': return typeof value === 'boolean' ? undefined : { keyword: 'type', wanted: 'boolean' };
    case 'text': return typeof value === 'string' ? badText(bounds(leaf), value) : { keyword: 'type', wanted: 'string' };
    case 'choice': return leaf.values.some((choice) => choice === value) ? undefined : { keyword: 'enum' };
    case 'list': return badList(bounds(leaf), bounds(leaf.items), value);
    case 'map': return badMap(value, (entry) => typeof entry === 'string', 'string');
    case 'rules': return badRules(value);
  }
}

/** The keywords that typebox does not have in its types, because they change no type. */
interface Bounds {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
}

function bounds(schema: object): Bounds {
  return schema;
}

function outOfBounds({ minimum, maximum }: Bounds, value: number): Violation | undefined {
  if (minimum !== undefined && value < minimum) return { keyword: 'minimum', limit: minimum };
  return maximum !== undefined && value > maximum ? { keyword: 'maximum', limit: maximum } : undefined;
}

function badText({ minLength = 0, pattern }: Bounds, value: string): Violation | undefined {
  if (value.length < minLength) return { keyword: 'minLength' };
  return pattern !== undefined && !new RegExp(pattern, 'u').test(value) ? { keyword: 'pattern' } : undefined;
}

function badList({ minItems = 0 }: Bounds, item: Bounds, value: unknown): Violation | undefined {
  if (!Array.isArray(value)) return { keyword: 'type', wanted: 'array' };
  for (const entry of value) {
    if (typeof entry !== 'string') return { keyword: 'type', wanted: 'string' };
    const broken = badText(item, entry);
    if (broken) return broken;
  }
  return value.length < minItems ? { keyword: 'minItems' } : undefined;
}

function badMap(value: unknown, allowed: (entry: unknown) => boolean, wanted: string): Violation | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { keyword: 'type', wanted: 'object' };
  return Object.values(value).every(allowed) ? undefined : { keyword: 'type', wanted };
}

function badRules(value: unknown): Violation | undefined {
  if (!Array.isArray(value)) return { keyword: 'type', wanted: 'array' };
  const isText = (entry: unknown): boolean => typeof entry === 'string';
  for (const rule of value) {
    const broken = badMap(rule, (entry) => isText(entry) || (Array.isArray(entry) && entry.every(isText)), 'string or a list of strings');
    if (broken) return broken;
  }
  return undefined;
}
