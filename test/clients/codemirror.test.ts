/** `@prometheus-io/codemirror-promql` itself against a running server: its HTTP client, and what the editor offers while someone types. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Server } from '../e2e/support/server.js';
import { areClientsInstalled, browserRequire } from './browser.js';
import { writeFleet } from '../support/fleet.js';
import { notInCorpus, type Sent } from './sent.js';

/** `PrometheusClient` of the package. */
interface Client {
  labelNames(metric?: string): Promise<string[]>;
  labelValues(label: string, metric?: string, matchers?: readonly Matcher[]): Promise<string[]>;
  metricMetadata(): Promise<Record<string, { type: string; help: string; unit: string }[]>>;
  series(metric: string, matchers?: readonly Matcher[], label?: string): Promise<Record<string, string>[]>;
  metricNames(): Promise<string[]>;
  flags(): Promise<Record<string, string>>;
}

interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly type: number;
  matchesEmpty(): boolean;
}

interface Strategy {
  promQL(context: unknown): Promise<{ from: number; options: readonly { label: string; detail?: string; info?: string }[] } | null>;
}

interface ClientConfig {
  readonly url: string;
  readonly httpMethod: string;
  readonly lookbackInterval: number;
  readonly fetchFn: (input: string, init?: RequestInit) => Promise<Response>;
  readonly httpErrorHandler: (error: Error) => void;
}

interface Editor {
  readonly newCompleteStrategy: (config: { readonly remote: ClientConfig }) => Strategy;
  readonly HTTPPrometheusClient: new (config: ClientConfig) => Client;
  /** The context of a completion at the `|` in the text. */
  contextAt(text: string): unknown;
}

function loadEditor(): Editor {
  const require = browserRequire();
  const { newCompleteStrategy, PromQLExtension, LanguageType } = require('@prometheus-io/codemirror-promql');
  const { HTTPPrometheusClient } = require('@prometheus-io/codemirror-promql/dist/cjs/client/prometheus.js');
  const { EditorState } = require('@codemirror/state');
  const { CompletionContext } = require('@codemirror/autocomplete');
  const { syntaxTree } = require('@codemirror/language');
  return {
    newCompleteStrategy,
    HTTPPrometheusClient,
    contextAt: (text) => {
      const extensions = [new PromQLExtension().asExtension(LanguageType.PromQL)];
      const doc = text.replace('|', '');
      // An editor gives its parser 20 ms and goes on later; a busy machine needs another try.
      for (let attempt = 1; ; attempt++) {
        const state = EditorState.create({ doc, extensions });
        if (syntaxTree(state).length === doc.length || attempt === 50) return new CompletionContext(state, text.indexOf('|'), true);
      }
    },
  };
}

const METRICS = ['http.req', 'lat_seconds_bucket', 'lat_seconds_count', 'lat_seconds_sum', 'native', 'pushed_total', 'temperature_celsius', 'up'];

describe.skipIf(!areClientsInstalled)('codemirror-promql', () => {
  let server: Server;
  let editor: Editor;
  const nowMs = Date.now();
  const sent: Sent[] = [];
  beforeAll(async () => {
    editor = loadEditor();
    server = await Server.start();
    await writeFleet(server.url, nowMs - 1000);
  });
  afterAll(() => server.remove());

  function config(httpMethod: string): ClientConfig {
    return {
      url: server.url, httpMethod, lookbackInterval: 3_600_000,
      fetchFn: (input, init = {}) => {
        const { pathname, search } = new URL(input);
        sent.push({ method: init.method ?? 'GET', path: pathname, query: search.slice(1), ...(init.body == null ? {} : { form: String(init.body) }) });
        return fetch(input, init);
      },
      httpErrorHandler: (error) => {
        throw error;
      },
    };
  }

  describe.each(['GET', 'POST'])('with method %s', (httpMethod) => {
    it('names metrics, labels, values and series', async () => {
      const client = new editor.HTTPPrometheusClient(config(httpMethod));
      expect(await client.metricNames()).toEqual(METRICS);
      expect(await client.labelNames()).toEqual(['__name__', 'instance', 'job', 'k8s.pod', 'le']);
      expect(await client.labelNames('up')).toEqual(['__name__', 'instance', 'job']);
      expect(await client.labelValues('job')).toEqual(['api', 'pt', 'web']);
      expect(await client.labelValues('job', 'up')).toEqual(['api', 'web']);
      expect(await client.labelValues('job', 'up', [{ name: 'instance', value: 'a:1', type: 47, matchesEmpty: () => false }])).toEqual(['api']);
      expect(await client.series('up')).toEqual([{ __name__: 'up', instance: 'a:1', job: 'api' }, { __name__: 'up', instance: 'b:1', job: 'web' }]);
    });

    it('has types and help of metrics, and flags', async () => {
      const client = new editor.HTTPPrometheusClient(config(httpMethod));
      expect(await client.metricMetadata()).toMatchObject({
        pushed_total: [{ type: 'counter', help: 'Pushed <things>' }], lat_seconds: [{ type: 'histogram', unit: 'seconds' }],
      });
      expect(await client.flags()).toMatchObject({ 'query.timeout': '2m', 'query.lookback-delta': '5m' });
    });

    /** What is offered at the `|`; the editor closes brackets and quotes as they are opened. */
    const offered = async (text: string) => {
      const result = await editor.newCompleteStrategy({ remote: config(httpMethod) }).promQL(editor.contextAt(text));
      return result?.options ?? [];
    };
    const labels = async (text: string) => (await offered(text)).map((option) => option.label);

    it('offers metrics with their types', async () => {
      const options = await offered('sum(pu|)');
      expect(options.map((option) => option.label)).toEqual(expect.arrayContaining(METRICS));
      expect(options.find(({ label }) => label === 'pushed_total')).toMatchObject({ detail: 'counter', info: 'Pushed <things>' });
      expect(options.find(({ label }) => label === 'lat_seconds_bucket')).toMatchObject({ detail: 'counter', info: expect.stringContaining('How long it took') as string });
    });

    it('offers labels and values within a selector', async () => {
      expect(await labels('up{|}')).toEqual(['instance', 'job']);
      expect(await labels('up{job="|"}')).toEqual(['api', 'web']);
      expect(await labels('sum(up) by (|)')).toEqual(['instance', 'job']);
    });
  });

  it('made no request that the corpus does not have', () => {
    expect(notInCorpus('codemirror-', sent, nowMs)).toEqual([]);
  });
});
