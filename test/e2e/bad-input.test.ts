/** What broken, hostile and misdirected senders get. The server stays up and goes on storing for the others. */
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../support/random.js';
import { compress, CONTENT_TYPE, encodeWrite, post, write } from '../support/remote-write-client.js';
import type { WriteVersion } from '../support/remote-write-client.js';
import { value } from './support/query.js';
import { Server } from './support/server.js';

const MIB = 1024 * 1024;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
let server: Server;
beforeAll(async () => {
  server = await Server.start({ flags: ['--log.level=error'] });
});
afterAll(async () => server?.remove());

const sample = (name: string, v: number, timestampMs = Date.now()) => ({ labels: { __name__: name, job: 'bad' }, samples: [{ timestampMs, value: v }] });
const rw = (version: WriteVersion, body: Uint8Array, headers: Record<string, string> = {}) =>
  post(`${server.url}/api/v1/write`, body, { 'content-type': CONTENT_TYPE[version], 'content-encoding': 'snappy', ...headers });
const otlp = (body: Uint8Array | string, headers: Record<string, string> = {}) =>
  post(`${server.url}/api/v1/otlp/v1/metrics`, body, { 'content-type': 'application/json', ...headers });

/** A snappy block that claims to hold `bytes` and then stops. */
function declares(bytes: number): Uint8Array {
  const out: number[] = [];
  for (let rest = bytes; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      out.push(rest);
      return Uint8Array.from(out);
    }
    out.push((rest % 128) | 0x80);
  }
}

describe.each([1, 2] as const)('remote write %d', (version) => {
  const whole = encodeWrite(version, [sample('bad_whole', 1)]);
  it.each([
    ['an empty body', () => new Uint8Array(0), 400],
    ['bytes that are not snappy', () => Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 400],
    ['not compressed', () => whole, 400],
    ['a framed snappy stream', () => Buffer.concat([Buffer.from([0xff, 6, 0, 0]), Buffer.from('sNaPpY'), Buffer.from([1, 4, 0, 0, 1, 2, 3, 4])]), 400],
    ['a truncated block', () => compress(whole).slice(0, -3), 400],
    ['a block that declares 4 GiB', () => declares(2 ** 32 - 1), 400],
    ['a block that declares 1 GiB', () => declares(2 ** 30), 400],
    ['snappy of bytes that are not protobuf', () => compress(Uint8Array.from([0xff, 0xff, 0xff, 0xff])), 400],
    ['a truncated message', () => compress(whole.slice(0, -3)), 400],
    ['an empty message', () => compress(new Uint8Array(0)), 204],
  ] as const)('%s: %s', async (_, body, status) => {
    expect((await rw(version, body())).status).toBe(status);
  });

  it('500 random mutations of a request', async () => {
    const bytes = compress(encodeWrite(version, Array.from({ length: 20 }, (_, i) => sample(`bad_mutated_${i}`, i))));
    const random = new Random(SEED);
    for (let i = 0; i < 500; i++) {
      const mutated = Buffer.from(bytes);
      for (let flips = 1 + (i % 8); flips > 0; flips--) mutated[random.below(mutated.length)] = random.below(256);
      expect([204, 400], `SEED=${SEED}, mutation ${i}`).toContain((await rw(version, mutated)).status);
    }
    expect(server.running).toBe(true);
  });
});

describe('remote write: wrong address, type or encoding', () => {
  const body = compress(encodeWrite(1, [sample('bad_type', 1)]));
  it.each([
    ['JSON', { 'content-type': 'application/json' }, 415],
    ['an unknown message', { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v9.Request' }, 415],
    ['zstd', { 'content-encoding': 'zstd' }, 415],
    ['gzip', { 'content-encoding': 'gzip' }, 415],
    ['not a media type', { 'content-type': '////' }, 415],
  ] as const)('%s: 415', async (_, headers, status) => {
    expect((await rw(1, body, headers)).status).toBe(status);
  });

  it('a space and other letter case in the type do not matter', async () => {
    const message = compress(encodeWrite(2, [sample('bad_space', 2)]));
    const answer = await rw(2, message, { 'content-type': 'Application/X-Protobuf; proto="io.prometheus.write.v2.Request"' });
    expect([answer.status, answer.headers.get('x-prometheus-remote-write-samples-written')]).toEqual([204, '1']);
    expect(await value(server.url, 'bad_space')).toBe(2);
  });

  it('the message of the other version is not swallowed', async () => {
    expect((await rw(1, compress(encodeWrite(2, [sample('bad_other', 1)])))).status).toBe(400);
    expect((await rw(2, body)).status).toBe(400);
  });

  it('other methods: 405', async () => {
    expect((await fetch(`${server.url}/api/v1/write`)).status).toBe(405);
  });

  it('remote write sent to the OTLP address is told so', async () => {
    const answer = await post(`${server.url}/api/v1/otlp/v1/metrics`, body, { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).toContain('/api/v1/write');
  });

  it('OTLP sent to the remote write address is told so', async () => {
    const answer = await post(`${server.url}/api/v1/write`, '{"resourceMetrics":[]}', { 'content-type': 'application/json' });
    expect(answer.status).toBe(415);
    expect(answer.text).toContain('/api/v1/otlp/v1/metrics');
  });
});

describe('OTLP', () => {
  const gauge = (name: string, v: number) => JSON.stringify({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge: { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble: v }] } }] }] }],
  });
  it.each([
    ['an empty body', '', {}, 400],
    ['not JSON', '{"resourceMetrics":', {}, 400],
    ['JSON that is no request', '[1,2]', {}, 400],
    ['not protobuf', '\xff\xff\xff\xff', { 'content-type': 'application/x-protobuf' }, 400],
    ['not gzip', 'hello', { 'content-encoding': 'gzip' }, 400],
    ['truncated gzip', gzipSync(gauge('bad_gzip', 1)).subarray(0, -10), { 'content-encoding': 'gzip' }, 400],
    ['an unknown encoding', 'x', { 'content-encoding': 'lz77' }, 415],
    ['an unknown type', 'x', { 'content-type': 'text/plain' }, 415],
    ['an empty protobuf body', '', { 'content-type': 'application/x-protobuf' }, 200],
    ['no metrics', '{}', {}, 200],
    ['a type with parameters', gauge('bad_parameters', 1), { 'content-type': 'Application/JSON; charset=utf-8' }, 200],
    ['gzip', gzipSync(gauge('bad_gzip_ok', 1)), { 'content-encoding': 'gzip' }, 200],
  ] as const)('%s', async (_, body, headers, status) => {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    const answer = await otlp(bytes, headers);
    expect(`${answer.status} ${answer.status === status ? '' : answer.text}`).toBe(`${status} `);
  });

  it('errors come in the encoding of the request', async () => {
    const answer = await otlp('{"resourceMetrics":');
    expect(answer.headers.get('content-type')).toContain('application/json');
    const status = JSON.parse(answer.text) as { code: number; message: string };
    expect(status.code).toBe(3);
    expect(status.message).not.toBe('');
  });

  it('the good points of a request with bad ones are stored, and the answer says which were not', async () => {
    const timeUnixNano = `${Date.now()}000000`;
    const dataPoints = [{ timeUnixNano, asDouble: 3 }];
    const answer = await otlp(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
      { name: 'bad.good', gauge: { dataPoints } },
      { name: 'bad.temporality', sum: { aggregationTemporality: 0, isMonotonic: true, dataPoints } },
    ] }] }] }));
    expect(answer.status).toBe(200);
    const { partialSuccess } = JSON.parse(answer.text) as { partialSuccess?: { rejectedDataPoints: string; errorMessage: string } };
    expect(partialSuccess?.rejectedDataPoints).toBe('1');
    expect(partialSuccess?.errorMessage).toContain('bad.temporality');
    expect(await value(server.url, 'bad_good')).toBe(3);
  });

  it('deeply nested JSON', async () => {
    const depth = 100_000;
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    expect((await otlp(`{"unknown":${nested}}`)).status).toBe(200);
    const values = '{"arrayValue":{"values":['.repeat(1000) + ']}}'.repeat(1000);
    expect((await otlp(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${values}}]}}]}`)).status).toBe(400);
  });

  // The decoder writes the value into its message with JSON.stringify, which overflows the stack: 500 instead of 400.
  it('deeply nested JSON in the place of an object', async () => {
    const depth = 100_000;
    const answer = await otlp(`{"resourceMetrics":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect(answer.status).toBe(400);
  });
});

describe('sizes', () => {
  it('a body above the limit: 413', async () => {
    const status = await rw(1, new Uint8Array(40 * MIB)).then((answer) => answer.status, () => 413); // or the connection is cut
    expect(status).toBe(413);
  });

  it('a gzip bomb: 413, and not much memory', async () => {
    const bomb = gzipSync(Buffer.alloc(500 * MIB, 0x20));
    expect(bomb.length).toBeLessThan(MIB);
    expect((await otlp(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
  });

  it('a declared length that never comes', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(`POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nContent-Length: 1000\r\n\r\nabc`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    expect(server.running).toBe(true);
  });

  it('bytes that are not HTTP', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
    });
    socket.write('\x16\x03\x01\x02\x00hello\r\n\r\n');
    expect(await answer).toMatch(/^(HTTP\/1\.1 400 |$)/);
  });
});

describe('rejected samples', () => {
  it.each([
    [1, '204'],
    [2, '400 1'],
  ] as const)('remote write %d: a series without a name costs only itself', async (version, expected) => {
    const name = `bad_nameless_${version}`;
    const answer = await write(server.url, version, [
      { labels: { job: 'x' }, samples: [{ timestampMs: Date.now(), value: 1 }] },
      sample(name, 7),
    ]);
    expect([answer.status, answer.headers.get('x-prometheus-remote-write-samples-written')].filter((x) => x !== null).join(' ')).toBe(expected);
    expect(await value(server.url, name)).toBe(7);
  });

  it('an hour ahead of the clock', async () => {
    const answer = await write(server.url, 2, [sample('bad_future', 1, Date.now() + 3_600_000), sample('bad_present', 4)]);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('bad_future');
    expect(await value(server.url, 'bad_present')).toBe(4);
  });

  it('another value at the same time', async () => {
    const at = Date.now();
    expect((await write(server.url, 1, [sample('bad_conflict', 1, at)])).status).toBe(204);
    expect((await write(server.url, 1, [sample('bad_conflict', 1, at)])).status).toBe(204);
    const answer = await write(server.url, 1, [sample('bad_conflict', 2, at)]);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('bad_conflict');
    expect(await value(server.url, 'bad_conflict')).toBe(1);
  });
});

describe('queries', () => {
  const status = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`${server.url}/api/v1/${path}`);
    const envelope = (await response.json()) as { errorType?: string };
    return [response.status, envelope.errorType ?? ''];
  };
  it.each([
    ['query?query=sum(', [400, 'bad_data']],
    ['query?query=up&time=never', [400, 'bad_data']],
    ['query_range?query=up&start=0&end=10&step=0', [400, 'bad_data']],
    ['query_range?query=up&start=0&end=1000000&step=1', [400, 'bad_data']],
    ['query?query=up&timeout=banana', [400, 'bad_data']],
    ['series', [400, 'bad_data']],
    ['query?query=%7B__name__%3D~%22%28a%2B%29%2B%24%22%7D', [200, '']],
  ] as const)('%s', async (path, expected) => {
    expect(await status(path)).toEqual(expected);
  });

  it('a hostile expression is refused, not evaluated for ever', async () => {
    const [code] = await status(`query?query=${encodeURIComponent(`${'('.repeat(20_000)}1${')'.repeat(20_000)}`)}`).catch(() => [431]);
    expect([200, 400, 414, 422, 431]).toContain(code);
  });
});

it('after all this it still stores', async () => {
  expect(server.running).toBe(true);
  expect((await write(server.url, 1, [sample('bad_last', 9)])).status).toBe(204);
  expect(await value(server.url, 'bad_last')).toBe(9);
});
