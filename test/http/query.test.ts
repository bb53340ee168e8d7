import zlib from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { Listener } from '../../src/http/listener.js';
import { AdmissionError } from '../../src/threads/query-service.js';
import { CONNECTIONS, json, LOCAL, makeHarness, NOW_MS } from './harness.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('parameters', () => {
  test.each<[string, { method: 'GET' | 'POST'; url: string; headers?: Record<string, string>; payload?: string }, string]>([
    ['GET', { method: 'GET', url: '/api/v1/query?query=up&time=4' }, 'query=up&time=4'],
    ['GET without', { method: 'GET', url: '/api/v1/query' }, ''],
    ['form', { method: 'POST', url: '/api/v1/query', headers: FORM, payload: 'query=up&time=4' }, 'query=up&time=4'],
    ['form with charset', { method: 'POST', url: '/api/v1/query', headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }, payload: 'query=ü' }, 'query=ü'],
    ['both, the form first', { method: 'POST', url: '/api/v1/query?query=1&time=1', headers: FORM, payload: 'query=2' }, 'query=2&query=1&time=1'],
    ['POST without a body', { method: 'POST', url: '/api/v1/query?query=1' }, 'query=1'],
    ['POST with another body', { method: 'POST', url: '/api/v1/query?time=1', headers: { 'content-type': 'application/json' }, payload: '{"query":"1"}' }, 'time=1'],
  ])('%s', async (_name, request, params) => {
    const { inject, asked } = await makeHarness();
    expect((await inject(request)).statusCode).toBe(200);
    expect(asked).toMatchObject([{ endpoint: 'query', params, nowMs: NOW_MS, pathArgument: '' }]);
  });

  test.each([
    ['/api/v1/query', 'query'], ['/api/v1/query_range', 'query_range'], ['/api/v1/query_exemplars', 'query_exemplars'], ['/api/v1/format_query', 'format_query'],
    ['/api/v1/parse_query', 'parse_query'], ['/api/v1/series', 'series'], ['/api/v1/labels', 'labels'],
    ['/api/v1/search/metric_names', 'search_metric_names'], ['/api/v1/search/label_names', 'search_label_names'],
    ['/api/v1/search/label_values', 'search_label_values'],
  ])('%s by GET and POST', async (url, endpoint) => {
    const { inject, asked } = await makeHarness();
    await inject({ method: 'GET', url });
    await inject({ method: 'POST', url, headers: FORM, payload: 'a=1' });
    expect(asked).toMatchObject([{ endpoint, params: '' }, { endpoint, params: 'a=1' }]);
  });

  test.each([
    ['/api/v1/metadata', 'metadata'], ['/api/v1/status/tsdb', 'status_tsdb'], ['/federate', 'federate'], ['/api/v1/label/job/values', 'label_values'],
  ])('%s by GET only', async (url, endpoint) => {
    const { inject, asked } = await makeHarness();
    await inject({ method: 'GET', url });
    expect(asked).toMatchObject([{ endpoint }]);
    const refused = await inject({ method: 'POST', url, headers: FORM, payload: 'a=1' });
    expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, OPTIONS']);
  });

  test.each([
    ['job', 'job'], ['a.b', 'a.b'], ['U__a_2e_b', 'U__a_2e_b'], ['%C3%BC', 'ü'], ['a%20b', 'a b'], ['x'.repeat(500), 'x'.repeat(500)],
  ])('label %s', async (path, name) => {
    const { inject, asked } = await makeHarness();
    await inject({ method: 'GET', url: `/api/v1/label/${path}/values` });
    expect(asked).toMatchObject([{ endpoint: 'label_values', pathArgument: name }]);
  });

  it('a label name that is not UTF-8: 400', async () => {
    const { inject, asked } = await makeHarness();
    const reply = await inject({ method: 'GET', url: '/api/v1/label/%ff/values' });
    expect([reply.statusCode, reply.headers['content-type'], asked]).toEqual([400, 'application/json', []]);
    expect(reply.json()).toMatchObject({ status: 'error', errorType: 'bad_data' });
  });
});

describe('deadline', () => {
  test.each([['', 120_000], ['timeout=5', 5000], ['timeout=1m30s', 90_000], ['timeout=1h', 120_000], ['timeout=abc', 120_000], ['timeout=-1', 0]])('%s', async (params, ms) => {
    const { inject, asked } = await makeHarness();
    await inject({ method: 'GET', url: `/api/v1/query?query=1&${params}` });
    expect(asked[0]!.deadlineMs - NOW_MS).toBe(ms);
  });
});

describe('answers', () => {
  it('bytes, status and type of the worker', async () => {
    const { inject } = await makeHarness({ query: () => Promise.resolve(json('{"status":"error"}', 422)) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query' });
    expect([reply.statusCode, reply.body, reply.headers['content-type'], reply.headers.vary]).toEqual([422, '{"status":"error"}', 'application/json', 'Origin']);
  });
  it('204 has neither body nor type', async () => {
    const { inject } = await makeHarness({ query: () => Promise.resolve({ status: 204, contentType: '', body: new Uint8Array(0) }) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query_exemplars?query=1' });
    expect([reply.statusCode, reply.body, reply.headers['content-type']]).toEqual([204, '', undefined]);
  });

  const long = `{"status":"success","data":"${'x'.repeat(5000)}"}`;
  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', zlib.gunzipSync], ['deflate', zlib.inflateSync], ['br', zlib.brotliDecompressSync],
  ])('compressed with %s', async (encoding, decode) => {
    const { inject } = await makeHarness({ query: () => Promise.resolve(json(long)) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query', headers: { 'accept-encoding': encoding } });
    expect(reply.headers['content-encoding']).toBe(encoding);
    expect(decode(reply.rawPayload).toString()).toBe(long);
    expect(reply.headers.vary).toMatch(/^Origin, accept-encoding$/i);
  });
  it('not compressed when short or not wanted', async () => {
    const short = await (await makeHarness()).inject({ method: 'GET', url: '/api/v1/query', headers: { 'accept-encoding': 'gzip' } });
    expect(short.headers['content-encoding']).toBeUndefined();
    const { inject } = await makeHarness({ query: () => Promise.resolve(json(long)) });
    expect((await inject({ method: 'GET', url: '/api/v1/query' })).body).toBe(long);
  });

  it('a worker gets only compressible data, not a compressed request', async () => {
    const { inject, asked } = await makeHarness();
    const reply = await inject({ method: 'POST', url: '/api/v1/query', headers: FORM, payload: `query=${'x'.repeat(11 * 1024 * 1024)}` });
    expect([reply.statusCode, asked]).toEqual([413, []]);
  });
});

describe('admission', () => {
  test.each<[AdmissionError['code'], number, string, string, string | undefined]>([
    ['queue_full', 503, 'unavailable', 'too many queries', '1'],
    ['stopping', 503, 'unavailable', 'too many queries', '1'],
    ['timeout', 503, 'timeout', 'query timed out in query queue', undefined],
    ['canceled', 499, 'canceled', 'query was canceled in query queue', undefined],
  ])('%s', async (code, status, errorType, error, retryAfter) => {
    const { inject } = await makeHarness({ query: () => Promise.reject(new AdmissionError(code, 'too many queries')) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query' });
    expect([reply.statusCode, reply.headers['retry-after'], reply.json()]).toEqual([status, retryAfter, { status: 'error', errorType, error }]);
  });
  it('what can succeed later says when', async () => {
    const { inject } = await makeHarness({ query: () => Promise.resolve({ ...json('{"status":"error"}'), status: 503, retryAfterSeconds: 1 }) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query' });
    expect([reply.statusCode, reply.headers['retry-after']]).toEqual([503, '1']);
  });
  it('our own fault: 500 with the envelope', async () => {
    const { inject } = await makeHarness({ query: () => Promise.reject(new Error('BUG: x')) });
    const reply = await inject({ method: 'GET', url: '/api/v1/query' });
    expect([reply.statusCode, reply.json()]).toEqual([500, { status: 'error', errorType: 'internal', error: 'BUG: x' }]);
  });
});

describe('methods and CORS', () => {
  test.each([
    ['DELETE', '/api/v1/query', 'GET, OPTIONS, POST'], ['HEAD', '/api/v1/query', 'GET, OPTIONS, POST'], ['PUT', '/api/v1/series', 'DELETE, GET, OPTIONS, POST'],
    ['PATCH', '/api/v1/labels', 'GET, OPTIONS, POST'],
  ] as const)('%s %s: 405', async (method, url, allow) => {
    const reply = await (await makeHarness()).inject({ method, url });
    expect([reply.statusCode, reply.headers.allow, reply.headers['content-type'], reply.headers['x-content-type-options']])
      .toEqual([405, allow, 'text/plain; charset=utf-8', 'nosniff']);
    if (method !== 'HEAD') expect(reply.body).toBe('Method Not Allowed\n');
  });
  it('DELETE /series as in Prometheus', async () => {
    const reply = await (await makeHarness()).inject({ method: 'DELETE', url: '/api/v1/series' });
    expect([reply.statusCode, reply.body]).toEqual([500, '{"status":"error","errorType":"internal","error":"not implemented"}']);
  });

  const cors = {
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-expose-headers': 'Date',
    vary: 'Origin',
  };
  it('an Origin is answered', async () => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: '/api/v1/query', headers: { origin: 'http://x' } });
    expect(reply.headers).toMatchObject({ ...cors, 'access-control-allow-origin': 'http://x' });
  });
  it('without one only Vary', async () => {
    const { headers } = await (await makeHarness()).inject({ method: 'GET', url: '/api/v1/query' });
    expect(headers.vary).toBe('Origin');
    expect(headers).not.toHaveProperty('access-control-allow-methods');
  });
  it('an origin that is not allowed', async () => {
    const { inject } = await makeHarness({ http: { isAllowedOrigin: (origin) => origin === 'https://a' } });
    const reply = await inject({ method: 'GET', url: '/api/v1/query', headers: { origin: 'https://b' } });
    expect(reply.headers).toMatchObject(cors);
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
  });
  it.each(['/api/v1/write', '/api/v1/otlp/v1/metrics', '/api/v1/rules', '/api/v1/nothing'])('OPTIONS %s', async (url) => {
    const reply = await (await makeHarness()).inject({ method: 'OPTIONS', url, headers: { origin: 'http://x' } });
    expect([reply.statusCode, reply.headers['access-control-allow-origin']]).toEqual([204, 'http://x']);
  });
  it('doubled slashes are one', async () => {
    const { inject, asked } = await makeHarness();
    // A path that begins with two slashes would be read as a host by inject.
    expect((await inject({ method: 'GET', url: 'http://localhost//api/v1//query?query=1' })).statusCode).toBe(200);
    expect(asked).toMatchObject([{ endpoint: 'query' }]);
  });
  it('preflight: 204', async () => {
    const reply = await (await makeHarness()).inject({ method: 'OPTIONS', url: '/api/v1/query', headers: { origin: 'http://x' } });
    expect([reply.statusCode, reply.body]).toEqual([204, '']);
    expect(reply.headers).toMatchObject({ ...cors, 'access-control-allow-origin': 'http://x' });
  });
});

it('a client that goes away cancels its query', async () => {
  const { app, signals } = await makeHarness({
    query: (_request, signal) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new AdmissionError('canceled', 'canceled')));
    }),
  });
  const listener = await Listener.open(app.routing, [LOCAL], CONNECTIONS);
  const abort = new AbortController();
  const request = fetch(`http://${listener.addresses[0]}/api/v1/query?query=1`, { signal: abort.signal });
  await expect.poll(() => signals.length).toBe(1);
  abort.abort();
  await expect(request).rejects.toThrow();
  await expect.poll(() => signals[0]!.aborted).toBe(true);
  await listener.close();
});
