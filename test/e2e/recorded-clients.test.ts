/** Replays what real clients ask (test/http/corpus) and checks that each can use the answer. */
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { write } from '../support/remote-write-client.js';
import { Server } from './support/server.js';

interface Recorded {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: string;
  readonly form?: string;
  readonly accept?: string;
  readonly status?: number;
  /** Where it is not what `expectUsable` expects. */
  readonly data?: readonly unknown[];
  readonly warnings?: readonly string[];
}

const folder = new URL('../http/corpus/', import.meta.url);
const corpora = fs.readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, ...(JSON.parse(fs.readFileSync(new URL(name, folder), 'utf8')) as { client: string; requests: Recorded[] }) }));

let server: Server;
const nowSeconds = Math.floor(Date.now() / 1000);
beforeAll(async () => {
  server = await Server.start({ flags: ['--enable-feature=search-api'] });
  const samples = [60, 30, 1].map((ago) => ({ timestampMs: (nowSeconds - ago) * 1000, value: 100 - ago }));
  const answer = await write(server.url, 1, [
    { labels: { __name__: 'http.req', 'job': 'web', 'k8s.pod': 'pod-1' }, samples },
    { labels: { __name__: 'lat_bucket', job: 'api', le: '+Inf' }, samples },
    { labels: { __name__: 'pushed_total', job: 'pt' }, samples },
    { labels: { __name__: 'up', job: 'api' }, samples },
  ]);
  expect(answer.status).toBe(204);
});
afterAll(() => server.remove());

function atReplay(text: string): string {
  return text.replaceAll(/\{now([+-]\d+)\}/g, (_all, offset) => String(nowSeconds + Number(offset)))
    .replaceAll(/\{iso([+-]\d+)\}/g, (_all, offset) => encodeURIComponent(new Date((nowSeconds + Number(offset)) * 1000).toISOString()));
}

/** What must be in `data`, by endpoint: clients call `.map` on lists, and read `resultType`. */
function expectUsable({ path, query = '', form = '' }: Recorded, data: unknown): void {
  const asked = decodeURIComponent(`${query}&${form}`.replaceAll('+', ' '));
  if (path === '/api/v1/labels') expect(data).toEqual(expect.arrayContaining(['__name__', 'job']));
  else if (path === '/api/v1/label/__name__/values') expect(data).toEqual(asked.includes('match') ? ['http.req', 'up'] : ['http.req', 'lat_bucket', 'pushed_total', 'up']);
  else if (path === '/api/v1/label/job/values') expect(data).toEqual(asked.includes('up') ? ['api'] : ['api', 'pt', 'web']);
  else if (path === '/api/v1/label/U__k8s_2e_pod/values') expect(data).toEqual(['pod-1']);
  else if (path === '/api/v1/series') expect(data).toContainEqual({ __name__: 'up', job: 'api' });
  else if (path === '/api/v1/query' || path === '/api/v1/query_range') expect((data as { result: unknown[] }).result).not.toEqual([]);
  else if (path === '/api/v1/query_exemplars') expect(data).toEqual([]);
  else if (path === '/api/v1/rules') expect(data).toEqual({ groups: [] });
  else expect(data).toBeTypeOf('object');
}

describe.each(corpora)('$client', ({ requests }) => {
  test.each(requests.map((request) => [`${request.method} ${request.path}?${request.query ?? ''} ${request.form ?? ''}`, request] as const))('%s', async (_name, request) => {
    const { method, path, query, form, accept } = request;
    const response = await fetch(`${server.url}${path}${query === undefined ? '' : `?${atReplay(query)}`}`, {
      method,
      headers: { ...(accept === undefined ? {} : { accept }), ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(form === undefined ? {} : { body: atReplay(form) }),
    });
    expect(response.status, await response.clone().text()).toBe(request.status ?? 200);
    if (!path.startsWith('/api/')) return;
    if (path.startsWith('/api/v1/search/')) return expect(searchLines(await response.text())).toEqual(request.data);
    expect(response.headers.get('content-type')).toBe('application/json');
    const answer = (await response.json()) as { status: string; data: unknown; warnings?: string[] };
    if (request.status !== undefined) return expect(answer).toMatchObject({ status: 'error', errorType: 'bad_data' });
    expect([answer.status, answer.warnings]).toEqual(['success', request.warnings]);
    if (request.data === undefined) expectUsable(request, answer.data);
    else expect(answer.data).toEqual(request.data);
  });
});

/** The lines of a search before the one that ends it. */
function searchLines(text: string): unknown[] {
  const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown);
  expect(lines.pop()).toEqual({ status: 'success', has_more: false });
  return lines;
}
