/** The API description against the routes that are really there. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { FormParams } from '../../src/api/form.js';
import { openapiYaml } from '../../src/http/openapi/document.js';
import { type Endpoint, ENDPOINTS, statusesOf } from '../../src/http/openapi/endpoints.js';
import { PARAMETERS } from '../../src/http/openapi/parameters.js';
import { SHAPES } from '../../src/http/openapi/shapes.js';
import { parseExpr } from '../../src/promql/parser/parse.js';
import { ask as askHandler, outcome } from '../api/context.js';
import { type Harness, type HarnessOptions, makeHarness } from './harness.js';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: unknown }> }>;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
}
const document = parse(openapiYaml()) as { openapi: string; paths: Record<string, Record<string, Operation>> };

it('is served as it is, whatever the state', async () => {
  const { inject, readiness } = await makeHarness();
  readiness.stop();
  const reply = await inject({ method: 'GET', url: '/api/v1/openapi.yaml' });
  expect([reply.statusCode, reply.headers['content-type'], reply.body]).toEqual([200, 'application/yaml; charset=utf-8', openapiYaml()]);
});

it('names every route with its methods, and no other', async () => {
  const { app } = await makeHarness();
  // Not described: methods that only refuse, and the paths of other protocols than the API.
  const described = ENDPOINTS.flatMap(({ path, methods }) => methods.split(' ').map((method) => `${method.toUpperCase()} ${path.replace('{name}', ':name')}`));
  const allowed = new Map<string, string>();
  for (const line of described) {
    const [, path] = line.split(' ');
    const reply = await app.inject({ method: 'TRACE', url: `/api/v1${path!.replace(':name', 'x')}` });
    if (reply.statusCode === 405) allowed.set(path!, String(reply.headers.allow));
  }
  const real = [...allowed].flatMap(([path, allow]) => allow.split(', ').filter((method) => !['OPTIONS', 'DELETE'].includes(method)).map((method) => `${method} ${path}`));
  expect(real.sort()).toEqual([...described].sort());
  // The other direction: the router's own list. The refusals of other OTLP signals are no endpoints.
  const missing = app.printRoutes({ commonPrefix: false }).split('\n').filter((line) => line.includes('api/v1/'))
    .map((line) => /(?:\/)?api\/v1(\/[^\s(]+)/.exec(line)?.[1]).filter((path) => path !== undefined && !/^\/otlp\/v1(?:development)?\/(?!metrics)/.test(path))
    .filter((path) => !ENDPOINTS.some((one) => one.path.replace('{name}', ':name') === path));
  expect(missing).toEqual([]);
});

it('is a valid description: unique ids, path parameters declared', () => {
  expect(document.openapi).toBe('3.1.0');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ path, method, ...one })));
  const ids = operations.map((one) => one.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters = [] } of operations) {
    expect(parameters.filter((one) => one.in === 'path').map((one) => `{${one.name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
  }
  expect(document.paths['/query_range']!['get']!.parameters!.filter((one) => one.required).map((one) => one.name)).toEqual(['query', 'start', 'end', 'step']);
});

it('says which statuses and media types there are, and no request is answered with another', async () => {
  const { app, readiness } = await realHandlers();
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const seen = new Set<string>();
  const ask = async (parameters: string): Promise<void> => {
    for (const endpoint of ENDPOINTS) {
      if (endpoint.path === '/notifications/live') continue;
      for (const method of endpoint.methods.split(' ')) {
        const url = `/api/v1${endpoint.path.replace('{name}', 'job')}${parameters}`;
        for (const payload of ['', 'x'.repeat(5000)]) {
          const { statusCode, headers, body } = await app.inject(method === 'get' ? { method: 'GET', url } : { method: method === 'put' ? 'PUT' : 'POST', url, headers: FORM, payload });
          expect(statusesOf(endpoint), `${method} ${url} ${statusCode}`).toContain(String(statusCode));
          const { responses } = document.paths[endpoint.path]![method]!;
          expect(Object.keys(responses)).toEqual([...statusesOf(endpoint)]);
          const types = Object.keys(responses[statusCode]!.content ?? {});
          if (body !== '') expect(types, `${method} ${url} ${statusCode}`).toContain(String(headers['content-type']).replace('; charset=utf-8', ''));
          seen.add(`${endpoint.path} ${statusCode}`);
        }
      }
    }
  };
  await ask('');
  await ask('?query=1&scrapePool=a&labels=a&match[]=up');
  await ask('?type=x&metric_name_pattern=(&match_target={&limit=x&skip_head=x&openapi_version=x');
  readiness.stop();
  await ask('');
  expect([...seen]).toEqual(expect.arrayContaining(['/query 200', '/query 503', '/read 200', '/scrape_pools/config 404', '/rules 400', '/write 415', '/openapi.yaml 200', '/admin/tsdb/snapshot 500']));
});

/** A value of each parameter that is in order. */
const VALUES: Readonly<Record<string, string>> = {
  'query': '1', 'time': '1', 'start': '1', 'end': '2', 'step': '1', 'timeout': '1s', 'limit': '1', 'lookback_delta': '5m', 'stats': 'true', 'nocache': '1',
  'match[]': 'up', 'metric': 'up', 'limit_per_metric': '1', 'label': 'job', 'search[]': 'u', 'batch_size': '1', 'fuzz_threshold': '50', 'fuzz_alg': 'subsequence',
  'case_sensitive': 'true', 'include_score': 'true', 'include_metadata': 'true', 'sort_by': 'alpha', 'sort_dir': 'asc', 'state': 'active', 'match_target': 'up',
  'scrapePool': 'a', 'labels': '{}', 'type': 'alert', 'exclude_alerts': 'true', 'group_limit': '1', 'group_next_token': 'a', 'metric_name_pattern': 'x',
  'skip_head': 'true',
};
/** Answered in another way: protocols with bodies of their own, and a stream without an end. */
const PLAIN = ENDPOINTS.filter(({ tag, path }) => tag !== 'ingest' && tag !== 'read' && path !== '/notifications/live');
const bare = (word: string) => word.replace('!', '');

/** The server with the real handlers behind it, over an empty store. */
function realHandlers(options: HarnessOptions = {}): Promise<Harness> {
  const query = ({ text }: { readonly text: string }) => {
    parseExpr(text);
    return outcome({ type: 'vector', series: [] });
  };
  return makeHarness({ ...options, query: (request) => Promise.resolve(askHandler(request.endpoint, request.params, { searchApi: true, query }, request)) });
}

function withAdmin(): Promise<Harness> {
  const done = () => Promise.resolve();
  const admin = { deleteSeries: done, cleanTombstones: done, flush: done, snapshot: () => Promise.resolve('s') };
  return realHandlers({ http: { enableAdminApi: true }, admin });
}

async function statusWith({ app }: Harness, { path, methods }: Endpoint, names: readonly string[], changed: Readonly<Record<string, string>> = {}): Promise<number> {
  const query = names.map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(changed[name] ?? VALUES[name]!)}`).join('&');
  const reply = await app.inject({ method: methods === 'post put' ? 'PUT' : 'GET', url: `/api/v1${path.replace('{name}', 'job')}?${query}` });
  return reply.statusCode;
}

it.each(PLAIN)('$path: declares the parameters that are read, and no other', async (endpoint) => {
  const harness = await withAdmin();
  const read = new Set<string>();
  const { get, getAll } = FormParams.prototype;
  const spies = [
    vi.spyOn(FormParams.prototype, 'get').mockImplementation(function reading(this: FormParams, name) {
      read.add(name);
      return get.call(this, name);
    }),
    vi.spyOn(FormParams.prototype, 'getAll').mockImplementation(function reading(this: FormParams, name) {
      read.add(name);
      return getAll.call(this, name);
    }),
  ];
  onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
  const declared = endpoint.params.map(bare);
  // Some are looked at only with, or without, others.
  await statusWith(harness, endpoint, declared);
  await statusWith(harness, endpoint, endpoint.params.filter((word) => word.endsWith('!')).map(bare));
  expect([...read].sort()).toEqual([...declared].sort());
});

it.each(PLAIN.filter(({ params }) => params.length > 0))('$path: needs the required parameters only, and refuses what the schemas exclude', async (endpoint) => {
  const harness = await withAdmin();
  const required = endpoint.params.filter((word) => word.endsWith('!')).map(bare);
  const status = await statusWith(harness, endpoint, required);
  // There is no scrape pool of any name.
  expect(statusesOf(endpoint).includes('404') ? [404] : [200, 204]).toContain(status);
  for (const name of required) expect(await statusWith(harness, endpoint, required.filter((one) => one !== name)), `without ${name}`).toBe(400);
  for (const name of endpoint.params.map(bare)) {
    const { type, enum: values } = PARAMETERS[name]!;
    const isChecked = type === 'integer' || type === 'boolean' || values !== undefined || ['time', 'start', 'end', 'step', 'lookback_delta'].includes(name);
    // Prometheus takes any state, and `nocache` is for people.
    if (!isChecked || name === 'state' || name === 'nocache') continue;
    const names = name === 'sort_dir' ? ['sort_by', name] : [name];
    expect(await statusWith(harness, endpoint, [...new Set([...required, ...names])], { [name]: 'no' }), `${name}=no`).toBe(400);
  }
});

it('declares dry_run where it is read, which are not forms', async () => {
  const { app } = await makeHarness();
  for (const { path, methods, params } of ENDPOINTS.filter(({ tag }) => tag === 'ingest' || tag === 'read')) {
    expect(methods).toBe('post');
    const { body } = await app.inject({ method: 'POST', url: `/api/v1${path}?dry_run=maybe`, headers: { 'content-type': 'application/x-protobuf' }, payload: 'x' });
    expect(body.includes('dry_run must be'), path).toBe(params.includes('dry_run'));
  }
});

it('describes every parameter and shape that it names, and none that it does not', () => {
  expect([...new Set(ENDPOINTS.flatMap(({ params }) => params.map(bare)))].sort()).toEqual(Object.keys(PARAMETERS).sort());
  const named = new Set([...openapiYaml().matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]));
  expect([...named].sort()).toEqual(Object.keys(SHAPES).sort());
});
