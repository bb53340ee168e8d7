import { describe, expect, test } from 'vitest';
import { decimalText } from '../../src/ingest/otlp-decimal.js';
import { attributeText } from '../../src/ingest/otlp-attributes.js';
import { KeyValueList, type AnyValue } from '../../src/wire/otlp-types.js';

describe('attribute values as text', () => {
  const map = (entries: Record<string, AnyValue>): KeyValueList => new KeyValueList(Object.entries(entries).map(([key, value]) => ({ key, value })));
  const rows: [AnyValue, string][] = [
    ['text', 'text'], [null, ''], [true, 'true'], [false, 'false'],
    [9007199254740993n, '9007199254740993'], [-5n, '-5'],
    [1.5, '1.5'], [3, '3'], [1e21, '1e+21'], [1e-7, '1e-7'], [-0, '-0'], [NaN, 'json: unsupported value: NaN'], [-Infinity, 'json: unsupported value: -Inf'],
    [Uint8Array.of(1, 2, 255), 'AQL/'],
    [['x', 1n, 2.5, false], '["x",1,2.5,false]'],
    [map({ z: 'v', a: 1n }), '{"a":1,"z":"v"}'],
    [[null, map({ k: [Uint8Array.of(0)] })], '[null,{"k":["AA=="]}]'],
    [['<a&b>\u2028'], '["\\u003ca\\u0026b\\u003e\\u2028"]'],
    [[NaN], ''],
  ];
  test.each(rows)('case %#', (value, want) => expect(attributeText(value)).toBe(want));
});

describe('decimal text', () => {
  test.each([
    [0.005, '0.005'], [1, '1'], [2.5, '2.5'], [-1.5, '-1.5'], [1000000, '1000000'], [1e-7, '0.0000001'], [1.25e-9, '0.00000000125'], [-1e-7, '-0.0000001'],
    [1e21, '1000000000000000000000'], [1.5e22, '15000000000000000000000'], [Infinity, '+Inf'], [-Infinity, '-Inf'], [NaN, 'NaN'], [-0, '-0'],
  ])('%d: %s', (value, want) => expect(decimalText(value)).toBe(want));

  test('reads back as the same number', () => {
    for (const value of [Number.MAX_VALUE, Number.MIN_VALUE, 1.7976931348623157e308, 2 ** -1022, 123456789e15]) {
      expect(decimalText(value)).not.toContain('e');
      expect(Number(decimalText(value))).toBe(value);
    }
  });
});
