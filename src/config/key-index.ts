/** Every leaf of the schema by its path, with the names under which the environment and the command line reach it. */
import type { TSchema } from 'typebox';
import { configSchema } from './schema.js';
import { isLeaf, type Leaf, type Section } from './schema-nodes.js';

export interface Key {
  /** `storage.tsdb.path` */
  readonly path: string;
  readonly leaf: Leaf;
  /** `NARTHEX_STORAGE_TSDB_PATH`: the path in capitals, dots as underscores. Unique (tested). */
  readonly variable: string;
}

export const KEYS: ReadonlyMap<string, Key> = new Map(collect(configSchema, '').map((key) => [key.path, key]));

function collect(at: Section, prefix: string): Key[] {
  return Object.entries(at.properties).flatMap(([name, child]) => {
    const path = prefix + name;
    if (isLeaf(child)) return [{ path, leaf: child, variable: `NARTHEX_${path.replaceAll('.', '_').toUpperCase()}` }];
    return collect(asSection(child), `${path}.`);
  });
}

/** What is not a leaf is a section: the builders of schema-nodes.ts make nothing else. */
export function asSection(schema: TSchema): Section {
  return schema as TSchema & Section;
}
