import { expect, test } from 'vitest';
import { preferredCoding } from '../../src/http/content-coding.js';

test.each([
  ['', undefined], ['identity', undefined], ['zstd', undefined], ['gzip', 'gzip'], ['deflate, gzip', 'deflate'], ['gzip, deflate, br', 'gzip'], ['br', 'br'],
  ['zstd, br;q=0.9, gzip;q=0.8', 'br'], ['gzip;q=0', undefined], ['gzip;q=0, deflate;q=0.1', 'deflate'], ['gzip;q=0.5, deflate', 'deflate'], ['*', 'gzip'], ['x-gzip', 'gzip'],
  ['GZIP ; Q=0.5', 'gzip'], ['gzip;q=x', undefined], ['a,'.repeat(10_000) + 'gzip', undefined],
])('%j', (header, coding) => expect(preferredCoding(header)).toBe(coding));
