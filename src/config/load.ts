/**
 * The door of this room. Precedence, lowest first: default, file, environment, flag. Nothing here is kept: a reload calls
 * `loadConfig` again with the same arguments and compares.
 */
import fs from 'node:fs';
import os from 'node:os';
import { checkRules } from './checks.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { readDocument, type FileValues } from './document.js';
import { effectiveFlags, effectiveYaml } from './effective.js';
import { CONFIG_FILE_VARIABLE, readEnvironment, type Environment } from './environment.js';
import { resolveFeatures, type Features } from './features.js';
import { readFlags } from './flags.js';
import { asSection, KEYS } from './key-index.js';
import { defaultValue, type LeafValue } from './notation.js';
import { BLOCK_MS_MAX, configSchema, QUERY_WORKERS_MAX, type Config } from './schema.js';
import { isLeaf, keyWithUnit, type Section } from './schema-nodes.js';
import { usage } from './usage.js';
import { NARTHEX_VERSION } from './version.js';

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, for the log at start: what is accepted without effect, what is not known. */
  readonly warnings: readonly string[];
  /** Where each key that is not at its default comes from: `prometheus.yml:12`, `NARTHEX_LOG_LEVEL`, `--log.level`. */
  readonly sources: ReadonlyMap<string, string>;
  /** For /api/v1/status/config. */
  readonly effectiveYaml: () => string;
  /** For /api/v1/status/flags. */
  readonly flags: Readonly<Record<string, string>>;
  /** The file that was read, '' if none. */
  readonly configFile: string;
  /** Set if --help or --version was given: print it to standard output and exit with 0. */
  readonly printAndExit: string | undefined;
}

/** What automatic values are derived from. */
export interface Machine {
  /** Memory that this process may use: of the machine, or of its container if that is less. */
  readonly memoryBytes: number;
  readonly cores: number;
}

/** Returns the text of a file. Throws an error with `code` 'ENOENT' if there is none. */
export type ReadFile = (path: string) => string;

const DEFAULT_FILE = 'prometheus.yml';

/**
 * @param argv without node and script: `process.argv.slice(2)`
 * @throws ConfigError with every problem that was found
 */
export function loadConfig(
  argv: readonly string[], env: Environment, readFile: ReadFile = readConfigFile, machine: Machine = thisMachine(),
): LoadedConfig {
  const flags = readFlags(argv);
  const printAndExit = flags.help ? usage() : flags.version ? `narthex ${NARTHEX_VERSION} (node ${process.version})\n` : undefined;
  const named = flags.configFile ?? env[CONFIG_FILE_VARIABLE];
  const file = readNamedOrDefault(named, readFile);
  const environment = readEnvironment(env);
  const problems = [...flags.problems, ...file.problems, ...environment.problems];
  if (problems.length > 0) throw new ConfigError(problems);

  const values = new Map([...KEYS.values()].map(({ path, leaf }) => [path, defaultValue(leaf)]));
  const sources = new Map<string, string>();
  for (const layer of [file.values, environment.values, flags.values]) {
    for (const [path, { value, where }] of layer) {
      values.set(path, value);
      sources.set(path, where);
    }
  }

  const featureNames = [...(values.get('enable_features') as string[]), ...flags.enableFeatures];
  const { features, warnings: featureWarnings } = resolveFeatures(featureNames);
  applyDeltaFeatures(values, sources, features);
  const labelWarnings = expandExternalLabels(values, env);
  resolveAutomatic(values, sources, machine);
  const config = buildConfig(values, features);
  const broken = checkRules(config, (path) => sources.get(path) ?? '');
  if (broken.length > 0) throw new ConfigError(broken);
  return {
    config,
    warnings: [...flags.warnings, ...file.warnings, ...environment.warnings, ...featureWarnings, ...labelWarnings],
    sources,
    effectiveYaml: () => effectiveYaml(values),
    flags: effectiveFlags(values, file.name, featureNames),
    configFile: file.name,
    printAndExit,
  };
}

export function readConfigFile(path: string): string {
  return fs.readFileSync(path, 'utf8');
}

export function thisMachine(): Machine {
  // 0 without a container limit; some systems report absurdly large numbers instead.
  const limit = process.constrainedMemory();
  const total = os.totalmem();
  return { memoryBytes: limit > 0 && limit < total ? limit : total, cores: os.availableParallelism() };
}

/** A named file must be there; the default file may be absent, since a server without scraping needs no file. */
function readNamedOrDefault(named: string | undefined, readFile: ReadFile): FileValues & { readonly name: string } {
  const name = named ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFile(name);
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (named === undefined && absent) return { values: new Map(), problems: [], warnings: [], name: '' };
    const message = `cannot read the configuration file: ${error instanceof Error ? error.message : String(error)}`;
    const problem: ConfigProblem = { code: 'unreadable_file', keyPath: '', where: name, message };
    throw new ConfigError([problem], { cause: error });
  }
  const { values, problems, warnings } = readDocument(text, name);
  return { values, problems, warnings, name };
}

/** `$NAME`, `${NAME}` and `$$` in values of external labels, as in Prometheus 3. */
function expandExternalLabels(values: Map<string, LeafValue>, env: Environment): string[] {
  const warnings: string[] = [];
  const labels = values.get('global.external_labels') as Readonly<Record<string, string>>;
  const expanded = Object.entries(labels).map(([label, value]) => {
    const text = value.replace(/\$(\$|\w+|\{(\w+)\})/g, (_, whole: string, braced: string | undefined) => {
      if (whole === '$') return '$';
      const name = braced ?? whole;
      if (!env[name]) warnings.push(`global.external_labels: environment variable ${name} is empty`);
      return env[name] ?? '';
    });
    return [label, text];
  });
  values.set('global.external_labels', Object.fromEntries(expanded) as Record<string, string>);
  return warnings;
}

/** Upstream's two features for delta temporality are values of one key here. A value that was given for the key must agree. */
function applyDeltaFeatures(values: Map<string, LeafValue>, sources: ReadonlyMap<string, string>, features: Features): void {
  const path = 'otlp.delta_temporality';
  const wanted: string[] = [];
  if (features.otlp_deltatocumulative) wanted.push('cumulative');
  if (features.otlp_native_delta_ingestion) wanted.push('native');
  const given = sources.get(path);
  if (given !== undefined) wanted.push(String(values.get(path)));
  if (new Set(wanted).size > 1) {
    const message = given === undefined
      ? 'the features otlp-deltatocumulative and otlp-native-delta-ingestion cannot be enabled at the same time'
      : `${String(values.get(path))} contradicts the enabled feature, which means ${wanted[0]}`;
    throw new ConfigError([{ code: 'conflict', keyPath: path, where: given ?? '--enable-feature', message }]);
  }
  if (wanted[0] !== undefined) values.set(path, wanted[0]);
}

/** Replaces "automatic" by the value that is used, so that nobody else needs to know the rule. */
function resolveAutomatic(values: Map<string, LeafValue>, sources: ReadonlyMap<string, string>, machine: Machine): void {
  if (values.get('storage.head.memory') === 0) values.set('storage.head.memory', Math.floor(machine.memoryBytes / 2));
  if (values.get('query.max_memory') === 0) values.set('query.max_memory', Math.floor(machine.memoryBytes / 4));
  if (values.get('query.workers') === 0) values.set('query.workers', Math.min(QUERY_WORKERS_MAX, Math.max(1, machine.cores - 1)));
  // Upstream: the default of 15 days holds only if no size was given.
  const sizeGiven = Number(values.get('storage.tsdb.retention.size')) > 0;
  if (sizeGiven && !sources.has('storage.tsdb.retention.time')) values.set('storage.tsdb.retention.time', 0);
  if (values.get('storage.tsdb.max_block_duration') === 0) {
    const tenth = Number(values.get('storage.tsdb.retention.time')) / 10;
    values.set('storage.tsdb.max_block_duration', Math.floor(tenth === 0 ? BLOCK_MS_MAX : Math.min(BLOCK_MS_MAX, tenth)));
  }
  const url = String(values.get('web.external_url'));
  const prefix = String(values.get('web.route_prefix')) || (URL.canParse(url) ? new URL(url).pathname : '');
  values.set('web.route_prefix', `/${prefix.replace(/^\/+|\/+$/g, '')}`);
}

function buildConfig(values: ReadonlyMap<string, LeafValue>, features: Features): Config {
  // The schema makes both the type and this object; a test compares them key by key.
  return Object.freeze({ ...sectionObject(configSchema, '', values), features }) as Config;
}

function sectionObject(schema: Section, prefix: string, values: ReadonlyMap<string, LeafValue>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(schema.properties)) {
    const path = prefix + name;
    if (isLeaf(child)) object[keyWithUnit(name, child)] = values.get(path)!;
    else object[name] = sectionObject(asSection(child), `${path}.`, values);
  }
  return Object.freeze(object);
}
