/** Runs a parsed script against an engine over some storage. */
import type { Histogram } from '../../model/histogram.js';
import { Labels } from '../../model/labels.js';
import { createEngine } from '../../promql/engine/engine.js';
import { type Engine, type EngineOptions, QueryError, type QueryOutcome, type QueryResult } from '../../promql/engine/engine-api.js';
import { ParseError } from '../../promql/parser/parse.js';
import type { Queryable } from '../../storage/queryable.js';
import { pinnedQuery } from './at-modifier.js';
import {
  type Sample, compareAnnotations, compareMatrix, compareVector, describePattern, numbersMatch, samplesByTime, textMatches,
} from './compare.js';
import type { StoredSample } from './memory-storage.js';
import { customBucketSeries } from './nhcb.js';
import { type Command, type EvalCommand, type LoadCommand, parseScript } from './script.js';

/** A storage that scripts can load. One is made per script. */
export interface ScriptStorage {
  readonly queryable: Queryable;
  append(labels: Labels, samples: readonly StoredSample[]): void;
  /** Called after each `load`: from now on everything that was appended is visible. */
  commit(): void;
  clear(): void;
  close(): void;
}

export interface Failure {
  readonly line: number;
  readonly query: string;
  /** How it was evaluated: as written, as a range query around its time, pinned by `@`. */
  readonly mode: 'as written' | 'as range' | 'with @';
  readonly message: string;
}

export interface ScriptReport {
  /** Evaluations of the script; one passes if all its modes do. */
  readonly total: number;
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** The engine that upstream's scripts expect: everything experimental on. */
export const SCRIPT_ENGINE: EngineOptions = {
  lookbackDeltaMs: 300_000,
  maxSamples: 50_000_000,
  maxSeries: 0,
  defaultEvaluationIntervalMs: 60_000,
  enableDelayedNameRemoval: true,
  enableExperimentalFunctions: true,
  useStartTimestamps: true,
};

/** @throws ScriptError if the script cannot be read */
export function runScript(text: string, createStorage: () => ScriptStorage, options: EngineOptions = SCRIPT_ENGINE): ScriptReport {
  const commands = parseScript(text);
  const storage = createStorage();
  try {
    return runCommands(commands, storage, createEngine(options));
  } finally {
    storage.close();
  }
}

function runCommands(commands: readonly Command[], storage: ScriptStorage, engine: Engine): ScriptReport {
  const failures: Failure[] = [];
  let total = 0;
  let passed = 0;
  for (const command of commands) {
    if (command.kind === 'clear') storage.clear();
    else if (command.kind === 'load') load(command, storage);
    else {
      total++;
      const failure = evaluate(command, storage.queryable, engine);
      if (failure === undefined) passed++;
      else failures.push(failure);
    }
  }
  return { total, passed, failures };
}

function load(command: LoadCommand, storage: ScriptStorage): void {
  for (const { labels, points, startTimes } of command.series) {
    const samples: StoredSample[] = [];
    points.forEach((point, i) => {
      if (point === 'gap') return;
      const timestampMs = i * command.stepMs;
      const relative = startTimes[i];
      const startMs = relative === undefined ? 0 : timestampMs + relative;
      samples.push({ timestampMs, startMs, value: typeof point === 'object' ? point.histogram : point });
    });
    storage.append(labels, samples);
  }
  if (command.withNhcb) {
    for (const { labels, samples } of customBucketSeries(command.series, command.stepMs)) storage.append(labels, samples);
  }
  storage.commit();
}

function evaluate(command: EvalCommand, storage: Queryable, engine: Engine): Failure | undefined {
  const failure = (mode: Failure['mode'], message: string | undefined): Failure | undefined =>
    message === undefined ? undefined : { line: command.line, query: command.query, mode, message };
  const asWritten = failure('as written', attempt(command, () => checkAsWritten(command, storage, engine)));
  if (asWritten !== undefined || command.stepMs > 0 || command.fail !== undefined) return asWritten;
  if (command.rangeVector !== undefined || command.expectedString !== undefined) return undefined;
  const asRange = failure('as range', attempt(command, () => checkAsRange(command, storage, engine)));
  return asRange ?? failure('with @', attempt(command, () => checkPinned(command, storage, engine)));
}

/** An exception is a difference, too, unless the script expects the query to fail. */
function attempt(command: EvalCommand, check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return command.fail === undefined ? `failed: ${error.message}${placeOf(error)}` : checkFailure(command, error.message);
  }
}

/** Where an exception that is no answer of the engine came from. */
function placeOf(error: Error): string {
  if (error instanceof QueryError || error instanceof ParseError) return '';
  return ` ${error.stack?.split('\n')[1]?.trim() ?? ''}`;
}

function checkFailure(command: EvalCommand, message: string): string | undefined {
  return textMatches(command.fail!, message) ? undefined : `expected failure ${describePattern(command.fail!)}, got: ${message}`;
}

function run(engine: Engine, storage: Queryable, text: string, startMs: number, endMs: number, stepMs: number): QueryOutcome {
  return engine.query(storage, { text, startMs, endMs, stepMs, lookbackDeltaMs: 0, stopRequested: () => undefined });
}

function checkAsWritten(command: EvalCommand, storage: Queryable, engine: Engine): string | undefined {
  const outcome = run(engine, storage, command.query, command.startMs, command.endMs, command.stepMs);
  if (command.fail !== undefined) return `expected failure ${describePattern(command.fail)}, but it succeeded`;
  return checkResult(command, outcome.result) ?? compareAnnotations(command, outcome);
}

function checkResult(command: EvalCommand, result: QueryResult): string | undefined {
  if (command.stepMs > 0) {
    if (result.type !== 'matrix') return `got a ${result.type}`;
    return compareMatrix(command, result.series, command.startMs, command.stepMs);
  }
  switch (result.type) {
    case 'string':
      return result.value === command.expectedString ? undefined : `expected string ${String(command.expectedString)}, got ${result.value}`;
    case 'scalar':
      return checkScalar(command, result.value);
    case 'matrix': {
      const times = command.rangeVector;
      return times === undefined ? 'got a matrix, expected none' : compareMatrix(command, result.series, times.startMs, times.stepMs);
    }
    case 'vector':
      if (command.expectedScalar !== undefined) return `expected scalar ${command.expectedScalar}, got a vector`;
      return compareVector(command, samplesAt(result, command.startMs), command.ordered);
  }
}

function checkScalar(command: EvalCommand, value: number): string | undefined {
  const { expectedScalar } = command;
  if (expectedScalar === undefined) return `got a scalar ${value}, expected none`;
  return numbersMatch(expectedScalar, value) ? undefined : `expected ${expectedScalar}, got ${value}`;
}

/** The same at the middle step of a range query around the time. */
function checkAsRange(command: EvalCommand, storage: Queryable, engine: Engine): string | undefined {
  // These look at the query's own times, which a range query has others of.
  if (/\b(?:start|end|step|range)\s*\(\s*\)/i.test(command.query)) return undefined;
  const aroundMs = 60_000;
  const { result } = run(engine, storage, command.query, command.startMs - aroundMs, command.startMs + aroundMs, aroundMs);
  if (result.type !== 'matrix') return `got a ${result.type}`;
  const got = samplesAt(result, command.startMs);
  if (command.expectedScalar === undefined) return compareVector(command, got, false);
  const value = got[0]?.sample;
  return typeof value === 'number' ? checkScalar(command, value) : 'got no sample';
}

function checkPinned(command: EvalCommand, storage: Queryable, engine: Engine): string | undefined {
  const query = pinnedQuery(command.query, command.startMs);
  if (query === undefined) return undefined;
  const timeMs = command.startMs;
  const others = timeMs === 0 ? [-1000, 1000] : [-10 * timeMs, 0, Math.floor(timeMs / 5), timeMs, 10 * timeMs];
  for (const otherMs of others) {
    const { result } = run(engine, storage, query, otherMs, otherMs, 0);
    const difference = result.type === 'vector' ? compareVector(command, samplesAt(result, otherMs), false) : checkResult(command, result);
    if (difference !== undefined) return `at ${otherMs / 1000} ${query}: ${difference}`;
  }
  return undefined;
}

function samplesAt(result: QueryResult & { type: 'vector' | 'matrix' }, timeMs: number): { labels: Labels; sample: Sample }[] {
  const out: { labels: Labels; sample: number | Histogram }[] = [];
  for (const series of result.series) {
    const sample = samplesByTime(series).get(timeMs);
    if (sample !== undefined) out.push({ labels: series.labels, sample });
  }
  return out;
}
