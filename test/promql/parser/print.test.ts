import { describe, expect, it } from 'vitest';
import { formatExpr } from '../../../src/promql/parser/format.js';
import { type ParseOptions, parseExpr } from '../../../src/promql/parser/parse.js';
import { printExpr } from '../../../src/promql/parser/print.js';
import { toJson } from '../../../src/promql/parser/to-json.js';

const ALL: ParseOptions = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true };

/** The canonical form of a text, which is its own canonical form. */
function prints(text: string, canonical: string = text): void {
  it(text, () => {
    expect(printExpr(parseExpr(text, ALL))).toBe(canonical);
    expect(printExpr(parseExpr(canonical, ALL))).toBe(canonical);
  });
}

describe('printExpr', () => {
  prints('1e3', '1000');
  prints('1e21', '1000000000000000000000');
  prints('1.5e-9', '0.0000000015');
  prints('-0', '-0');
  prints('inf', '+Inf');
  prints('-Inf');
  prints('nan', 'NaN');
  prints('90s', '1m30s');
  prints('-1y', '-1y');
  prints('366d', '366d');
  prints('14d', '2w');
  prints('1h500ms');
  prints("'a\"\\n'", '"a\\"\\n"');
  prints('`é\u200b`', '"é\\u200b"');
  prints('a{c="d", b=~"x"}', 'a{b=~"x",c="d"}');
  prints('{__name__="a"}');
  prints('{"a.b", "c.d"="e"}', '{"c.d"="e",__name__="a.b"}');
  prints('a{}', 'a');
  prints('a[90s] offset -5m @ 1.5', 'a[1m30s] @ 1.500 offset -5m');
  prints('a @ end() offset 1d', 'a @ end() offset 1d');
  prints('a[5m] smoothed @ 5', 'a[5m] smoothed @ 5.000');
  prints('a anchored');
  prints('a[1h:] @ 5 offset 1m', 'a[1h:] @ 5.000 offset 1m');
  prints('sum(rate(a[5m]))[1h:1m]');
  prints('a[5m+ 30s*(2 -step())]', 'a[5m + 30s * (2 - step())]');
  prints('a[(5m)] offset -(range())', 'a[5m] offset -(range())');
  prints('a[max_of(1,2):-(1)+5] offset step()', 'a[max_of(1, 2):-1 + 5] offset step()');
  prints('sum(a) by (b, "c.d")', 'sum by (b, "c.d") (a)');
  prints('sum by () (a)', 'sum(a)');
  prints('sum(a) without ()', 'sum without () (a)');
  prints('topk(5, a) by (b)', 'topk by (b) (5, a)');
  prints('a+b', 'a + b');
  prints('a + on() b', 'a + on () b');
  prints('a + ignoring() b', 'a + b');
  prints('a == bool on(x) group_left(y) b', 'a == bool on (x) group_left (y) b');
  prints('a / ignoring(x) group_right b', 'a / ignoring (x) group_right () b');
  prints('a + fill(0) b', 'a + fill (0) b');
  prints('a + on(x) fill_right(1) fill_left(-2) b', 'a + on (x) fill_left (-2) fill_right (1) b');
  prints('a >/ (1)', 'a >/ (1)');
  prints('-(-a)', '-(-a)');
  prints('-1 ^ 2', '-1 ^ 2');
  prints('info(a,{x="y"})', 'info(a, {x="y"})');
  prints('info(a,{})', 'info(a, {})');
  prints('START()', 'start()');
});

function formats(text: string, lines: readonly string[]): void {
  it(text.slice(0, 60), () => {
    expect(formatExpr(parseExpr(text, ALL))).toBe(lines.join('\n'));
    expect(formatExpr(parseExpr(lines.join('\n'), ALL))).toBe(lines.join('\n'));
  });
}

const A = 'a_metric_with_a_long_name_total{environment="production",region="somewhere"}';
const B = 'another_metric_with_a_long_name_total{environment="production"}';

describe('formatExpr', () => {
  formats('sum( a )by(b)', ['sum by (b) (a)']);
  formats(`${A} / ${B}`, [`  ${A}`, '/', `  ${B}`]);
  formats(`sum by (job) (rate(${A}[5m])) / on (job) ${B} > bool 5`, [
    '    sum by (job) (',
    `      rate(${A}[5m])`,
    '    )',
    '  / on (job)',
    `    ${B}`,
    '> bool',
    '  5',
  ]);
  formats(`topk(5, ${A} + ${B})`, ['topk(', '  5,', `    ${A}`, '  +', `    ${B}`, ')']);
  formats(`label_replace(${A}, "destination", "$1", "source", "(.*)")`, [
    'label_replace(', `  ${A},`, '  "destination",', '  "$1",', '  "source",', '  "(.*)"', ')',
  ]);
  formats(`(${A} + ${B}) * 2`, ['  (', `      ${A}`, '    +', `      ${B}`, '  )', '*', '  2']);
  formats(`-(${A} + ${B})`, ['-(', `    ${A}`, '  +', `    ${B}`, ')']);
  formats(`max_over_time(rate(${A}[5m])[1h:1m])`, ['max_over_time(', `rate(${A}[5m])[1h:1m]`, ')']);
});

describe('toJson', () => {
  it('has the fields of upstream, in alphabetical order', () => {
    const tree = toJson(parseExpr('sum by (x) (rate(a{b!="c"}[5m] offset 1m)) / on (x) group_left (y) -b @ end()', ALL));
    expect(JSON.stringify(tree)).toBe(JSON.stringify({
      bool: false,
      lhs: {
        expr: {
          args: [{
            anchored: false,
            matchers: [{ name: 'b', type: '!=', value: 'c' }, { name: '__name__', type: '=', value: 'a' }],
            name: 'a', offset: 60000, offsetExpr: null, range: 300000, rangeExpr: null, smoothed: false, startOrEnd: null, timestamp: null,
            type: 'matrixSelector',
          }],
          func: { argTypes: ['matrix'], name: 'rate', returnType: 'vector', variadic: 0 },
          type: 'call',
        },
        grouping: ['x'], op: 'sum', param: null, type: 'aggregation', without: false,
      },
      matching: { card: 'many-to-one', fillValues: { lhs: null, rhs: null }, include: ['y'], labels: ['x'], on: true },
      op: '/',
      rhs: {
        expr: {
          anchored: false, matchers: [{ name: '__name__', type: '=', value: 'b' }], name: 'b', offset: 0, offsetExpr: null,
          smoothed: false, startOrEnd: 'end', timestamp: null, type: 'vectorSelector',
        },
        op: '-', type: 'unaryExpr',
      },
      type: 'binaryExpr',
    }));
  });

  it('shows subqueries, literals and durations', () => {
    expect(toJson(parseExpr('(a)[step() * 2:1m] @ 5', ALL))).toEqual({
      expr: { expr: expect.objectContaining({ name: 'a' }), type: 'parenExpr' },
      offset: 0, offsetExpr: null, range: 0,
      rangeExpr: {
        lhs: { lhs: null, op: 'step', rhs: null, type: 'durationExpr', wrapped: false }, op: '*',
        rhs: { type: 'numberLiteral', val: '2' }, type: 'durationExpr', wrapped: false,
      },
      startOrEnd: null, step: 60000, stepExpr: null, timestamp: 5000, type: 'subquery',
    });
    expect(toJson(parseExpr('count_values("\\xc5", a)', ALL))).toMatchObject({ op: 'count_values', param: { type: 'stringLiteral', val: '\ufffd' } });
    expect(toJson(parseExpr('1e-7', ALL))).toEqual({ type: 'numberLiteral', val: '0.0000001' });
  });
});
