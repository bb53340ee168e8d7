/** Patterns near their limits: compiled in pieces that agree with the whole, and matched with polls in between. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { Matcher } from '../../src/model/matcher.js';
import { RegexCapture, RegexTest } from '../../src/model/regex-engine.js';
import { RegexBudget, RegexError } from '../../src/model/regex-limits.js';
import { MAX_PIECE_SIZE, programSize, regexPieces } from '../../src/model/regex-pieces.js';

const NO_LIMIT = 1e9;
const names = (count: number, text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join('|');
const sizes = (pieces: readonly string[]): number[] => pieces.map((piece) => programSize(piece, NO_LIMIT));

describe('pieces', () => {
  test.each([
    ['alternatives', names(2000, (i) => `host-${i}.*x`), 'host-1999yyx', 'host-2000x'],
    ['alternatives with flags', `(?i)${names(2000, (i) => `host-${i}.*x`)}`, 'HOST-1999yyX', 'host-2000x'],
    ['a group', `a(${names(1000, (i) => `h${i}[a-z]*`)}):9100.*`, 'ah999bcd:9100', 'ah1000:9100'],
    ['groups in groups', `(?:(x|y)(?P<n>${names(1000, (i) => `h${i}\\|[)(]`)})z|w)`, 'yh999|(z', 'yh999|z'],
    ['two groups', `(?:${names(800, (i) => `h${i}x?`)})-(?:${names(100, (i) => `k${i}x?`)})`, 'h799x-k99', 'h799-k100'],
    ['anchors', names(2000, (i) => `^host-${i}.$`), 'host-1999x', 'host-1999'],
  ])('%s', (_, pattern, yes, no) => {
    expect(programSize(pattern, NO_LIMIT)).toBeGreaterThan(MAX_PIECE_SIZE);
    const pieces = regexPieces(pattern);
    expect(pieces.length).toBeGreaterThan(1);
    expect(Math.max(...sizes(pieces))).toBeLessThanOrEqual(MAX_PIECE_SIZE);
    const polls: number[] = [];
    const regex = new RegexTest(pattern, new RegexBudget(() => void polls.push(1)));
    expect(polls).toHaveLength(pieces.length);
    for (const value of [yes, no]) expect(regex.matches(value), value).toBe(RE2JS.compile(pattern, RE2JS.DOTALL).testExact(value));
    expect(regex.matches(yes)).toBe(true);
  });

  test.each([
    ['groups that hold nothing', `(${'()'.repeat(100)}){1000}`, 100 * 1000],
    ['a parenthesis in a class is no group', `(${'a'.repeat(100)}[(]){1000}`, 100 * 1000],
    ['nor is one in quoted text', `(${'a'.repeat(100)}\\Q(\\E){1000}`, 100 * 1000],
  ])('count for each repetition: %s', (_, pattern, least) => {
    expect(programSize(pattern, NO_LIMIT)).toBeGreaterThanOrEqual(least);
  });

  test('a group that is repeated begins before the class in it', () => {
    expect(programSize('(a[)]b){5}', NO_LIMIT)).toBeLessThan(50);
  });

  test('of groups in groups there is an end', () => {
    // A piece would need a part of its size for each group around it.
    const pattern = `${'('.repeat(20_000)}${'a?'.repeat(3000)}${')'.repeat(20_000)}`;
    expect(() => new RegexTest(pattern)).toThrow(RegexError);
  });

  test('pieces mean the same where the text of a group would become part of what is before it', () => {
    const filling = names(900, (i) => `f${i}x?`);
    for (const before of ['\\0(12', 'x{2(,3}']) {
      const pattern = `${before}(?:${filling}|b))`;
      const whole = RE2JS.compile(pattern, RE2JS.DOTALL);
      const regex = new RegexTest(pattern);
      for (const value of ['\x0012b', '\nb', 'xxb', 'x{2,3}b', 'x{2,3}f7']) {
        expect(regex.matches(value), JSON.stringify([before, value])).toBe(whole.testExact(value));
      }
    }
  });

  test.each([
    ['no alternatives', 'a?'.repeat(5000)],
    ['a group that repeats', `(?:${names(1000, (i) => `h${i}x?`)})+`],
    ['flags for all alternatives behind them', `a(?i)${names(1000, (i) => `h${i}x?`)}`],
    ['flags of any length', `a|(?iiiiiiiiiiii)${names(1000, (i) => `h${i}x?`)}`],
    ['Unicode classes', '\\pL'.repeat(400)],
  ])('what cannot be cut is refused: %s', (_, pattern) => {
    expect(() => new RegexTest(pattern)).toThrow(RegexError);
    expect(() => new RegexTest(pattern)).toThrow(/expression too large/);
  });

  test('mean the same as the whole', () => {
    const part = fc.constantFrom('a', 'b', '.', '|', '(', ')', '(?:', '[^)|]', '[]|]', '\\|', '\\(', '*', '+', '(?P<x>', '(?i:', '{2}', '^', '$');
    // So long that it must be cut wherever it can be.
    const filling = names(900, (i) => `f${i}x?`);
    let compared = 0;
    fc.assert(fc.property(
      fc.array(part, { maxLength: 8 }), fc.array(part, { maxLength: 8 }), fc.array(fc.constantFrom('a', 'B', '|', ')', 'f7', 'f7x'), { maxLength: 5 }),
      (before, after, values) => {
        const pattern = `${before.join('')}${filling}${after.join('')}`;
        let whole: RE2JS;
        try {
          whole = RE2JS.compile(pattern, RE2JS.DOTALL);
        } catch {
          expect(() => new RegexTest(pattern), pattern).toThrow(RegexError);
          return;
        }
        if (Math.max(...sizes(regexPieces(pattern))) > MAX_PIECE_SIZE) return;
        compared++;
        const regex = new RegexTest(pattern);
        for (const value of ['', 'f7', values.join('')]) expect(regex.matches(value), `${before} ${after} ${value}`).toBe(whole.testExact(value));
      },
    ), { numRuns: 400, seed: 7 });
    expect(compared, 'patterns that can be cut').toBeGreaterThan(20);
  });
});

describe('polls', () => {
  const stop = new RangeError('stop');
  /** How often it was polled, and that the first poll ends it. */
  const polled = (match: (poll?: () => void) => unknown): number => {
    let polls = 0;
    const answer = match(() => void polls++);
    expect(match()).toEqual(answer);
    expect(() => match(() => {
      throw stop;
    })).toThrow(stop);
    return polls;
  };

  test('at each character of a long value, for a pattern of many instructions', () => {
    const regex = new RegexTest('a?'.repeat(1000));
    expect(polled((poll) => regex.matches('a'.repeat(1100), poll))).toBeGreaterThan(1000);
    expect(polled((poll) => regex.matches('ä€😀'.repeat(200), poll))).toBeGreaterThan(0);
  });

  test('at each character for groups', () => {
    const regex = new RegexCapture(`${'(a?)'.repeat(100)}(?P<rest>.*)`);
    expect(polled((poll) => regex.match('a'.repeat(1000), poll)?.('rest'))).toBeGreaterThan(1000);
    const group = regex.match(`${'a'.repeat(1000)}ä€😀`, () => undefined)!;
    expect([group('1'), group('rest')?.slice(-4), group('0')?.length, group('102'), group('x')]).toEqual(['a', 'ä€😀', 1004, undefined, undefined]);
  });

  test('once in a while for many short values', () => {
    const regex = new RegexTest('(?i)(abc|abd|x+)*');
    expect(polled((poll) => Array.from({ length: 5000 }, (_, i) => regex.matches(`abcabd${i}`, poll)).length)).toBeGreaterThan(2);
  });

  test('while a long text is looked for in a long value', () => {
    const half = 'a'.repeat(10_000);
    const matcher = new Matcher('=~', 'l', `.*${half}b${half}.*`);
    expect(polled((poll) => matcher.matches('a'.repeat(60_000), poll))).toBeGreaterThan(100);
    for (const before of [0, 1, 17_000]) expect(matcher.matches(`${'a'.repeat(before)}${half}b${half}aa`, () => undefined), `${before}`).toBe(true);
  });

  test('while a long pattern is read', () => {
    expect(polled((poll) => new Matcher('=~', 'l', names(50_000, (i) => `n${i}`), new RegexBudget(poll)).literals?.length)).toBeGreaterThan(5);
    expect(polled((poll) => new Matcher('=~', 'l', `(?i)${names(3000, (i) => `n${i}`)}`, new RegexBudget(poll)).value)).toBeGreaterThan(3);
  });
});
