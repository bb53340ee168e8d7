/**
 * The environment: every key of the file has a variable, `storage.tsdb.path` is `NARTHEX_STORAGE_TSDB_PATH`. Lists are
 * separated by commas, maps are `name=value,name=value`. `NARTHEX_CONFIG_FILE` stands for `--config.file`.
 */
import { suggestion } from './closest-name.js';
import type { ConfigProblem } from './config-error.js';
import { KEYS, type Key } from './key-index.js';
import { leafProblem, parseLeaf, type LeafValue } from './notation.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export const CONFIG_FILE_VARIABLE = 'NARTHEX_CONFIG_FILE';
const BY_VARIABLE: ReadonlyMap<string, Key> = new Map([...KEYS.values()].map((key) => [key.variable, key]));

/** Kubernetes and Docker set these in every container beside a service called narthex; they are not meant for us. */
const SERVICE_LINK = /^NARTHEX_(SERVICE_(HOST|PORT)|PORT|ENV)(_|$)/;

/** An unknown variable is a warning, not an error: nobody owns the environment alone. */
export function readEnvironment(env: Environment) {
  const values = new Map<string, { value: LeafValue; where: string }>();
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    const meant = variable.startsWith('NARTHEX_') && variable !== CONFIG_FILE_VARIABLE && !SERVICE_LINK.test(variable);
    if (!meant || text === undefined) continue;
    const key = BY_VARIABLE.get(variable);
    if (!key) {
      warnings.push(`environment variable ${variable} is not known${suggestion(variable, BY_VARIABLE.keys())}`);
      continue;
    }
    try {
      const value = parseLeaf(key.leaf, text);
      const problem = leafProblem(key.leaf, value);
      if (problem !== undefined) throw new SyntaxError(problem);
      values.set(key.path, { value, where: variable });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      problems.push({ code: 'invalid_value', keyPath: key.path, where: variable, message: error.message });
    }
  }
  return { values, problems, warnings };
}
