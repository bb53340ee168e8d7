/** Questions that are made of others to tell whose fault a disagreement is. */
import { expect, test } from 'vitest';
import { callsOverSubqueries, isSelector, notCountingValues, restrictedTo, selectsAny, takingAll } from '../../src/tools/differential/rewrite.js';

test.each([
  ['sum(limitk by (job) (2, up))', 'sum(limitk by (job) (1000000, up))'],
  ['topk(scalar(topk(1, up)), bottomk(3, up))', 'topk(1000000, bottomk(1000000, up))'],
  ['sum(up', 'sum(up'],
])('%s with everything taken', (text, expected) => {
  expect(takingAll(text)).toBe(expected);
});

test.each([
  ['count_values without (job) ("x", up ^ 2) + 1', '(up ^ 2) + 1'],
  ['count_values("x", count_values("y", up))', '((up))'],
])('%s without counting', (text, expected) => {
  expect(notCountingValues(text)).toBe(expected);
});

test.each([
  ['up', 'up{job="api"}'],
  ['up offset 1m + up {zone="eu"}', 'up{job="api"} offset 1m + up {job="api",zone="eu"}'],
  ['rate({"späte.messung"}[1m] @ end())', 'rate({job="api","späte.messung"}[1m] @ end())'],
])('%s of one target', (text, expected) => {
  expect(restrictedTo({ job: 'api' }, text)).toBe(expected);
});

test('calls over subqueries', () => {
  expect(callsOverSubqueries('sum(changes((up)[13m:7s])) + rate(x[1m]) + max_over_time(abs(x)[5m:])')).toEqual([
    'changes((up)[13m:7s])', 'max_over_time(abs(x)[5m:])',
  ]);
});

test.each([
  ['max_over_time(lat[5m:])', true], ['sum(abs({job="a"}))', true], ['up + lat{job="b"}', false], ['{__name__=~"l.*",x=""}', true], ['1', false],
])('%s selects any: %s', (text, expected) => {
  expect(selectsAny(text, [{ __name__: 'lat', job: 'a' }, { __name__: 'sizes', job: 'a' }])).toBe(expected);
});

test.each([['up', true], ['((up offset 1m))', true], ['up[5m] @ end()', true], ['-up', false], ['sum(up)', false], ['up[5m:]', false]])(
  '%s is a selector: %s', (text, expected) => {
    expect(isSelector(text)).toBe(expected);
  });
