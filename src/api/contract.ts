/**
 * The Prometheus HTTP API without HTTP: a handler takes decoded parameters and returns bytes. It runs in a query
 * worker, so that neither evaluation nor JSON ever burdens the thread that ingests.
 */
import type { Engine } from '../promql/engine/engine-api.js';
import type { ExemplarSource, MetadataSource } from '../storage/metadata-source.js';
import type { Queryable } from '../storage/queryable.js';

/** Endpoints that are answered in a worker. The name is the path below /api/v1, variable parts left out. */
export type ApiEndpoint =
  | 'query' | 'query_range' | 'query_exemplars' | 'format_query' | 'parse_query'
  | 'series' | 'labels' | 'label_values' | 'metadata' | 'status_tsdb' | 'federate';

export interface ApiRequest {
  readonly endpoint: ApiEndpoint;
  /** URL query and form body together, `application/x-www-form-urlencoded`. */
  readonly params: string;
  /** Variable part of the path (label name), percent-decoded, '' if none. */
  readonly pathArgument: string;
  /** Server time taken on arrival. */
  readonly nowMs: number;
  /** Absolute, ms since the epoch: when the query must have ended. */
  readonly deadlineMs: number;
}

export interface ApiReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface ApiContext {
  readonly storage: Queryable;
  readonly engine: Engine;
  readonly metadata: MetadataSource;
  readonly exemplars: ExemplarSource;
  readonly limits: ApiLimits;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly stopRequested: () => 'canceled' | 'timeout' | undefined;
}

export interface ApiLimits {
  /** Points per series of a range query (Prometheus: 11,000). */
  readonly maxPointsPerSeries: number;
  /** Bytes of one answer; a larger one fails instead of filling memory. */
  readonly maxResponseBytes: number;
}

export type ApiHandler = (request: ApiRequest, context: ApiContext) => ApiReply;
