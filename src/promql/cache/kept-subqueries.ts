/**
 * Steps of subqueries from kept results: the inner expression of `max_over_time(rate(x[5m])[1h:1m])` is a range query of its own, on a grid
 * that does not depend on when the query is asked, so that the next one needs a step or two that the last one did not have.
 */
import type { Queryable } from '../../storage/queryable.js';
import { type EngineOptions, QueryError, type QueryOutcome, type QueryRequest, type ResultSeries } from '../engine/engine-api.js';
import type { StepGrid } from '../engine/step-grid.js';
import { parseExpr, WHOLE_SYNTAX } from '../parser/parse.js';
import { reachOf } from './reach.js';
import { hasHistograms } from './result-pieces.js';

/** Texts of inner expressions that are remembered, with whether they can be kept. Above it the table starts anew. */
const TEXTS_MAX = 1_000;

/** Evaluates a range query with kept results. */
type Evaluate = (storage: Queryable, request: QueryRequest) => QueryOutcome;

export class KeptSubqueries {
  private readonly canKeep = new Map<string, boolean>();

  constructor(private readonly options: EngineOptions, private readonly evaluate: Evaluate) {}

  /** The request, answering for its subqueries from kept results where that gives the same. */
  offer(storage: Queryable, request: QueryRequest): QueryRequest {
    // Removed names are known at the end of the query only, and series are counted over all selectors of a query.
    if (this.options.enableDelayedNameRemoval || this.options.maxSeries > 0) return request;
    const offering: QueryRequest = { ...request, innerSteps: (text, grid) => this.steps(text, grid, storage, offering) };
    return offering;
  }

  private steps(text: string, grid: StepGrid, storage: Queryable, request: QueryRequest): readonly ResultSeries[] | undefined {
    if (!this.mayKeep(text)) return undefined;
    const { startMs, endMs, stepMs } = grid;
    let outcome: QueryOutcome;
    try {
      outcome = this.evaluate(storage, { ...request, text, startMs, endMs, stepMs, insideSubquery: true });
    } catch (error) {
      // Too many samples to be kept, or an error of the expression, which then comes with the query around it.
      if (!(error instanceof QueryError) || error.code !== 'execution') throw error;
      this.canKeep.set(text, false);
      return undefined;
    }
    const { result, warnings, infos } = outcome;
    if (result.type === 'matrix' && warnings.length === 0 && infos.length === 0 && !hasHistograms(result.series)) return result.series;
    // Annotations name places of the whole query, and histograms are not kept.
    this.canKeep.set(text, false);
    return undefined;
  }

  private mayKeep(text: string): boolean {
    let may = this.canKeep.get(text);
    if (may === undefined) {
      const expr = parseExpr(text, WHOLE_SYNTAX);
      may = reachOf(expr, this.options) !== undefined;
      if (this.canKeep.size >= TEXTS_MAX) this.canKeep.clear();
      this.canKeep.set(text, may);
    }
    return may;
  }
}
