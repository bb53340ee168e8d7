import { describe, expect, it } from 'vitest';
import { formatDuration, formatNumber, parseDuration, parseNumber, secondsToMs } from '../../../src/promql/parser/number-literal.js';
import { formatPosition } from '../../../src/promql/parser/position.js';
import { hasInvalidUtf8, unquote } from '../../../src/promql/parser/string-literal.js';

describe('numbers', () => {
  it('print in plain decimal and read back', () => {
    const cases: [number, string][] = [
      [0, '0'], [-0, '-0'], [1.5, '1.5'], [1e21, '1000000000000000000000'], [-1.25e22, '-12500000000000000000000'],
      [1e-7, '0.0000001'], [-1.234e-10, '-0.0000000001234'], [5e-324, `0.${'0'.repeat(323)}5`], [Infinity, '+Inf'], [-Infinity, '-Inf'], [NaN, 'NaN'],
    ];
    for (const [value, text] of cases) {
      expect(formatNumber(value)).toBe(text);
      if (Number.isFinite(value)) expect(Number(text)).toBe(value);
    }
  });
  it('read as Go reads them', () => {
    expect(parseNumber('0777')).toBe(511);
    expect(parseNumber('0778')).toBe(778);
    expect(parseNumber('0x7fffffffffffffff')).toBe(2 ** 63);
    expect(parseNumber('0x8000000000000000')).toMatch(/invalid syntax/);
    expect(parseNumber('0_7')).toBe(7);
    expect(parseNumber('1_0e1_0')).toBe(1e11);
  });
});

describe('durations', () => {
  it('read and print', () => {
    expect(parseDuration('1y2w3d4h5m6s7ms')).toBe(31_536_000 + 1_209_600 + 259_200 + 14_400 + 300 + 6.007);
    expect(parseDuration('292y')).toBe(292 * 31_536_000);
    expect(parseDuration('293y')).toBe('duration out of range');
    expect(parseDuration('1s1s')).toBe('not a valid duration string: "1s1s"');
    expect(parseDuration('.5m')).toBe('not a valid duration string: ".5m"');
    expect(formatDuration(0)).toBe('0s');
    expect(formatDuration(31_536_000_000)).toBe('1y');
    expect(formatDuration(8 * 86_400_000)).toBe('8d');
    expect(formatDuration(-90_001)).toBe('-1m30s1ms');
  });
  it('are cut to milliseconds', () => {
    expect(secondsToMs(1.0005)).toBe(1000);
    expect(secondsToMs(0.29)).toBe(290);
    expect(secondsToMs(-1.9999)).toBe(-1999);
  });
});

describe('strings', () => {
  it('keep bytes that are no UTF-8 apart from all text', () => {
    expect(unquote('"a\\xc5z"')).toBe('a\udcc5z');
    expect(hasInvalidUtf8(unquote('"a\\xc5z"'))).toBe(true);
    expect(unquote('"\\xf0\\x9f\\x98\\x80"')).toBe('😀');
    expect(hasInvalidUtf8('😀')).toBe(false);
    expect(unquote('"\\xe2\\x82\\u0041"')).toBe('\udce2\udc82A');
    expect(unquote("'\\303\\251'")).toBe('é');
    expect(unquote('"\\xef\\xbb\\xbf"')).toBe('\ufeff');
  });
});

describe('places', () => {
  it('count bytes in a line', () => {
    expect(formatPosition('abc', 0)).toBe('1:1');
    expect(formatPosition('a\nbc', 3)).toBe('2:2');
    expect(formatPosition('é😀x', 3)).toBe('1:7');
    expect(formatPosition('€x', 1)).toBe('1:4');
    expect(formatPosition('', 0)).toBe('unknown position');
    expect(formatPosition('a', 2)).toBe('invalid position');
  });
});
