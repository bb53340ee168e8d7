/** The tokens of PromQL, and how messages call them. */
import { goQuote } from '../../model/go-quote.js';
import type { Position } from './ast.js';

export const AGGREGATORS = [
  'sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar',
  'topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio',
] as const;

const WORD_OPERATORS = ['and', 'or', 'unless', 'atan2'] as const;

const KEYWORDS = [
  'offset', 'smoothed', 'anchored', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right',
  'fill', 'fill_left', 'fill_right', 'bool',
] as const;

/** Words that are functions behind `@` and inside durations, and functions of their own. */
const PREPROCESSORS = ['start', 'end', 'step', 'range', 'min_of', 'max_of'] as const;

const SYMBOL_OPERATORS = [
  '+', '-', '*', '/', '%', '^', '==', '!=', '<=', '<', '>=', '>', '</', '>/', '=~', '!~', '@',
] as const;

const PUNCTUATION = ['(', ')', '{', '}', '[', ']', ',', '=', ':'] as const;

export type Aggregator = (typeof AGGREGATORS)[number];
export type Keyword = (typeof KEYWORDS)[number];
export type Preprocessor = (typeof PREPROCESSORS)[number];
export type WordKind = Aggregator | (typeof WORD_OPERATORS)[number] | Keyword | Preprocessor;
export type SymbolKind = (typeof SYMBOL_OPERATORS)[number] | (typeof PUNCTUATION)[number];

/** What a token is. Words and symbols are their own kind, in lower case. */
export type TokenKind =
  | WordKind | SymbolKind
  /** `metric-identifier` has a colon in it. */
  | 'identifier' | 'metric-identifier' | 'number' | 'duration' | 'string' | 'eof';

export interface Token extends Position {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
}

const WORDS: ReadonlyMap<string, WordKind | 'number'> = new Map<string, WordKind | 'number'>([
  ...[...AGGREGATORS, ...WORD_OPERATORS, ...KEYWORDS, ...PREPROCESSORS].map((word) => [word, word] as const),
  ['inf', 'number'],
  ['nan', 'number'],
]);

/** The keyword that a word is, in any case of letters. undefined: an identifier. */
export function keywordOf(word: string): WordKind | 'number' | undefined {
  return WORDS.get(word.toLowerCase());
}

const AGGREGATOR_SET: ReadonlySet<string> = new Set(AGGREGATORS);
const KEYWORD_SET: ReadonlySet<string> = new Set(KEYWORDS);
const PREPROCESSOR_SET: ReadonlySet<string> = new Set(PREPROCESSORS);
const OPERATOR_SET: ReadonlySet<string> = new Set([...WORD_OPERATORS, ...SYMBOL_OPERATORS]);

export function isAggregator(kind: TokenKind): kind is Aggregator {
  return AGGREGATOR_SET.has(kind);
}

/** Words that cannot begin an expression, not even as the name of a metric. */
const NEVER_METRIC: ReadonlySet<string> = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2']);
/** The one word that cannot be a label in `by (…)`, `on (…)` and the like: upstream's list left it out. */
const NEVER_LABEL: ReadonlySet<string> = new Set(['without']);

/** A word that is a function when a parenthesis follows. */
export function isPreprocessor(kind: TokenKind): kind is Preprocessor {
  return PREPROCESSOR_SET.has(kind);
}

export function canBeMetricName(kind: TokenKind): boolean {
  return kind === 'identifier' || kind === 'metric-identifier' || (isWord(kind) && !NEVER_METRIC.has(kind));
}

export function canBeLabelName(kind: TokenKind): boolean {
  return kind === 'identifier' || kind === 'metric-identifier' || (isWord(kind) && !NEVER_LABEL.has(kind));
}

function isWord(kind: TokenKind): boolean {
  return WORDS.has(kind);
}

/** A token as "unexpected …" messages show it. */
export function describeToken(token: Token): string {
  const { kind, text } = token;
  switch (kind) {
    case 'eof':
      return 'end of input';
    case 'identifier':
      return `identifier ${goQuote(text)}`;
    case 'metric-identifier':
      return `metric identifier ${goQuote(text)}`;
    case 'number':
    case 'duration':
    case 'string':
      return `${kind} ${shortQuote(text)}`;
    default:
      if (KEYWORD_SET.has(kind)) return `<${text}>`;
      if (OPERATOR_SET.has(kind)) return `<op:${text}>`;
      if (AGGREGATOR_SET.has(kind)) return `<aggr:${text}>`;
      return PREPROCESSOR_SET.has(kind) ? shortQuote(text) : goQuote(text);
  }
}

/** At most ten characters of the text. Whether it is long is decided on bytes, as upstream does. */
function shortQuote(text: string): string {
  return Buffer.byteLength(text) > 10 ? `${goQuote([...text].slice(0, 10).join(''))}...` : goQuote(text);
}
