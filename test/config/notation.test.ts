import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closestName } from '../../src/config/closest-name.js';
import { formatDuration, parseDuration } from '../../src/config/duration.js';
import { formatSize, parseSize } from '../../src/config/size.js';

describe('durations', () => {
  it.each([
    ['0', 0], ['0s', 0], ['500ms', 500], ['15s', 15_000], ['1h30m', 5_400_000], ['1d', 86_400_000], ['2w', 1_209_600_000],
    ['1y', 31_536_000_000], ['1y2w3d4h5m6s7ms', 31_536_000_000 + 1_209_600_000 + 3 * 86_400_000 + 14_706_007], ['90m', 5_400_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    ['', 'empty duration string'], ['1', 'not a valid duration string: "1"'], ['1.5h', 'not a valid duration string: "1.5h"'],
    ['-1s', 'not a valid duration string: "-1s"'], ['1s1m', 'not a valid duration string: "1s1m"'], ['1 s', 'not a valid duration string: "1 s"'],
    ['300y', 'duration out of range'],
  ])('%j: %s', (text, message) => expect(() => parseDuration(text)).toThrow(new SyntaxError(message)));

  it.each([[0, '0s'], [1, '1ms'], [61_000, '1m1s'], [86_400_000, '1d'], [8 * 86_400_000, '8d'], [14 * 86_400_000, '2w'], [365 * 86_400_000, '1y'], [366 * 86_400_000, '366d']])(
    '%d ms is printed %s', (ms, text) => expect(formatDuration(ms)).toBe(text),
  );

  it('what is printed reads back as the same', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 9e12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('sizes', () => {
  it.each([['0', 0], ['1B', 1], ['512MB', 512 * 1024 ** 2], ['512MiB', 512 * 1024 ** 2], ['1KB', 1024], ['1.5GB', 1.5 * 1024 ** 3], ['2TiB', 2 * 1024 ** 4]])(
    '%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes),
  );

  it.each(['', '1', '1 MB', '-1MB', 'MB', '1mb', '1M'])('%j is refused', (text) => expect(() => parseSize(text)).toThrow(SyntaxError));
  it('beyond exact integers is refused', () => expect(() => parseSize('9EB')).toThrow('out of range'));

  it('what is printed reads back as the same', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
    expect([formatSize(0), formatSize(1536), formatSize(1024 ** 3)]).toEqual(['0B', '1536B', '1GiB']);
  });
});

describe('closest name', () => {
  it.each([
    ['retension', 'retention'], ['levle', 'level'], ['lookbackdelta', 'lookback_delta'], ['xyz', undefined], ['level', 'level'],
  ])('%s: %s', (name, expected) => expect(closestName(name, ['retention', 'level', 'lookback_delta'])).toBe(expected));
});
