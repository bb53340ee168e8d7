/**
 * The command line, with the flags of Prometheus: `--flag value`, `--flag=value`, `--switch`, `--no-switch`. A flag is the
 * path of its key with hyphens: `query.max_samples` is `--query.max-samples`. Keys that Prometheus takes only from its file
 * are taken only from the file here too.
 */
import { suggestion } from './closest-name.js';
import type { ConfigErrorCode, ConfigProblem } from './config-error.js';
import { IGNORED_FLAGS, REFUSED_FLAGS } from './foreign-flags.js';
import { KEYS, type Key } from './key-index.js';
import { leafProblem, parseLeaf, type LeafValue } from './notation.js';

/** Sections and keys that have no flags upstream. */
const FILE_ONLY = ['global.', 'otlp.', 'storage.exemplars.', 'storage.tsdb.out_of_order_time_window', 'enable_features'];

/** Own keys in such a section, which have a flag as own keys do. */
const FLAGS_ALL_THE_SAME = new Set(['otlp.grpc_listen_address', 'otlp.http_listen_address']);

export const FLAG_KEYS: ReadonlyMap<string, Key> = new Map(
  [...KEYS.values()].filter(({ path }) => hasFlag(path)).map((key) => [flagName(key.path), key]),
);

function hasFlag(path: string): boolean {
  return FLAGS_ALL_THE_SAME.has(path) || !FILE_ONLY.some((prefix) => path.startsWith(prefix));
}

/** `query.max_samples` -> `query.max-samples`. */
export function flagName(path: string): string {
  // The one flag whose name upstream does not follow the rule.
  return path === 'web.cors_origin' ? 'web.cors.origin' : path.replaceAll('_', '-');
}

/** Without effect because what they switch on is always on. */
const ALWAYS_ON = new Set(['web.enable-remote-write-receiver', 'web.enable-otlp-receiver']);

export interface Flags {
  readonly values: ReadonlyMap<string, { readonly value: LeafValue; readonly where: string }>;
  readonly configFile: string | undefined;
  readonly enableFeatures: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

/** `argv` without the program's name. Never throws: all that is wrong is in `problems`. */
export function readFlags(argv: readonly string[]): Flags {
  const reader = new FlagReader(argv);
  while (reader.next());
  return reader;
}

class FlagReader implements Flags {
  readonly values = new Map<string, { value: LeafValue; where: string }>();
  configFile: string | undefined;
  readonly enableFeatures: string[] = [];
  help = false;
  version = false;
  readonly problems: ConfigProblem[] = [];
  readonly warnings: string[] = [];
  private position = 0;

  constructor(private readonly argv: readonly string[]) {}

  /** Consumes one flag. @returns whether there was one */
  next(): boolean {
    const argument = this.argv[this.position++];
    if (argument === undefined) return false;
    if (argument === '-h') this.help = true;
    else if (argument.startsWith('--') && argument.length > 2) this.flag(argument);
    else this.problem('unexpected_argument', '', argument, 'unexpected argument');
    return true;
  }

  private flag(argument: string): void {
    const eq = argument.indexOf('=');
    const name = argument.slice(2, eq < 0 ? undefined : eq);
    const attached = eq < 0 ? undefined : argument.slice(eq + 1);
    const key = FLAG_KEYS.get(name);
    const negated = name.startsWith('no-') ? name.slice('no-'.length) : undefined;
    const negatedKey = FLAG_KEYS.get(negated ?? '');
    if (key) this.keyFlag(key, name, attached);
    else if (name === 'help') this.help = true;
    else if (name === 'version') this.version = true;
    // Not only `--config.file`: guides write `prometheus --config=prometheus.yml`.
    else if (name === 'config.file' || name === 'config') this.configFile = this.value(name, attached) ?? this.configFile;
    else if (name === 'enable-feature') this.features(this.value(name, attached));
    else if (ALWAYS_ON.has(name)) this.alwaysOn(name, attached);
    else if (negated !== undefined && negatedKey?.leaf.notation === 'boolean') this.keyFlag(negatedKey, negated, 'false');
    else if (negated !== undefined && ALWAYS_ON.has(negated)) this.alwaysOn(negated, 'false');
    else if (Object.hasOwn(REFUSED_FLAGS, name)) this.refused(name, attached);
    else if (Object.hasOwn(IGNORED_FLAGS, negated ?? name)) this.ignored(negated ?? name, attached);
    else this.unknown(name);
  }

  private keyFlag(key: Key, name: string, attached: string | undefined): void {
    const isSwitch = key.leaf.notation === 'boolean';
    const text = isSwitch ? (attached ?? 'true') : this.value(name, attached);
    if (text === undefined) return;
    const where = `--${name}`;
    const before = this.values.get(key.path)?.value;
    if (before !== undefined && key.leaf.notation !== 'list') {
      this.problem('repeated_flag', key.path, where, 'may be given only once');
      return;
    }
    try {
      const read = parseLeaf(key.leaf, text);
      const value = Array.isArray(read) && Array.isArray(before) ? [...before, ...read] : read;
      const problem = leafProblem(key.leaf, value);
      if (problem !== undefined) throw new SyntaxError(problem);
      this.values.set(key.path, { value, where });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.problem('invalid_value', key.path, where, error.message);
    }
  }

  /** The value of a flag: after `=`, or the next argument. */
  private value(name: string, attached: string | undefined): string | undefined {
    const text = attached ?? this.argv[this.position++];
    if (text === undefined) this.problem('missing_flag_value', '', `--${name}`, 'expects a value');
    return text;
  }

  private features(names: string | undefined): void {
    this.enableFeatures.push(...(names ?? '').split(',').map((name) => name.trim()).filter((name) => name !== ''));
  }

  private alwaysOn(name: string, attached: string | undefined): void {
    if (attached === 'false') this.warnings.push(`--${name}: the receiver is always on`);
  }

  private refused(name: string, attached: string | undefined): void {
    const flag = REFUSED_FLAGS[name]!;
    if (flag.takesValue) this.value(name, attached);
    this.problem('unsupported_flag', '', `--${name}`, flag.reason);
  }

  private ignored(name: string, attached: string | undefined): void {
    const flag = IGNORED_FLAGS[name]!;
    if (flag.takesValue) this.value(name, attached);
    this.warnings.push(`--${name} has no effect: ${flag.reason}`);
  }

  private unknown(name: string): void {
    const path = [...KEYS.keys()].find((key) => flagName(key) === name);
    const known = [...FLAG_KEYS.keys(), ...Object.keys(IGNORED_FLAGS), ...ALWAYS_ON, 'config.file', 'enable-feature', 'help', 'version'];
    const hint = path === undefined
      ? suggestion(name, known)
      : ` (as in Prometheus this is a key of the configuration file: ${path})`;
    this.problem('unknown_flag', path ?? '', `--${name}`, `unknown flag${hint}`);
  }

  private problem(code: ConfigErrorCode, keyPath: string, where: string, message: string): void {
    this.problems.push({ code, keyPath, where, message });
  }
}
