import zlib from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { AppendStatus } from '../../src/storage/append-status.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { ExportMetricsServiceResponse, Status } from '../../src/wire/schemas.js';
import { makeHarness, type HarnessOptions } from './harness.js';

const PROTO = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

async function post(headers: Record<string, string>, body: string | Buffer = 'body', options: HarnessOptions = {}, url = '/api/v1/otlp/v1/metrics') {
  const harness = await makeHarness(options);
  const reply = await harness.inject({ method: 'POST', url, headers, payload: body });
  return { ...harness, reply, status: reply.statusCode, type: reply.headers['content-type'] };
}

describe('accepted', () => {
  test.each<[string, Record<string, string>, Buffer, string]>([
    ['protobuf', PROTO, Buffer.from('body'), 'protobuf'],
    ['JSON', JSON_TYPE, Buffer.from('body'), 'json'],
    ['JSON with charset', { 'content-type': 'application/json; charset=utf-8' }, Buffer.from('body'), 'json'],
    ['JSON in upper case', { 'content-type': 'Application/JSON' }, Buffer.from('body'), 'json'],
    ['identity', { ...JSON_TYPE, 'content-encoding': 'identity' }, Buffer.from('body'), 'json'],
    ['gzip', { ...PROTO, 'content-encoding': 'gzip' }, zlib.gzipSync('body'), 'protobuf'],
    ['GZIP', { ...PROTO, 'content-encoding': 'GZIP' }, zlib.gzipSync('body'), 'protobuf'],
    ['deflate', { ...JSON_TYPE, 'content-encoding': 'deflate' }, zlib.deflateSync('body'), 'json'],
    ['bare deflate', { ...JSON_TYPE, 'content-encoding': 'deflate' }, zlib.deflateRawSync('body'), 'json'],
  ])('%s', async (_name, headers, body, by) => {
    const { status, stored, type, reply } = await post(headers, body);
    expect(stored).toEqual([{ by, body: Buffer.from('body') }]);
    expect(status).toBe(200);
    expect([type, reply.body]).toEqual(by === 'json' ? ['application/json', '{}'] : ['application/x-protobuf', '']);
  });

  it('under /v1/metrics too, and with an empty protobuf body', async () => {
    const { status, stored } = await post(PROTO, '', {}, '/v1/metrics');
    expect([status, stored]).toEqual([200, [{ by: 'protobuf', body: Buffer.alloc(0) }]]);
  });
});

describe('partial success', () => {
  const outcome = {
    samplesWritten: 4, rejectedPoints: 3,
    rejects: [{ status: AppendStatus.untranslatable, count: 3, example: 'requests: delta temporality' }],
  };
  const errorMessage = 'untranslatable: 3 data points not stored, for example requests: delta temporality';
  it('JSON: the count is a string', async () => {
    const { status, reply } = await post(JSON_TYPE, 'x', { outcome });
    expect([status, reply.json()]).toEqual([200, { partialSuccess: { rejectedDataPoints: '3', errorMessage } }]);
  });
  it('protobuf', async () => {
    const { status, reply } = await post(PROTO, 'x', { outcome });
    const decoded = ExportMetricsServiceResponse.toObject(ExportMetricsServiceResponse.decode(reply.rawPayload), { longs: Number });
    expect([status, decoded]).toEqual([200, { partialSuccess: { rejectedDataPoints: 3, errorMessage } }]);
  });
  it('only a warning: count 0 with a message', async () => {
    const { reply } = await post(JSON_TYPE, 'x', { outcome: { ...outcome, rejectedPoints: 0 } });
    expect(reply.json()).toEqual({ partialSuccess: { rejectedDataPoints: '0', errorMessage } });
  });
});

describe('refused, as google.rpc.Status in the encoding of the request', () => {
  test.each<[string, Record<string, string>, string | Buffer, number, number, string]>([
    ['no content type', {}, 'x', 415, 3, 'unsupported Content-Type "", supported: application/x-protobuf, application/json'],
    ['other type', { 'content-type': 'application/vnd.google.protobuf' }, 'x', 415, 3, 'unsupported Content-Type "application/vnd.google.protobuf"'],
    ['no media type', { 'content-type': 'nonsense' }, 'x', 415, 3, 'nonsense'],
    ['brotli', { ...JSON_TYPE, 'content-encoding': 'br' }, 'x', 415, 3, 'Content-Encoding br is not supported; use one of identity, gzip, deflate'],
    ['not gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 'x', 400, 3, 'the body is not valid gzip'],
    ['gzip cut off', { ...JSON_TYPE, 'content-encoding': 'gzip' }, zlib.gzipSync('body').subarray(0, 15), 400, 3, 'the body is not valid gzip'],
    ['gzip bomb', { ...JSON_TYPE, 'content-encoding': 'gzip' }, zlib.gzipSync(Buffer.alloc(8193)), 413, 3, 'larger than the limit of 8192 bytes'],
    ['large body', JSON_TYPE, Buffer.alloc(4097), 413, 3, 'limits.max_body_size'],
    ['undecodable', JSON_TYPE, 'bad', 400, 3, 'unexpected end of message'],
    ['too large inside', JSON_TYPE, 'huge', 413, 3, 'exceeds the limit'],
    ['remote write by header', { ...PROTO, 'x-prometheus-remote-write-version': '0.1.0' }, 'x', 400, 3, 'Prometheus remote write goes to /api/v1/write'],
    ['remote write by encoding', { ...PROTO, 'content-encoding': 'snappy' }, 'x', 400, 3, 'Prometheus remote write goes to /api/v1/write'],
  ])('%s', async (_name, headers, body, expected, code, message) => {
    const { status, type, reply, stored, gate } = await post(headers, body);
    expect(status).toBe(expected);
    const isProto = headers['content-type'] === PROTO['content-type'];
    expect(type).toBe(isProto ? 'application/x-protobuf' : 'application/json');
    const decoded: unknown = isProto ? Status.toObject(Status.decode(reply.rawPayload)) : reply.json();
    expect(decoded).toMatchObject({ code });
    expect((decoded as { message: string }).message).toContain(message);
    expect(stored).toEqual([]);
    expect([gate.inFlightRequests, gate.inFlightBytes]).toEqual([0, 0]);
  });

  it('storage failure: 503, which SDKs repeat', async () => {
    const { status, reply } = await post(PROTO, 'x', { storeError: new IngestError('unavailable', 'log: disk full') });
    expect([status, reply.headers['retry-after'], Status.toObject(Status.decode(reply.rawPayload))]).toEqual([503, '1', { code: 14, message: 'log: disk full' }]);
  });
  it('memory used up: 503', async () => {
    const rejects = [{ status: AppendStatus.outOfMemory, count: 1, example: 'up' }];
    const { status, reply } = await post(JSON_TYPE, 'x', { outcome: { rejects } });
    expect([status, reply.headers['retry-after'], reply.json<{ code: number }>().code]).toEqual([503, '30', 8]);
  });
  it('overload: 503 with Retry-After', async () => {
    const { status, reply } = await post(JSON_TYPE, 'x', { gate: { maxRequests: 0, maxBytes: 1 } });
    expect([status, reply.headers['retry-after'], reply.json<{ code: number }>().code]).toEqual([503, '1', 14]);
  });
  it('our own fault: 500', async () => expect((await post(JSON_TYPE, 'x', { storeError: new Error('BUG') })).status).toBe(500));
});

describe('routing', () => {
  it('GET: 405', async () => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: '/api/v1/otlp/v1/metrics' });
    expect([reply.statusCode, reply.headers.allow]).toEqual([405, 'OPTIONS, POST']);
  });
  it.each(['/v1/traces', '/v1/logs', '/api/v1/otlp/v1/traces'])('%s says that only metrics are stored', async (url) => {
    const { status, reply } = await post(PROTO, 'x', {}, url);
    expect(status).toBe(404);
    expect(reply.body).toContain('this server stores metrics only');
  });
});
