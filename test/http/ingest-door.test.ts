/** Which requests go past the framework, and that nobody can tell from the answer. */
import http, { type OutgoingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, it, test } from 'vitest';
import { AppendStatus } from '../../src/storage/append-status.js';
import { Listener } from '../../src/http/listener.js';
import { CONNECTIONS, makeHarness, type HarnessOptions } from './harness.js';

const WRITE = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const V2 = { ...WRITE, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };
const OTLP = { 'content-type': 'application/x-protobuf' };
const open: Listener[] = [];

afterEach(async () => {
  for (const listener of open.splice(0)) {
    listener.closeAllConnections();
    await listener.close();
  }
});

interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** A server whose sockets lead to the door; `framework` counts the requests that it left to the routes. */
async function serve(options: HarnessOptions = {}) {
  const harness = await makeHarness(options);
  let framework = 0;
  const { routing } = harness.app;
  Object.defineProperty(harness.app, 'routing', { value: (request: http.IncomingMessage, response: http.ServerResponse) => {
    framework++;
    routing(request, response);
  } });
  const listener = await Listener.open(harness.routing, [{ host: '127.0.0.1', port: 0 }], CONNECTIONS);
  open.push(listener);
  const send = (path: string, headers: OutgoingHttpHeaders, body: string | Buffer, method = 'POST') => new Promise<Reply>((resolve, reject) => {
    const request = http.request(`http://${listener.addresses[0]}${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') });
      });
    });
    request.on('error', reject).end(body);
  });
  return { ...harness, send, left: () => framework };
}

describe('which way', () => {
  test.each<[string, OutgoingHttpHeaders]>([['/api/v1/write', WRITE], ['/api/v1/otlp/v1/metrics', OTLP], ['/v1/metrics', OTLP]])(
    'POST %s: past the framework', async (path, headers) => {
      const { send, left, stored, observed } = await serve();
      expect((await send(path, headers, 'x')).status).toBeLessThan(300);
      expect([left(), stored.length]).toEqual([0, 1]);
      await expect.poll(() => observed.filter((line) => line.startsWith(`POST ${path} 20`)).length).toBe(1);
    });

  test.each<[string, string, string]>([
    ['parameters', '/api/v1/write?dry_run=0', 'POST'], ['another spelling', '/api/v1//write', 'POST'], ['another method', '/api/v1/write', 'GET'],
  ])('%s: by the routes', async (_name, path, method) => {
    const { send, left, observed } = await serve();
    const { status } = await send(path, WRITE, 'x', method);
    expect([status, left()]).toEqual([method === 'POST' ? 204 : 405, 1]);
    await expect.poll(() => observed.filter((line) => line.startsWith(`${method} /api/v1/write`)).length).toBe(1);
  });

  it('not ready: the gate of the routes', async () => {
    const { send, readiness, stored } = await serve();
    readiness.stop();
    const { status, headers, body } = await send('/api/v1/write', WRITE, 'x');
    expect([status, headers['x-prometheus-stopping'], body, stored]).toEqual([503, 'true', 'Service Unavailable', []]);
  });

  it('below a route prefix', async () => {
    const { send, left } = await serve({ http: { routePrefix: '/metrics-store/' } });
    expect((await send('/metrics-store/api/v1/write', WRITE, 'x')).status).toBe(204);
    expect(left()).toBe(0);
    expect((await send('/api/v1/write', WRITE, 'x')).status).toBe(404);
    expect(left()).toBe(1);
  });
});

describe('the same answer as by the routes', () => {
  const late = { status: AppendStatus.outOfOrder, count: 2, example: 'up: 1000 is older than 2000' };
  test.each<[string, string, OutgoingHttpHeaders, string | Buffer, HarnessOptions]>([
    ['stored', '/api/v1/write', WRITE, 'x', {}],
    ['stored, 2.0', '/api/v1/write', V2, 'x', { outcome: { samplesWritten: 5, histogramsWritten: 2 } }],
    ['some not stored', '/api/v1/write', V2, 'x', { outcome: { rejects: [late] } }],
    ['corrupt', '/api/v1/write', V2, 'bad', {}],
    ['wrong type', '/api/v1/write', { 'content-type': 'image/png' }, 'x', {}],
    ['too large', '/api/v1/write', WRITE, Buffer.alloc(5000), {}],
    ['broken', '/api/v1/write', WRITE, 'x', { storeError: new Error('BUG') }],
    ['gate closed', '/api/v1/write', WRITE, 'x', { gate: { maxRequests: 0, maxBytes: 0 } }],
    ['OTLP', '/v1/metrics', OTLP, 'x', {}],
    ['OTLP, JSON', '/v1/metrics', { 'content-type': 'application/json' }, '{}', {}],
    ['OTLP, some not stored', '/v1/metrics', OTLP, 'x', { outcome: { rejectedPoints: 2, rejects: [late] } }],
    ['OTLP, corrupt', '/v1/metrics', OTLP, 'bad', {}],
    ['OTLP, remote write', '/v1/metrics', WRITE, 'x', {}],
  ])('%s', async (_name, path, headers, body, options) => {
    const shown = ({ status, headers: { date: _date, ...others }, body: text }: Reply) => ({ status, others, text });
    const { send, left, gate } = await serve(options);
    const byDoor = await send(path, headers, body);
    expect(left()).toBe(0);
    // The parameter means nothing here, and only the routes take it.
    const byRoutes = await send(`${path}?x=1`, headers, body);
    expect(left()).toBe(1);
    expect(shown(byDoor)).toEqual(shown(byRoutes));
    await expect.poll(() => [gate.inFlightRequests, gate.inFlightBytes]).toEqual([0, 0]);
  });
});
