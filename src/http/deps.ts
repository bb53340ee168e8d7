/** What the server needs from the rest of the program, as narrow interfaces: tests pass fakes, `main` the real ones. */
import type { Logger } from 'pino';
import type { JsonValue } from '../api/json-value.js';
import type { TranslationReport } from '../ingest/translation-report.js';
import type { Matcher } from '../model/matcher.js';
import type { SampleBatch } from '../model/sample-batch.js';
import type { BlockSummary } from '../storage/block-summary.js';
import type { IngestOutcome, Ingestion } from '../storage/ingestion.js';
import type { QueryService } from '../threads/query-service.js';
import type { IngestGate } from './ingest-gate.js';
import type { Notifications } from './notifications.js';
import type { Readiness } from './readiness.js';

export interface HttpDeps {
  readonly options: HttpOptions;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
  readonly readiness: Readiness;
  readonly gate: IngestGate;
  readonly ingestion: Ingestion;
  readonly queries: QueryService;
  readonly codecs: WireCodecs;
  readonly dryRun: DryRun;
  readonly status: StatusSource;
  readonly notifications: Notifications;
  readonly lifecycle: Lifecycle;
  /** Blocks of the store, oldest first. */
  readonly blocks: () => readonly BlockSummary[];
  /** Absent while the store cannot delete. */
  readonly admin?: AdminStore;
  readonly observer: HttpObserver;
  /** The server's own metrics in the format that fits the Accept header. */
  readonly ownMetrics: (accept: string) => { readonly contentType: string; readonly body: string };
  /** The same as JSON, those whose name matches the pattern ('' = all). @throws ApiError bad_data for a broken pattern */
  readonly selfMetrics: (pattern: string) => JsonValue;
  readonly profiles: ProfileSource;
}

/** Profiles of the process, as bytes of pprof's message. */
export interface ProfileSource {
  cpu(seconds: number, signal: AbortSignal): Promise<Uint8Array>;
  heap(kind: 'heap' | 'allocs', seconds: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Those that take no time; undefined if there is none of that name. */
  instant(name: string): Promise<Uint8Array | undefined>;
}

export interface HttpOptions {
  /** Begins and ends with a slash, `/` if there is none. */
  readonly routePrefix: string;
  readonly isAllowedOrigin: (origin: string) => boolean;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  /** Bytes of an ingest body as received. */
  readonly maxBodyBytes: number;
  /** Bytes of an ingest body once decompressed. */
  readonly maxDecodedBytes: number;
  /** The same for a dry run, which is worked on in one go. */
  readonly maxDryRunBytes: number;
  /** Ingest bodies that are decompressed at a time; the others wait. */
  readonly maxInflating: number;
  readonly queryTimeoutMs: number;
  /** Remote reads at a time. */
  readonly maxConcurrentReads: number;
  /** Remote reads that wait. */
  readonly maxQueuedReads: number;
  /** Bytes of answers that clients have not taken yet, above which no query is begun. */
  readonly maxUnsentBytes: number;
  /** Longest time for a profile; 0 = there are none. */
  readonly maxProfileMs: number;
  readonly connections: ConnectionLimits;
  /** Full names of the messages that remote write takes. */
  readonly acceptedWrites: readonly string[];
}

export interface ConnectionLimits {
  /** For a request to arrive, for an idle connection, and for a client that takes nothing of an answer. */
  readonly readTimeoutMs: number;
  readonly maxConnections: number;
  /** Of a request's head, its URL included. */
  readonly maxHeadBytes: number;
}

export type OtlpEncoding = 'protobuf' | 'json';

/**
 * Bytes to batches and back. Decoders throw WireError: `corrupt` becomes 400, `too_large` 413 (remote write: 400).
 */
export interface WireCodecs {
  uncompressBlock(bytes: Uint8Array, maxBytes: number): Uint8Array;
  /** Decodes and translates. */
  decodeOtlp(bytes: Uint8Array, encoding: OtlpEncoding): SampleBatch;
  /** ExportMetricsServiceResponse; without `partial` everything was accepted. */
  encodeExportResponse(partial: PartialSuccess | undefined, encoding: OtlpEncoding): Uint8Array;
  /** google.rpc.Status */
  encodeStatus(status: { readonly code: number; readonly message: string }, encoding: OtlpEncoding): Uint8Array;
}

/** Requests explained instead of stored. Decoding errors are thrown as by `WireCodecs`. */
export interface DryRun {
  /** @param body uncompressed */
  otlp(body: Uint8Array, encoding: OtlpEncoding): TranslationReport;
  /** @param message uncompressed */
  remoteWrite(message: Uint8Array, version: 1 | 2): TranslationReport;
}

export interface PartialSuccess {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

export interface StatusSource {
  buildInfo(): BuildInfo;
  runtimeInfo(): { readonly [key: string]: JsonValue };
  /** The effective configuration as YAML. */
  configYaml(): string;
  flags(): Readonly<Record<string, string>>;
  /** By category. */
  features(): { readonly [category: string]: { readonly [feature: string]: boolean } };
}

/** `version` is the Prometheus release whose API and PromQL are emulated: clients switch features on by it. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

export interface Lifecycle {
  /** Reads the configuration again. Rejects with the reason if it cannot be used. */
  reload(): Promise<void>;
  /** Begins the orderly shutdown and returns at once. */
  quit(): void;
}

export interface AdminStore {
  /**
   * Series that match all matchers of any set; times in ms, inclusive.
   * @throws IngestError, Error, as all of these
   */
  deleteSeries(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<void>;
  cleanTombstones(): Promise<void>;
  /** Returns the name of the snapshot's directory. */
  snapshot(skipHead: boolean): Promise<string>;
  /** Resolves when all that was in heads is in blocks, and these are compacted as far as is due. */
  flush(): Promise<void>;
}

export type IngestProtocol = 'remote_write_v1' | 'remote_write_v2' | 'otlp' | 'otlp_grpc';

/** Counts what passes; its methods must not throw. */
export interface HttpObserver {
  /** `handler`: the route pattern, never the path, so that its values are few. */
  requestDone(handler: string, method: string, status: number, seconds: number): void;
  /** What became of the samples of a request that was decoded. */
  ingested(protocol: IngestProtocol, outcome: IngestOutcome): void;
  /** Every ingest request, refused ones too. `status`: of HTTP, for gRPC its own code. */
  ingestDone(protocol: IngestProtocol, status: number, receivedBytes: number): void;
}
