/** The API description against the routes that are really there. */
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENDPOINTS, OPENAPI_YAML, statusesOf } from '../../src/http/openapi.js';
import { makeHarness } from './harness.js';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, unknown>;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
}
const document = parse(OPENAPI_YAML) as { openapi: string; paths: Record<string, Record<string, Operation>> };

it('is served as it is, whatever the state', async () => {
  const { inject, readiness } = await makeHarness();
  readiness.stop();
  const reply = await inject({ method: 'GET', url: '/api/v1/openapi.yaml' });
  expect([reply.statusCode, reply.headers['content-type'], reply.body]).toEqual([200, 'application/yaml; charset=utf-8', OPENAPI_YAML]);
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
  // The other direction: the router's own list. Remote read and the refusals of other OTLP signals are protocols of their own.
  const missing = app.printRoutes({ commonPrefix: false }).split('\n').filter((line) => line.includes('api/v1/'))
    .map((line) => /(?:\/)?api\/v1(\/[^\s(]+)/.exec(line)?.[1]).filter((path) => path !== undefined && path !== '/read' && !/^\/otlp\/v1(?:development)?\/(?!metrics)/.test(path))
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

it('says which statuses there are, and no request is answered with another', async () => {
  const { app, readiness } = await makeHarness();
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const seen = new Set<string>();
  const ask = async (parameters: string): Promise<void> => {
    for (const endpoint of ENDPOINTS) {
      if (endpoint.path === '/notifications/live') continue;
      for (const method of endpoint.methods.split(' ')) {
        const url = `/api/v1${endpoint.path.replace('{name}', 'job')}${parameters}`;
        for (const payload of ['', 'x'.repeat(5000)]) {
          const { statusCode } = await app.inject(method === 'get' ? { method: 'GET', url } : { method: method === 'put' ? 'PUT' : 'POST', url, headers: FORM, payload });
          expect(statusesOf(endpoint), `${method} ${url} ${statusCode}`).toContain(String(statusCode));
          expect(Object.keys(document.paths[endpoint.path]![method]!.responses)).toEqual([...statusesOf(endpoint)]);
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
  expect([...seen]).toEqual(expect.arrayContaining(['/query 200', '/query 503', '/scrape_pools/config 404', '/rules 400', '/write 415', '/openapi.yaml 200', '/admin/tsdb/snapshot 500']));
});
