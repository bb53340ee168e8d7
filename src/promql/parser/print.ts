/** Expressions back to text, on one line, as upstream's `String()`: the canonical form. */
import { goQuote } from '../../model/go-quote.js';
import { compareUtf8, METRIC_NAME } from '../../model/labels.js';
import type { AggregateExpr, AtModifier, BinaryExpr, DurationExpr, Expr, SubqueryExpr, VectorMatching, VectorSelector } from './ast.js';
import { formatDuration, formatNumber, secondsToMs } from './number-literal.js';

export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr.value, expr.duration);
    case 'string':
      return goQuote(expr.value);
    case 'vector-selector':
      return printSelector(expr) + printSelectorModifiers(expr);
    case 'matrix-selector': {
      const range = `[${printDurationOr(expr.rangeExpr, expr.rangeMs)}]`;
      const { selector } = expr;
      return printSelector(selector) + range + printExtended(selector) + printAt(selector.at) + printOffset(selector);
    }
    case 'subquery':
      return printExpr(expr.expr) + printSubquerySuffix(expr);
    case 'unary':
      return expr.op + printExpr(expr.expr);
    case 'binary':
      return `${printExpr(expr.lhs)} ${printOperator(expr)} ${printExpr(expr.rhs)}`;
    case 'aggregate': {
      const param = expr.param === undefined ? '' : `${printExpr(expr.param)}, `;
      return `${printAggregateHead(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case 'call':
      return `${expr.func}(${expr.args.map(printExpr).join(', ')})`;
    case 'paren':
      return `(${printExpr(expr.expr)})`;
    case 'step-invariant':
      return printExpr(expr.expr);
  }
}

/** `sum by (job) `, with the space that stands before the parenthesis. */
export function printAggregateHead(expr: AggregateExpr): string {
  if (expr.without) return `${expr.op} without (${printLabels(expr.grouping)}) `;
  return expr.grouping.length > 0 ? `${expr.op} by (${printLabels(expr.grouping)}) ` : expr.op;
}

/** `+ on (job) group_left (x)`: an operator with all its modifiers. */
export function printOperator(expr: BinaryExpr): string {
  return `${expr.op}${expr.returnBool ? ' bool' : ''}${expr.matching === undefined ? '' : printMatching(expr.matching)}`;
}

/** `[5m:1m] @ 1.000 offset 5m` behind the expression of a subquery. */
export function printSubquerySuffix(expr: SubqueryExpr): string {
  const step = expr.stepExpr === undefined && expr.stepMs === 0 ? '' : printDurationOr(expr.stepExpr, expr.stepMs);
  return `[${printDurationOr(expr.rangeExpr, expr.rangeMs)}:${step}]${printAt(expr.at)}${printOffset(expr)}`;
}

export function printDuration(duration: DurationExpr): string {
  const text = printBareDuration(duration);
  return duration.parens ? `(${text})` : text;
}

function printBareDuration(duration: DurationExpr): string {
  switch (duration.kind) {
    case 'number':
      return printNumber(duration.value, duration.duration);
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'unary':
      return duration.op === '-' ? `-${printDuration(duration.expr)}` : printDuration(duration.expr);
    case 'binary':
      if (duration.op === 'min_of' || duration.op === 'max_of') {
        return `${duration.op}(${printDuration(duration.lhs)}, ${printDuration(duration.rhs)})`;
      }
      return `${printDuration(duration.lhs)} ${duration.op} ${printDuration(duration.rhs)}`;
  }
}

function printNumber(value: number, duration: boolean): string {
  return duration ? formatDuration(secondsToMs(value)) : formatNumber(value);
}

function printMatching(matching: VectorMatching): string {
  const { card, labels, on, include, fillLeft, fillRight } = matching;
  const grouped = card === 'many-to-one' || card === 'one-to-many';
  let out = '';
  if (labels.length > 0 || on || grouped) out += ` ${on ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (grouped) out += ` group_${card === 'many-to-one' ? 'left' : 'right'} (${printLabels(include)})`;
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) return `${out} fill (${formatNumber(fillLeft)})`;
  if (fillLeft !== undefined) out += ` fill_left (${formatNumber(fillLeft)})`;
  if (fillRight !== undefined) out += ` fill_right (${formatNumber(fillRight)})`;
  return out;
}

function printLabels(labels: readonly string[]): string {
  return labels.map((label) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(label) ? label : goQuote(label))).join(', ');
}

function printSelector(selector: VectorSelector): string {
  const { name } = selector;
  const matchers = selector.matchers
    .filter((matcher) => !(matcher.name === METRIC_NAME && matcher.type === '=' && matcher.value === name && name !== ''))
    .map(String)
    .sort(compareUtf8);
  return matchers.length > 0 ? `${name}{${matchers.join(',')}}` : name === '' ? '{}' : name;
}

function printSelectorModifiers(selector: VectorSelector): string {
  return printAt(selector.at) + printExtended(selector) + printOffset(selector);
}

function printExtended(selector: VectorSelector): string {
  return selector.anchored ? ' anchored' : selector.smoothed ? ' smoothed' : '';
}

function printAt(at: AtModifier | undefined): string {
  if (at === undefined) return '';
  return at.kind === 'timestamp' ? ` @ ${(at.timestampMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printOffset(selection: { readonly offsetMs: number; readonly offsetExpr: DurationExpr | undefined }): string {
  if (selection.offsetExpr !== undefined) return ` offset ${printDuration(selection.offsetExpr)}`;
  return selection.offsetMs === 0 ? '' : ` offset ${formatDuration(selection.offsetMs)}`;
}

function printDurationOr(expr: DurationExpr | undefined, ms: number): string {
  return expr === undefined ? formatDuration(ms) : printDuration(expr);
}
