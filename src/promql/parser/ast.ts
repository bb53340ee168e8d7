/**
 * The syntax tree of PromQL (Prometheus 3.14). Plain, immutable data; every node carries its place in the text.
 * Times and durations are in milliseconds.
 */
import type { Matcher } from '../../model/matcher.js';

/** Offsets in UTF-16 units of the query text, `end` exclusive. Positions in messages are 1-based (line:column). */
export interface Position {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string' | 'none';

export type Expr =
  | NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | SubqueryExpr
  | UnaryExpr | BinaryExpr | AggregateExpr | Call | ParenExpr | StepInvariantExpr;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** True if it was written as a duration (`5m`), which the printer keeps. */
  readonly duration: boolean;
  readonly pos: Position;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly pos: Position;
}

/**
 * Duration expressions (`[5m + 30s]`, `offset (step() * 2)`, `min_of(…)`): kept symbolic until the query's step and
 * range are known. A plain duration is a `number` node in seconds.
 */
export type DurationExpr =
  /** Seconds; `duration`: written as `5m`, which the printer keeps. */
  | { readonly kind: 'number'; readonly value: number; readonly duration: boolean; readonly parens: boolean; readonly pos: Position }
  | { readonly kind: 'step' | 'range'; readonly parens: boolean; readonly pos: Position }
  | { readonly kind: 'unary'; readonly op: '+' | '-'; readonly expr: DurationExpr; readonly parens: boolean; readonly pos: Position }
  | {
      readonly kind: 'binary';
      readonly op: DurationOp;
      readonly lhs: DurationExpr;
      readonly rhs: DurationExpr;
      readonly parens: boolean;
      readonly pos: Position;
    };

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';

/** `@ 12.5`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

export interface VectorSelector {
  readonly kind: 'vector-selector';
  /** Metric name as written before the braces, '' if it is only in the matchers. Also present in `matchers`. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  /** `anchored` / `smoothed` range selectors (experimental). */
  readonly anchored: boolean;
  readonly smoothed: boolean;
  readonly pos: Position;
}

export interface MatrixSelector {
  readonly kind: 'matrix-selector';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  readonly pos: Position;
}

export interface SubqueryExpr {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | undefined;
  /** 0: the default evaluation interval. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | undefined;
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  readonly pos: Position;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
  readonly pos: Position;
}

export type BinaryOp =
  | '+' | '-' | '*' | '/' | '%' | '^' | 'atan2'
  | '==' | '!=' | '<' | '>' | '<=' | '>='
  | '</' | '>/'
  | 'and' | 'or' | 'unless';

export type MatchCardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  readonly card: MatchCardinality;
  /** Labels of `on(…)` or `ignoring(…)`. */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** Labels of `group_left(…)` / `group_right(…)`. */
  readonly include: readonly string[];
  /** `fill`, `fill_left`, `fill_right` values, undefined where not given. */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Present iff both sides are vectors. */
  readonly matching: VectorMatching | undefined;
  readonly returnBool: boolean;
  readonly pos: Position;
  /** Place of the operator itself: some errors point there. */
  readonly opPos: Position;
}

export type AggregateOp =
  | 'sum' | 'avg' | 'count' | 'min' | 'max' | 'group' | 'stddev' | 'stdvar'
  | 'topk' | 'bottomk' | 'quantile' | 'count_values' | 'limitk' | 'limit_ratio';

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly pos: Position;
}

export interface Call {
  readonly kind: 'call';
  /** Key into the function table. */
  readonly func: string;
  readonly args: readonly Expr[];
  readonly pos: Position;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly pos: Position;
}

/** Put in by the planner, never by the parser: the value is the same at every step, evaluate once. */
export interface StepInvariantExpr {
  readonly kind: 'step-invariant';
  readonly expr: Expr;
  readonly pos: Position;
}
