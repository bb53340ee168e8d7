import { describe, expect, it, test } from 'vitest';
import { AppendStatus } from '../../src/storage/append-status.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { makeHarness, type HarnessOptions } from './harness.js';

const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const V1_HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
const V2_HEADERS = { 'content-type': V2, 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '2.0.0' };
const TEXT = 'text/plain; charset=utf-8';

async function post(headers: Record<string, string>, body: string | Buffer = 'body', options: HarnessOptions = {}) {
  const harness = await makeHarness(options);
  const reply = await harness.inject({ method: 'POST', url: '/api/v1/write', headers, payload: body });
  return { ...harness, reply, status: reply.statusCode };
}

function writtenCounts(headers: Record<string, unknown>): unknown[] {
  return ['samples', 'histograms', 'exemplars'].map((kind) => headers[`x-prometheus-remote-write-${kind}-written`]);
}

describe('which message', () => {
  test.each<[string, Record<string, string>, string]>([
    ['1.0', V1_HEADERS, 'v1'],
    ['1.0, no content type', { 'content-encoding': 'snappy' }, 'v1'],
    ['1.0, no encoding', { 'content-type': 'application/x-protobuf' }, 'v1'],
    ['1.0, other parameter', { ...V1_HEADERS, 'content-type': 'application/x-protobuf;charset=utf-8' }, 'v1'],
    ['1.0, named', { ...V1_HEADERS, 'content-type': 'application/x-protobuf; proto=prometheus.WriteRequest' }, 'v1'],
    ['1.0, upper-case encoding', { ...V1_HEADERS, 'content-encoding': 'SNAPPY' }, 'v1'],
    ['2.0', V2_HEADERS, 'v2'],
    ['2.0, space before the parameter', { ...V2_HEADERS, 'content-type': 'application/x-protobuf; proto=io.prometheus.write.v2.Request' }, 'v2'],
    ['2.0, quoted, other case', { ...V2_HEADERS, 'content-type': 'Application/X-Protobuf ; Proto="io.prometheus.write.v2.Request"' }, 'v2'],
  ])('%s', async (_name, headers, by) => {
    const { status, reply, stored, observed } = await post(headers, 'body');
    expect(stored).toEqual([{ by, body: Buffer.from('body') }]);
    expect([status, reply.body]).toEqual([204, '']);
    expect(observed).toContain(`remote_write_${by} 204 4`);
  });

  test.each<[string, Record<string, string>, string]>([
    ['JSON', { ...V1_HEADERS, 'content-type': 'application/json' }, 'expected application/x-protobuf, got Content-Type application/json'],
    ['image', { ...V1_HEADERS, 'content-type': 'image/png' }, 'expected application/x-protobuf'],
    ['no media type', { ...V1_HEADERS, 'content-type': 'nonsense' }, 'expected application/x-protobuf'],
    ['unknown proto', { ...V1_HEADERS, 'content-type': 'application/x-protobuf;proto=foo.Bar' }, 'unknown remote write message foo.Bar'],
    ['gzip', { ...V1_HEADERS, 'content-encoding': 'gzip' }, 'gzip encoding (compression) is not accepted; remote write uses snappy. For OTLP use /api/v1/otlp/v1/metrics'],
    ['zstd', { ...V1_HEADERS, 'content-encoding': 'zstd' }, 'zstd encoding (compression) is not accepted; remote write uses snappy\n'],
    ['OTLP/JSON', { 'content-type': 'application/json' }, 'For OTLP use /api/v1/otlp/v1/metrics'],
  ])('415 for %s, nothing stored', async (_name, headers, text) => {
    const { status, reply, stored } = await post(headers);
    expect([status, reply.headers['content-type']]).toEqual([415, TEXT]);
    expect(reply.body).toContain(text);
    expect(stored).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['io.prometheus.write.v2.Request', V1_HEADERS], ['io.prometheus.write.v2.Request', {}], ['prometheus.WriteRequest', V2_HEADERS],
  ])('only %s: 415 for the other', async (accepted, headers) => {
    const { status, reply, stored } = await post(headers, 'body', { http: { acceptedWrites: [accepted] } });
    expect(status).toBe(415);
    expect(reply.body).toContain(`protobuf message is not accepted by this server; only accepts ${accepted}`);
    expect(stored).toEqual([]);
    const other = accepted === 'prometheus.WriteRequest' ? V1_HEADERS : V2_HEADERS;
    expect((await post(other, 'body', { http: { acceptedWrites: [accepted] } })).status).toBe(204);
  });
});

describe('status by class of error', () => {
  it('corrupt 1.0', async () => {
    const { status, reply } = await post(V1_HEADERS, 'bad');
    expect([status, reply.body, reply.headers['content-type']]).toEqual([400, 'snappy: corrupt block\n', TEXT]);
    expect(writtenCounts(reply.headers)).toEqual([undefined, undefined, undefined]);
  });
  it('corrupt 2.0: counts 0', async () => {
    const { status, reply } = await post(V2_HEADERS, 'bad');
    expect([status, reply.body]).toEqual([400, 'snappy: corrupt block\n']);
    expect(writtenCounts(reply.headers)).toEqual(['0', '0', '0']);
  });
  it('decoded size over the limit: 400', async () => {
    expect((await post(V1_HEADERS, 'huge')).status).toBe(400);
    expect((await post(V2_HEADERS, 'huge')).status).toBe(400);
  });
  it('received size over the limit: 413', async () => {
    const { status, reply, stored, gate } = await post(V1_HEADERS, Buffer.alloc(4097));
    expect([status, stored]).toEqual([413, []]);
    expect(reply.body).toContain('limits.max_body_size');
    expect([gate.inFlightRequests, gate.inFlightBytes]).toEqual([0, 0]);
  });
  it('empty body reaches the store, which knows that it is not snappy', async () => {
    expect((await post(V1_HEADERS, '')).stored).toEqual([{ by: 'v1', body: Buffer.alloc(0) }]);
  });
  it('empty message 2.0: counts 0', async () => {
    const { status, reply } = await post(V2_HEADERS, 'x', { outcome: { samplesWritten: 0 } });
    expect(status).toBe(204);
    expect(writtenCounts(reply.headers)).toEqual(['0', '0', '0']);
  });
  it('all stored', async () => {
    const { reply } = await post(V2_HEADERS, 'x', { outcome: { samplesWritten: 5, histogramsWritten: 2, exemplarsWritten: 1 } });
    expect(writtenCounts(reply.headers)).toEqual(['5', '2', '1']);
  });

  const late = { status: AppendStatus.outOfOrder, count: 2, example: 'up{job="a"}: 1000 is older than 2000' };
  const labels = { status: AppendStatus.invalidLabels, count: 1, example: 'm{a="1",a="2"}: label name a is repeated' };
  it('some not stored, 2.0: 400, the rest is stored and counted', async () => {
    const { status, reply } = await post(V2_HEADERS, 'x', { outcome: { samplesWritten: 3, rejectedPoints: 3, rejects: [late, labels] } });
    expect(status).toBe(400);
    expect(reply.body).toBe('out_of_order: 2 samples not stored, for example up{job="a"}: 1000 is older than 2000\n'
      + 'invalid_labels: 1 sample not stored, for example m{a="1",a="2"}: label name a is repeated\n');
    expect(writtenCounts(reply.headers)).toEqual(['3', '0', '0']);
  });
  it('some not stored, 1.0: 400 without counts', async () => {
    const { status, reply } = await post(V1_HEADERS, 'x', { outcome: { rejectedPoints: 2, rejects: [late] } });
    expect([status, writtenCounts(reply.headers)]).toEqual([400, [undefined, undefined, undefined]]);
  });
  it('invalid labels alone, 1.0: 204 as Prometheus', async () => {
    expect((await post(V1_HEADERS, 'x', { outcome: { rejectedPoints: 1, rejects: [labels] } })).status).toBe(204);
  });
  it('the text is at most 4 KiB and valid UTF-8', async () => {
    const rejects = [{ ...late, example: 'ü'.repeat(5000) }];
    const { reply } = await post(V2_HEADERS, 'x', { outcome: { rejects } });
    expect(reply.rawPayload.length).toBeLessThanOrEqual(4097);
    expect(reply.body).toMatch(/ü…\n$/);
  });
  it('memory used up: 503, to be repeated', async () => {
    const rejects = [{ status: AppendStatus.outOfMemory, count: 1, example: 'up' }];
    const { status, reply } = await post(V2_HEADERS, 'x', { outcome: { samplesWritten: 4, rejects } });
    expect([status, reply.headers['retry-after'], writtenCounts(reply.headers)]).toEqual([503, '30', ['4', '0', '0']]);
  });
  it('storage failure: 5xx, nothing stored, counts 0', async () => {
    const { status, reply } = await post(V2_HEADERS, 'x', { storeError: new IngestError('unavailable', 'log: disk full') });
    expect([status, reply.body, reply.headers['retry-after'], writtenCounts(reply.headers)]).toEqual([503, 'log: disk full\n', '1', ['0', '0', '0']]);
    expect((await post(V1_HEADERS, 'x', { storeError: new Error('BUG') })).status).toBe(500);
  });
});

describe('the message of the other version', () => {
  const nothing = { outcome: { samplesWritten: 0 } };
  it('1.0 sent as 2.0', async () => {
    const { status, reply } = await post(V2_HEADERS, Buffer.from([0x0a, 1, 0]), nothing);
    expect([status, reply.body]).toEqual([400, 'the body is a remote write 1.0 message, but the Content-Type says io.prometheus.write.v2.Request\n']);
  });
  it('2.0 sent as 1.0', async () => {
    const { status, reply } = await post(V1_HEADERS, Buffer.from([0x22, 0]), nothing);
    expect(status).toBe(400);
    expect(reply.body).toContain('its Content-Type must be application/x-protobuf;proto=io.prometheus.write.v2.Request');
  });
  it('1.0 with metadata only is fine', async () => expect((await post(V1_HEADERS, Buffer.from([0x1a, 0]), nothing)).status).toBe(204));
});

describe('admission', () => {
  it('requests over the cap: 503 with Retry-After, and none is forgotten', async () => {
    let release = (): void => {};
    const harness = await makeHarness({ gate: { maxRequests: 1, maxBytes: 1 << 20 }, storeWaits: new Promise((resolve) => { release = resolve; }) });
    const send = () => harness.inject({ method: 'POST', url: '/api/v1/write', headers: V1_HEADERS, payload: 'x' });
    const first = send();
    const second = await send();
    expect([second.statusCode, second.headers['retry-after']]).toEqual([503, '1']);
    release();
    expect((await first).statusCode).toBe(204);
    expect((await send()).statusCode).toBe(204);
    expect([harness.gate.inFlightRequests, harness.gate.inFlightBytes]).toEqual([0, 0]);
  });
  it('bytes over the cap', async () => {
    let release = (): void => {};
    const harness = await makeHarness({ gate: { maxRequests: 10, maxBytes: 100 }, storeWaits: new Promise((resolve) => { release = resolve; }) });
    const send = (size: number) => harness.inject({ method: 'POST', url: '/api/v1/write', headers: V1_HEADERS, payload: Buffer.alloc(size) });
    const first = send(90);
    expect((await send(20)).statusCode).toBe(503);
    release();
    expect((await first).statusCode).toBe(204);
    // One request alone may be larger than the cap on the sum.
    expect((await send(200)).statusCode).toBe(204);
  });
});

describe('routing', () => {
  it('GET: 405 with Allow', async () => {
    const { inject } = await makeHarness();
    const reply = await inject({ method: 'GET', url: '/api/v1/write' });
    expect([reply.statusCode, reply.headers.allow, reply.body, reply.headers['content-type']]).toEqual([405, 'OPTIONS, POST', 'Method Not Allowed\n', TEXT]);
  });
  it('not ready: 503', async () => {
    const { inject, readiness, stored } = await makeHarness();
    readiness.stop();
    const reply = await inject({ method: 'POST', url: '/api/v1/write', headers: V1_HEADERS, payload: 'x' });
    expect([reply.statusCode, reply.body, reply.headers['x-prometheus-stopping'], stored]).toEqual([503, 'Service Unavailable', 'true', []]);
  });
});
