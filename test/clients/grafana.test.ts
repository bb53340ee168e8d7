/** `@grafana/prometheus` itself against a running server: what a data source finds out, completes and offers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Server } from '../e2e/support/server.js';
import { areClientsInstalled } from './browser.js';
import { writeFleet } from '../support/fleet.js';
import { Grafana, type DataSource, type TimeRange } from './grafana.js';
import { notInCorpus } from './sent.js';

const METRICS = [
  'http.req', 'lat_seconds_bucket', 'lat_seconds_count', 'lat_seconds_sum', 'native', 'pushed_total', 'temperature_celsius', 'up',
];
const texts = (found: readonly { readonly text: string }[]): string[] => found.map((one) => one.text);

describe.skipIf(!areClientsInstalled)('Grafana', () => {
  let server: Server;
  let plain: Server;
  let grafana: Grafana;
  let range: TimeRange;
  let nowMs: number;
  /** The data source reports there what it cannot use, and goes on without. */
  const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  beforeAll(async () => {
    [server, plain] = await Promise.all([Server.start({ flags: ['--enable-feature=search-api'] }), Server.start()]);
    nowMs = Date.now() - 1000;
    await Promise.all([server, plain].map(({ url }) => writeFleet(url, nowMs)));
    grafana = new Grafana(server.url);
    range = grafana.range(nowMs - 3_600_000, nowMs + 1000);
  });
  beforeEach(() => void complaints.mockClear());
  afterAll(async () => {
    complaints.mockRestore();
    await Promise.all([server.remove(), plain.remove()]);
  });

  describe.each(['GET', 'POST'])('with method %s', (httpMethod) => {
    let source: DataSource;
    beforeAll(async () => {
      source = grafana.dataSource({ httpMethod });
      await source.init();
      await source.languageProvider.start(range);
    });

    it('starts without a complaint, and offers exemplars', async () => {
      const fresh = grafana.dataSource({ httpMethod });
      await fresh.init();
      await fresh.loadRules();
      expect([fresh.exemplarsAvailable, fresh.ruleMappings, complaints.mock.calls]).toEqual([true, {}, []]);
    });

    it('knows metrics, their types and labels after its start', () => {
      const { languageProvider } = source;
      expect(languageProvider.retrieveMetrics()).toEqual(METRICS);
      expect(languageProvider.retrieveHistogramMetrics()).toEqual(['lat_seconds_bucket']);
      expect(languageProvider.retrieveLabelKeys()).toEqual(['__name__', 'instance', 'job', 'k8s.pod', 'le']);
      expect(languageProvider.retrieveMetricsMetadata()).toMatchObject({
        pushed_total: { type: 'counter', help: 'Pushed <things>' },
        temperature_celsius: { type: 'gauge', unit: 'celsius' },
        lat_seconds: { type: 'histogram', help: 'How long it took', unit: 'seconds' },
        native: { type: 'histogram' },
      });
    });

    it('completes names and values of labels, within a selector and a limit, beyond ASCII too', async () => {
      const { languageProvider: provider } = source;
      expect(await provider.queryLabelKeys(range, '{__name__="up"}')).toEqual(['__name__', 'instance', 'job']);
      expect(await provider.queryLabelKeys(range, '{"http.req"}')).toEqual(['__name__', 'job', 'k8s.pod']);
      expect(await provider.queryLabelValues(range, 'job')).toEqual(['api', 'pt', 'web']);
      expect(await provider.queryLabelValues(range, 'job', '{__name__="up",}')).toEqual(['api', 'web']);
      expect(await provider.queryLabelValues(range, 'job', '{__name__="up"}', 1)).toEqual(['api']);
      expect(await provider.queryLabelValues(range, 'k8s.pod', '{"http.req"}')).toEqual(['pod-1']);
      expect(await provider.queryLabelValues(range, 'no_such_label')).toEqual([]);
      const before = grafana.range(nowMs - 10 * 86_400_000, nowMs - 9 * 86_400_000);
      expect(await provider.queryLabelValues(before, 'job', '{__name__="up"}')).toEqual([]);
    });

    it('finds the same by series, as with a server of old', async () => {
      const old = grafana.dataSource({ httpMethod, seriesEndpoint: true });
      await old.languageProvider.start(range);
      expect(new Set(old.languageProvider.retrieveMetrics())).toEqual(new Set(METRICS));
      const client = grafana.seriesClient(source);
      expect(await client.querySeries(range, '{__name__="up"}', 40000)).toEqual([
        { __name__: 'up', instance: 'a:1', job: 'api' }, { __name__: 'up', instance: 'b:1', job: 'web' },
      ]);
      expect(await client.querySeries(range, '{}', 1)).toHaveLength(1);
      expect(await client.queryLabelKeys(range, '{__name__="up"}')).toEqual(['instance', 'job']);
      expect(await client.queryLabelValues(range, 'job', 'up')).toEqual(['api', 'web']);
    });

    it('fills variables of every kind', async () => {
      const ask = async (query: string) => texts(await source.metricFindQuery(query, { range }));
      expect(await ask('label_names()')).toEqual(['__name__', 'instance', 'job', 'k8s.pod', 'le']);
      expect(await ask('label_names(up)')).toEqual(['instance', 'job']);
      expect(await ask('label_values(job)')).toEqual(['api', 'pt', 'web']);
      expect(await ask('label_values(up, job)')).toEqual(['api', 'web']);
      expect(await ask('label_values({"http.req"}, k8s.pod)')).toEqual(['pod-1']);
      expect(await ask('metrics(up|http.*)')).toEqual(['http.req', 'up']);
      expect(await ask('query_result(count(up))')).toEqual([expect.stringMatching(/^\{\} 2 \d+(\.\d+)?$/)]);
      expect(await ask('query_result(scalar(count(up)))')).toEqual(['2']);
      expect(await ask('up{job="api"}')).toEqual(['up{instance="a:1",job="api"}']);
      expect(await ask('{__name__=~"u.+"}')).toHaveLength(2);
    });

    it('fills ad hoc filters from the queries of a panel', async () => {
      const filters = [{ key: 'job', operator: '=', value: 'api' }];
      const queries = [{ refId: 'A', expr: 'sum(rate(up[5m]))' }];
      expect(texts(await source.getTagKeys({ timeRange: range, filters, queries }))).toEqual(['__name__', 'instance']);
      expect(texts(await source.getTagValues({ timeRange: range, filters: [], queries, key: 'job' }))).toEqual(['api', 'web']);
    });

    it('hints at rate() and quantiles, from the types of metrics', () => {
      const types = (expr: string) => source.getQueryHints({ expr }, []).map((hint) => hint.type);
      expect(types('pushed_total')).toEqual(['APPLY_RATE']);
      expect(source.getQueryHints({ expr: 'pushed_total' }, [])[0]!.label).toBe('Selected metric is a counter.');
      expect(types('lat_seconds_bucket')[0]).toBe('HISTOGRAM_QUANTILE');
      expect(types('native')).toEqual(['HISTOGRAM_QUANTILE', 'HISTOGRAM_AVG', 'HISTOGRAM_COUNT']);
      expect(types('temperature_celsius')).toEqual([]);
    });

    it('gets exemplars, and errors in a form that it shows', async () => {
      const exemplars = await source.metadataRequest('/api/v1/query_exemplars', {
        query: 'lat_seconds_bucket', start: String(Math.floor(nowMs / 1000) - 60), end: String(Math.ceil(nowMs / 1000)),
      });
      expect(exemplars.data).toMatchObject({ status: 'success', data: [{
        seriesLabels: { __name__: 'lat_seconds_bucket', job: 'pt', le: '1' },
        exemplars: [{ labels: { trace_id: '0123456789abcdef0123456789abcdef', span_id: '0123456789abcdef' }, value: '0.5' }],
      }] });
      const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      await expect(source.metadataRequest('/api/v1/query', { query: 'sum(' })).rejects.toMatchObject({
        status: 400, data: { status: 'error', errorType: 'bad_data', error: expect.stringContaining('parse error') as string },
      });
      // A refused POST is repeated as GET.
      expect(warnings).toHaveBeenCalledTimes(httpMethod === 'POST' ? 1 : 0);
      warnings.mockRestore();
    });

    it('sends the parameters of its configuration with every request, which do no harm', async () => {
      const custom = grafana.dataSource({ httpMethod, customQueryParameters: 'max_source_resolution=auto&dedup=true' });
      expect(texts(await custom.metricFindQuery('label_values(up, job)', { range }))).toEqual(['api', 'web']);
      expect(grafana.sent.at(-1)!.query ?? grafana.sent.at(-1)!.form).toContain('&max_source_resolution=auto&dedup=true');
    });

    it('completes by the search API where it is on', async () => {
      const searching = grafana.dataSource({ httpMethod, enableSearchApi: true });
      const { languageProvider: provider } = searching;
      await provider.start(range);
      expect(provider.hasSearchSupport()).toBe(true);
      expect(provider.retrieveMetrics()).toEqual(METRICS);
      expect(provider.retrieveLabelKeys()).toEqual(['__name__', 'instance', 'job', 'k8s.pod', 'le']);
      expect(await provider.queryLabelValues(range, 'job', '{__name__="up"}')).toEqual(['api', 'web']);
      const client = provider.getSearchApiClient()!;
      const found = await client.searchMetricNames(range, 'pushd total', { limit: 5, includeMetadata: true });
      expect(found).toMatchObject({ results: [{ name: 'pushed_total', type: 'counter', help: 'Pushed <things>' }], hasMore: false, warnings: [] });
      expect((await client.searchLabelNames(range, 'inst', { limit: 1 })).results).toEqual([{ name: 'instance' }]);
      expect((await client.searchLabelValues(range, 'job', 'ap', { limit: 1, match: 'up' })).results).toMatchObject([{ value: 'api' }]);
    });

    it('falls back from the search API where it is off', async () => {
      const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      grafana.serverUrl = plain.url;
      const { languageProvider: provider } = grafana.dataSource({ httpMethod, enableSearchApi: true });
      await provider.start(range);
      grafana.serverUrl = server.url;
      expect([provider.hasSearchSupport(), provider.retrieveMetrics()]).toEqual([false, METRICS]);
      expect(warnings).toHaveBeenCalledTimes(1);
      warnings.mockRestore();
    });
  });

  it('made no request that the corpus does not have', () => {
    expect(notInCorpus('grafana-', grafana.sent, nowMs)).toEqual([]);
  });
});
