/** What a running server answers, held against the shapes of its own description. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Errors } from 'typebox/schema';
import { parse } from 'yaml';
import { writeFleet } from '../support/fleet.js';
import { Server } from './support/server.js';

interface Description {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }> }>>;
  readonly components: object;
}

let server: Server;
let document: Description;
let end: number;
beforeAll(async () => {
  server = await Server.start({ flags: ['--enable-feature=search-api,promql-per-step-stats', '--web.enable-admin-api'] });
  const nowMs = Date.now() - 1000;
  end = Math.ceil(nowMs / 1000);
  await writeFleet(server.url, nowMs);
  document = parse(await (await fetch(`${server.url}/api/v1/openapi.yaml`)).text()) as Description;
});
afterAll(() => server.remove());

const RANGE = 'start={end-60}&end={end}';
const REQUESTS: readonly string[] = [
  'GET /query?query=1', 'GET /query?query="text"', 'GET /query?query=up&stats=all', 'GET /query?query=native', 'GET /query?query=up[5m]', 'GET /query?query={__name__=~".%2B"}',
  'POST /query?query=lat_seconds_bucket-lat_seconds_count&stats=true', 'GET /query?query=native[1m]', 'GET /query?query=sum(', 'GET /query?query=up*on(job)up',
  `GET /query_range?query=up&step=15&${RANGE}&stats=all`, `GET /query_range?query=native&step=15&${RANGE}`, `GET /query_range?query=rate(up[1m])&step=15&${RANGE}`,
  `GET /query_exemplars?query=lat_seconds_bucket&${RANGE}`, 'GET /query_exemplars?query=1', 'GET /format_query?query=sum(up)by(job)',
  ...['sum(up)', 'up+1', 'rate(up[5m])', 'up[5m:1m]', '(up)', '-up', '"a"', 'up'].map((query) => `GET /parse_query?query=${encodeURIComponent(query)}`),
  'GET /series?match[]=up', 'GET /series', 'GET /labels?limit=1', 'GET /label/{name}/values', 'GET /metadata', 'GET /metadata?limit=x',
  'GET /search/metric_names?include_metadata=true&include_score=true&search[]=l', 'GET /search/label_names', 'GET /search/label_values?label=job', 'GET /search/label_values',
  'GET /targets', 'GET /targets?state=active', 'GET /targets/metadata', 'GET /targets/relabel_steps', 'GET /targets/relabel_steps?scrapePool=a&labels={}', 'GET /scrape_pools',
  'GET /scrape_pools/config?scrapePool=a', 'GET /rules', 'GET /rules?type=x', 'GET /alerts', 'GET /alertmanagers',
  'GET /status/buildinfo', 'GET /status/runtimeinfo', 'GET /status/config', 'GET /status/flags', 'GET /status/tsdb', 'GET /status/tsdb?limit=0', 'GET /status/walreplay',
  'GET /status/self_metrics', 'GET /features', 'GET /notifications',
  // Last: it makes the blocks that the request after it lists.
  'POST /admin/tsdb/delete_series', 'POST /admin/tsdb/snapshot?skip_head=true', 'POST /admin/tsdb/flush', 'GET /status/tsdb/blocks',
];

it.each(REQUESTS)('%s', async (request) => {
  const [method, target] = request.split(' ') as [string, string];
  const [path, query = ''] = target.split('?') as [string, string?];
  const url = `${server.url}/api/v1${path.replace('{name}', 'job')}?${query.replaceAll('{end-60}', String(end - 60)).replaceAll('{end}', String(end))}`;
  const response = await fetch(url, { method });
  const body = await response.text();
  const { content } = document.paths[path]![method.toLowerCase()]!.responses[response.status]!;
  if (content === undefined) return expect(body).toBe('');
  const type = response.headers.get('content-type')!.replace('; charset=utf-8', '');
  const { schema } = content[type]!;
  const values = type === 'application/x-ndjson' ? body.trimEnd().split('\n') : [body];
  const lines = 'x-lines' in schema ? schema['x-lines'] as object : schema;
  for (const value of values) expect(Errors({ ...lines, components: document.components }, JSON.parse(value)), value)
    .toEqual([true, []]);
});

it('can tell a wrong shape', () => {
  const { schema } = document.paths['/query']!['get']!.responses['200']!.content!['application/json']!;
  const judge = (data: unknown) => Errors({ ...schema, components: document.components }, { status: 'success', data })[0];
  const labels = { metric: { a: 'b' } };
  expect(judge({ resultType: 'vector', result: [{ ...labels, value: [1, '1'] }] })).toBe(true);
  expect(judge({ resultType: 'vector', result: [{ ...labels, value: [1, 1] }] })).toBe(false);
  expect(judge({ resultType: 'vector', result: [{ ...labels, values: [[1, '1']] }] })).toBe(false);
  expect(judge({ resultType: 'matrix', result: null })).toBe(false);
});
