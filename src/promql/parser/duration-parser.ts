/**
 * Durations where a range, step or offset is expected: `5m`, `300`, and (experimental) arithmetic over them with
 * `step()`, `range()`, `min_of(…)` and `max_of(…)`.
 */
import type { DurationExpr, DurationOp, Position } from './ast.js';
import { MAX_DURATION_SECONDS, parseDuration, parseNumber, secondsToMs } from './number-literal.js';
import type { Token } from './token.js';
import type { TokenReader } from './token-reader.js';

/** A duration as the tree has it: milliseconds if it is plain, else an expression (and 0 ms). */
export interface ParsedDuration {
  readonly ms: number;
  readonly expr: DurationExpr | undefined;
}

const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };
const UNARY_PRECEDENCE = 2;

/** What is reported when something else stands where a duration should be: upstream has a text for each place. */
interface Place {
  readonly context: string;
  readonly expected: string;
}

const OPERANDS = 'number, duration, step(), or range()';
const OFFSET: Place = { context: 'offset', expected: OPERANDS };
const RANGE: Place = { context: 'subquery or range selector', expected: OPERANDS };
const STEP: Place = { context: 'subquery selector', expected: 'number, duration, step(), range(), or "]"' };

export class DurationParser {
  private depth = 0;

  constructor(
    private readonly reader: TokenReader,
    private readonly expressionsEnabled: boolean,
    private readonly maxDepth: number,
  ) {}

  /** The range behind `[`. */
  parseRange(): ParsedDuration {
    return this.positive(this.expression(0, RANGE));
  }

  /** The step behind `[range:`. */
  parseStep(): ParsedDuration {
    return this.positive(this.expression(0, STEP));
  }

  /** Behind `offset`: one operand, with a sign perhaps. `a offset 5m + b` adds `b`, so arithmetic needs parentheses. */
  parseOffset(): ParsedDuration {
    const token = this.reader.peek();
    return this.settle(this.signed(OFFSET, (place) => this.operand(place, token)));
  }

  private positive(duration: DurationExpr): ParsedDuration {
    // The token behind decides first: upstream's parser has read it by now.
    this.reader.peek();
    if (isPlain(duration) && !(duration.value > 0)) throw this.reader.error(duration.pos, 'duration must be greater than 0');
    return this.settle(duration);
  }

  private settle(duration: DurationExpr): ParsedDuration {
    this.checkDepth(duration);
    return isPlain(duration) ? { ms: secondsToMs(duration.value), expr: undefined } : { ms: 0, expr: duration };
  }

  /** Chains like `5m + 1m + …` are parsed in a loop but are as deep as they are long, and what comes after is recursive. */
  private checkDepth(root: DurationExpr): void {
    let level: DurationExpr[] = [root];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > this.maxDepth) throw this.reader.error(level[0]!.pos, `expression is nested too deeply, limit ${this.maxDepth} levels`);
      level = level.flatMap((expr) => (expr.kind === 'binary' ? [expr.lhs, expr.rhs] : expr.kind === 'unary' ? [expr.expr] : []));
    }
  }

  private expression(minPrecedence: number, place: Place): DurationExpr {
    if (++this.depth > this.maxDepth) {
      throw this.reader.error(this.reader.peek(), `expression is nested too deeply, limit ${this.maxDepth} levels`);
    }
    let lhs = this.signed(place, (inner) => this.expression(UNARY_PRECEDENCE + 1, inner));
    for (;;) {
      const token = this.reader.peek();
      const precedence = PRECEDENCE[token.kind];
      if (precedence === undefined || precedence < minPrecedence) break;
      this.reader.take();
      const rhs = this.expression(token.kind === '^' ? precedence : precedence + 1, place);
      this.requireExpressions(lhs.pos);
      if (isPlain(rhs) && rhs.value === 0) {
        if (token.kind === '/') throw this.reader.error(token, 'division by zero');
        if (token.kind === '%') throw this.reader.error(token, 'modulo by zero');
      }
      lhs = { kind: 'binary', op: token.kind as DurationOp, lhs, rhs, parens: false, pos: { start: lhs.pos.start, end: rhs.pos.end } };
    }
    this.depth--;
    return lhs;
  }

  /** A sign and what `next` reads, or an operand. A sign is drawn into a plain number. */
  private signed(place: Place, next: (place: Place) => DurationExpr): DurationExpr {
    const token = this.reader.peek();
    if (token.kind !== '+' && token.kind !== '-') return this.operand(place);
    this.reader.take();
    const expr = next(place);
    const pos = { start: token.start, end: expr.pos.end };
    if (isPlain(expr)) return { ...expr, value: token.kind === '-' ? -expr.value : expr.value, pos };
    this.requireExpressions(pos);
    return token.kind === '-' ? { kind: 'unary', op: '-', expr, parens: false, pos } : { ...expr, pos };
  }

  /** @param sign before the operand of an offset: where upstream reports that it is out of range */
  private operand(place: Place, sign?: Token): DurationExpr {
    const token = this.reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration':
        this.reader.take();
        return {
          kind: 'number', value: this.literal(token, sign ?? token), duration: token.kind === 'duration', parens: false, pos: token,
        };
      case 'step':
      case 'range': {
        this.reader.take();
        this.expect('(', place);
        const pos = { start: token.start, end: this.expect(')', place).end };
        this.requireExpressions(pos);
        return { kind: token.kind, parens: false, pos };
      }
      case '(': {
        this.reader.take();
        const expr = this.expression(0, place);
        this.expect(')', place);
        this.requireExpressions(expr.pos);
        // A plain number keeps no trace of its parentheses, and nothing gets its place from them: as upstream.
        return expr.kind === 'number' ? expr : { ...expr, parens: true };
      }
      case 'min_of':
      case 'max_of':
        return this.choice(token.kind, place);
    }
    throw this.reader.unexpected(place.context, place.expected);
  }

  /** `min_of(a, b)`, `max_of(a, b)`. */
  private choice(op: 'min_of' | 'max_of', place: Place): DurationExpr {
    const { start } = this.reader.take();
    this.expect('(', place);
    const lhs = this.expression(0, place);
    this.expect(',', place);
    const rhs = this.expression(0, place);
    const pos = { start, end: this.expect(')', place).end };
    this.requireExpressions(pos);
    return { kind: 'binary', op, lhs, rhs, parens: false, pos };
  }

  private literal(token: Token, rangeErrorAt: Token): number {
    const value = token.kind === 'number' ? parseNumber(token.text) : parseDuration(token.text);
    if (typeof value === 'string') throw this.reader.error(token, value);
    if (Math.abs(value) > MAX_DURATION_SECONDS || Number.isNaN(value)) {
      throw this.reader.error(rangeErrorAt, 'duration out of range');
    }
    return value;
  }

  private expect(kind: '(' | ')' | ',', place: Place): Token {
    const token = this.reader.accept(kind);
    if (token === undefined) throw this.reader.unexpected(place.context, place.expected);
    return token;
  }

  private requireExpressions(pos: Position): void {
    if (!this.expressionsEnabled) throw this.reader.error(pos, 'experimental duration expression is not enabled');
  }
}

function isPlain(duration: DurationExpr): duration is DurationExpr & { kind: 'number' } {
  return duration.kind === 'number';
}
