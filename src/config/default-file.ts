/** The text of config/default.yaml: every key at its default, with meaning, unit and reason. */
import { stringify } from 'yaml';
import { flagName, FLAG_KEYS } from './flags.js';
import { asSection, KEYS } from './key-index.js';
import { configSchema } from './schema.js';
import { isLeaf, type Leaf, type Section } from './schema-nodes.js';
import { wrap } from './usage.js';

const WIDTH = 100;

const HEAD = `# Every key of narthex at its default. Generated from src/config/schema.ts: node dist/tools/default-config.js
#
# Start with:      narthex --config.file=narthex.yml        (a prometheus.yml works too)
# Precedence:      flags, then environment, then this file, then defaults.
# Environment:     storage.tsdb.path is NARTHEX_STORAGE_TSDB_PATH; lists are separated by commas.
# Durations:       1h30m, 15s, 500ms (y w d h m s ms). Sizes: 512MB, 2GiB, always powers of two.
# Sections of a prometheus.yml that have no effect here (scrape_configs, rule_files, alerting, remote_write,
# remote_read, tracing, ...) are accepted and reported in the log at start.
`;

export function defaultFile(): string {
  return `${HEAD}${sectionText(configSchema, '', 0)}`;
}

function sectionText(schema: Section, prefix: string, depth: number): string {
  const indent = '  '.repeat(depth);
  return Object.entries(schema.properties).map(([name, child]) => {
    const path = prefix + name;
    if (isLeaf(child)) return `\n${leafText(child, name, path, indent)}`;
    const inner = asSection(child);
    return `\n${comment(inner.about, indent)}${indent}${name}:\n${sectionText(inner, `${path}.`, depth + 1)}`;
  }).join('');
}

function leafText(leaf: Leaf, name: string, path: string, indent: string): string {
  const flag = FLAG_KEYS.has(flagName(path)) ? ` Flag: --${flagName(path)}.` : '';
  const kind = {
    duration: 'Duration', size: 'Size', integer: 'Whole number', boolean: 'true or false', text: 'Text', list: 'List',
    map: 'Names and values',
    rules: 'List of rules',
    choice: `One of ${'values' in leaf ? leaf.values.join(', ') : ''}`,
  }[leaf.notation];
  return [
    comment(leaf.about, indent),
    comment(`${kind}. ${KEYS.get(path)!.variable}.${flag}`, indent),
    comment(`Default: ${leaf.why}`, indent),
    stringify({ [name]: leaf.written }, { lineWidth: 0 }).replace(/^(?=.)/gm, indent),
  ].join('');
}

function comment(text: string, indent: string): string {
  return wrap(text, WIDTH - indent.length - 2).map((line) => `${indent}# ${line}\n`).join('');
}
