/** The syntax tree as /api/v1/parse_query shows it (http-api: node types and fields of Prometheus 3.14). */
import type { Matcher } from '../../model/matcher.js';
import type { AtModifier, DurationExpr, Expr, VectorSelector } from './ast.js';
import { FUNCTIONS } from './function-table.js';
import { formatNumber } from './number-literal.js';

export type JsonNode = { readonly [field: string]: JsonField };
export type JsonField = string | number | boolean | null | JsonNode | readonly JsonField[];

/** Fields are in alphabetical order, as upstream's encoder writes them. */
export function toJson(expr: Expr): JsonNode {
  switch (expr.kind) {
    case 'aggregate':
      return {
        expr: toJson(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === undefined ? null : toJson(expr.param),
        type: 'aggregation',
        without: expr.without,
      };
    case 'binary':
      return {
        bool: expr.returnBool,
        lhs: toJson(expr.lhs),
        matching: expr.matching === undefined ? null : {
          card: expr.matching.card,
          fillValues: { lhs: expr.matching.fillLeft ?? null, rhs: expr.matching.fillRight ?? null },
          include: expr.matching.include,
          labels: expr.matching.labels,
          on: expr.matching.on,
        },
        op: expr.op,
        rhs: toJson(expr.rhs),
        type: 'binaryExpr',
      };
    case 'call': {
      const { name, argTypes, variadic, returnType } = FUNCTIONS.get(expr.func)!;
      return { args: expr.args.map(toJson), func: { argTypes, name, returnType, variadic }, type: 'call' };
    }
    case 'matrix-selector':
      return {
        ...selectorFields(expr.selector), range: expr.rangeMs, rangeExpr: durationToJson(expr.rangeExpr), ...selectorTail(expr.selector),
        type: 'matrixSelector',
      };
    case 'vector-selector':
      return { ...selectorFields(expr), ...selectorTail(expr), type: 'vectorSelector' };
    case 'subquery':
      return {
        expr: toJson(expr.expr),
        offset: expr.offsetMs,
        offsetExpr: durationToJson(expr.offsetExpr),
        range: expr.rangeMs,
        rangeExpr: durationToJson(expr.rangeExpr),
        startOrEnd: startOrEnd(expr.at),
        step: expr.stepMs,
        stepExpr: durationToJson(expr.stepExpr),
        timestamp: timestamp(expr.at),
        type: 'subquery',
      };
    case 'number':
      return { type: 'numberLiteral', val: formatNumber(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: wellFormed(expr.value) };
    case 'paren':
      return { expr: toJson(expr.expr), type: 'parenExpr' };
    case 'unary':
      return { expr: toJson(expr.expr), op: expr.op, type: 'unaryExpr' };
    case 'step-invariant':
      return toJson(expr.expr);
  }
}

function selectorFields(selector: VectorSelector): JsonNode {
  return {
    anchored: selector.anchored,
    matchers: selector.matchers.map(matcherToJson),
    name: selector.name,
    offset: selector.offsetMs,
    offsetExpr: durationToJson(selector.offsetExpr),
  };
}

function selectorTail(selector: VectorSelector): JsonNode {
  return { smoothed: selector.smoothed, startOrEnd: startOrEnd(selector.at), timestamp: timestamp(selector.at) };
}

function matcherToJson(matcher: Matcher): JsonNode {
  return { name: wellFormed(matcher.name), type: matcher.type, value: wellFormed(matcher.value) };
}

/** Bytes that are no UTF-8 (string-literal.ts) become the replacement character, as in any JSON. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

function startOrEnd(at: AtModifier | undefined): string | null {
  return at === undefined || at.kind === 'timestamp' ? null : at.kind;
}

function timestamp(at: AtModifier | undefined): number | null {
  return at?.kind === 'timestamp' ? at.timestampMs : null;
}

function durationToJson(duration: DurationExpr | undefined): JsonNode | null {
  if (duration === undefined) return null;
  switch (duration.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatNumber(duration.value) };
    case 'step':
    case 'range':
      return { lhs: null, op: duration.kind, rhs: null, type: 'durationExpr', wrapped: duration.parens };
    case 'unary':
      return { lhs: null, op: duration.op, rhs: durationToJson(duration.expr), type: 'durationExpr', wrapped: duration.parens };
    case 'binary':
      return {
        lhs: durationToJson(duration.lhs), op: duration.op, rhs: durationToJson(duration.rhs), type: 'durationExpr',
        wrapped: duration.parens,
      };
  }
}
