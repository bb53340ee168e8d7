/** Query results as JSON, in the shapes of Prometheus' `web/api/v1/json_codec.go`. */
import type { Labels } from '../model/labels.js';
import type { QueryResult, QueryStats, ResultSeries } from '../promql/engine/engine-api.js';
import { writeHistogram } from './histogram-json.js';
import type { JsonWriter } from './json-writer.js';

/** Of one query: the engine's figures, and how long it waited before. */
export interface AnswerStats extends QueryStats {
  readonly queuedMs: number;
}

/** `{"resultType":…,"result":…,"stats":…}`. `resultType` comes first: clients that read as a stream depend on it. */
export function writeQueryData(json: JsonWriter, result: QueryResult, stats: AnswerStats | undefined, poll: () => void = () => {}): void {
  json.raw(`{"resultType":"${result.type}","result":`);
  switch (result.type) {
    case 'scalar':
      json.raw('[');
      writeFloatSeconds(json, result.timestampMs);
      json.raw(',');
      json.quotedPlainFloat(result.value);
      json.raw(']');
      break;
    case 'string':
      json.raw('[');
      writeFloatSeconds(json, result.timestampMs);
      json.raw(',');
      json.htmlSafeString(result.value);
      json.raw(']');
      break;
    case 'vector':
      writeList(json, result.series, writeVectorEntry, poll);
      break;
    case 'matrix':
      writeList(json, result.series, writeMatrixEntry, poll);
      break;
  }
  if (stats) writeStats(json, stats);
  json.raw('}');
}

/** A label set as an object, sorted by name as it is stored. */
export function writeLabels(json: JsonWriter, labels: Labels): void {
  const kept = labels.keptJson();
  if (kept !== undefined) {
    json.ready(kept);
    return;
  }
  json.raw('{');
  for (let i = 0; i < labels.length; i++) {
    if (i > 0) json.raw(',');
    json.string(labels.names[i]!);
    json.raw(':');
    json.string(labels.values[i]!);
  }
  json.raw('}');
}

/** `[a,b,c]` with `write` for each entry, and `poll` before each: it throws if nobody waits for the answer any more. */
export function writeList<T>(
  json: JsonWriter, entries: readonly T[], write: (json: JsonWriter, entry: T) => void, poll: () => void = () => {},
): void {
  json.raw('[');
  for (let i = 0; i < entries.length; i++) {
    poll();
    if (i > 0) json.raw(',');
    write(json, entries[i]!);
  }
  json.raw(']');
}

/** Scalars and strings have the time as an ordinary JSON number (`1.5`), unlike samples (`1.500`). */
function writeFloatSeconds(json: JsonWriter, timestampMs: number): void {
  json.number(timestampMs / 1000);
}

function writeVectorEntry(json: JsonWriter, series: ResultSeries): void {
  json.raw('{"metric":');
  writeLabels(json, series.labels);
  const histogram = series.histograms[0];
  if (histogram) {
    json.raw(',"histogram":[');
    json.timestamp(series.histogramTimestamps[0]!);
    json.raw(',');
    writeHistogram(json, histogram);
  } else {
    json.raw(',"value":[');
    json.timestamp(series.timestamps[0]!);
    json.raw(',');
    json.quotedFloat(series.values[0]!);
  }
  json.raw(']}');
}

function writeMatrixEntry(json: JsonWriter, series: ResultSeries): void {
  json.raw('{"metric":');
  writeLabels(json, series.labels);
  if (series.timestamps.length > 0) {
    json.raw(',"values":');
    json.samples(series.timestamps, series.values, series.timestamps.length);
  }
  if (series.histograms.length > 0) {
    json.raw(',"histograms":[');
    for (let i = 0; i < series.histograms.length; i++) {
      if (i > 0) json.raw(',');
      json.raw('[');
      json.timestamp(series.histogramTimestamps[i]!);
      json.raw(',');
      writeHistogram(json, series.histograms[i]!);
      json.raw(']');
    }
    json.raw(']');
  }
  json.raw('}');
}

/** Timings are seconds as JSON numbers. */
function writeStats(json: JsonWriter, stats: AnswerStats): void {
  const evalTotalMs = stats.preparationMs + stats.evaluationMs + stats.sortMs;
  json.raw(',"stats":{"timings":{"evalTotalTime":');
  json.number(evalTotalMs / 1000);
  json.raw(',"resultSortTime":');
  json.number(stats.sortMs / 1000);
  json.raw(',"queryPreparationTime":');
  json.number(stats.preparationMs / 1000);
  json.raw(',"innerEvalTime":');
  json.number(stats.evaluationMs / 1000);
  json.raw(',"execQueueTime":');
  json.number(stats.queuedMs / 1000);
  json.raw(',"execTotalTime":');
  json.number((stats.queuedMs + evalTotalMs) / 1000);
  json.raw('},"samples":{');
  if (stats.perStep !== undefined) writePerStep(json, stats.perStep);
  json.raw('"totalQueryableSamples":');
  json.integer(stats.totalQueryableSamples);
  json.raw(',"samplesRead":');
  json.integer(stats.samplesRead);
  json.raw(',"peakSamples":');
  json.integer(stats.peakSamples);
  json.raw('}}');
}

function writePerStep(json: JsonWriter, { startMs, stepMs, samples }: NonNullable<AnswerStats['perStep']>): void {
  json.raw('"totalQueryableSamplesPerStep":[');
  for (let step = 0; step < samples.length; step++) {
    json.raw(step === 0 ? '[' : ',[');
    json.timestamp(startMs + step * stepMs);
    json.raw(',');
    json.integer(samples[step]!);
    json.raw(']');
  }
  json.raw('],');
}
