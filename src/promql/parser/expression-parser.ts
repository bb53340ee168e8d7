/**
 * The grammar of PromQL by recursive descent; binary operators by precedence climbing. Errors are thrown where
 * upstream's table-driven parser would find them, with its words. Types are checked afterwards (type-check.ts).
 */
import type {
  AggregateExpr, AggregateOp, AtModifier, BinaryExpr, BinaryOp, Expr, MatrixSelector, SubqueryExpr, VectorMatching, VectorSelector,
} from './ast.js';
import { DurationParser, type ParsedDuration } from './duration-parser.js';
import { FUNCTIONS } from './function-table.js';
import { parseDuration, parseNumber } from './number-literal.js';
import type { ParseOptions } from './parse.js';
import { SelectorParser } from './selector-parser.js';
import { unquote } from './string-literal.js';
import { canBeMetricName, isAggregator, isPreprocessor, type Token, type TokenKind } from './token.js';
import { TokenReader } from './token-reader.js';

const PRECEDENCE: Readonly<Partial<Record<TokenKind, number>>> = {
  or: 1,
  and: 2, unless: 2,
  '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3, '</': 3, '>/': 3,
  '+': 4, '-': 4,
  '*': 5, '/': 5, '%': 5, atan2: 5,
  '^': 6,
};
/** A sign binds like a product: `-2 ^ 2` is -(2 ^ 2), `-2 * 3` is (-2) * 3. */
const UNARY_PRECEDENCE = 5;

const WITH_PARAMETER: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  'topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio',
]);
const EXPERIMENTAL_AGGREGATES: ReadonlySet<AggregateOp> = new Set<AggregateOp>(['limitk', 'limit_ratio']);

/** An expression that has modifiers of time behind it: what `offset` and `@` can be put on. */
type Selection = VectorSelector | MatrixSelector | SubqueryExpr;

const NO_SELECTION = 'must be preceded by an instant vector selector or range vector selector or a subquery';
/** Beyond this a timestamp in milliseconds leaves 63 bits. */
const MAX_TIMESTAMP_SECONDS = 2 ** 63;

export class ExpressionParser {
  private readonly reader: TokenReader;
  private readonly durations: DurationParser;
  private readonly selectors: SelectorParser;
  private depth = 0;
  /** Aggregations around the current token: they give "unexpected" errors a context. */
  private aggregations = 0;

  constructor(text: string, private readonly options: ParseOptions, private readonly maxDepth: number) {
    this.reader = new TokenReader(text, options.regexes?.poll);
    this.selectors = new SelectorParser(this.reader, options.regexes);
    this.durations = new DurationParser(this.reader, options.durationExpressions ?? false, maxDepth);
  }

  /** The whole text as one expression, not yet type-checked. */
  parseExpression(): Expr {
    if (this.reader.peek().kind === 'eof') throw this.reader.error({ start: 0, end: 0 }, 'no expression found in input');
    const expr = this.binary(0);
    this.expectEnd();
    return expr;
  }

  /** The whole text as one vector selector without modifiers. */
  parseSelector(): VectorSelector {
    const token = this.reader.peek();
    if (token.kind !== '{' && !canBeMetricName(token.kind)) throw this.reader.unexpected();
    const selector = this.selectors.parseSelector(token.kind === '{' ? undefined : this.reader.take());
    this.expectEnd();
    return selector;
  }

  private expectEnd(): void {
    if (this.reader.peek().kind !== 'eof') throw this.unexpected();
  }

  private unexpected(): Error {
    return this.reader.unexpected(this.aggregations > 0 ? 'aggregation' : '');
  }

  private binary(minPrecedence: number): Expr {
    if (++this.depth > this.maxDepth) {
      throw this.reader.error(this.reader.peek(), `expression is nested too deeply, limit ${this.maxDepth} levels`);
    }
    let lhs = this.unary();
    for (;;) {
      const operator = this.reader.peek();
      const precedence = PRECEDENCE[operator.kind];
      if (precedence === undefined || precedence < minPrecedence) break;
      this.reader.take();
      const returnBool = this.reader.accept('bool') !== undefined;
      const matching = this.matching();
      const rhs = this.binary(operator.kind === '^' ? precedence : precedence + 1);
      lhs = this.makeBinary(operator, lhs, rhs, matching, returnBool);
    }
    this.depth--;
    return lhs;
  }

  private makeBinary(operator: Token, lhs: Expr, rhs: Expr, matching: VectorMatching, returnBool: boolean): BinaryExpr {
    const pos = { start: lhs.pos.start, end: rhs.pos.end };
    const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (filled && !(this.options.fillModifiers ?? this.options.experimentalFunctions)) {
      throw this.reader.error(pos, 'binop fill modifiers are experimental and not enabled');
    }
    // Whether there is matching at all depends on types: the type check settles it.
    const opPos = { start: operator.start, end: operator.end };
    return { kind: 'binary', op: operator.kind as BinaryOp, lhs, rhs, matching, returnBool, pos, opPos };
  }

  /** `on (…) group_left (…) fill (…)` and its relatives, behind an operator and `bool`. */
  private matching(): VectorMatching {
    let card: VectorMatching['card'] = 'one-to-one';
    let labels: readonly string[] = [];
    let include: readonly string[] = [];
    const on = this.reader.accept('on') !== undefined;
    if (on || this.reader.accept('ignoring') !== undefined) {
      labels = this.selectors.parseLabelList().labels;
      const group = this.reader.peek().kind;
      if (group === 'group_left' || group === 'group_right') {
        this.reader.take();
        card = group === 'group_left' ? 'many-to-one' : 'one-to-many';
        // A parenthesis here always opens the list of labels, even where it could open the right-hand side.
        if (this.reader.peek().kind === '(' || !this.atFillOrExpression()) include = this.selectors.parseLabelList().labels;
      }
    }
    return { card, labels, on, include, ...this.fill() };
  }

  private fill(): { fillLeft: number | undefined; fillRight: number | undefined } {
    let fillLeft: number | undefined;
    let fillRight: number | undefined;
    for (;;) {
      const { kind } = this.reader.peek();
      const both = kind === 'fill' && fillLeft === undefined && fillRight === undefined;
      if (!both && !(kind === 'fill_left' && fillLeft === undefined) && !(kind === 'fill_right' && fillRight === undefined)) break;
      this.reader.take();
      if (this.reader.accept('(') === undefined) throw this.unexpected();
      const value = this.signedNumber();
      if (value === undefined || this.reader.accept(')') === undefined) throw this.unexpected();
      if (kind !== 'fill_right') fillLeft = value;
      if (kind !== 'fill_left') fillRight = value;
      if (both) break;
    }
    return { fillLeft, fillRight };
  }

  private unary(): Expr {
    const sign = this.reader.peek();
    if (sign.kind !== '+' && sign.kind !== '-') return this.modified(this.primary());
    this.reader.take();
    const expr = this.binary(UNARY_PRECEDENCE + 1);
    const pos = { start: sign.start, end: expr.pos.end };
    if (expr.kind === 'number') return { ...expr, value: sign.kind === '-' ? -expr.value : expr.value, pos };
    return { kind: 'unary', op: sign.kind, expr, pos };
  }

  private primary(): Expr {
    const token = this.reader.peek();
    switch (token.kind) {
      case '(': {
        this.reader.take();
        const expr = this.binary(0);
        const close = this.reader.accept(')');
        if (close === undefined) throw this.unexpected();
        return { kind: 'paren', expr, pos: { start: token.start, end: close.end } };
      }
      case 'number':
      case 'duration':
        this.reader.take();
        return {
          kind: 'number', value: this.numberOf(token), duration: token.kind === 'duration', pos: { start: token.start, end: token.end },
        };
      case 'string':
        this.reader.take();
        return { kind: 'string', value: unquote(token.text), pos: { start: token.start, end: token.end } };
      case '{':
        return this.selectors.parseSelector(undefined);
    }
    if (!canBeMetricName(token.kind)) throw this.unexpected();
    this.reader.take();
    const next = this.reader.peek().kind;
    if (isAggregator(token.kind) && (next === '(' || next === 'by' || next === 'without')) return this.aggregate(token, token.kind);
    if (next === '(' && (token.kind === 'identifier' || isPreprocessor(token.kind))) return this.call(token);
    return this.selectors.parseSelector(token);
  }

  private numberOf(token: Token): number {
    const value = token.kind === 'duration' ? parseDuration(token.text) : parseNumber(token.text);
    if (typeof value === 'string') throw this.reader.error(token, value);
    return value;
  }

  private call(name: Token): Expr {
    const { args, end } = this.argumentList();
    // Words are functions in any case of letters, identifiers only as they are written.
    const func = name.kind === 'identifier' ? name.text : name.kind;
    const signature = FUNCTIONS.get(func);
    if (signature === undefined) throw this.reader.error(name, `unknown function with name "${name.text}"`);
    if (signature.experimental && !this.options.experimentalFunctions) {
      throw this.reader.error(name, `function "${name.text}" is not enabled`);
    }
    return { kind: 'call', func, args, pos: { start: name.start, end } };
  }

  /** `(a, b)`. A comma at the end is not allowed here, other than in lists of labels. */
  private argumentList(): { args: Expr[]; end: number } {
    if (this.reader.accept('(') === undefined) throw this.unexpected();
    const args: Expr[] = [];
    for (let close = this.reader.accept(')'); ; close = this.reader.accept(')')) {
      if (close !== undefined) return { args, end: close.end };
      const comma = args.length > 0 ? this.reader.accept(',') : undefined;
      if (args.length > 0 && comma === undefined) throw this.unexpected();
      if (comma !== undefined && !this.atExpression()) throw this.reader.error(comma, 'trailing commas not allowed in function call args');
      args.push(this.binary(0));
    }
  }

  private aggregate(token: Token, op: AggregateOp): AggregateExpr {
    this.aggregations++;
    let grouping = this.grouping();
    const { args, end: argsEnd } = this.argumentList();
    let end = argsEnd;
    if (grouping === undefined) {
      grouping = this.grouping();
      end = grouping?.end ?? argsEnd;
    }
    this.aggregations--;
    const pos = { start: token.start, end };
    if (args.length === 0) throw this.reader.error(pos, 'no arguments for aggregate expression provided');
    const wanted = WITH_PARAMETER.has(op) ? 2 : 1;
    if (EXPERIMENTAL_AGGREGATES.has(op) && !this.options.experimentalFunctions) {
      throw this.reader.error(pos, `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`);
    }
    if (args.length !== wanted) {
      throw this.reader.error(pos, `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`);
    }
    return {
      kind: 'aggregate', op, expr: args[wanted - 1]!, param: wanted === 2 ? args[0]! : undefined,
      grouping: grouping?.labels ?? [], without: grouping?.without ?? false, pos,
    };
  }

  private grouping(): { labels: string[]; without: boolean; end: number } | undefined {
    const { kind } = this.reader.peek();
    if (kind !== 'by' && kind !== 'without') return undefined;
    this.reader.take();
    const list = this.selectors.parseLabelList();
    return { ...list, without: kind === 'without' };
  }

  /** An operand with its modifiers: ranges, `offset`, `@`, `anchored`, `smoothed`. */
  private modified(operand: Expr): Expr {
    let expr = operand;
    for (;;) {
      const { kind } = this.reader.peek();
      if (kind === '[') expr = this.range(expr);
      else if (kind === 'offset') expr = this.offset(expr);
      else if (kind === '@') expr = this.at(expr);
      else if (kind === 'anchored' || kind === 'smoothed') expr = this.extended(expr, kind);
      else return expr;
    }
  }

  private range(expr: Expr): Expr {
    const open = this.reader.take();
    const range = this.durations.parseRange();
    if (this.reader.accept(':') !== undefined) return this.subquery(expr, range);
    const close = this.reader.accept(']');
    if (close === undefined) throw this.reader.unexpected('subquery or range', '":" or "]"');
    const brackets = { start: open.start, end: close.end };
    if (expr.kind !== 'vector-selector') throw this.reader.error(brackets, 'ranges only allowed for vector selectors');
    if (expr.offsetMs !== 0 || expr.offsetExpr !== undefined) throw this.reader.error(brackets, 'no offset modifiers allowed before range');
    if (expr.at !== undefined) throw this.reader.error(brackets, 'no @ modifiers allowed before range');
    const pos = { start: expr.pos.start, end: close.end };
    return { kind: 'matrix-selector', selector: expr, rangeMs: range.ms, rangeExpr: range.expr, pos };
  }

  private subquery(expr: Expr, range: ParsedDuration): SubqueryExpr {
    let close = this.reader.accept(']');
    let step: ParsedDuration = { ms: 0, expr: undefined };
    if (close === undefined) {
      step = this.durations.parseStep();
      close = this.reader.accept(']');
      if (close === undefined) throw this.reader.unexpected('subquery selector', '"]"');
    }
    return {
      kind: 'subquery', expr, rangeMs: range.ms, rangeExpr: range.expr, stepMs: step.ms, stepExpr: step.expr,
      offsetMs: 0, offsetExpr: undefined, at: undefined, pos: { start: expr.pos.start, end: close.end },
    };
  }

  private offset(expr: Expr): Expr {
    this.reader.take();
    const offset = this.durations.parseOffset();
    const selection = this.selection(expr, 'offset modifier');
    const target = selection.kind === 'matrix-selector' ? selection.selector : selection;
    if (target.offsetMs !== 0 || target.offsetExpr !== undefined) throw this.reader.error(expr.pos, 'offset may not be set multiple times');
    return this.onTarget(selection, { offsetMs: offset.ms, offsetExpr: offset.expr });
  }

  private at(expr: Expr): Expr {
    this.reader.take();
    const word = this.reader.peek().kind;
    let at: AtModifier;
    if (word === 'start' || word === 'end') {
      this.reader.take();
      if (this.reader.accept('(') === undefined || this.reader.accept(')') === undefined) throw this.reader.unexpected('@', 'timestamp');
      at = { kind: word };
    } else {
      const seconds = this.signedNumber();
      if (seconds === undefined) throw this.reader.unexpected('@', 'timestamp');
      if (!(Math.abs(seconds) < MAX_TIMESTAMP_SECONDS)) {
        throw this.reader.error(expr.pos, `timestamp out of bounds for @ modifier: ${fixedPoint(seconds)}`);
      }
      at = { kind: 'timestamp', timestampMs: roundHalfAway(seconds * 1000) };
    }
    const selection = this.selection(expr, '@ modifier');
    const target = selection.kind === 'matrix-selector' ? selection.selector : selection;
    if (target.at !== undefined) throw this.reader.error(expr.pos, '@ <timestamp> may not be set multiple times');
    return this.onTarget(selection, { at });
  }

  /** A number or duration with a sign perhaps; undefined (and only the sign read) if there is none. */
  private signedNumber(): number | undefined {
    const negative = this.reader.peek().kind === '-';
    if (negative || this.reader.peek().kind === '+') this.reader.take();
    const token = this.reader.peek();
    if (token.kind !== 'number' && token.kind !== 'duration') return undefined;
    this.reader.take();
    const value = this.numberOf(token);
    return negative ? -value : value;
  }

  private extended(expr: Expr, word: 'anchored' | 'smoothed'): Expr {
    const { end } = this.reader.take();
    if (!this.options.extendedRangeSelectors) throw this.reader.error(expr.pos, `${word} modifier is experimental and not enabled`);
    if (expr.kind === 'subquery') throw this.reader.error(expr.pos, `${word} modifier is not supported for subqueries`);
    if (expr.kind !== 'vector-selector' && expr.kind !== 'matrix-selector') {
      throw this.reader.error(expr.pos, `${word} modifier not implemented`);
    }
    const target = expr.kind === 'matrix-selector' ? expr.selector : expr;
    if (word === 'anchored' ? target.smoothed : target.anchored) {
      throw this.reader.error(expr.pos, 'anchored and smoothed modifiers cannot be used together');
    }
    const pos = { start: expr.pos.start, end };
    if (expr.kind === 'matrix-selector') return { ...expr, selector: { ...expr.selector, [word]: true }, pos };
    return { ...expr, [word]: true, pos };
  }

  private selection(expr: Expr, modifier: string): Selection {
    if (expr.kind === 'vector-selector' || expr.kind === 'matrix-selector' || expr.kind === 'subquery') return expr;
    throw this.reader.error(expr.pos, `${modifier} ${NO_SELECTION}`);
  }

  /** A copy with changed time modifiers; those of a range selector are kept in its vector selector. */
  private onTarget(selection: Selection, change: Partial<Pick<VectorSelector, 'offsetMs' | 'offsetExpr' | 'at'>>): Expr {
    const pos = { start: selection.pos.start, end: this.reader.lastEnd };
    if (selection.kind === 'matrix-selector') return { ...selection, selector: { ...selection.selector, ...change }, pos };
    return { ...selection, ...change, pos };
  }

  private atExpression(): boolean {
    const { kind } = this.reader.peek();
    return kind === '(' || kind === '{' || kind === '+' || kind === '-' || kind === 'number' || kind === 'duration' || kind === 'string'
      || canBeMetricName(kind);
  }

  private atFillOrExpression(): boolean {
    const { kind } = this.reader.peek();
    return kind === 'fill' || kind === 'fill_left' || kind === 'fill_right' || this.atExpression();
  }
}

/** Go's %f: six decimals, every digit of large numbers. */
function fixedPoint(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(value)}.000000`;
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
