/**
 * Grafana's Prometheus data source as it runs in a browser, against a server of ours. Its requests are its own; only what carries them
 * is ours: Grafana's backend hands requests below `/api/datasources/uid/…/resources` on to the data source as they are.
 */
import { browserRequire } from './browser.js';
import type { Sent } from './sent.js';

/** The part of `@grafana/prometheus` that these tests use. */
export interface DataSource {
  readonly languageProvider: LanguageProvider;
  readonly exemplarsAvailable: boolean;
  readonly ruleMappings: Readonly<Record<string, unknown>>;
  init(): Promise<void>;
  loadRules(): Promise<void>;
  metricFindQuery(query: string, options: { readonly range: TimeRange }): Promise<{ readonly text: string }[]>;
  metadataRequest(url: string, params: Readonly<Record<string, string>>, options?: { readonly method: string }): Promise<{ readonly data: Answer }>;
  getTagKeys(options: TagOptions): Promise<{ readonly text: string }[]>;
  getTagValues(options: TagOptions & { readonly key: string }): Promise<{ readonly text: string }[]>;
  getQueryHints(query: { readonly expr: string }, result: readonly unknown[]): { readonly type: string; readonly label: string }[];
}

export interface LanguageProvider {
  start(range: TimeRange): Promise<unknown>;
  retrieveMetrics(): string[];
  retrieveHistogramMetrics(): string[];
  retrieveLabelKeys(): string[];
  retrieveMetricsMetadata(): Readonly<Record<string, { readonly type: string; readonly help: string; readonly unit?: string }>>;
  queryLabelKeys(range: TimeRange, match?: string, limit?: number): Promise<string[]>;
  queryLabelValues(range: TimeRange, label: string, match?: string, limit?: number): Promise<string[]>;
  hasSearchSupport(): boolean;
  getSearchApiClient(): SearchClient | undefined;
}

export interface SearchClient {
  searchMetricNames(range: TimeRange, typed: string, options: Readonly<Record<string, unknown>>): Promise<Found>;
  searchLabelNames(range: TimeRange, typed: string, options: Readonly<Record<string, unknown>>): Promise<Found>;
  searchLabelValues(range: TimeRange, label: string, typed: string, options: Readonly<Record<string, unknown>>): Promise<Found>;
}

export interface SeriesClient {
  querySeries(range: TimeRange, match: string | undefined, limit: number): Promise<Record<string, string>[]>;
  queryMetrics(range: TimeRange): Promise<{ readonly metrics: string[]; readonly histogramMetrics: string[] }>;
  queryLabelKeys(range: TimeRange, match?: string, limit?: number): Promise<string[]>;
  queryLabelValues(range: TimeRange, label: string, match?: string, limit?: number): Promise<string[]>;
}

export interface TimeRange {
  readonly from: unknown;
  readonly to: unknown;
  readonly raw: { readonly from: string; readonly to: string };
}

interface TagOptions {
  readonly timeRange: TimeRange;
  readonly filters: readonly { readonly key: string; readonly operator: string; readonly value: string }[];
  readonly queries?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Answer {
  readonly status: string;
  readonly data: unknown;
}

interface Found {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly hasMore: boolean;
  readonly warnings: readonly string[];
}

interface BrowserRequest {
  readonly url: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Subscriber {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

type JsonData = Readonly<Record<string, unknown>>;

const RESOURCES = /^\/?api\/datasources\/uid\/[^/]+\/resources\//;

export class Grafana {
  /** What the data sources asked the server for, in its order. */
  readonly sent: Sent[] = [];
  private readonly data: { dateTime(ms: number): unknown };
  private readonly prometheus: {
    PrometheusDatasource: new (settings: unknown) => DataSource;
    SeriesApiClient: new (request: unknown, source: DataSource) => SeriesClient;
  };
  private readonly rxjs: { Observable: new (subscribe: (subscriber: Subscriber) => void) => unknown };

  constructor(public serverUrl: string) {
    const require = browserRequire();
    const runtime = require('@grafana/runtime') as { setBackendSrv(service: unknown): void; setTemplateSrv(service: unknown): void };
    this.data = require('@grafana/data');
    this.prometheus = require('@grafana/prometheus');
    this.rxjs = require('rxjs');
    runtime.setBackendSrv({
      fetch: (request: BrowserRequest) => this.observe(async (subscriber) => subscriber.next(await this.fetch(request))),
      chunked: (request: BrowserRequest) => this.observe((subscriber) => this.chunked(request, subscriber)),
    });
    // A dashboard without variables.
    runtime.setTemplateSrv({
      replace: (text: string | undefined) => text ?? '', containsTemplate: () => false, getVariables: () => [], updateTimeRange: () => undefined,
    });
  }

  dataSource(jsonData: JsonData): DataSource {
    return new this.prometheus.PrometheusDatasource({
      id: 1, uid: 'narthex', type: 'prometheus', name: 'narthex', access: 'proxy', readOnly: true, url: '/', meta: { id: 'prometheus' }, jsonData,
    });
  }

  /** The client for servers that are older than `match[]` at `/labels`. */
  seriesClient(source: DataSource): SeriesClient {
    const request = async (url: string, params: Readonly<Record<string, string>>) => (await source.metadataRequest(url, params)).data.data;
    return new this.prometheus.SeriesApiClient(request, source);
  }

  range(startMs: number, endMs: number): TimeRange {
    return { from: this.data.dateTime(startMs), to: this.data.dateTime(endMs), raw: { from: 'now-1h', to: 'now' } };
  }

  private observe(run: (subscriber: Subscriber) => Promise<void>): unknown {
    return new this.rxjs.Observable((subscriber) => void run(subscriber).then(() => subscriber.complete(), (error: unknown) => subscriber.error(error)));
  }

  private async fetch(request: BrowserRequest): Promise<unknown> {
    const response = await this.send(request);
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const answer = { data: body, status: response.status, statusText: response.statusText, ok: response.ok, config: request };
    // Grafana's errors are plain objects, recognised by their fields.
    return response.ok ? answer : Promise.reject(answer);
  }

  private async chunked(request: BrowserRequest, subscriber: Subscriber): Promise<void> {
    const response = await this.send(request);
    const { ok, status, statusText } = response;
    for await (const data of response.body ?? []) subscriber.next({ ok, status, statusText, data });
    subscriber.next({ ok, status, statusText, data: undefined });
  }

  private send({ url, method = 'GET', params = {}, data, headers = {} }: BrowserRequest): Promise<Response> {
    if (!RESOURCES.test(url)) throw new Error(`not a request to the data source: ${url}`);
    const path = url.replace(RESOURCES, '/');
    const query = formText(params);
    const form = data === undefined ? undefined : formText(data);
    this.sent.push({ method, path, ...(query === '' ? {} : { query }), ...(form === undefined ? {} : { form }) });
    return fetch(`${this.serverUrl}${path}${query === '' ? '' : `?${query}`}`, { method, headers, ...(form === undefined ? {} : { body: form }) });
  }
}

/** As Grafana writes parameters: what is not defined is left out, a list is a repeated name. */
function formText(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params).filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`))
    .join('&');
}
