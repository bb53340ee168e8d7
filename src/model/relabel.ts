/**
 * Relabelling with Prometheus' rules (`model/relabel/relabel.go`): the same actions, defaults and checks. A rule is compiled once;
 * applying it costs strings, so that callers do it for series that they have not seen before.
 */
import { createHash } from 'node:crypto';
import { RE2JS, RE2JSException } from 're2js';
import { compareUtf8, Labels } from './labels.js';
import { matchGlob, readShape } from './regex-shape.js';
import { expandTemplate, groupsOf } from './regex-template.js';

/** A rule as it is written: the keys of Prometheus' `relabel_configs`, all values as text. */
export type RelabelFields = Readonly<Record<string, string | readonly string[]>>;

/** One rule. Changes the set in place; false drops the series. */
type RelabelStep = (labels: LabelMap) => boolean;
type LabelMap = Map<string, string>;

const RELABEL_ACTIONS = [
  'replace', 'keep', 'drop', 'hashmod', 'labelmap', 'labeldrop', 'labelkeep', 'lowercase', 'uppercase', 'keepequal', 'dropequal',
] as const;
type RelabelAction = (typeof RELABEL_ACTIONS)[number];

const KEYS = ['source_labels', 'separator', 'regex', 'modulus', 'target_label', 'replacement', 'action'] as const;
const DEFAULT_REGEX = '(.*)';
const DEFAULT_REPLACEMENT = '$1';
/** Own limit: a pattern is compiled once but runs for every new series. */
const REGEX_LENGTH_MAX = 64 * 1024;

export class RelabelError extends Error {
  override name = 'RelabelError';
  readonly code = 'bad_relabel_rule';
}

interface Rule {
  readonly action: RelabelAction;
  readonly sources: readonly string[];
  readonly separator: string;
  readonly regex: RE2JS;
  /** Whether it matches a whole text; the engine is not asked where comparing texts tells. */
  readonly test: (text: string) => boolean;
  readonly modulus: bigint;
  readonly target: string;
  readonly replacement: string;
}

/** A list of rules, in their order. */
export class Relabeling {
  private readonly steps: readonly RelabelStep[];

  /** @throws RelabelError that names the rule */
  constructor(rules: readonly RelabelFields[]) {
    this.steps = rules.map((fields, i) => {
      try {
        return stepOf(parseRule(fields));
      } catch (error) {
        if (!(error instanceof RelabelError)) throw error;
        throw new RelabelError(`rule ${i + 1}: ${error.message}`, { cause: error });
      }
    });
  }

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }

  /** The labels after all rules (the same object if nothing changed), undefined if the series is dropped. */
  apply(labels: Labels): Labels | undefined {
    const map: LabelMap = new Map(labels.names.map((name, i) => [name, labels.values[i]!]));
    for (const step of this.steps) if (!step(map)) return undefined;
    const result = labelsOf(map);
    return isSame(labels, result) ? labels : result;
  }
}

function parseRule(fields: RelabelFields): Rule {
  for (const key of Object.keys(fields)) {
    if (!KEYS.some((known) => known === key)) throw new RelabelError(`unknown key "${key}" (known: ${KEYS.join(', ')})`);
  }
  const action = actionOf(text(fields, 'action', 'replace'));
  const sources = fields['source_labels'] ?? [];
  const pattern = text(fields, 'regex', DEFAULT_REGEX);
  const regex = compile(pattern);
  const rule: Rule = {
    action,
    sources: typeof sources === 'string' ? [sources] : sources,
    separator: text(fields, 'separator', ';'),
    regex,
    test: testOf(pattern, regex),
    modulus: modulusOf(text(fields, 'modulus', '0')),
    target: text(fields, 'target_label', ''),
    replacement: text(fields, 'replacement', DEFAULT_REPLACEMENT),
  };
  check(rule, fields);
  return rule;
}

function check({ action, modulus, target, replacement }: Rule, fields: RelabelFields): void {
  if (action === 'hashmod' && modulus === 0n) throw new RelabelError('relabel configuration for hashmod requires non-zero modulus');
  const needsTarget: readonly RelabelAction[] = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];
  if (needsTarget.includes(action) && target === '') {
    throw new RelabelError(`relabel configuration for ${action} action requires 'target_label' value`);
  }
  if (action === 'labelmap' && replacement === '') throw new RelabelError(`'${replacement}' is invalid 'replacement' for labelmap action`);
  const allowed: Partial<Record<RelabelAction, readonly string[]>> = {
    keepequal: ['source_labels', 'target_label', 'action'], dropequal: ['source_labels', 'target_label', 'action'],
    labeldrop: ['regex', 'action'], labelkeep: ['regex', 'action'],
  };
  const surplus = Object.keys(fields).find((key) => allowed[action]?.includes(key) === false);
  if (surplus !== undefined) {
    const needed = allowed[action]!.filter((key) => key !== 'action').map((key) => `'${key}'`);
    throw new RelabelError(`${action} action requires only ${needed.join(' and ')}, and no other fields`);
  }
}

function stepOf(rule: Rule): RelabelStep {
  const { regex, test, target } = rule;
  const joined = (labels: LabelMap): string => rule.sources.map((name) => labels.get(name) ?? '').join(rule.separator);
  switch (rule.action) {
    case 'replace': return replaceStep(rule, joined);
    case 'keep': return (labels) => test(joined(labels));
    case 'drop': return (labels) => !test(joined(labels));
    case 'keepequal': return (labels) => joined(labels) === (labels.get(target) ?? '');
    case 'dropequal': return (labels) => joined(labels) !== (labels.get(target) ?? '');
    case 'lowercase': return (labels) => put(labels, target, joined(labels).toLowerCase());
    case 'uppercase': return (labels) => put(labels, target, joined(labels).toUpperCase());
    case 'hashmod': return (labels) => put(labels, target, String(hash(joined(labels)) % rule.modulus));
    case 'labelmap': return (labels) => {
      for (const [name, value] of [...labels]) {
        const to = test(name) ? expanded(regex, name, rule.replacement) : undefined;
        if (to !== undefined) put(labels, to, value);
      }
      return true;
    };
    case 'labeldrop': return (labels) => removeNames(labels, test);
    case 'labelkeep': return (labels) => removeNames(labels, (name) => !test(name));
  }
}

/** Values of a rule whose replacement is remembered: most rules see few values, and the engine costs more than all else. */
const REMEMBERED_MAX = 1000;
const REMEMBERED_LENGTH_MAX = 256;

function replaceStep({ regex, test, target, replacement }: Rule, joined: (labels: LabelMap) => string): RelabelStep {
  const remembered = new Map<string, readonly [name: string, value: string]>();
  return (labels) => {
    const value = joined(labels);
    if (!test(value)) return true;
    let result = remembered.get(value);
    if (result === undefined) {
      const name = expanded(regex, value, target);
      if (name === undefined) return true;
      result = [name, expanded(regex, value, replacement)!];
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      if (value.length <= REMEMBERED_LENGTH_MAX) remembered.set(value, result);
    }
    // A name made of the value may be none: the rule does nothing.
    return result[0] === '' || put(labels, ...result);
  };
}

/** What rules change is mostly in order still, and has no empty values. */
function labelsOf(map: LabelMap): Labels {
  const names = [...map.keys()];
  for (let i = 1; i < names.length; i++) if (compareUtf8(names[i - 1]!, names[i]!) >= 0) return Labels.fromPairs(map);
  return Labels.fromSorted(names, [...map.values()]);
}

function isSame(a: Labels, b: Labels): boolean {
  return a.length === b.length && a.names.every((name, i) => name === b.names[i] && a.values[i] === b.values[i]);
}

/** Always true: a changed series is kept. */
function put(labels: LabelMap, name: string, value: string): boolean {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
  return true;
}

function removeNames(labels: LabelMap, remove: (name: string) => boolean): boolean {
  for (const name of labels.keys()) if (remove(name)) labels.delete(name);
  return true;
}

/** The second half of the MD5, big-endian. */
function hash(value: string): bigint {
  return createHash('md5').update(value).digest().readBigUInt64BE(8);
}

/** `template` with the groups of a whole match of `input`; undefined if it does not match. */
function expanded(regex: RE2JS, input: string, template: string): string | undefined {
  const matcher = regex.matcher(input);
  return matcher.matches() ? expandTemplate(template, groupsOf(regex, matcher)) : undefined;
}

function text(fields: RelabelFields, key: string, whenAbsent: string): string {
  const value = fields[key] ?? whenAbsent;
  if (typeof value !== 'string') throw new RelabelError(`${key} must be a single value`);
  return value;
}

function actionOf(written: string): RelabelAction {
  const action = RELABEL_ACTIONS.find((known) => known === written.toLowerCase());
  if (action === undefined) throw new RelabelError(`unknown relabel action "${written}"`);
  return action;
}

function modulusOf(written: string): bigint {
  if (!/^\d{1,19}$/.test(written)) throw new RelabelError(`modulus must be a whole number, is "${written}"`);
  return BigInt(written);
}

/** Alternatives above which the engine is faster. */
const GLOBS_MAX = 16;

function testOf(pattern: string, regex: RE2JS): (text: string) => boolean {
  const globs = readShape(pattern)?.globs;
  if (globs === undefined || globs.length > GLOBS_MAX) return (text) => regex.testExact(text);
  return (text) => globs.some((glob) => matchGlob(glob, text));
}

function compile(pattern: string): RE2JS {
  if (pattern.length > REGEX_LENGTH_MAX) throw new RelabelError(`regex is longer than ${REGEX_LENGTH_MAX} characters`);
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new RelabelError(error.message.replace(/`\(\?s\)/, '`'), { cause: error });
  }
}
