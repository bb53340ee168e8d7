import { QueryError } from '../../engine/engine-api.js';
import { isLabelName } from '../../engine/label-text.js';
import type { OperatorBuilder } from '../../engine/operator-builder.js';
import type { EvalFrame } from '../../engine/query-context.js';
import { goQuote } from '../../../model/go-quote.js';
import type { AggregateExpr } from '../../parser/ast.js';
import { withoutParens } from '../../plan/plan.js';
import { uniqueSeries } from '../merge-series.js';
import type { VectorOperator } from '../operator.js';
import type { Accumulator } from './accumulator.js';
import { AggregateOperator } from './aggregate.js';
import { AvgAccumulator } from './avg.js';
import { CountAccumulator } from './count-group.js';
import { CountValuesOperator } from './count-values.js';
import { DeviationAccumulator } from './deviation.js';
import type { GroupingClause, Groups } from './grouping.js';
import { LimitCountOperator, LimitRatioOperator } from './limit.js';
import { MinMaxAccumulator } from './min-max.js';
import { QuantileAccumulator } from './quantile.js';
import { RankOperator } from './rank.js';
import { SumAccumulator } from './sum.js';

export function buildAggregate(build: OperatorBuilder, expr: AggregateExpr, frame: EvalFrame): VectorOperator {
  const clause: GroupingClause = { labels: expr.grouping, without: expr.without };
  const input = build.vector(expr.expr, frame);
  switch (expr.op) {
    case 'topk':
    case 'bottomk':
      return new RankOperator(frame, expr.op, input, build.scalar(expr.param!, frame), clause, expr.pos);
    case 'limitk':
      return new LimitCountOperator(frame, input, build.scalar(expr.param!, frame), clause);
    case 'limit_ratio':
      return new LimitRatioOperator(frame, input, build.scalar(expr.param!, frame), expr.param!.pos);
    case 'count_values':
      return uniqueSeries(new CountValuesOperator(frame, input, valueLabel(expr), clause), undefined, frame, true);
    default:
      return new AggregateOperator(frame, input, clause, accumulatorOf(build, expr, frame));
  }
}

function accumulatorOf(build: OperatorBuilder, expr: AggregateExpr, frame: EvalFrame): (groups: Groups) => Accumulator {
  const { query } = frame;
  const steps = frame.grid.count;
  const pos = expr.expr.pos;
  const op = expr.op;
  switch (op) {
    case 'sum':
      return (groups) => new SumAccumulator(groups.labels.length, steps, query, pos);
    case 'avg':
      return (groups) => new AvgAccumulator(groups.labels.length, steps, query, pos);
    case 'min':
    case 'max':
      return (groups) => new MinMaxAccumulator(op, groups.labels.length, steps, query, pos);
    case 'count':
    case 'group':
      return (groups) => new CountAccumulator(op, groups.labels.length, steps);
    case 'stddev':
    case 'stdvar':
      return (groups) => new DeviationAccumulator(op, groups.labels.length, steps, query, pos);
    default: {
      const q = build.scalar(expr.param!, frame);
      return (groups) => {
        // All values are kept.
        query.limits.checkCells(groups.groupOf.length * steps);
        return new QuantileAccumulator(q, groups, steps, query, pos, expr.param!.pos);
      };
    }
  }
}

function valueLabel(expr: AggregateExpr): string {
  const param = withoutParens(expr.param!);
  const name = param.kind === 'string' ? param.value : '';
  if (!isLabelName(name)) throw new QueryError('execution', `invalid label name ${goQuote(name)}`);
  return name;
}
