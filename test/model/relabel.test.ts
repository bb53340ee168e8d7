import { describe, expect, it } from 'vitest';
import { Labels } from '../../src/model/labels.js';
import { RelabelError, Relabeling, type RelabelFields } from '../../src/model/relabel.js';

const INPUT = { __name__: 'm', a: 'foo', b: 'Bar', c: 'baz' };

function relabel(rules: readonly RelabelFields[], input: Record<string, string> = INPUT): Record<string, string> | undefined {
  const result = new Relabeling(rules).apply(Labels.fromObject(input));
  return result && { ...result.toObject() };
}

describe('relabelling', () => {
  it.each<[string, RelabelFields, Record<string, string> | undefined]>([
    ['replace puts what the groups caught', { source_labels: 'a', regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-$1' }, { ...INPUT, d: 'choo-oo' }],
    ['replace with the defaults copies', { source_labels: ['a', 'c'], target_label: 'd' }, { ...INPUT, d: 'foo;baz' }],
    ['replace with another separator', { source_labels: ['a', 'c'], separator: '-', target_label: 'd' }, { ...INPUT, d: 'foo-baz' }],
    ['a pattern matches the whole value', { source_labels: 'a', regex: 'fo', target_label: 'd', replacement: 'x' }, INPUT],
    ['a group by name', { source_labels: 'a', regex: '(?P<first>.).*', target_label: 'd', replacement: '${first}!' }, { ...INPUT, d: 'f!' }],
    ['a number with a zero in front is no group', { source_labels: 'a', target_label: 'd', replacement: 'x$01' }, { ...INPUT, d: 'x' }],
    ['a dollar sign', { target_label: 'd', replacement: '$$1' }, { ...INPUT, d: '$1' }],
    ['an unknown group is empty, and an empty value removes the label', { source_labels: 'a', target_label: 'c', replacement: '$9' }, { __name__: 'm', a: 'foo', b: 'Bar' }],
    ['the target may hold groups', { source_labels: 'a', target_label: 'x_$1', replacement: 'y' }, { ...INPUT, x_foo: 'y' }],
    ['a dot takes line ends, too', { source_labels: 'missing', regex: '.*', target_label: 'd', replacement: 'z' }, { ...INPUT, d: 'z' }],
    ['keep keeps', { source_labels: 'a', regex: 'f.*', action: 'keep' }, INPUT],
    ['keep drops the others', { source_labels: 'a', regex: 'b.*', action: 'keep' }, undefined],
    ['drop drops', { source_labels: '__name__', regex: 'm|n', action: 'drop' }, undefined],
    ['drop keeps the others', { source_labels: '__name__', regex: 'n', action: 'DROP' }, INPUT],
    ['hashmod', { source_labels: 'c', target_label: 'd', modulus: '1000', action: 'hashmod' }, { ...INPUT, d: '976' }],
    ['labelmap', { regex: '(b|c)', replacement: 'new_$1', action: 'labelmap' }, { ...INPUT, new_b: 'Bar', new_c: 'baz' }],
    ['labeldrop', { regex: 'a|b', action: 'labeldrop' }, { __name__: 'm', c: 'baz' }],
    ['labelkeep', { regex: '__name__|b', action: 'labelkeep' }, { __name__: 'm', b: 'Bar' }],
    ['lowercase', { source_labels: 'b', target_label: 'b', action: 'lowercase' }, { ...INPUT, b: 'bar' }],
    ['uppercase', { source_labels: ['a', 'b'], target_label: 'd', action: 'uppercase' }, { ...INPUT, d: 'FOO;BAR' }],
    ['keepequal', { source_labels: 'a', target_label: 'b', action: 'keepequal' }, undefined],
    ['dropequal', { source_labels: 'a', target_label: 'b', action: 'dropequal' }, INPUT],
  ])('%s', (_name, rule, expected) => expect(relabel([rule])).toEqual(expected));

  it('a value with line ends is hashed and matched like any other', () => {
    const input = { a: 'foo\nbar' };
    expect(relabel([{ source_labels: 'a', target_label: 'b', modulus: '1000', action: 'hashmod' }], input)).toEqual({ ...input, b: '734' });
    expect(relabel([{ source_labels: 'a', regex: 'foo.bar', action: 'drop' }], input)).toBeUndefined();
  });

  it('rules see what the rules before them did, and nothing follows a drop', () => {
    const rules = [{ source_labels: 'a', target_label: 'd' }, { source_labels: 'd', regex: 'foo', target_label: '__name__', replacement: 'n' }, { regex: 'd', action: 'labeldrop' }];
    expect(relabel(rules)).toEqual({ ...INPUT, __name__: 'n' });
  });

  it('a set that does not change stays the same object', () => {
    const labels = Labels.fromObject(INPUT);
    expect(new Relabeling([{ source_labels: 'a', regex: 'x', target_label: 'd' }]).apply(labels)).toBe(labels);
  });

  it.each<[RelabelFields, string]>([
    [{ action: 'destroy' }, 'rule 1: unknown relabel action "destroy"'],
    [{ source_label: 'a' }, 'rule 1: unknown key "source_label" (known: source_labels, separator, regex, modulus, target_label, replacement, action)'],
    [{ source_labels: 'a', action: 'hashmod', target_label: 'x' }, 'rule 1: relabel configuration for hashmod requires non-zero modulus'],
    [{ source_labels: 'a' }, 'rule 1: relabel configuration for replace action requires \'target_label\' value'],
    [{ action: 'labeldrop', regex: 'a', source_labels: 'b' }, 'rule 1: labeldrop action requires only \'regex\', and no other fields'],
    [{ action: 'keepequal', source_labels: 'a', target_label: 'b', regex: 'c' }, 'rule 1: keepequal action requires only \'source_labels\' and \'target_label\', and no other fields'],
    [{ regex: '(', target_label: 'b' }, 'rule 1: error parsing regexp: missing closing ): `(`'],
  ])('refuses %j', (rule, message) => expect(() => new Relabeling([rule])).toThrow(new RelabelError(message)));
});
