import type { NotePosition } from '../engine/evaluation-order.js';
import type { QueryContext } from '../engine/query-context.js';
import { HistogramNote } from '../histogram/notes.js';
import type { BinaryOp, Position } from '../parser/ast.js';

/** Notes of a range function (rate, delta, sum_over_time, …) over a named metric. */
export function annotateRange(notes: number, query: QueryContext, metricName: string, pos: NotePosition): void {
  const { annotations } = query;
  if (notes & HistogramNote.mixedSchemas) annotations.mixedExponentialCustom(metricName, pos);
  if (notes & HistogramNote.mixedFloats) annotations.mixedFloatsHistograms(metricName, pos);
  if (notes & HistogramNote.notCounter) annotations.histogramNotCounter(metricName, pos);
  if (notes & HistogramNote.notGauge) annotations.histogramNotGauge(metricName, pos);
  if (notes & HistogramNote.startTimeOverlap) annotations.startTimeOverlap(metricName, pos);
  if (notes & HistogramNote.reconciledAddition) annotations.mismatchedBoundsReconciled('addition', pos, 'operand');
  if (notes & HistogramNote.reconciledSubtraction) annotations.mismatchedBoundsReconciled('subtraction', pos, 'operand');
}

/** Notes of `sum`, `avg` and of the same over time. */
export function annotateAggregation(notes: number, query: QueryContext, metricName: string, pos: NotePosition): void {
  const { annotations } = query;
  if (notes & HistogramNote.mixedSchemas) annotations.mixedExponentialCustom(metricName, pos);
  if (notes & HistogramNote.reconciledAddition) annotations.mismatchedBoundsReconciled('aggregation', pos, 'operand');
  if (notes & HistogramNote.resetCollision) annotations.counterResetCollision('aggregation', pos);
}

/** Notes of `+` and `-`. */
export function annotateBinary(notes: number, query: QueryContext, op: BinaryOp, pos: Position): void {
  const { annotations } = query;
  if (notes & HistogramNote.mixedSchemas) annotations.incompatibleBucketLayout(op, pos);
  if (notes & HistogramNote.reconciledAddition) annotations.mismatchedBoundsReconciled('addition', pos, 'node');
  if (notes & HistogramNote.reconciledSubtraction) annotations.mismatchedBoundsReconciled('subtraction', pos, 'node');
  if (notes & HistogramNote.resetCollision) annotations.counterResetCollision(op === '+' ? 'addition' : 'subtraction', pos);
}
