import { expect, test } from 'vitest';
import { originMatcher } from '../../src/http/cors.js';
import { routePrefix } from '../../src/http/http-options.js';
import { parseMediaType } from '../../src/http/media-type.js';

test.each([
  ['', '', '/'], ['/', '', '/'], ['/x', '', '/x/'], ['x/y/', '', '/x/y/'], ['', 'http://host:9090', '/'], ['', 'https://host/prom/', '/prom/'], ['/', 'https://host/prom', '/'],
])('prefix %s, external URL %s: %s', (prefix, externalUrl, expected) => expect(routePrefix(prefix, externalUrl)).toBe(expected));

test('a CORS pattern is for the whole header', () => {
  const isAllowed = originMatcher('https?://(a|b)\\.example');
  expect(['https://a.example', 'http://b.example', 'https://a.example.evil', 'x https://a.example', ''].map(isAllowed)).toEqual([true, true, false, false, false]);
});

test.each<[string, string | undefined, Record<string, string>]>([
  ['text/plain', 'text/plain', {}],
  ['Application/X-Protobuf ; Proto="a b\\"c" ;q=1', 'application/x-protobuf', { proto: 'a b"c', q: '1' }],
  ['application/json;charset=utf-8;charset=latin1', 'application/json', { charset: 'utf-8' }],
  ['application/json;', 'application/json', {}],
  ['json', undefined, {}],
  ['', undefined, {}],
  ['a/b c', undefined, {}],
])('media type %s', (header, type, parameters) => {
  const media = parseMediaType(header);
  expect(media?.type).toBe(type);
  expect(Object.fromEntries(media?.parameters ?? [])).toEqual(parameters);
});
