/** The runner itself: an expectation that is changed must fail, whatever kind it is. */
import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../../src/tools/conformance/memory-script-storage.js';
import { runScript } from '../../../src/tools/conformance/runner.js';

const LOAD = `load 1m
  up{job="a"} 0 1 2 3 4
  up{job="b"} 10 _ 12 stale 14
  hist {{schema:0 count:4 sum:5 buckets:[1 2 1]}}x4
`;

function failuresOf(...evaluation: readonly string[]): string[] {
  const { failures } = runScript(LOAD + evaluation.map((line, i) => (i === 0 ? `\n${line}` : `  ${line}`)).join('\n'), createMemoryStorage);
  return failures.map(({ message }) => message);
}

describe('a true expectation passes, a changed one does not', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['value', ['eval instant at 2m up', 'up{job="a"} 2', 'up{job="b"} 12'], ['eval instant at 2m up', 'up{job="a"} 2.00001', 'up{job="b"} 12']],
    ['labels', ['eval instant at 1m up{job="a"} * 2', '{job="a"} 2'], ['eval instant at 1m up{job="a"} * 2', 'up{job="a"} 2']],
    ['missing series', ['eval instant at 3m up', 'up{job="a"} 3'], ['eval instant at 3m up', 'up{job="a"} 3', 'up{job="b"} 12']],
    ['additional series', ['eval instant at 2m sum(up)', '{} 14'], ['eval instant at 2m sum(up)']],
    ['empty result', ['eval instant at 1m down'], ['eval instant at 1m down', 'down 1']],
    ['range value', ['eval range from 0 to 2m step 1m up{job="a"}', 'up{job="a"} 0 1 2'], ['eval range from 0 to 2m step 1m up{job="a"}', 'up{job="a"} 0 1 3']],
    ['range gap', ['eval range from 2m to 4m step 1m up{job="b"}', 'up{job="b"} 12 _ 14'], ['eval range from 2m to 4m step 1m up{job="b"}', 'up{job="b"} 12 12 14']],
    ['range too short', ['eval range from 0 to 1m step 1m up{job="a"}', 'up{job="a"} 0 1'], ['eval range from 0 to 1m step 1m up{job="a"}', 'up{job="a"} 0']],
    ['scalar', ['eval instant at 1m 1 + 1', '2'], ['eval instant at 1m 1 + 1', '3']],
    ['string', ['eval instant at 1m "x"', 'expect string "x"'], ['eval instant at 1m "x"', 'expect string "y"']],
    ['order', ['eval instant at 2m sort_desc(up)', 'expect ordered', 'up{job="b"} 12', 'up{job="a"} 2'], ['eval instant at 2m sort_desc(up)', 'expect ordered', 'up{job="a"} 2', 'up{job="b"} 12']],
    ['histogram', ['eval instant at 1m hist', 'hist {{schema:0 count:4 sum:5 buckets:[1 2 1]}}'], ['eval instant at 1m hist', 'hist {{schema:0 count:4 sum:5 buckets:[1 1 2]}}']],
    ['histogram for float', ['eval instant at 1m histogram_count(hist)', '{} 4'], ['eval instant at 1m histogram_count(hist)', '{} {{count:4}}']],
    ['failure', ['eval instant at 1m up + on() group_left up', 'expect fail'], ['eval instant at 1m up', 'expect fail']],
    ['failure text', ['eval instant at 1m topk(NaN, up)', 'expect fail msg: Parameter value is NaN'], ['eval instant at 1m topk(NaN, up)', 'expect fail msg: another']],
    ['unexpected failure', ['eval instant at 1m topk(NaN, up)', 'expect fail'], ['eval instant at 1m topk(NaN, up)']],
    ['warning', ['eval instant at 1m quantile(2, up{job="a"})', 'expect warn', '{} +Inf'], ['eval instant at 1m quantile(1, up{job="a"})', 'expect warn', '{} 1']],
    ['no warning', ['eval instant at 1m quantile(1, up{job="a"})', 'expect no_warn', '{} 1'], ['eval instant at 1m quantile(2, up{job="a"})', 'expect no_warn', '{} +Inf']],
    ['info text', ['eval instant at 2m rate(up{job="a"}[2m])', 'expect info regex: might not be a counter', '{job="a"} 0.016666666666666666'], ['eval instant at 2m rate(up{job="a"}[2m])', 'expect info msg: other', '{job="a"} 0.016666666666666666']],
    ['matrix', ['eval instant at 2m up{job="a"}[2m]', 'expect range vector from 1m to 2m step 1m', 'up{job="a"} 1 2'], ['eval instant at 2m up{job="a"}[2m]', 'expect range vector from 1m to 2m step 1m', 'up{job="a"} 1 1']],
  ];
  test.each(cases)('%s', (_, right, wrong) => {
    expect(failuresOf(...right)).toEqual([]);
    expect(failuresOf(...wrong)).toHaveLength(1);
  });
});

test('a script that cannot be read names the line', () => {
  expect(() => runScript('load 1m\n  up 1\n\nevaluate this', createMemoryStorage)).toThrow('line 4: unknown command: evaluate this');
  expect(() => runScript('load 1m\n  up 1..2', createMemoryStorage)).toThrow('line 1: not a point: 1..2');
});
