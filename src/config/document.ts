/** The configuration file: YAML against the schema, every problem with its line. */
import type { Document, Node, ParsedNode, YAMLMap } from 'yaml';
import type { RelabelFields } from '../model/relabel.js';
import { suggestion } from './closest-name.js';
import type { ConfigProblem } from './config-error.js';
import { IGNORED_KEYS } from './ignored-keys.js';
import { asSection, KEYS } from './key-index.js';
import { leafProblem, parseLeaf, type LeafValue } from './notation.js';
import { configSchema } from './schema.js';
import { isLeaf, type Leaf, type Section } from './schema-nodes.js';
import { yaml } from './yaml.js';

export interface FileValues {
  readonly values: ReadonlyMap<string, { readonly value: LeafValue; readonly where: string }>;
  readonly problems: readonly ConfigProblem[];
  /** One line for each key that is accepted without effect. */
  readonly warnings: readonly string[];
}

/** Reads the file's text. Never throws: all that is wrong is in `problems`. */
export function readDocument(text: string, file: string): FileValues {
  const reader = new DocumentReader(text, file);
  reader.read();
  return reader;
}

class DocumentReader implements FileValues {
  readonly values = new Map<string, { value: LeafValue; where: string }>();
  readonly problems: ConfigProblem[] = [];
  readonly warnings: string[] = [];
  private readonly lines = new (yaml().LineCounter)();
  private readonly document: Document.Parsed;

  constructor(text: string, private readonly file: string) {
    // Merge keys (`<<`) and anchors are common in hand-written files; they are resolved below, not by the library,
    // so that a problem keeps the line where it was written.
    this.document = yaml().parseDocument(text, { lineCounter: this.lines, merge: true, prettyErrors: false });
  }

  read(): void {
    for (const error of this.document.errors) {
      this.problems.push({ code: 'invalid_yaml', keyPath: '', where: this.at(error.pos[0]), message: error.message });
    }
    if (this.problems.length > 0) return;
    const root = this.resolve(this.document.contents);
    if (root === undefined) return;
    if (!yaml().isMap(root)) this.problem('invalid_value', '', root, 'the file must hold keys and values');
    else this.readSection(root, configSchema, '');
  }

  private readSection(node: YAMLMap<unknown, unknown>, schema: Section, prefix: string): void {
    for (const [name, { key, value }] of this.entries(node, 0)) this.readKey(name, key, value, schema, prefix);
  }

  /** The keys of a map, those of its merge keys included; its own win, and of several merged maps the first. */
  private entries(node: YAMLMap<unknown, unknown>, depth: number): Map<string, { key: unknown; value: Node | undefined }> {
    const merged = new Map<string, { key: unknown; value: Node | undefined }>();
    const own = new Map<string, { key: unknown; value: Node | undefined }>();
    for (const { key, value } of node.items) {
      const name = yaml().isScalar(key) ? String(key.value) : String(key);
      const target = this.resolve(value);
      if (!(yaml().isScalar(key) && key.source === '<<')) {
        own.set(name, { key, value: target });
        continue;
      }
      for (const part of yaml().isSeq(target) ? target.items.map((item) => this.resolve(item)) : [target]) {
        // Depth: an anchor may contain itself.
        if (!yaml().isMap(part) || depth >= 8) continue;
        for (const [inner, entry] of this.entries(part, depth + 1)) if (!merged.has(inner)) merged.set(inner, entry);
      }
    }
    return new Map([...merged, ...own]);
  }

  private readKey(name: string, key: unknown, node: Node | undefined, schema: Section, prefix: string): void {
    const path = prefix + name;
    const ignored = Object.hasOwn(IGNORED_KEYS, path) ? IGNORED_KEYS[path] : undefined;
    if (ignored) {
      if (!ignored.quiet && !isEmpty(node)) this.warnings.push(`${this.where(key)}: ${path} has no effect: ${ignored.reason}`);
      return;
    }
    const child = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (!child) {
      this.problem('unknown_key', path, key, `unknown key${this.hint(name, schema, prefix)}`);
    } else if (node === undefined || (yaml().isScalar(node) && node.value === null)) {
      // `storage:` with nothing below, or a key without a value: the defaults, as in Prometheus.
    } else if (isLeaf(child)) {
      this.readLeaf(child, path, node);
    } else if (yaml().isMap(node)) {
      this.readSection(node, asSection(child), `${path}.`);
    } else {
      this.problem('invalid_value', path, node, 'must hold keys and values');
    }
  }

  private readLeaf(leaf: Leaf, path: string, node: Node): void {
    try {
      const value = this.leafValue(leaf, node);
      const problem = leafProblem(leaf, value);
      if (problem !== undefined) this.problem('invalid_value', path, node, problem);
      else this.values.set(path, { value, where: this.where(node) });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.problem('invalid_value', path, node, error.message);
    }
  }

  private leafValue(leaf: Leaf, node: Node): LeafValue {
    if (leaf.notation === 'list' && yaml().isSeq(node)) return node.items.map((item) => this.scalarText(this.resolve(item)));
    if (leaf.notation === 'list') return [this.scalarText(node)];
    if (leaf.notation === 'rules') return this.ruleList(node);
    if (leaf.notation === 'map') {
      if (!yaml().isMap(node)) throw new SyntaxError('must hold names and values');
      const result: Record<string, string> = {};
      for (const { key, value } of node.items) result[this.scalarText(this.resolve(key))] = this.scalarText(this.resolve(value));
      return result;
    }
    return parseLeaf(leaf, this.scalarText(node));
  }

  private ruleList(node: Node): RelabelFields[] {
    if (!yaml().isSeq(node)) throw new SyntaxError('must be a list of rules');
    return node.items.map((item) => {
      const rule = this.resolve(item);
      if (!yaml().isMap(rule)) throw new SyntaxError('a rule must hold names and values');
      const fields: Record<string, string | string[]> = {};
      for (const [name, { value }] of this.entries(rule, 0)) {
        fields[name] = yaml().isSeq(value) ? value.items.map((part) => this.scalarText(this.resolve(part))) : this.scalarText(value);
      }
      return fields;
    });
  }

  /** A scalar as it was written: `9090` for a text stays "9090", `0` for a duration "0". */
  private scalarText(node: Node | undefined): string {
    if (!yaml().isScalar(node)) throw new SyntaxError('must be a single value');
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  /** Did you mean: a neighbour with nearly this name, or the same name elsewhere. */
  private hint(name: string, schema: Section, prefix: string): string {
    const ignoredHere = Object.keys(IGNORED_KEYS).filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
    const near = suggestion(name, [...Object.keys(schema.properties), ...ignoredHere.filter((rest) => !rest.includes('.'))]);
    if (near !== '') return near;
    const elsewhere = [...KEYS.keys()].filter((path) => path.endsWith(`.${name}`));
    return elsewhere.length === 1 ? ` (did you mean "${elsewhere[0]}"?)` : '';
  }

  private resolve(node: unknown): Node | undefined {
    let target = node as Node | null | undefined;
    if (yaml().isAlias(target)) target = target.resolve(this.document);
    return target ?? undefined;
  }

  private problem(code: ConfigProblem['code'], keyPath: string, node: unknown, message: string): void {
    this.problems.push({ code, keyPath, where: this.where(node), message });
  }

  private where(node: unknown): string {
    const range = (node as ParsedNode | undefined)?.range;
    return range ? this.at(range[0]) : this.file;
  }

  private at(offset: number): string {
    return `${this.file}:${this.lines.linePos(offset).line}`;
  }
}

function isEmpty(node: Node | undefined): boolean {
  if (node === undefined) return true;
  if (yaml().isMap(node) || yaml().isSeq(node)) return node.items.length === 0;
  return yaml().isScalar(node) && node.value === null;
}
