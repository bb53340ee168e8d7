import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { goQuote, goQuoteRune } from '../../src/model/go-quote.js';
import { MAX_PATTERN_LENGTH, Matcher } from '../../src/model/matcher.js';
import { RegexBudget, RegexError } from '../../src/model/regex-limits.js';
import { readShape } from '../../src/model/regex-shape.js';

const regex = (pattern: string) => new Matcher('=~', 'l', pattern);

describe('equality', () => {
  it('compares whole values', () => {
    expect(new Matcher('=', 'a', 'x').matches('x')).toBe(true);
    expect(new Matcher('=', 'a', 'x').matches('xy')).toBe(false);
    expect(new Matcher('!=', 'a', 'x').matches('')).toBe(true);
  });
  it('knows what a series without the label answers', () => {
    expect(new Matcher('=', 'a', '').matchesEmpty()).toBe(true);
    expect(new Matcher('!=', 'a', '').matchesEmpty()).toBe(false);
    expect(regex('.*').matchesEmpty()).toBe(true);
    expect(regex('.+').matchesEmpty()).toBe(false);
    expect(new Matcher('!~', 'a', '.+').matchesEmpty()).toBe(true);
  });
});

describe('regular expressions', () => {
  // pattern, values that match, values that do not
  const cases: [string, string[], string[]][] = [
    ['foo', ['foo'], ['xfoo', 'foox', '']],
    ['a|b|cd', ['a', 'b', 'cd'], ['c', 'ab', '']],
    ['a|ab', ['a', 'ab'], ['b']],
    ['a|', ['a', ''], ['b']],
    ['x(1|2)y', ['x1y', 'x2y'], ['xy', 'x3y']],
    ['[ab][0-2]', ['a0', 'b2'], ['a3', 'a']],
    ['^foo$', ['foo'], ['^foo$']],
    ['^foo.*|bar$', ['foo', 'foox', 'bar'], ['barx']],
    ['foo.*', ['foo', 'foo\nbar'], ['fo', 'xfoo']],
    ['.*foo', ['foo', 'xfoo'], ['foox']],
    ['.+foo', ['xfoo'], ['foo']],
    ['.*foo.*bar.*', ['foobar', 'xfoo-bary'], ['barfoo', 'foo']],
    ['foo.+bar', ['foo-bar'], ['foobar', 'foo-']],
    ['aa.*aa', ['aaaa', 'aaxaa'], ['aaa']],
    ['.+.+', ['ab'], ['a', '']],
    ['(foo|bar)-.*', ['foo-', 'bar-x'], ['foo', 'baz-']],
    ['1\\.2\\.3', ['1.2.3'], ['1x2x3']],
    ['\\d\\d', ['42'], ['4', '4a']],
    ['https?', ['http', 'https'], ['httpss']],
    ['a{2,3}', ['aa', 'aaa'], ['a', 'aaaa']],
    ['(?i)foo', ['FOO', 'foo'], ['fo']],
    ['(?i:f)oo', ['Foo'], ['FOO']],
    ['foo[^0-9]+', ['foobar'], ['foo', 'foo1']],
    ['(ab)+', ['ab', 'abab'], ['', 'aba']],
    ['😀.', ['😀😀', '😀a'], ['😀']],
    ['[😀😁]', ['😀'], ['a']],
    ['a$b', [], ['a$b', 'ab']],
    ['a{,2}', ['a{,2}'], ['a', 'aa']],
    ['a\\Q.*\\E', ['a.*'], ['axx']],
  ];
  for (const [pattern, yes, no] of cases) {
    it(pattern, () => {
      for (const value of yes) expect(regex(pattern).matches(value), value).toBe(true);
      for (const value of no) expect(regex(pattern).matches(value), value).toBe(false);
      for (const value of yes) expect(new Matcher('!~', 'l', pattern).matches(value), value).toBe(false);
    });
  }

  it('is made of values as they are, however many', () => {
    const values = ['a.b', 'x|y', '(', '[^\\d]', '', '$', 'ä€😀'];
    const one = Matcher.oneOf('l', values);
    expect(one.literals).toEqual(values);
    const read = new Matcher('=~', 'l', one.value);
    for (const value of [...values, 'aXb', 'x', 'b']) expect([one.matches(value), read.matches(value)]).toEqual(Array(2).fill(values.includes(value)));
    const many = Array.from({ length: 100_000 }, (_, i) => `instance-${i}`);
    expect(Matcher.oneOf('l', many).matches('instance-99999')).toBe(true);
  });

  it('gives the set of literals', () => {
    const literals = (pattern: string) => regex(pattern).literals;
    expect(literals('a|b|a')).toEqual(['a', 'b']);
    expect(literals('x(1|2)(3|4)')).toEqual(['x13', 'x14', 'x23', 'x24']);
    expect(literals('[a-c]?')).toEqual(['', 'a', 'b', 'c']);
    expect(literals('a.*')).toBeUndefined();
    expect(literals('(?i)a|b')).toBeUndefined();
    expect(new Matcher('=', 'l', 'a').literals).toBeUndefined();
    expect(literals(Array.from({ length: 30_000 }, (_, i) => `host-${i}`).join('|'))?.length).toBe(30_000);
  });

  it('gives the prefix of all matches', () => {
    const prefix = (pattern: string) => regex(pattern).prefix;
    expect(prefix('foo.*')).toBe('foo');
    expect(prefix('foo[^x]bar')).toBe('foo');
    expect(prefix('foo(bar|baz)\\w+')).toBe('fooba');
    expect(prefix('foo?bar')).toBe('fo');
    expect(prefix('(ab)+c\\w')).toBe('ab');
    expect(prefix('.*foo')).toBe('');
    expect(prefix('(?i)foo')).toBe('');
    expect(prefix('😀|😁')).toBe('');
  });

  it('refuses what is not RE2, in the words of Go', () => {
    const fails = (pattern: string, message: string) => expect(() => regex(pattern)).toThrow(new RegexError(message, pattern));
    fails('a(', 'error parsing regexp: missing closing ): `a(`');
    fails('a)(b', 'error parsing regexp: unexpected ): `a)(b`');
    fails('*a', 'error parsing regexp: missing argument to repetition operator: `*`');
    fails('a**', 'error parsing regexp: invalid nested repetition operator: `**`');
    fails('[z-a]', 'error parsing regexp: invalid character class range: `z-a`');
    fails('(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`');
    fails('a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`');
    expect(regexError('a(').code).toBe('bad_regex');
  });

  it('refuses patterns that would cost too much', () => {
    expect(regexError('x'.repeat(MAX_PATTERN_LENGTH + 1)).message).toMatch(/too large/);
    expect(regexError('\\w{1000}'.repeat(100)).message).toMatch(/too large/);
    expect(regexError('(\\w{30}){30}|(\\w{10}\\w{10}){50}'.repeat(40)).message).toMatch(/too large/);
    expect(regexError('('.repeat(5000)).message).toMatch(/error parsing regexp/);
  });

  it('takes from a budget what compiling costs, before it compiles', () => {
    const budget = new RegexBudget(undefined, 1010);
    const read = (pattern: string): Matcher => new Matcher('=~', 'l', pattern, budget);
    for (const pattern of ['a|b', Array.from({ length: 5000 }, (_, i) => `host-${i}`).join('|'), '(a|b)c', '\\w{500}', '\\w{500}']) read(pattern);
    expect(() => read('\\w{500}')).toThrow('regular expressions are too large together, limit 1010 instructions');
    expect(new Matcher('=', 'l', '\\w{500}', budget).matches('\\w{500}')).toBe(true);
  });

  it('agrees with the engine on everything it answers itself', () => {
    const piece = fc.constantFrom(
      'a', 'b', 'ab', '.', '.*', '.+', '.*?', '(a|b)', '(a|)', '[ab]', '[^a]', '[a-c]', '\\d', '\\.', '\\_', '|', '?', '*', '+', '{2}', '{1,2}', '{0,}',
      '^', '$', '(', ')', '(?:', ']', '}', '[-a]', '[a-]', '1', '.', '😀', '(.)+', '(a+)?',
    );
    const value = fc.array(fc.constantFrom('a', 'b', 'c', '.', '1', '\n', '😀', '-'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }).map((parts) => parts.join('')), fc.array(value, { maxLength: 8 }), (pattern, values) => {
        const shape = readShape(pattern);
        if (shape === undefined) return;
        const engine = RE2JS.compile(pattern, RE2JS.DOTALL);
        const matcher = regex(pattern);
        for (const candidate of [...values, ...(matcher.literals ?? []), shape.prefix]) {
          const expected = engine.testExact(candidate);
          expect(matcher.matches(candidate), `${pattern} on ${JSON.stringify(candidate)}`).toBe(expected);
          if (expected) expect(candidate.startsWith(shape.prefix), `prefix of ${pattern}`).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

function regexError(pattern: string): RegexError {
  try {
    regex(pattern);
  } catch (error) {
    if (error instanceof RegexError) return error;
    throw error;
  }
  throw new Error(`accepted: ${pattern.slice(0, 50)}`);
}

describe('printing', () => {
  it('quotes as Go does', () => {
    expect(new Matcher('=~', 'a', 'x"\\\n\u200b').toString()).toBe('a=~"x\\"\\\\\\n\\u200b"');
    expect(new Matcher('!=', 'http.req', 'é').toString()).toBe('"http.req"!="é"');
    expect(goQuote('\x07\x01\x7f😀')).toBe('"\\a\\x01\\x7f😀"');
    expect(goQuoteRune("'")).toBe("'\\''");
    expect(goQuoteRune('"')).toBe("'\"'");
  });
});
