/**
 * OpenTelemetry names become Prometheus names. Behaviour of prometheus/otlptranslator 1.0 as Prometheus 3.14 uses it;
 * the oddities (noted where they are) are kept, because a renamed metric is a broken dashboard.
 */
import type { TranslationStrategy } from './otlp-settings.js';

/** Why a name cannot be built, ready for an answer. */
export class NameFault {
  constructor(readonly message: string) {}
}

/** What of a metric's type its name depends on. */
export type SuffixKind = 'counter' | 'gauge' | 'other';

/** UCUM codes by the words that Prometheus uses. `TiBy` is "tibibytes" there. */
const UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'], ['h', 'hours'], ['min', 'minutes'], ['s', 'seconds'],
  ['ms', 'milliseconds'], ['us', 'microseconds'], ['ns', 'nanoseconds'],
  ['By', 'bytes'], ['KiBy', 'kibibytes'], ['MiBy', 'mebibytes'], ['GiBy', 'gibibytes'], ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'], ['MBy', 'megabytes'], ['GBy', 'gigabytes'], ['TBy', 'terabytes'],
  ['m', 'meters'], ['V', 'volts'], ['A', 'amperes'], ['J', 'joules'], ['W', 'watts'], ['g', 'grams'],
  ['Cel', 'celsius'], ['Hz', 'hertz'], ['%', 'percent'], ['1', ''],
]);

/** Behind the slash `m` is a minute. */
const PER_UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'], ['m', 'minute'], ['h', 'hour'], ['d', 'day'], ['w', 'week'], ['mo', 'month'], ['y', 'year'],
]);

const INVALID_IN_TOKEN = /[^a-zA-Z0-9:]/gu;
const TOKEN_SEPARATORS = /[^a-zA-Z0-9:]+/;
const INVALID_IN_METRIC = /[^a-zA-Z0-9:_]+/;
const INVALID_IN_LABEL = /[^a-zA-Z0-9_]/gu;
const UNDERSCORES = /_+/g;
const STARTS_WITH_DIGIT = /^[0-9]/;
const ONLY_UNDERSCORES = /^_+$/;

/** Translated names are remembered up to this number; then the cache starts anew. */
const CACHE_SIZE_MAX = 20_000;

export class MetricNamer {
  private readonly escape: boolean;
  private readonly suffixes: boolean;
  private readonly cache = new Map<string, string | NameFault>();
  private readonly units = new Map<string, string>();

  constructor(strategy: TranslationStrategy) {
    this.escape = strategy.startsWith('Underscore');
    this.suffixes = strategy.endsWith('WithSuffixes');
  }

  /** Name of the metric family: with unit and `_total`, without `_bucket`. '' only if nothing is translated. */
  build(name: string, unit: string, kind: SuffixKind): string | NameFault {
    const key = `${kind}\u0000${unit}\u0000${name}`;
    let built = this.cache.get(key);
    if (built === undefined) {
      built = this.compute(name, unit, kind);
      if (this.cache.size >= CACHE_SIZE_MAX) this.cache.clear();
      this.cache.set(key, built);
    }
    return built;
  }

  /** See `unitName`. */
  unit(unit: string): string {
    let name = this.units.get(unit);
    if (name === undefined) {
      name = unitName(unit);
      if (this.units.size >= CACHE_SIZE_MAX) this.units.clear();
      this.units.set(unit, name);
    }
    return name;
  }

  private compute(name: string, unit: string, kind: SuffixKind): string | NameFault {
    if (!this.escape) return this.suffixes ? withSuffixes(name, unit, kind) : name;
    const escaped = this.suffixes ? escapedWithSuffixes(name, unit, kind) : name.split(INVALID_IN_METRIC).filter(Boolean).join('_');
    const built = prefixDigit(escaped);
    if (built === '') return new NameFault(`normalization for metric ${JSON.stringify(name)} resulted in empty name`);
    if (built !== name && ONLY_UNDERSCORES.test(built)) {
      return new NameFault(`normalization for metric ${JSON.stringify(name)} resulted in invalid name ${JSON.stringify(built)}`);
    }
    return built;
  }
}

/** Unit as metadata shows it and as `__unit__`: escaped words, whatever the strategy. */
export function unitName(unit: string): string {
  const { main, per } = unitWords(unit);
  return [cleanUnit(main), cleanUnit(per)].filter(Boolean).join('_').replace(/^_|_$/g, '');
}

export interface LabelNameRules {
  readonly escape: boolean;
  /** `_x` becomes `key_x`. */
  readonly sanitizeUnderscore: boolean;
  /** `a..b` becomes `a__b`, not `a_b`. */
  readonly preserveMultiple: boolean;
}

export class LabelNamer {
  private readonly cache = new Map<string, string | NameFault>();

  constructor(private readonly rules: LabelNameRules) {}

  build(key: string): string | NameFault {
    let built = this.cache.get(key);
    if (built === undefined) {
      built = this.compute(key);
      if (this.cache.size >= CACHE_SIZE_MAX) this.cache.clear();
      this.cache.set(key, built);
    }
    return built;
  }

  private compute(key: string): string | NameFault {
    if (key === '') return new NameFault('label name is empty');
    let name = key;
    if (this.rules.escape) {
      name = this.rules.preserveMultiple ? key.replace(INVALID_IN_LABEL, '_') : collapsed(key);
      if (STARTS_WITH_DIGIT.test(name)) name = `key_${name}`;
      else if (this.rules.sanitizeUnderscore && name.startsWith('_') && !name.startsWith('__')) name = `key${name}`;
    }
    if (ONLY_UNDERSCORES.test(name)) {
      return new NameFault(`normalization for label name ${JSON.stringify(key)} resulted in invalid name ${JSON.stringify(name)}`);
    }
    return name;
  }
}

/** Runs become one underscore; the outer pairs of `__reserved__` stay. */
function collapsed(key: string): string {
  const reserved = key.length > 4 && key.startsWith('__') && key.endsWith('__');
  const inner = (reserved ? key.slice(2, -2) : key).replace(INVALID_IN_LABEL, '_').replace(UNDERSCORES, '_');
  return reserved ? `__${inner}__` : inner;
}

/** Suffixes by tokens: what the name has already is not added again, `total` and `ratio` move to the end. */
function escapedWithSuffixes(name: string, unit: string, kind: SuffixKind): string {
  let tokens = name.split(TOKEN_SEPARATORS).filter(Boolean);
  const words = unitWords(unit);
  // A per-unit contains an underscore, so no token ever equals it: it is added even to `speed_per_second`.
  const per = cleanUnit(words.per).replace(/_$/, '');
  const hasPer = per !== '' && per !== 'per';
  const main = cleanUnit(words.main);
  const hasMain = main !== '' && !tokens.includes(main);
  if (hasMain) tokens.push(hasPer ? main.replace(/_$/, '') : main);
  if (hasPer) tokens.push(per);
  if (kind === 'counter') tokens = moveToEnd(tokens, 'total');
  if (kind === 'gauge' && unit === '1') tokens = moveToEnd(tokens, 'ratio');
  return tokens.join('_');
}

function moveToEnd(tokens: readonly string[], token: string): string[] {
  return [...tokens.filter((other) => other !== token), token];
}

/** Suffixes by string ends, names unescaped. */
function withSuffixes(name: string, unit: string, kind: SuffixKind): string {
  const { main, per } = unitWords(unit);
  const isRatio = kind === 'gauge' && unit === '1';
  let built = name;
  if (isRatio) built = cutSuffix(built, 'ratio');
  if (kind === 'counter') built = cutSuffix(built, 'total');
  if (per !== '') built = cutSuffix(built, per);
  // Upstream asks for the end of the string, not for a word: `foo.microseconds` in `s` stays.
  if (main !== '' && !built.endsWith(main)) built = `${built}_${main}`;
  if (per !== '') built = `${built}_${per}`;
  if (kind === 'counter') built = `${built}_total`;
  return isRatio ? `${built}_ratio` : built;
}

/** Cuts a suffix and, as upstream does, the character before it, whatever that is: `mytotal` becomes `m` (then `m_total`). */
function cutSuffix(name: string, suffix: string): string {
  if (!name.endsWith(suffix) || name.length <= suffix.length + 1) return name;
  return name.slice(0, -suffix.length).replace(/.$/su, '');
}

/** Words for the parts before and behind the first slash; `per` with its `per_`. */
function unitWords(unit: string): { main: string; per: string } {
  const slash = unit.indexOf('/');
  const main = unitPart(slash < 0 ? unit : unit.slice(0, slash));
  const per = unitPart(slash < 0 ? '' : unit.slice(slash + 1));
  const perWord = PER_UNIT_WORDS.get(per) ?? per;
  return { main: UNIT_WORDS.get(main) ?? main, per: perWord === '' ? '' : `per_${perWord}` };
}

/** Annotations in braces make the whole part meaningless. */
function unitPart(part: string): string {
  return /[{}]/.test(part) ? '' : part.trim();
}

function cleanUnit(word: string): string {
  return word.replace(INVALID_IN_TOKEN, '_').replace(UNDERSCORES, '_').replace(/^_/, '');
}

function prefixDigit(name: string): string {
  return STARTS_WITH_DIGIT.test(name) ? `_${name}` : name;
}
