/**
 * An engine that keeps the results of range queries and computes only the steps that it does not have: a dashboard that is refreshed
 * asks for the same range again, moved by a step or two. What it answers is what the engine below would answer; steps are used
 * again only if no sample changed that they depend on.
 */
import type { SampleChanges } from '../../storage/sample-changes.js';
import type { Queryable } from '../../storage/queryable.js';
import { type Engine, type EngineOptions, QueryError, type QueryOutcome, type QueryRequest } from '../engine/engine-api.js';
import { parseExpr, WHOLE_SYNTAX } from '../parser/parse.js';
import { KeptSubqueries } from './kept-subqueries.js';
import { reachOf } from './reach.js';
import { ResultCache } from './result-cache.js';
import { cut, hasHistograms, join, type Piece, pieceBytes, sampleCount, withOwnArrays } from './result-pieces.js';

/** Steps kept, as a multiple of those of the query: what a window that moves leaves behind is dropped after a while. */
const KEPT_RATIO = 2;
/** Above it the steps of a subquery are computed series by series as part of its query, which holds one series at a time. */
const SUBQUERY_SAMPLES_MAX = 1_000_000;

/**
 * @param create makes the engine below
 * @param bytesMax what the kept results may take, 0 = keep none
 */
export function cachedEngine(
  create: (options: EngineOptions) => Engine, options: EngineOptions, changes: SampleChanges, bytesMax: number,
): Engine {
  const inner = create(options);
  if (bytesMax === 0) return inner;
  const cache = new ResultCache(bytesMax, changes);
  const innerOptions = { ...options, maxSamples: Math.min(options.maxSamples, SUBQUERY_SAMPLES_MAX) };
  const forSubqueries = create(innerOptions);
  const subqueries = new KeptSubqueries(options, (storage, request) => query(forSubqueries, innerOptions, cache, storage, request));
  return {
    query: (storage, request) => {
      if (request.uncached === true) return inner.query(storage, request);
      const offering = subqueries.offer(storage, request);
      const isRange = request.stepMs > 0 && request.endMs >= request.startMs;
      return isRange ? query(inner, options, cache, storage, offering) : inner.query(storage, offering);
    },
  };
}

function query(inner: Engine, options: EngineOptions, cache: ResultCache, storage: Queryable, request: QueryRequest): QueryOutcome {
  const { stepMs, startMs: firstMs } = request;
  const lastMs = firstMs + Math.floor((request.endMs - firstMs) / stepMs) * stepMs;
  const key = cacheKey(request);
  // Before anything is read: what changes from now on makes the result old.
  const mark = cache.mark();
  const known = cache.find(key, mark);
  if (known === undefined || known.firstMs > lastMs + stepMs || known.lastMs < firstMs - stepMs) {
    const outcome = inner.query(storage, request);
    const piece = pieceOf(outcome);
    const reach = piece && reachOf(parse(request.text), optionsOf(options, request));
    if (piece !== undefined && reach !== undefined) cache.keep(key, { firstMs, lastMs, stepMs, piece, reach, mark });
    return outcome;
  }
  const begunMs = performance.now();
  const before = firstMs < known.firstMs
    ? inner.query(storage, { ...request, endMs: known.firstMs - stepMs }) : undefined;
  const after = lastMs > known.lastMs
    ? inner.query(storage, { ...request, startMs: known.lastMs + stepMs }) : undefined;
  const fresh = [before, after].filter((outcome) => outcome !== undefined);
  // Of one text that both tell, perhaps at two places, one place stays: which one, only the query as a whole knows.
  if (fresh.length === 2 && fresh.every(hasNotes)) return inner.query(storage, request);
  const pieces = [matrixOf(before), known.piece, matrixOf(after)];
  const range = { firstMs: Math.min(firstMs, known.firstMs), lastMs: Math.max(lastMs, known.lastMs) };
  const keepable = fresh.every((outcome) => pieceOf(outcome) !== undefined);
  if (!keepable) {
    // Histograms or annotations: given out, not kept.
    pieces[1] = cut(known.piece, firstMs, lastMs);
    return outcomeOf(join(pieces), fresh, options, request, begunMs);
  }
  const all = join(pieces);
  const wanted = cut(all, firstMs, lastMs);
  if (range.lastMs - range.firstMs <= KEPT_RATIO * (lastMs - firstMs)) cache.keep(key, { ...known, ...range, piece: all });
  else cache.keep(key, { ...known, firstMs, lastMs, piece: withOwnArrays(wanted) });
  return outcomeOf(wanted, fresh, options, request, begunMs);
}

/** Steps of another phase are other times. */
function cacheKey({ text, stepMs, startMs, lookbackDeltaMs, insideSubquery = false }: QueryRequest): string {
  return `${stepMs} ${startMs % stepMs} ${lookbackDeltaMs} ${insideSubquery} ${text}`;
}

function optionsOf(options: EngineOptions, request: QueryRequest): Pick<EngineOptions, 'lookbackDeltaMs'> {
  return request.lookbackDeltaMs > 0 ? request : options;
}

/** The text was evaluated before, so that it parses. */
function parse(text: string): ReturnType<typeof parseExpr> {
  return parseExpr(text, WHOLE_SYNTAX);
}

/** What can be kept of an outcome. Annotations belong to steps that are not known; histograms are rare and have no known size. */
function pieceOf(outcome: QueryOutcome): Piece | undefined {
  if (outcome.result.type !== 'matrix' || hasNotes(outcome)) return undefined;
  return hasHistograms(outcome.result.series) ? undefined : outcome.result.series;
}

function hasNotes({ warnings, infos }: QueryOutcome): boolean {
  return warnings.length > 0 || infos.length > 0;
}

function matrixOf(outcome: QueryOutcome | undefined): Piece {
  return outcome?.result.type === 'matrix' ? outcome.result.series : [];
}

/** @throws QueryError if the answer has more samples than a query may hold @throws MemoryLimitError */
function outcomeOf(
  series: Piece, fresh: readonly QueryOutcome[], options: EngineOptions, request: QueryRequest, begunMs: number,
): QueryOutcome {
  const samples = sampleCount(series);
  if (samples > options.maxSamples) {
    throw new QueryError('execution', 'query processing would load too many samples into memory in query execution');
  }
  request.memory?.take(pieceBytes(series));
  const stats = { totalQueryableSamples: 0, samplesRead: 0, peakSamples: samples, preparationMs: 0, evaluationMs: 0, sortMs: 0 };
  for (const { stats: part } of fresh) {
    stats.totalQueryableSamples += part.totalQueryableSamples;
    stats.samplesRead += part.samplesRead;
    stats.peakSamples = Math.max(stats.peakSamples, part.peakSamples);
  }
  stats.evaluationMs = performance.now() - begunMs;
  return {
    result: { type: 'matrix', series },
    warnings: [...new Set(fresh.flatMap((outcome) => outcome.warnings))],
    infos: [...new Set(fresh.flatMap((outcome) => outcome.infos))],
    stats,
  };
}
