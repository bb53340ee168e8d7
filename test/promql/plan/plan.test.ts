import { describe, expect, test } from 'vitest';
import { singleStep, stepGrid } from '../../../src/promql/engine/step-grid.js';
import type { Expr } from '../../../src/promql/parser/ast.js';
import { childrenOf } from '../../../src/promql/parser/children.js';
import { parseExpr } from '../../../src/promql/parser/parse.js';
import { planQuery } from '../../../src/promql/plan/plan.js';

function planned(text: string): Expr {
  const expr = parseExpr(text, { experimentalFunctions: true, durationExpressions: true });
  return planQuery(expr, stepGrid(60_000, 120_000, 15_000), true, 120_000);
}

/** Texts of the parts that are evaluated once. */
function invariantParts(text: string): string[] {
  const parts: string[] = [];
  const visit = (expr: Expr): void => {
    if (expr.kind === 'step-invariant') parts.push(text.slice(expr.pos.start, expr.pos.end));
    else childrenOf(expr).forEach(visit);
  };
  visit(planned(text));
  return parts;
}

describe('what is the same at every step is evaluated once', () => {
  test.each<[string, string[]]>([
    ['up', []],
    ['up @ 10', ['up @ 10']],
    ['sum(rate(x[5m] @ end()))', ['sum(rate(x[5m] @ end()))']],
    ['up + sum(up @ 10)', ['sum(up @ 10)']],
    ['timestamp(up @ 10)', ['timestamp(up @ 10)']],
    ['timestamp(abs(up @ 10))', ['abs(up @ 10)']],
    ['time()', []],
    ['minute(up @ 10)', ['up @ 10']],
    ['predict_linear(up[5m] @ 10, 60)', []],
    ['max_over_time(up[5m:1m] @ 10)', ['max_over_time(up[5m:1m] @ 10)']],
    // Upstream looks at what is aggregated only.
    ['topk(scalar(a), b @ 10)', ['topk(scalar(a), b @ 10)']],
    ['topk(scalar(a @ 10), b)', []],
    ['1 + 2', ['1 + 2']],
  ])('%s', (text, expected) => {
    expect(invariantParts(text)).toEqual(expected);
  });

  test('the inside of a subquery, too', () => {
    const expr = planned('max_over_time((up @ 10)[5m:1m])');
    expect(expr).toMatchObject({ kind: 'call', args: [{ kind: 'subquery', expr: { kind: 'step-invariant' } }] });
  });
});

describe('durations and times become numbers', () => {
  test.each<[string, object]>([
    ['up @ start()', { expr: { at: { kind: 'timestamp', timestampMs: 60_000 } } }],
    ['up @ end()', { expr: { at: { kind: 'timestamp', timestampMs: 120_000 } } }],
    ['up offset (step() * 2)', { offsetMs: 30_000 }],
    ['up offset -range()', { offsetMs: -60_000 }],
    ['rate(up[step() + 5m])', { args: [{ rangeMs: 315_000 }] }],
    ['rate(up[max_of(step(), 1m)])', { args: [{ rangeMs: 60_000 }] }],
    ['rate(up[2 ^ 3 * 1s % 5])', { args: [{ rangeMs: 3000 }] }],
    ['rate(up[1h:step()])', { args: [{ rangeMs: 3_600_000, stepMs: 15_000 }] }],
  ])('%s', (text, expected) => {
    expect(planned(text)).toMatchObject(expected);
  });

  test.each([
    ['rate(up[5m - 5m])', '8:15: duration must be greater than 0'],
    ['rate(up[1m / 0])', 'division by zero'],
    ['rate(up[1m % 0])', 'modulo by zero'],
  ])('%s fails', (text, message) => {
    expect(() => planned(text)).toThrow(message);
  });

  test('an instant query has no step and no range', () => {
    const expr = parseExpr('up offset range()', { durationExpressions: true });
    expect(planQuery(expr, singleStep(5000), false, 5000)).toMatchObject({ offsetMs: 0 });
  });
});
