/** The configuration that is in force, as /api/v1/status/config and /api/v1/status/flags show it. */
import { FLAG_KEYS, flagName } from './flags.js';
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

/**
 * Flags of Prometheus that cannot be chosen here, or not under that name, and what they would say: programs that look after a
 * Prometheus read them (a Thanos sidecar the block durations). Those of parts that there are not (scraping, rules, alerts, the Go
 * runtime) are not among them: whatever they said would be taken for a fact.
 */
const FACTS: Readonly<Record<string, string>> = {
  'agent': 'false',
  'storage.tsdb.allow-overlapping-compaction': 'true',
  'storage.tsdb.no-lockfile': 'false',
  'storage.tsdb.wal-compression': 'false',
  'web.config.file': '',
  'web.enable-otlp-receiver': 'true',
  'web.enable-remote-write-receiver': 'true',
  'web.remote-write-receiver.accepted-protobuf-messages': 'prometheus.WriteRequest,io.prometheus.write.v2.Request',
};

/** Flags of Prometheus by the key that does the same here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'storage.tsdb.min-block-duration': 'storage.head.range',
  'storage.tsdb.wal-segment-size': 'wal.segment_size',
};

/** Sizes that are plain numbers upstream; the others have a unit there, 0 too. */
const PLAIN_BYTES = new Set(['storage.remote.read_max_bytes_in_frame']);

/** Values of all flags by name, as texts; what has no flag upstream is not among them. */
export function effectiveFlags(
  values: ReadonlyMap<string, LeafValue>, configFile: string, features: readonly string[],
): Record<string, string> {
  const flags: Record<string, string> = {
    ...FACTS,
    'config.file': configFile,
    'enable-feature': features.join(','),
  };
  for (const [flag, { path, leaf }] of FLAG_KEYS) {
    const value = values.get(path)!;
    flags[flag] = PLAIN_BYTES.has(path) ? String(value) : leaf.notation === 'size' && value === 0 ? '0B' : formatLeaf(leaf, value);
  }
  for (const [flag, path] of Object.entries(OTHER_NAMES)) flags[flag] = flags[flagName(path)]!;
  return Object.fromEntries(Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1)));
}
