/**
 * Which of two places in a query upstream evaluates later. Our operators run series after series and in no order that could be
 * told; where the order shows (annotations), it is worked out from the tree: operands before their operator, in the order of the
 * text, but a subquery before the other arguments of its function.
 */
import type { Expr, Position } from '../parser/ast.js';
import { childrenOf } from '../parser/children.js';

/** What says something about a place: the node that is there, or the one whose operand is there. */
export type NoteSource = 'node' | 'operand';

/** The place that a note shows. */
export interface NotePosition extends Position {
  /** The operand that is meant, where upstream has lost its place and shows another one. */
  readonly operand?: Position;
}

export class EvaluationOrder {
  private readonly nodes = new Map<string, number>();
  private readonly operands = new Map<string, number>();
  private visited = false;
  private count = 0;

  constructor(private readonly expr: Expr) {}

  first(places: readonly NotePosition[], source: NoteSource): NotePosition {
    return places.length === 1 ? places[0]! : places.reduce((a, b) => (this.rank(b, source) < this.rank(a, source) ? b : a));
  }

  last(places: readonly NotePosition[], source: NoteSource): NotePosition {
    return places.length === 1 ? places[0]! : places.reduce((a, b) => (this.rank(b, source) > this.rank(a, source) ? b : a));
  }

  private rank(place: NotePosition, source: NoteSource): number {
    // Most queries say nothing twice and need no ranks.
    if (!this.visited) this.visit(this.expr);
    this.visited = true;
    return (source === 'node' ? this.nodes : this.operands).get(keyOf(place.operand ?? place)) ?? -1;
  }

  private visit(expr: Expr): void {
    const children = childrenOf(expr);
    const subqueries = expr.kind === 'call' ? children.filter(isSubquery) : [];
    for (const child of subqueries) this.visit(child);
    for (const child of children) if (!subqueries.includes(child)) this.visit(child);
    const rank = this.count++;
    this.nodes.set(keyOf(expr.pos), rank);
    for (const child of children) {
      for (let operand = child; ; operand = operand.expr) {
        this.operands.set(keyOf(operand.pos), rank);
        if (!isWrapper(operand)) break;
      }
    }
  }
}

function isSubquery(expr: Expr): boolean {
  let inner = expr;
  while (isWrapper(inner)) inner = inner.expr;
  return inner.kind === 'subquery';
}

/** What stands around an operand without computing anything: operators mean what is inside. */
function isWrapper(expr: Expr): expr is Extract<Expr, { kind: 'paren' | 'step-invariant' }> {
  return expr.kind === 'paren' || expr.kind === 'step-invariant';
}

function keyOf({ start, end }: Position): string {
  return `${start}:${end}`;
}
