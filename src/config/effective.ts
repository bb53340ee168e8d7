/** The configuration that is in force, as /api/v1/status/config and /api/v1/status/flags show it. */
import { FLAG_KEYS } from './flags.js';
import { asSection } from './key-index.js';
import { formatLeaf, writtenValue, type LeafValue } from './notation.js';
import { configSchema } from './schema.js';
import { isLeaf, type Section } from './schema-nodes.js';
import { yaml } from './yaml.js';

/** All keys in the notation of the file, in the order of the schema. Sections without effect are left out, with their secrets. */
export function effectiveYaml(values: ReadonlyMap<string, LeafValue>): string {
  return yaml().stringify(sectionData(configSchema, '', values), { lineWidth: 0, aliasDuplicateObjects: false });
}

function sectionData(schema: Section, prefix: string, values: ReadonlyMap<string, LeafValue>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(schema.properties)) {
    const path = prefix + name;
    data[name] = isLeaf(child) ? writtenValue(child, values.get(path)!) : sectionData(asSection(child), `${path}.`, values);
  }
  return data;
}

/** Values of all flags by name, as texts; what has no flag upstream is not among them. */
export function effectiveFlags(
  values: ReadonlyMap<string, LeafValue>, configFile: string, features: readonly string[],
): Record<string, string> {
  const flags: Record<string, string> = {
    'config.file': configFile,
    'enable-feature': features.join(','),
    'web.enable-otlp-receiver': 'true',
    'web.enable-remote-write-receiver': 'true',
  };
  for (const [flag, { path, leaf }] of FLAG_KEYS) flags[flag] = formatLeaf(leaf, values.get(path)!);
  return Object.fromEntries(Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1)));
}
