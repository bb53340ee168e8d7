/**
 * Queries that nobody writes but an attacker or a broken generator: each has an answer or an error of the language. Anything else, such as
 * an overflow of the stack, fails here; a stall runs into the time limit of the test.
 */
import { describe, expect, test } from 'vitest';
import { Matcher } from '../../src/model/matcher.js';
import { RegexError } from '../../src/model/regex-limits.js';
import { QueryError } from '../../src/promql/engine/engine-api.js';
import { formatExpr } from '../../src/promql/parser/format.js';
import { ParseError, parseExpr } from '../../src/promql/parser/parse.js';
import { printExpr } from '../../src/promql/parser/print.js';
import { memoryStorage } from '../support/memory-storage.js';
import { instant, range } from '../support/query.js';

const ALL = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true };
const storage = memoryStorage(15, 'foo{a="x"} 1+1x20', 'foo{a="y"} 2+1x20');

/** 'answer', or the message of the error. Printing is tried, too: it walks the same tree. */
function outcome(text: string): string {
  try {
    const expr = parseExpr(text, ALL);
    printExpr(expr);
    formatExpr(expr);
    range(storage, text, 60, 120, 15, { enableExperimentalFunctions: true });
    instant(storage, text, 60, { enableExperimentalFunctions: true });
    return 'answer';
  } catch (error) {
    if (error instanceof ParseError || error instanceof QueryError) return error.message;
    throw error;
  }
}

const names = (count: number, quote = ''): string => Array.from({ length: count }, (_, i) => `${quote}l${i}${quote}`).join(', ');
const TOO_DEEP = /nested too deeply, limit 512 levels$/;

describe('nesting', () => {
  test.each<[string, string, RegExp | 'answer']>([
    ['parentheses', `${'('.repeat(10_000)}foo${')'.repeat(10_000)}`, TOO_DEEP],
    ['unclosed parentheses', '('.repeat(1_000_000), TOO_DEEP],
    ['unary minus', `${'-'.repeat(50_000)}foo`, TOO_DEEP],
    ['unary minus before a number', `${'-'.repeat(50_000)}1`, TOO_DEEP],
    ['unary plus', `${'+'.repeat(50_000)}foo`, TOO_DEEP],
    ['minus and parentheses', `${'-('.repeat(5000)}foo${')'.repeat(5000)}`, TOO_DEEP],
    ['functions', `${'abs('.repeat(10_000)}foo${')'.repeat(10_000)}`, TOO_DEEP],
    ['aggregations', `${'sum by (a) ('.repeat(10_000)}foo${')'.repeat(10_000)}`, TOO_DEEP],
    ['aggregations, not too many', `${'sum by (a) ('.repeat(400)}foo${')'.repeat(400)}`, 'answer'],
    ['joins in joins', `${'(foo + '.repeat(500)}foo${')'.repeat(500)}`, TOO_DEEP],
    ['subqueries of subqueries', `${'max_over_time('.repeat(5000)}foo${'[5m:1m])'.repeat(5000)}`, TOO_DEEP],
    ['subqueries behind each other', `foo${'[5m:1m]'.repeat(10_000)}`, TOO_DEEP],
    ['parentheses in a duration', `foo[${'('.repeat(10_000)}5m${')'.repeat(10_000)}]`, TOO_DEEP],
    ['signs in a duration', `foo[${'-'.repeat(20_000)}5m]`, TOO_DEEP],
    ['braces', '{'.repeat(100_000), /unexpected left brace/],
    ['brackets', '['.repeat(100_000), /unexpected "\["/],
  ])('%s', (_, text, expected) => {
    expect(outcome(text)).toMatch(expected);
  });
});

describe('chains', () => {
  test.each<[string, string, RegExp | 'answer']>([
    ['numbers', `1${' + 1'.repeat(50_000)}`, TOO_DEEP],
    ['vectors', `foo${' + foo'.repeat(50_000)}`, TOO_DEEP],
    ['sets', `foo${' or foo'.repeat(50_000)}`, TOO_DEEP],
    ['powers', `2${' ^ 2'.repeat(50_000)}`, TOO_DEEP],
    ['comparisons', `foo${' > foo'.repeat(50_000)}`, TOO_DEEP],
    ['vectors, not too many', `foo${' + foo'.repeat(500)}`, 'answer'],
    ['durations', `sum_over_time(foo[5m${' + 1m'.repeat(50_000)}])`, TOO_DEEP],
    ['durations in durations', `foo[${'('.repeat(400)}1m${`${' + 1s'.repeat(400)})`.repeat(400)}]`, TOO_DEEP],
    ['durations of an offset', `foo offset (1s${' + 1s'.repeat(50_000)})`, TOO_DEEP],
    ['durations, not too many', `sum_over_time(foo[1m${' + 1s'.repeat(400)}])`, 'answer'],
    ['offsets', `foo${' offset 5m'.repeat(20_000)}`, /offset may not be set multiple times/],
    ['times', `foo${' @ 5'.repeat(20_000)}`, /@ <timestamp> may not be set multiple times/],
  ])('%s', (_, text, expected) => {
    expect(outcome(text)).toMatch(expected);
  });
});

describe('long lists and large tokens', () => {
  test.each<[string, string, RegExp | 'answer']>([
    ['matchers', `foo{${names(20_000).replaceAll(/l\d+/g, (name) => `${name}=""`)}}`, 'answer'],
    ['labels of by', `sum by (${names(50_000)}) (foo)`, 'answer'],
    ['labels of without', `sum without (${names(50_000)}) (foo)`, 'answer'],
    ['labels of on and group_left', `foo * on (a, ${names(20_000)}) group_left (${names(20_000).replaceAll('l', 'g')}) foo`, 'answer'],
    ['arguments', `label_join(foo, "to", "-", ${names(50_000, '"')})`, 'answer'],
    ['commas', `sum(${','.repeat(100_000)})`, /unexpected "," in aggregation/],
    ['digits', '9'.repeat(100_000), /error parsing number/],
    ['hexadecimal digits', `0x${'f'.repeat(100_000)}`, /error parsing number/],
    ['an exponent', `1e${'9'.repeat(10_000)}`, /error parsing number/],
    ['zeros behind the point', `0.${'0'.repeat(100_000)}1`, 'answer'],
    ['a duration of many digits', `foo[${'9'.repeat(1000)}y]`, /not a valid duration string/],
    ['a duration of centuries', 'foo[293y]', /duration out of range/],
    ['a duration expression of centuries', 'sum_over_time(foo[292y + 292y])', /duration is out of range/],
    ['an offset of centuries', 'foo offset -293y', /duration out of range/],
    ['a time in the far future', 'foo @ 1e300', /out of bounds/],
    ['a matcher', `foo{a="${'x'.repeat(1_000_000)}"}`, 'answer'],
    ['a comment', `${'#'.repeat(1_000_000)}\n1`, 'answer'],
    ['space', `${' '.repeat(1_000_000)}1`, 'answer'],
    ['escapes', `"${'\\x'.repeat(100_000)}"`, /in escape sequence/],
    ['a range of small steps', 'max_over_time(foo[100y:1ms])', /too many samples/],
    ['a k out of all proportion', 'topk(1e18, foo)', 'answer'],
    ['a k that is no integer', 'topk(1e300, foo)', /overflows int64/],
  ])('%s', (_, text, expected) => {
    expect(outcome(text)).toMatch(expected);
  });
});

describe('regular expressions', () => {
  // A backtracking engine would need longer than the universe is old for most of these.
  const value = `${'a'.repeat(2000)}!`;
  const matched: [string, boolean][] = [
    ['(a+)+', false], ['(a|aa)+', false], ['(a|a?)+', false], ['([a-zA-Z]+)*', false], ['(a*)*b', false], ['(?:(?:a*)*)*b', false],
    ['(.*a){12}', false], ['(.*a){12}!', true], ['^(([a-z])+.)+[A-Z]([a-z])+$', false], ['(x+x+)+y', false], ['(.*)*=.*', false],
    ['(.+)+(.+)+(.+)+x', false], ['.*.*.*.*.*.*.*.*x', false], ['\\w*\\w*\\w*\\w*\\w*x', false], ['(a?){50}a{50}', false],
    ['(?i)(A+)+!', true], ['(\\p{L}+)+', false], ['(\\p{L}+)+.', true], ['(|a)+b', false], ['(()|a)*b', false], ['(a|b|ab)*!', true],
    [`${'a?'.repeat(500)}${'a'.repeat(500)}!`, false], [`${'.*'.repeat(500)}!`, true], [`${'(?:'.repeat(500)}a${')*'.repeat(500)}!`, true],
    [`(${Array.from({ length: 5000 }, (_, i) => `h${i}.*`).join('|')})`, false],
    [Array.from({ length: 30_000 }, (_, i) => `h${i}`).join('|'), false],
  ];
  test.each(matched.map(([pattern, expected]) => [pattern.slice(0, 40), pattern, expected] as const))('%s', (_, pattern, expected) => {
    expect(new Matcher('=~', 'a', pattern).matches(value)).toBe(expected);
    expect(outcome(`foo{a=~${JSON.stringify(pattern)}} or label_replace(foo, "b", "$0", "a", ${JSON.stringify(pattern)})`)).toBe('answer');
  });

  test('of a query have a limit together, those in calls too', () => {
    const pattern = (i: number): string => JSON.stringify(Array.from({ length: 25 }, (_, k) => `\\w{990}${k}-${i}\\d{990}`).join('|'));
    const nested = (depth: number): string => (depth === 0 ? 'foo' : `label_replace(${nested(depth - 1)}, "b", "x", "a", ${pattern(depth)})`);
    expect(outcome(nested(2))).toBe('answer');
    expect(outcome(nested(6))).toContain('invalid regular expression in label_replace()');
  });

  const refused: [string, RegExp][] = [
    ['((a{100}){100}){100}', /expression too large/], ['a{1001}', /invalid repeat count/], ['(((a{10}){10}){10}){10}', /expression too large/],
    ['(a)\\1', /invalid escape sequence/], ['(?=a)a', /unsupported Perl syntax/], ['(?>a)', /unsupported Perl syntax/],
    [`${'('.repeat(1200)}a${')'.repeat(1200)}`, /nests too deeply/], [`${'('.repeat(20_000)}a${')'.repeat(20_000)}`, /expression too large/],
    [`${'(?:'.repeat(20_000)}a${')'.repeat(20_000)}`, /expression too large/], ['[a-z]'.repeat(20_000), /expression too large/],
    ['a'.repeat((1 << 20) + 1), /expression too large/], ['[', /missing closing \]/], ['a**', /invalid nested repetition operator/],
  ];
  test.each(refused.map(([pattern, message]) => [pattern.slice(0, 40), pattern, message] as const))('%s is refused', (_, pattern, message) => {
    expect(() => new Matcher('=~', 'a', pattern)).toThrow(RegexError);
    expect(() => new Matcher('=~', 'a', pattern)).toThrow(message);
  });
});
