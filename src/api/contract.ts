/**
 * The Prometheus HTTP API without HTTP: a handler takes decoded parameters and returns bytes. It runs in a query
 * worker, so that neither evaluation nor JSON ever burdens the thread that ingests.
 */
import type { Engine } from '../promql/engine/engine-api.js';
import type { CardinalitySource } from '../storage/cardinality.js';
import type { ExemplarSource, MetadataSource } from '../storage/metadata-source.js';
import type { ParseOptions } from '../promql/parser/parse.js';
import type { MemoryAccount } from '../storage/memory-account.js';
import type { Queryable } from '../storage/queryable.js';
import type { ReadQuery, ReadResponseType } from '../wire/remote-read-request.js';

/** Endpoints that are answered in a worker. The name is the path below /api/v1, variable parts left out. */
export type ApiEndpoint =
  | 'query' | 'query_range' | 'query_exemplars' | 'format_query' | 'parse_query'
  | 'series' | 'labels' | 'label_values' | 'metadata' | 'status_tsdb' | 'federate'
  | 'search_metric_names' | 'search_label_names' | 'search_label_values'
  | 'read';

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
  /** Time between arrival and the worker, ms; for the statistics of the answer. */
  readonly queuedMs?: number;
  /** Accept header, where the answer depends on it (federate). */
  readonly accept?: string;
  /** What `read` is asked for, instead of `params`. */
  readonly read?: ReadPage;
  /** Where the page before ended, of `federate`. */
  readonly cursor?: PageCursor;
}

/** A remote read, from the beginning or from where the page before ended. */
export interface ReadPage {
  readonly queries: readonly ReadQuery[];
  readonly responseType: ReadResponseType;
  readonly cursor?: PageCursor;
}

/**
 * The last series that was sent, with its labels as they were sent, and the query it belongs to. Federation sends whole metrics: of them
 * it is only the name.
 */
export interface PageCursor {
  readonly query: number;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

export interface ApiReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Set with status 503 if the same request can succeed later. */
  readonly retryAfterSeconds?: number;
  /** Set if the answer goes on: the same request with this cursor gives the next page. */
  readonly next?: PageCursor;
}

export interface ApiContext {
  readonly storage: Queryable;
  readonly cardinality: CardinalitySource;
  readonly engine: Engine;
  readonly metadata: MetadataSource;
  readonly exemplars: ExemplarSource;
  readonly limits: ApiLimits;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Feature search-api; off if not given. */
  readonly searchApi?: boolean;
  readonly stopRequested: () => 'canceled' | 'timeout' | undefined;
  /** What the request uses is noted here; nothing is if left out. */
  readonly memory?: MemoryAccount | undefined;
  /** Experimental syntax that endpoints without an engine (format, parse, exemplars) take; none if not given. */
  readonly syntax?: ParseOptions;
}

export interface ApiLimits {
  /** Points per series of a range query (Prometheus: 11,000). */
  readonly maxPointsPerSeries: number;
  /** Bytes of one answer; a larger one fails instead of filling memory. */
  readonly maxResponseBytes: number;
  /** Samples of one query of a remote read that is not streamed; 0 = no limit. */
  readonly readSampleLimit: number;
  /** Bytes at which a frame of a streamed remote read is ended. */
  readonly readFrameBytes: number;
  /** How far back /federate looks, ms; 5 minutes if not given. */
  readonly lookbackDeltaMs?: number;
}

export type ApiHandler = (request: ApiRequest, context: ApiContext) => ApiReply;
