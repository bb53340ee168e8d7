/** The check of values against what a full validator of JSON Schema says about the same schema. */
import { expect, it } from 'vitest';
import Schema from 'typebox/schema';
import { KEYS } from '../../src/config/key-index.js';
import { violation } from '../../src/config/leaf-check.js';

const VALUES: readonly unknown[] = [
  0, 1, -1, 1.5, NaN, 1e9, 1e15, 2 ** 53, true, false, null, '', ' ', 'a', 'info', 'interval', '0.0.0.0:9090', '/', '/a', 'auto', 'off',
  [], [''], [' '], ['a'], ['a', 1], [['a']], {}, { a: 'b' }, { a: 1 }, { a: ['b'] }, [{ a: 'b' }], [{ a: ['b', 'c'] }], [{ a: 1 }], [{ a: [1] }],
];

it.each([...KEYS.values()])('$path', ({ leaf }) => {
  for (const value of VALUES) {
    const [allowed] = Schema.Errors(leaf, value);
    expect(violation(leaf, value) === undefined, JSON.stringify(value)).toBe(allowed);
  }
});
