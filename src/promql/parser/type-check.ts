/** What upstream checks after a query has parsed: types, argument counts, modifiers that do not fit. */
import { goQuote } from '../../model/go-quote.js';
import { METRIC_NAME } from '../../model/labels.js';
import type { AggregateExpr, BinaryExpr, BinaryOp, Call, Expr, Position, ValueType, VectorMatching, VectorSelector } from './ast.js';
import { FUNCTIONS } from './function-table.js';
import { parseErrorAt } from './parse-error.js';

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['==', '!=', '<', '>', '<=', '>=']);
const SET_OPERATORS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['and', 'or', 'unless']);

export function isComparison(op: BinaryOp): boolean {
  return COMPARISONS.has(op);
}

export function isSetOperator(op: BinaryOp): boolean {
  return SET_OPERATORS.has(op);
}

/** What an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector-selector':
    case 'aggregate':
      return 'vector';
    case 'matrix-selector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return FUNCTIONS.get(expr.func)?.returnType ?? 'none';
    case 'binary':
      return typeOf(expr.lhs) === 'scalar' && typeOf(expr.rhs) === 'scalar' ? 'scalar' : 'vector';
    default:
      return typeOf(expr.expr);
  }
}

/** The name of a type in the documentation and in messages. */
export function documentedType(type: ValueType): string {
  switch (type) {
    case 'vector':
      return 'instant vector';
    case 'matrix':
      return 'range vector';
    default:
      return type;
  }
}

/**
 * Throws at the first thing that is wrong, in upstream's order. Settles what depends on the types of both sides of
 * a binary expression: its `matching` is taken away unless both are vectors, and becomes many-to-many for set
 * operators; that is a change of the tree in place, before anyone else has seen it.
 */
export function typeCheck(text: string, expr: Expr): void {
  new TypeChecker(text).check(expr);
}

class TypeChecker {
  constructor(private readonly text: string) {}

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case 'aggregate':
        this.checkAggregate(expr);
        break;
      case 'binary':
        return this.checkBinary(expr);
      case 'call':
        this.checkCall(expr);
        break;
      case 'paren':
      case 'step-invariant':
        return this.check(expr.expr);
      case 'unary': {
        const type = this.check(expr.expr);
        if (type !== 'scalar' && type !== 'vector') {
          this.fail(
            expr.pos, `unary expression only allowed on expressions of type scalar or instant vector, got "${documentedType(type)}"`,
          );
        }
        return type;
      }
      case 'subquery': {
        const type = this.check(expr.expr);
        if (type !== 'vector') this.fail(expr.pos, `subquery is only allowed on instant vector, got ${type} instead`);
        break;
      }
      case 'matrix-selector':
        this.checkSelector(expr.selector, false);
        break;
      case 'vector-selector':
        this.checkSelector(expr, false);
        break;
    }
    return typeOf(expr);
  }

  private checkAggregate(expr: AggregateExpr): void {
    this.expect(expr.expr, 'vector', 'aggregation expression');
    if (expr.param !== undefined) {
      this.expect(expr.param, expr.op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
    }
  }

  private expect(expr: Expr, want: ValueType, context: string): void {
    const type = this.check(expr);
    if (type !== want) this.fail(expr.pos, `expected type ${documentedType(want)} in ${context}, got ${documentedType(type)}`);
  }

  private checkBinary(expr: BinaryExpr): ValueType {
    const left = this.check(expr.lhs);
    const right = this.check(expr.rhs);
    const { op } = expr;
    const matching = expr.matching!;
    if (expr.returnBool && !isComparison(op)) this.fail(expr.opPos, 'bool modifier can only be used on comparison operators');
    if (isComparison(op) && !expr.returnBool && left === 'scalar' && right === 'scalar') {
      this.fail(expr.opPos, 'comparisons between scalars must use BOOL modifier');
    }
    const included = new Set(matching.include);
    for (const label of matching.on ? matching.labels : []) {
      if (included.has(label)) this.fail(expr.opPos, `label ${goQuote(label)} must not occur in ON and GROUP clause at once`);
    }
    for (const [side, type] of [[expr.lhs, left], [expr.rhs, right]] as const) {
      if (type !== 'scalar' && type !== 'vector') {
        this.fail(side.pos, 'binary expression must contain only scalar and instant vector types');
      }
    }
    const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (left !== 'vector' || right !== 'vector') {
      if (matching.labels.length > 0) this.fail(expr.pos, 'vector matching only allowed between instant vectors');
      if (filled) this.fail(expr.pos, 'filling in missing series only allowed between instant vectors');
      setMatching(expr, undefined);
    } else if (isSetOperator(op)) {
      if (matching.card !== 'one-to-one') this.fail(expr.pos, `no grouping allowed for "${op}" operation`);
      if (filled) this.fail(expr.pos, 'filling in missing series not allowed for set operators');
      setMatching(expr, { ...matching, card: 'many-to-many' });
    }
    if (isSetOperator(op) && (left === 'scalar' || right === 'scalar')) {
      this.fail(expr.pos, `set operator "${op}" not allowed in binary scalar expression`);
    }
    return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
  }

  private checkCall(call: Call): void {
    const { name, argTypes, variadic } = FUNCTIONS.get(call.func)!;
    const count = call.args.length;
    if (variadic === 0) {
      if (count !== argTypes.length) this.fail(call.pos, `expected ${argTypes.length} argument(s) in call to "${name}", got ${count}`);
    } else {
      const least = argTypes.length - 1;
      if (count < least) this.fail(call.pos, `expected at least ${least} argument(s) in call to "${name}", got ${count}`);
      if (variadic > 0 && count > least + variadic) {
        this.fail(call.pos, `expected at most ${least + variadic} argument(s) in call to "${name}", got ${count}`);
      }
    }
    for (let i = 0; i < count; i++) {
      const arg = call.args[i]!;
      const want = argTypes[Math.min(i, argTypes.length - 1)]!;
      if (name === 'info' && i === 1) {
        this.checkInfoSelector(call, arg);
        continue;
      }
      this.expect(arg, want, `call to function "${name}"`);
    }
  }

  /** The second argument of `info` only says which labels of which info metrics: matchers without a metric name, or none. */
  private checkInfoSelector(call: Call, arg: Expr): void {
    const type = typeOf(arg);
    if (type !== 'vector') {
      this.fail(call.pos, `expected type instant vector in call to function "info", got ${documentedType(type)}`);
    }
    if (arg.kind !== 'vector-selector') this.fail(arg.pos, 'expected label selectors only');
    if (arg.name !== '') this.fail(arg.pos, 'expected label selectors only, got vector selector instead');
    this.checkSelector(arg, true);
  }

  private checkSelector(selector: VectorSelector, mayBeEmpty: boolean): void {
    const { name, matchers } = selector;
    if (name !== '') {
      // The last matcher is the one made from the name in front of the braces.
      for (let i = 0; i < matchers.length - 1; i++) {
        if (matchers[i]!.name === METRIC_NAME) {
          this.fail(selector.pos, `metric name must not be set twice: ${goQuote(name)} or ${goQuote(matchers[i]!.value)}`);
        }
      }
      return;
    }
    if (!mayBeEmpty && matchers.every((matcher) => matcher.matchesEmpty())) {
      this.fail(selector.pos, 'vector selector must contain at least one non-empty matcher');
    }
  }

  private fail(pos: Position, message: string): never {
    throw parseErrorAt(this.text, pos, message);
  }
}

function setMatching(expr: BinaryExpr, matching: VectorMatching | undefined): void {
  (expr as { matching: VectorMatching | undefined }).matching = matching;
}
