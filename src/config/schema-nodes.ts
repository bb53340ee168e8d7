/**
 * The vocabulary of the configuration schema: typebox types that also know how a value is written by people (`30m`,
 * `512MB`, `a,b`) and why its default is what it is.
 *
 * The types are typebox's; the values are the JSON Schema that they stand for, written here. The package is 500 modules, and loading
 * them took a quarter of the time until the server listened.
 */
import type { Static, TArray, TBoolean, TInteger, TObject, TProperties, TRecord, TSchema, TString, TUnsafe } from 'typebox';
import type { RelabelFields } from '../model/relabel.js';

/** How a leaf is written in the file, in the environment and on the command line. */
export type Notation = 'duration' | 'size' | 'integer' | 'boolean' | 'text' | 'choice' | 'list' | 'map' | 'rules';

export interface LeafDoc {
  /** What the key does, one or two sentences. */
  readonly about: string;
  /** Why the default is what it is. */
  readonly why: string;
}

interface LeafFacts extends LeafDoc {
  /** The default in the notation of the file. */
  readonly written: string | number | boolean | readonly string[] | Readonly<Record<string, string>>
    | readonly RelabelFields[];
}

export type DurationLeaf = TInteger & LeafFacts & { readonly notation: 'duration' };
export type SizeLeaf = TInteger & LeafFacts & { readonly notation: 'size' };
export type Leaf =
  | DurationLeaf
  | SizeLeaf
  | (TInteger & LeafFacts & { readonly notation: 'integer' })
  | (TBoolean & LeafFacts & { readonly notation: 'boolean' })
  | (TString & LeafFacts & { readonly notation: 'text' })
  | (TUnsafe<string> & LeafFacts & { readonly notation: 'choice'; readonly values: readonly string[] })
  | (TArray<TString> & LeafFacts & { readonly notation: 'list' })
  | (TRecord<string, TString> & LeafFacts & { readonly notation: 'map' })
  | (TUnsafe<RelabelFields[]> & LeafFacts & { readonly notation: 'rules' });

/** A section: its own sentence, and keys below it. */
export interface Section {
  readonly about: string;
  readonly properties: Readonly<Record<string, TSchema>>;
}

const INTEGER = { '~kind': 'Integer', type: 'integer' } as const satisfies TInteger;
const BOOLEAN = { '~kind': 'Boolean', type: 'boolean' } as const satisfies TBoolean;
const STRING = { '~kind': 'String', type: 'string' } as const satisfies TString;

export function section<P extends TProperties>(about: string, properties: P): TObject<P> & { readonly about: string } {
  // No key is required: what is not given has its default.
  const schema = { '~kind': 'Object', type: 'object', properties };
  return Object.assign(schema as TObject<P>, { about, additionalProperties: false });
}

/** Whole milliseconds inside, `1h30m` outside. */
export function duration(written: string, doc: LeafDoc, bounds: { minimum?: number; maximum?: number } = {}): DurationLeaf {
  return { ...INTEGER, minimum: 0, ...bounds, ...doc, written, notation: 'duration' };
}

/** Bytes inside, `512MiB` outside. */
export function size(written: string, doc: LeafDoc, bounds: { minimum?: number; maximum?: number } = {}): SizeLeaf {
  return { ...INTEGER, minimum: 0, ...bounds, ...doc, written, notation: 'size' };
}

export function integer(written: number, doc: LeafDoc, bounds: { minimum?: number; maximum?: number } = {}) {
  return { ...INTEGER, minimum: 0, ...bounds, ...doc, written, notation: 'integer' } as const;
}

export function boolean(written: boolean, doc: LeafDoc) {
  return { ...BOOLEAN, ...doc, written, notation: 'boolean' } as const;
}

export function text(written: string, doc: LeafDoc, rules: { minLength?: number; pattern?: string } = {}) {
  return { ...STRING, ...rules, ...doc, written, notation: 'text' } as const;
}

export function choice<const C extends readonly string[]>(values: C, written: C[number], doc: LeafDoc) {
  const schema: object = { enum: [...values] };
  return { ...(schema as TUnsafe<C[number]>), ...doc, written, values, notation: 'choice' } as const;
}

/** Items must not be blank; in the environment and on the command line they are separated by commas. */
export function list(written: readonly string[], doc: LeafDoc, rules: { minItems?: number } = {}) {
  const items = { ...STRING, pattern: '\\S' };
  const schema: TArray<TString> = { '~kind': 'Array', type: 'array', items };
  return { ...schema, ...rules, ...doc, written, notation: 'list' } as const;
}

/** Texts by name; in the environment `name=value,name=value`. */
export function map(doc: LeafDoc) {
  const schema: TRecord<string, TString> = { '~kind': 'Record', type: 'object', patternProperties: { '^.*$': STRING } };
  return { ...schema, ...doc, written: {}, notation: 'map' } as const;
}

/** Rules of relabelling, in their order; in the environment as JSON. What a rule may be is checked in checks.ts. */
export function rules(doc: LeafDoc) {
  const value = { anyOf: [STRING, { type: 'array', items: STRING }] };
  const schema: object = { type: 'array', items: { type: 'object', patternProperties: { '^.*$': value } } };
  return { ...(schema as TUnsafe<RelabelFields[]>), ...doc, written: [], notation: 'rules' } as const;
}

/** Keys that carry a unit inside the program say so: `timeout: 2m` in the file is `timeout_ms: 120000` in the code. */
type KeyWithUnit<K extends string, S> = S extends DurationLeaf ? `${K}_ms` : S extends SizeLeaf ? `${K}_bytes` : K;

/** The plain, read-only value that a schema describes. */
export type ValueOf<S> = S extends { readonly notation: Notation } & TSchema
  ? Frozen<Static<S>>
  : S extends TObject<infer P>
    ? { readonly [K in keyof P & string as KeyWithUnit<K, P[K]>]: ValueOf<P[K]> }
    : never;
type Frozen<T> = T extends readonly (infer I)[] ? readonly I[] : T extends object ? Readonly<T> : T;

/** `timeout` -> `timeout_ms`: the run-time half of `KeyWithUnit`. */
export function keyWithUnit(key: string, leaf: Leaf): string {
  if (leaf.notation === 'duration') return `${key}_ms`;
  return leaf.notation === 'size' ? `${key}_bytes` : key;
}

export function isLeaf(schema: TSchema): schema is Leaf {
  return 'notation' in schema;
}
