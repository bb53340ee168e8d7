import { invariant } from '../../invariant.js';
import type { OperatorBuilder } from '../engine/operator-builder.js';
import type { EvalFrame } from '../engine/query-context.js';
import type { ScalarOperator } from '../operators/operator.js';
import { constantScalar, scalarOfVector, timeScalar, zipScalars } from '../operators/scalar.js';
import { maxOf, minOf } from './math.js';
import type { Call } from '../parser/ast.js';

/** The functions that give a scalar. */
export function scalarCall(build: OperatorBuilder, call: Call, frame: EvalFrame): ScalarOperator {
  const { queryGrid, queryEndMs, isRangeQuery } = frame.query;
  switch (call.func) {
    case 'time':
      return timeScalar(frame);
    case 'pi':
      return constantScalar(frame, Math.PI);
    case 'start':
      return constantScalar(frame, queryGrid.startMs / 1000);
    case 'end':
      return constantScalar(frame, queryEndMs / 1000);
    case 'step':
      return constantScalar(frame, isRangeQuery ? queryGrid.stepMs / 1000 : 0);
    case 'range':
      return constantScalar(frame, (queryEndMs - queryGrid.startMs) / 1000);
    case 'min_of':
      return zipScalars(build.scalar(call.args[0]!, frame), build.scalar(call.args[1]!, frame), minOf);
    case 'max_of':
      return zipScalars(build.scalar(call.args[0]!, frame), build.scalar(call.args[1]!, frame), maxOf);
    case 'scalar':
      return scalarOfVector(frame, build.vector(call.args[0]!, frame));
    default:
      invariant(false, `no scalar function ${call.func}`);
  }
}
