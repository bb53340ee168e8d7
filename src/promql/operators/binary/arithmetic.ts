import { pow } from '../../functions/math.js';
import type { BinaryOp } from '../../parser/ast.js';

export type FloatBinary = (a: number, b: number) => number;
export type FloatComparison = (a: number, b: number) => boolean;

const ARITHMETIC: Partial<Record<BinaryOp, FloatBinary>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': pow,
  atan2: (a, b) => Math.atan2(a, b),
};

const COMPARISON: Partial<Record<BinaryOp, FloatComparison>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

export function floatBinary(op: BinaryOp): FloatBinary | undefined {
  return ARITHMETIC[op];
}

export function floatComparison(op: BinaryOp): FloatComparison | undefined {
  return COMPARISON[op];
}

/** Comparisons without `bool` filter, trimming takes away: both keep the metric name. The others compute something new. */
export function makesNewMetric(op: BinaryOp, returnBool: boolean): boolean {
  return returnBool || (floatComparison(op) === undefined && op !== '</' && op !== '>/');
}
