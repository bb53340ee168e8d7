/** Requests to the wrong place are answered with the right one. */
import http2 from 'node:http2';
import { Client, credentials, Metadata, status as Code, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, test } from 'vitest';
import { Listener } from '../../src/http/listener.js';
import { Status, WriteRequestV1 } from '../../src/wire/schemas.js';
import { compressBlock } from '../../src/wire/snappy.js';
import { WireError } from '../../src/wire/wire-error.js';
import { exportRequest, LOG, SPAN } from '../wire/other-messages.js';
import { CONNECTIONS, LOCAL, makeHarness } from './harness.js';

const PROTO = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };
const OTLP = '/api/v1/otlp/v1/metrics';
const V1 = WriteRequestV1.encode(WriteRequestV1.fromObject({ timeseries: [{ labels: [{ name: '__name__', value: 'up' }], samples: [{}] }] })).finish();

/** A request that decodes to nothing, or not at all. */
async function post(url: string, headers: Record<string, string>, body: Uint8Array | string, corrupt = false) {
  const harness = await makeHarness({
    outcome: { samplesWritten: 0 }, http: { routePrefix: '/' }, ...(corrupt ? { storeError: new WireError('corrupt', 'not this') } : {}),
  });
  const { statusCode, rawPayload } = await harness.inject({ method: 'POST', url, headers, payload: Buffer.from(body) });
  return { status: statusCode, raw: rawPayload, body: rawPayload.toString() };
}

describe('at the OTLP endpoint', () => {
  test.each<[string, Record<string, string>, Uint8Array | string, RegExp]>([
    ['traces as JSON', JSON_TYPE, '{"resourceSpans":[{}]}', /metrics only, not traces.*OTEL_TRACES_EXPORTER=none/],
    ['logs as JSON', JSON_TYPE, '{"resourceLogs":[{}]}', /metrics only, not logs/],
    ['traces', PROTO, exportRequest(SPAN), /metrics only, not traces/],
    ['logs', PROTO, exportRequest(LOG), /metrics only, not logs/],
    ['remote write', PROTO, V1, /remote write, which goes to \/api\/v1\/write/],
    ['remote write in snappy', PROTO, compressBlock(V1), /remote write, which goes to \/api\/v1\/write/],
  ])('%s', async (_name, headers, body, expected) => {
    for (const corrupt of [false, true]) {
      const { status, raw, body: text } = await post(OTLP, headers, body, corrupt);
      const { message } = headers === JSON_TYPE ? JSON.parse(text) as { message: string } : Status.toObject(Status.decode(raw)) as { message: string };
      expect([status, message]).toEqual([400, expect.stringMatching(expected)]);
    }
  });

  it('remote write by its headers', async () => {
    const { status, raw } = await post(OTLP, { ...PROTO, 'content-encoding': 'snappy' }, 'x');
    expect([status, Status.toObject(Status.decode(raw)).message]).toEqual([400, expect.stringContaining('remote write goes to /api/v1/write')]);
  });

  it('an empty request stays a success', async () => {
    expect((await post(OTLP, JSON_TYPE, '{}')).status).toBe(200);
    expect((await post(OTLP, PROTO, '')).status).toBe(200);
  });
});

describe('at the remote write endpoint', () => {
  test.each<[string, Record<string, string>, Uint8Array | string, number, RegExp]>([
    ['OTLP without compression', PROTO, exportRequest(Buffer.from([0x0a, 1, 0x61, 0x2a, 0])), 400, /OTLP, which goes to \/api\/v1\/otlp\/v1\/metrics/],
    ['traces', PROTO, exportRequest(SPAN), 400, /metrics only, not traces/],
    ['OTLP in gzip', { ...PROTO, 'content-encoding': 'gzip' }, 'x', 415, /For OTLP use \/api\/v1\/otlp\/v1\/metrics/],
    ['OTLP in JSON', JSON_TYPE, '{}', 415, /For OTLP use/],
  ])('%s', async (_name, headers, body, status, expected) => {
    expect(await post('/api/v1/write', headers, body, true)).toMatchObject({ status, body: expect.stringMatching(expected) });
  });
});

test.each(['/v1/traces', '/v1/logs', '/v1development/profiles', '/api/v1/otlp/v1/traces', '/api/v1/otlp/v1/logs'])('%s: 404 in words', async (url) => {
  expect(await post(url, PROTO, 'x')).toMatchObject({ status: 404, body: expect.stringContaining('this server stores metrics only, not') });
});

describe('HTTP/2 at the HTTP port', () => {
  const ended: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end();
  });

  async function listen(): Promise<string> {
    const { app } = await makeHarness();
    const listener = await Listener.open(app.routing, [LOCAL], CONNECTIONS);
    ended.push(() => listener.close());
    return listener.addresses[0]!;
  }

  test.each([10, 100_000])('gRPC, %d bytes: UNIMPLEMENTED with the right port', async (size) => {
    const client = new Client(await listen(), credentials.createInsecure());
    ended.push(() => client.close());
    const asItIs = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', asItIs, asItIs, Buffer.alloc(size), new Metadata(), resolve);
    });
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED, details: expect.stringContaining('OTLP over gRPC goes to port 4317') });
  });

  it('other HTTP/2: 505', async () => {
    const session = http2.connect(`http://${await listen()}`);
    ended.push(() => session.destroy());
    const request = session.request({ ':path': '/-/healthy' });
    const status = await new Promise((resolve) => void request.on('response', (headers) => resolve(headers[':status'])));
    let text = '';
    for await (const chunk of request) text += String(chunk);
    expect([status, text]).toEqual([505, expect.stringContaining('this port takes HTTP/1.1')]);
  });
});
