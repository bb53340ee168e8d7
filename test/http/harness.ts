/** The whole application over fakes, driven by inject(). */
import { pino } from 'pino';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { ApiReply, ApiRequest } from '../../src/api/contract.js';
import { originMatcher } from '../../src/http/cors.js';
import type { AdminStore, ConnectionLimits, HttpDeps, HttpOptions, OtlpEncoding } from '../../src/http/deps.js';
import { IngestGate } from '../../src/http/ingest-gate.js';
import { badData } from '../../src/api/error-types.js';
import { Notifications } from '../../src/http/notifications.js';
import { Readiness } from '../../src/http/readiness.js';
import { buildServer } from '../../src/http/server.js';
import type { TranslationReport } from '../../src/ingest/translation-report.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { IngestError, type IngestOutcome } from '../../src/storage/ingestion.js';
import type { CancelSignal } from '../../src/threads/query-service.js';
import { encodeExportResponse, encodeStatus } from '../../src/wire/otlp-response.js';
import { WireError } from '../../src/wire/wire-error.js';

export const NOW_MS = 1_795_230_729_540;

/** A port of the system's choice. */
export const LOCAL = { host: '127.0.0.1', port: 0 };
export const CONNECTIONS: ConnectionLimits = { readTimeoutMs: 60_000, maxConnections: 100, maxHeadBytes: 60_000 };

export interface Harness {
  readonly app: FastifyInstance;
  readonly deps: HttpDeps;
  readonly readiness: Readiness;
  readonly gate: IngestGate;
  readonly notifications: Notifications;
  /** Requests that reached the query workers. */
  readonly asked: ApiRequest[];
  /** Bodies that reached the store or a decoder, with where. */
  readonly stored: { readonly by: string; readonly body: Buffer }[];
  readonly observed: string[];
  readonly signals: CancelSignal[];
  inject(options: InjectOptions): Promise<LightMyRequestResponse>;
}

export interface HarnessOptions {
  readonly http?: Partial<HttpOptions>;
  readonly outcome?: Partial<IngestOutcome>;
  /** Thrown by the store. */
  readonly storeError?: Error;
  readonly query?: (request: ApiRequest, signal: CancelSignal) => Promise<ApiReply>;
  readonly reload?: () => Promise<void>;
  readonly admin?: AdminStore;
  readonly gate?: { maxRequests: number; maxBytes: number };
  /** Store calls wait for it. */
  readonly storeWaits?: Promise<void>;
  /** What is not a fake. */
  readonly real?: Partial<HttpDeps>;
}

export const OTLP_ANSWERS: Pick<HttpDeps['codecs'], 'encodeExportResponse' | 'encodeStatus'> = {
  encodeExportResponse: (partial, encoding) => encodeExportResponse(encoding, partial),
  encodeStatus: ({ code, message }, encoding) => encodeStatus(encoding, code, message),
};

/** Fake wire format: a body that starts with `bad` is corrupt, with `huge` too large; anything else is a batch. */
function judge(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('latin1');
  if (text.startsWith('bad')) throw new WireError('corrupt', 'unexpected end of message');
  if (text.startsWith('huge')) throw new WireError('too_large', 'decoded size 99 exceeds the limit of 50 bytes');
}

export async function makeHarness(options: HarnessOptions = {}): Promise<Harness> {
  const readiness = new Readiness();
  const notifications = new Notifications(() => NOW_MS, 2);
  const gate = new IngestGate(options.gate ?? { maxRequests: 10, maxBytes: 1 << 20 });
  const asked: ApiRequest[] = [];
  const stored: { by: string; body: Buffer }[] = [];
  const observed: string[] = [];
  const signals: CancelSignal[] = [];
  const keep = (by: string, body: Uint8Array): void => void stored.push({ by, body: Buffer.from(body) });
  const store = async (): Promise<IngestOutcome> => {
    await options.storeWaits;
    if (options.storeError) throw options.storeError;
    return { samplesWritten: 1, histogramsWritten: 0, exemplarsWritten: 0, rejectedPoints: 0, rejects: [], ...options.outcome };
  };
  const takeBody = (by: string, body: Uint8Array): Promise<IngestOutcome> => {
    keep(by, body);
    const text = Buffer.from(body).toString('latin1');
    if (text.startsWith('bad')) throw new IngestError('corrupt_body', 'snappy: corrupt block');
    if (text.startsWith('huge')) throw new IngestError('body_too_large', 'decoded size 99 exceeds the limit of 50 bytes');
    return store();
  };
  const deps: HttpDeps = {
    options: {
      routePrefix: '/',
      isAllowedOrigin: originMatcher('.*'),
      enableLifecycle: false,
      enableAdminApi: false,
      maxBodyBytes: 4096,
      maxDecodedBytes: 8192,
      maxDryRunBytes: 6000,
      maxInflating: 2,
      queryTimeoutMs: 120_000,
      maxConcurrentReads: 2,
      maxQueuedReads: 1,
      maxUnsentBytes: 1 << 20,
      maxProfileMs: 2_000,
      connections: CONNECTIONS,
      acceptedWrites: ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'],
      ...options.http,
    },
    logger: pino({ level: 'silent' }),
    clock: { nowMs: () => NOW_MS },
    readiness,
    gate,
    ingestion: {
      remoteWriteV1: (body) => takeBody('v1', body),
      remoteWriteV2: (body) => takeBody('v2', body),
      otlp: async (body) => {
        judge(body);
        keep('protobuf', body);
        return store();
      },
      append: () => store(),
      judge: () => ({ newSeries: new Set(), statuses: new Uint8Array(0), rejects: [], dropped: 0, deduplicated: 0 }),
    },
    queries: {
      run: (request, signal) => {
        asked.push(request);
        signals.push(signal);
        return (options.query ?? (() => Promise.resolve(json('{"status":"success","data":[]}'))))(request, signal);
      },
    },
    codecs: {
      uncompressBlock: (bytes) => {
        judge(bytes);
        return bytes;
      },
      decodeOtlp: (bytes: Uint8Array, encoding: OtlpEncoding) => {
        judge(bytes);
        keep(encoding, bytes);
        return new SampleBatch();
      },
      ...OTLP_ANSWERS,
    },
    dryRun: {
      otlp: (body, encoding) => {
        judge(body);
        return emptyReport(`otlp ${encoding}`);
      },
      remoteWrite: (_body, version) => emptyReport(`write ${version}`),
    },
    status: {
      buildInfo: () => ({ version: '3.14.0', revision: 'narthex 0.1.0', branch: 'narthex', buildUser: '', buildDate: '', goVersion: 'node v20' }),
      runtimeInfo: () => ({ startTime: '2026-01-01T00:00:00Z', GOMAXPROCS: 2, storageRetention: '15d' }),
      configYaml: () => 'global:\n  scrape_interval: 1m\n',
      features: () => ({ api: { search: false } }),
      flags: () => ({ 'web.listen-address': '0.0.0.0:9090', 'config.file': '' }),
    },
    notifications,
    blocks: () => [],
    selfMetrics: (pattern) => {
      if (pattern === '(') throw badData('missing closing )');
      return [{ name: `x${pattern}`, help: '', type: 'GAUGE', metric: [] }];
    },
    lifecycle: {
      reload: options.reload ?? (() => Promise.resolve()),
      quit: () => void observed.push('quit'),
    },
    ...(options.admin ? { admin: options.admin } : {}),
    observer: {
      requestDone: (handler, method, status) => void observed.push(`${method} ${handler} ${status}`),
      ingested: (protocol, outcome) => void observed.push(`${protocol} ${outcome.samplesWritten}`),
      ingestDone: (protocol, status, bytes) => void observed.push(`${protocol} ${status} ${bytes}`),
    },
    profiles: {
      cpu: (seconds) => Promise.resolve(Buffer.from(`cpu ${seconds}`)),
      heap: (kind, seconds) => Promise.resolve(Buffer.from(`${kind} ${seconds}`)),
      instant: (name) => Promise.resolve(name === 'block' ? Buffer.from(name) : undefined),
    },
    ownMetrics: (accept) => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: `# accept ${accept}\nup 1\n` }),
    ...options.real,
  };
  const app = buildServer(deps);
  await app.ready();
  readiness.becomeReady();
  // Awaited here, since inject() itself begins only when somebody waits for it.
  return { app, deps, readiness, notifications, gate, asked, stored, observed, signals, inject: async (request) => await app.inject(request) };
}

export function json(text: string, status = 200): ApiReply {
  return { status, contentType: 'application/json', body: new TextEncoder().encode(text) };
}

/** The report of a fake dry run; `what` stands where the metric's name is. */
function emptyReport(what: string): TranslationReport {
  const counts = { points: 0, samples: 0, series: 0, newSeries: 0, rejected: 0, dropped: 0, deduplicated: 0 };
  const metric = { ...counts, name: what, unit: '', type: '', prometheusNames: [], metadata: undefined, labels: [], rejects: [] };
  return { protocol: 'otlp', totals: { metrics: 1, ...counts }, metrics: [metric], collisions: [], rejects: [] };
}
