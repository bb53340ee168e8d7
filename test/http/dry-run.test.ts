import zlib from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { compressBlock } from '../../src/wire/snappy.js';
import { makeHarness } from './harness.js';

const PROTO = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

async function post(url: string, headers: Record<string, string>, payload: string | Buffer) {
  const harness = await makeHarness();
  const reply = await harness.inject({ method: 'POST', url, headers, payload });
  return { ...harness, reply, status: reply.statusCode, name: reply.statusCode === 200 ? reply.json<{ metrics: { name: string }[] }>().metrics[0]?.name : '' };
}

test.each<[string, Record<string, string>, string | Buffer, string]>([
  ['/api/v1/otlp/v1/metrics?dry_run=1', PROTO, 'x', 'otlp protobuf'],
  ['/v1/metrics?dry_run=true', { ...JSON_TYPE, 'content-encoding': 'gzip' }, zlib.gzipSync('x'), 'otlp json'],
  ['/api/v1/write?dry_run=1', PROTO, 'x', 'write 1'],
  ['/api/v1/write?dry_run=1', { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }, 'x', 'write 2'],
])('%s %o: a report, and nothing is stored', async (url, headers, body, expected) => {
  const { status, name, reply, stored, gate } = await post(url, headers, body);
  expect([status, name, reply.headers['content-type'], stored]).toEqual([200, expected, 'application/json', []]);
  expect(gate.inFlightRequests).toBe(0);
});

describe('what is refused', () => {
  it('a value that is neither yes nor no is not taken for no', async () => {
    for (const path of ['/api/v1/write', '/v1/metrics']) {
      const { status, reply, stored } = await post(`${path}?dry_run=yes`, PROTO, compressBlock(Buffer.from('x')) as Buffer);
      expect([status, reply.body, stored]).toEqual([400, expect.stringContaining('dry_run must be 1, true, 0 or false, got "yes"'), []]);
    }
  });

  it('0 is the real thing', async () => {
    const { inject, stored } = await makeHarness();
    await inject({ method: 'POST', url: '/v1/metrics?dry_run=0', headers: PROTO, payload: 'x' });
    expect(stored).toEqual([{ by: 'protobuf', body: Buffer.from('x') }]);
  });

  it('corrupt bodies, as by the real thing', async () => {
    expect((await post('/v1/metrics?dry_run=1', PROTO, 'bad')).status).toBe(400);
    expect((await post('/api/v1/write?dry_run=1', PROTO, 'bad')).status).toBe(400);
  });

  it('bodies over the cap of their own', async () => {
    const body = zlib.gzipSync('x'.repeat(7000));
    const { status, reply } = await post('/v1/metrics?dry_run=1', { ...JSON_TYPE, 'content-encoding': 'gzip' }, body);
    expect([status, reply.json()]).toMatchObject([413, { message: expect.stringContaining('limits.max_dry_run_body_size') }]);
  });
});
