/** Trees as short prefix notation, for tables of cases: `a + rate(b[5m])` is `(+ a (rate (range b 300000)))`. */
import type { AtModifier, DurationExpr, Expr, VectorSelector } from '../../../src/promql/parser/ast.js';

export function treeText(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'vector-selector':
      return selectorText(expr);
    case 'matrix-selector':
      return `(range ${selectorText(expr.selector)} ${expr.rangeExpr === undefined ? expr.rangeMs : durationText(expr.rangeExpr)})`;
    case 'subquery': {
      const range = expr.rangeExpr === undefined ? expr.rangeMs : durationText(expr.rangeExpr);
      const step = expr.stepExpr === undefined ? expr.stepMs : durationText(expr.stepExpr);
      return `(subquery ${treeText(expr.expr)} ${range} ${step}${timeText(expr)})`;
    }
    case 'unary':
      return `(${expr.op} ${treeText(expr.expr)})`;
    case 'binary': {
      const m = expr.matching;
      const parts = [
        expr.op + (expr.returnBool ? ' bool' : ''),
        ...(m === undefined || (m.card === 'one-to-one' && m.labels.length === 0 && !m.on) ? [] : [`${m.on ? 'on' : 'ignoring'}[${m.labels.join(' ')}] ${m.card}`]),
        ...(m !== undefined && m.include.length > 0 ? [`include[${m.include.join(' ')}]`] : []),
        ...(m?.fillLeft === undefined && m?.fillRight === undefined ? [] : [`fill[${m.fillLeft} ${m.fillRight}]`]),
      ];
      return `(${parts.join(' ')} ${treeText(expr.lhs)} ${treeText(expr.rhs)})`;
    }
    case 'aggregate': {
      const by = expr.without ? ` without[${expr.grouping.join(' ')}]` : expr.grouping.length > 0 ? ` by[${expr.grouping.join(' ')}]` : '';
      return `(${expr.op}${by} ${expr.param === undefined ? '' : `${treeText(expr.param)} `}${treeText(expr.expr)})`;
    }
    case 'call':
      return `(${[expr.func, ...expr.args.map(treeText)].join(' ')})`;
    case 'paren':
      return `(paren ${treeText(expr.expr)})`;
    case 'step-invariant':
      return treeText(expr.expr);
  }
}

function selectorText(selector: VectorSelector): string {
  const matchers = selector.matchers.filter((m) => m.name !== '__name__' || m.type !== '=' || m.value !== selector.name).map(String);
  const flags = (selector.anchored ? ' anchored' : '') + (selector.smoothed ? ' smoothed' : '');
  return `${selector.name}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}${flags}${timeText(selector)}`;
}

function timeText(node: { readonly offsetMs: number; readonly offsetExpr: DurationExpr | undefined; readonly at: AtModifier | undefined }): string {
  const at = node.at === undefined ? '' : ` @${node.at.kind === 'timestamp' ? node.at.timestampMs : node.at.kind}`;
  const offset = node.offsetExpr === undefined ? (node.offsetMs === 0 ? '' : ` offset ${node.offsetMs}`) : ` offset ${durationText(node.offsetExpr)}`;
  return at + offset;
}

export function durationText(duration: DurationExpr): string {
  const inner = bareDurationText(duration);
  return duration.parens ? `(paren ${inner})` : inner;
}

function bareDurationText(duration: DurationExpr): string {
  switch (duration.kind) {
    case 'number':
      return `${duration.value}s`;
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'unary':
      return `(${duration.op} ${durationText(duration.expr)})`;
    case 'binary':
      return `(${duration.op} ${durationText(duration.lhs)} ${durationText(duration.rhs)})`;
  }
}
