/** Short ways to ask an engine in tests. */
import { createEngine } from '../../src/promql/engine/engine.js';
import type { EngineOptions, QueryOutcome, QueryRequest } from '../../src/promql/engine/engine-api.js';
import type { Queryable } from '../../src/storage/queryable.js';

/** A server's engine: nothing experimental, names removed at once. */
export const PLAIN_ENGINE: EngineOptions = {
  lookbackDeltaMs: 300_000,
  maxSamples: 50_000_000,
  maxSeries: 0,
  defaultEvaluationIntervalMs: 60_000,
  enableDelayedNameRemoval: false,
  enableExperimentalFunctions: false,
};

/** Times in seconds. */
export function instant(storage: Queryable, text: string, at: number, options: Partial<EngineOptions> = {}): QueryOutcome {
  return ask(storage, { text, startMs: at * 1000, endMs: at * 1000, stepMs: 0 }, options);
}

export function range(
  storage: Queryable, text: string, start: number, end: number, step: number, options: Partial<EngineOptions> = {},
): QueryOutcome {
  return ask(storage, { text, startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000 }, options);
}

export function ask(
  storage: Queryable,
  request: Pick<QueryRequest, 'text' | 'startMs' | 'endMs' | 'stepMs'> & Partial<QueryRequest>,
  options: Partial<EngineOptions> = {},
): QueryOutcome {
  const engine = createEngine({ ...PLAIN_ENGINE, ...options });
  return engine.query(storage, { lookbackDeltaMs: 0, stopRequested: () => undefined, ...request });
}

/** `labels value@seconds …` a series: results as text, to be compared as a whole. */
export function lines(outcome: QueryOutcome): string[] {
  const { result } = outcome;
  if (result.type === 'scalar' || result.type === 'string') return [String(result.value)];
  return result.series.map((series) => {
    const points = Array.from(series.timestamps, (time, i) => `${series.values[i]}@${time / 1000}`);
    const histograms = series.histogramTimestamps.map((time, i) => `count ${series.histograms[i]!.count}@${time / 1000}`);
    return [series.labels.toString(), ...points, ...histograms].join(' ');
  });
}
