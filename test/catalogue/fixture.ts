import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CatalogueBatch, ExemplarColumns, RejectRecord, SeriesText } from '../../src/catalogue/catalogue-batch.js';
import { labelText } from '../../src/catalogue/label-text.js';
import type { Exemplar } from '../../src/model/exemplar.js';
import { Labels } from '../../src/model/labels.js';
import type { MetricMetadata } from '../../src/model/metadata.js';

export interface SeriesExemplar {
  readonly series: Labels;
  readonly exemplar: Exemplar;
}

/** An empty directory of its own, removed by the caller's `afterEach`. */
export function temporaryDirectory(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-test-'));
}

export function metadata(family: string, help: string, type: MetricMetadata['type'] = 'counter', unit = ''): MetricMetadata {
  return { family, type, help, unit };
}

/** `exemplar({ job: 'a' }, 1000, 1.5, 'abc')`: one exemplar with trace_id abc. */
export function exemplar(series: Record<string, string>, timestampMs: number, value: number, trace = ''): SeriesExemplar {
  return { series: Labels.fromObject(series), exemplar: { labels: Labels.fromObject({ trace_id: trace }), value, timestampMs } };
}

export function exemplarColumns(entries: readonly SeriesExemplar[]): ExemplarColumns {
  const series: SeriesText[] = [];
  const index = new Map<string, number>();
  for (const entry of entries) {
    if (index.has(entry.series.key())) continue;
    index.set(entry.series.key(), series.push({ metric: entry.series.metricName, labels: labelText(entry.series) }) - 1);
  }
  return {
    series,
    seriesIndex: Uint32Array.from(entries, (entry) => index.get(entry.series.key())!),
    timestamps: Float64Array.from(entries, (entry) => entry.exemplar.timestampMs),
    values: Float64Array.from(entries, (entry) => entry.exemplar.value),
    labels: entries.map((entry) => labelText(entry.exemplar.labels)),
  };
}

export function batch(parts: {
  metadata?: readonly (readonly [MetricMetadata, number])[];
  exemplars?: readonly SeriesExemplar[];
  rejects?: readonly RejectRecord[];
}): CatalogueBatch {
  return {
    metadata: (parts.metadata ?? []).map(([entry, atMs]) => ({ metadata: entry, atMs })),
    exemplars: exemplarColumns(parts.exemplars ?? []),
    rejects: parts.rejects ?? [],
    haElections: [],
  };
}
