import { describe, expect, it, test } from 'vitest';
import { FormParams } from '../../src/api/form.js';
import { unescapeLabelName } from '../../src/api/label-name.js';
import { MAX_TIME_MS, MIN_TIME_MS, parseDurationNs, parseGoFloat, parseTime } from '../../src/api/params.js';

describe('times', () => {
  test.each([
    ['4', 4000], ['4.5', 4500], ['4.0004', 4000], ['4.0006', 4001], ['-4.0006', -4001], ['1e3', 1_000_000], ['1_000', 1_000_000], ['.5', 500],
    ['1700000000000', 1_700_000_000_000_000],
    ['2020-01-01T00:00:00Z', 1577836800000], ['2020-01-01T00:00:00.123456+02:00', 1577829600123], ['2020-02-29T23:59:59.9999Z', 1583020799999],
    ['0001-01-01T00:00:00Z', -62135596800000], ['2020-01-01T00:00:00-00:30', 1577838600000],
    ['-292273086-05-16T16:47:06Z', MIN_TIME_MS], ['292277025-08-18T07:12:54.999999999Z', MAX_TIME_MS], ['1e300', MAX_TIME_MS], ['Inf', MAX_TIME_MS], ['-infinity', MIN_TIME_MS],
  ])('%s', (text, ms) => expect(parseTime(text)).toBe(ms));

  test.each([
    'abc', '', '0x10', '2020-01-01', '2020-01-01T00:00:00', '2020-02-30T00:00:00Z', '2020-13-01T00:00:00Z', '2020-01-01T24:00:00Z',
    '2020-01-01T00:00:60Z', '2020-01-01t00:00:00z', 'NaN', '1 ', '1e400', '--1', '1__0', '_1', '1.5.2',
  ])('%s is none', (text) => expect(parseTime(text)).toBeUndefined());
});

describe('durations', () => {
  test.each([
    ['15', 15e9], ['0.5', 5e8], ['1h30m', 5400e9], ['15s', 15e9], ['500ms', 5e8], ['1y2w3d', (365 + 14 + 3) * 86400e9], ['1d', 86400e9], ['0', 0], ['-1', -1e9], ['0s', 0],
  ])('%s', (text, ns) => expect(parseDurationNs(text)).toBe(ns));

  test.each([
    ['abc', 'cannot parse "abc" to a valid duration'], ['', 'cannot parse "" to a valid duration'], ['30s1h', 'cannot parse "30s1h" to a valid duration'],
    ['1h30', 'cannot parse "1h30" to a valid duration'], ['1e20', 'cannot parse "1e20" to a valid duration. It overflows int64'],
    ['-1e20', 'cannot parse "-1e20" to a valid duration. It overflows int64'], ['Inf', 'cannot parse "Inf" to a valid duration. It overflows int64'],
    ['9999999999', 'cannot parse "9999999999" to a valid duration. It overflows int64'], ['300y', 'cannot parse "300y" to a valid duration'],
  ])('%s: %s', (text, message) => expect(() => parseDurationNs(text)).toThrow(new Error(message)));
});

test('numbers as Go reads them', () => {
  expect(parseGoFloat('+inf')).toBe(Infinity);
  expect(parseGoFloat('-Infinity')).toBe(-Infinity);
  expect(parseGoFloat('nan')).toBeNaN();
  expect(parseGoFloat('0x1')).toBeUndefined();
  expect(parseGoFloat(' 1')).toBeUndefined();
  expect(parseGoFloat('5.')).toBe(5);
});

describe('forms', () => {
  it('keeps the order of values and decodes them', () => {
    const form = new FormParams('a=1&b=x+y%2Bz&a=2&match%5B%5D=up&c&=e&d=%C3%BC');
    expect(form.getAll('a')).toEqual(['1', '2']);
    expect(form.get('b')).toBe('x y+z');
    expect(form.getAll('match[]')).toEqual(['up']);
    expect(form.get('c')).toBe('');
    expect(form.get('d')).toBe('ü');
    expect(form.error).toBeUndefined();
  });

  it('drops pairs that Go drops and says why', () => {
    const escape = new FormParams('a=%zz&b=1');
    expect([escape.get('a'), escape.get('b'), escape.error]).toEqual(['', '1', 'invalid URL escape "%zz"']);
    const semicolon = new FormParams('a=1;b=2&c=3');
    expect([semicolon.get('a'), semicolon.get('c'), semicolon.error]).toEqual(['', '3', 'invalid semicolon separator in query']);
  });

  it('shows bytes that are not UTF-8 as replacement characters', () => expect(new FormParams('a=x%ffy').get('a')).toBe('x\ufffdy'));
});

test.each([
  ['foo', 'foo'], ['U__k8s_2e_pod', 'k8s.pod'], ['U__a__b', 'a_b'], ['U__a_1F600_b', 'a😀b'], ['U__a_zz_b', 'U__a_zz_b'], ['U__a_2e', 'U__a_2e'],
  ['U__a_d800_', 'U__a_d800_'], ['U_a', 'U_a'], ['U__', ''], ['U__a_1234567_', 'U__a_1234567_'],
])('label name %s is %s', (text, name) => expect(unescapeLabelName(text)).toBe(name));
