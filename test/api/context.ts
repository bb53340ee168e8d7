/** A context for handlers: a store of fixed label sets, an engine that returns what the test says. */
import type { ApiContext, ApiReply, ApiRequest } from '../../src/api/contract.js';
import { handleApiRequest } from '../../src/api/handler-table.js';
import type { Exemplar } from '../../src/model/exemplar.js';
import type { Histogram } from '../../src/model/histogram.js';
import { compareUtf8, Labels } from '../../src/model/labels.js';
import type { Matcher } from '../../src/model/matcher.js';
import type { MetricMetadata } from '../../src/model/metadata.js';
import type { SampleColumns } from '../../src/model/sample-columns.js';
import { putStale } from '../../src/model/stale-nan.js';
import type { QueryOutcome, QueryRequest, QueryResult, ResultSeries } from '../../src/promql/engine/engine-api.js';
import type { Cardinality } from '../../src/storage/cardinality.js';
import type { MemoryAccount } from '../../src/storage/memory-account.js';
import type { Queryable, Series } from '../../src/storage/queryable.js';

export interface FakeSeries {
  readonly labels: Record<string, string>;
  /** [ms, value] */
  readonly samples?: readonly (readonly [number, number | 'stale' | Histogram])[];
}

class FakeStorage implements Queryable {
  constructor(private readonly series: readonly FakeSeries[]) {}

  select(matchers: readonly Matcher[], mint: number, maxt: number): Series[] {
    return this.series
      .map(({ labels, samples }) => ({ labels: Labels.fromObject(labels), samples: samples ?? [] }))
      .filter(({ labels }) => matchers.every((matcher) => matcher.matches(labels.get(matcher.name))))
      .map(({ labels, samples }) => ({
        labels,
        read: (out: SampleColumns, from: number, to: number) => {
          for (const [t, v] of samples) {
            if (t < Math.max(mint, from) || t > Math.min(maxt, to)) continue;
            if (typeof v === 'object') {
              out.pushHistogram(t, v);
              continue;
            }
            out.pushFloat(t, v === 'stale' ? 0 : v);
            if (v === 'stale') putStale(out.values, out.length - 1);
          }
        },
      }));
  }

  labelNames(sets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    return sorted(this.union(sets, mint, maxt).flatMap(({ labels }) => labels.names));
  }

  labelValues(name: string, sets: readonly (readonly Matcher[])[], mint: number, maxt: number): string[] {
    return sorted(this.union(sets, mint, maxt).map(({ labels }) => labels.get(name)).filter((value) => value !== ''));
  }

  private union(sets: readonly (readonly Matcher[])[], mint: number, maxt: number): Series[] {
    return sets.length === 0 ? this.select([], mint, maxt) : sets.flatMap((set) => this.select(set, mint, maxt));
  }
}

function sorted(list: readonly string[]): string[] {
  return [...new Set(list)].sort(compareUtf8);
}

export interface FakeOptions {
  readonly series?: readonly FakeSeries[];
  readonly query?: (request: QueryRequest) => QueryOutcome;
  readonly metadata?: readonly MetricMetadata[];
  readonly exemplars?: readonly { readonly series: Labels; readonly exemplars: readonly Exemplar[] }[];
  readonly cardinality?: Cardinality;
  readonly searchApi?: boolean;
  readonly stop?: 'canceled' | 'timeout';
  readonly maxResponseBytes?: number;
  readonly memory?: MemoryAccount;
  readonly readSampleLimit?: number;
  readonly externalLabels?: Record<string, string>;
}

export const NOW_MS = 1_795_230_729_540;
/** Every series, as parameters. */
export const ALL = 'match[]={__name__!=""}';
/** What a Prometheus that federates native histograms accepts. */
export const PROTOBUF = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

/** Answers `endpoint` with the given form and returns status and body text. */
export function call(endpoint: ApiRequest['endpoint'], params: string, options: FakeOptions = {}, extra: Partial<ApiRequest> = {}): {
  status: number; type: string; body: string;
} {
  const { status, contentType, body } = ask(endpoint, params, options, extra);
  return { status, type: contentType, body: Buffer.from(body).toString() };
}

/** The same, with the body's bytes. */
export function ask(endpoint: ApiRequest['endpoint'], params: string, options: FakeOptions = {}, extra: Partial<ApiRequest> = {}): ApiReply {
  const request: ApiRequest = { endpoint, params, pathArgument: '', nowMs: NOW_MS, deadlineMs: NOW_MS + 1000, ...extra };
  return handleApiRequest(request, makeContext(options));
}

const NOTHING: Cardinality = {
  head: { numSeries: 0, numLabelPairs: 0, chunkCount: 0, minTimeMs: undefined, maxTimeMs: undefined },
  seriesByMetricName: [], valuesByLabelName: [], bytesByLabelName: [], seriesByLabelPair: [],
};

function makeContext(options: FakeOptions): ApiContext {
  return {
    storage: new FakeStorage(options.series ?? []),
    cardinality: { cardinality: () => options.cardinality ?? NOTHING },
    engine: { query: (_storage, request) => (options.query ?? (() => outcome({ type: 'vector', series: [] })))(request) },
    metadata: {
      metadata: (metric, limit, limitPerMetric) => {
        const found = new Map<string, MetricMetadata[]>();
        for (const entry of options.metadata ?? []) {
          if (metric !== '' && entry.family !== metric) continue;
          const list = found.get(entry.family);
          if (list) list.push(entry);
          else if (limit === 0 || found.size < limit) found.set(entry.family, [entry]);
        }
        if (limitPerMetric > 0) for (const list of found.values()) list.splice(limitPerMetric);
        return found;
      },
    },
    exemplars: {
      exemplars: (_sets, _startMs, _endMs, keep) => (options.exemplars ?? []).map(({ series, exemplars }) => {
        keep?.(100);
        return { series, exemplars: [...exemplars] };
      }),
    },
    limits: { maxPointsPerSeries: 11_000, maxResponseBytes: options.maxResponseBytes ?? 1 << 20, readSampleLimit: options.readSampleLimit ?? 50, readFrameBytes: 1024 },
    externalLabels: options.externalLabels ?? {},
    searchApi: options.searchApi ?? false,
    stopRequested: () => options.stop,
    memory: options.memory,
  };
}

export function outcome(result: QueryResult, warnings: readonly string[] = [], infos: readonly string[] = []): QueryOutcome {
  return {
    result,
    warnings,
    infos,
    stats: { totalQueryableSamples: 7, samplesRead: 5, peakSamples: 3, preparationMs: 0.5, evaluationMs: 2, sortMs: 0 },
  };
}

export function floatSeries(labels: Record<string, string>, ...samples: readonly (readonly [number, number])[]): ResultSeries {
  return {
    labels: Labels.fromObject(labels),
    timestamps: Float64Array.from(samples, ([t]) => t),
    values: Float64Array.from(samples, ([, v]) => v),
    histogramTimestamps: [],
    histograms: [],
  };
}
