/** The gRPC door over a fake store, with grpc-js as client: statuses, details, caps. */
import http2 from 'node:http2';
import { Client, compressionAlgorithms, credentials, Metadata, status as Code, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, test } from 'vitest';
import { GrpcListener } from '../../src/grpc/grpc-listener.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { IngestError } from '../../src/storage/ingestion.js';
import { ExportMetricsServiceResponse, RetryInfo, Status } from '../../src/wire/schemas.js';
import { LOCAL, makeHarness, type Harness, type HarnessOptions } from '../http/harness.js';

const METRICS = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Answer {
  readonly code: number;
  readonly details: string;
  /** Of an answer with code 0. */
  readonly body: Buffer | undefined;
  /** Seconds of the RetryInfo, undefined without one. */
  readonly retryAfter: number | undefined;
}

interface Listening {
  readonly harness: Harness;
  readonly address: string;
  readonly call: (body: string | Buffer, path?: string, gzip?: boolean) => Promise<Answer>;
}

async function listen(options: HarnessOptions = {}): Promise<Listening> {
  const harness = await makeHarness(options);
  const listener = await GrpcListener.open(LOCAL, harness.deps);
  ended.push(() => listener.close());
  const client = (gzip: boolean): Client => {
    const made = new Client(listener.address, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
      'grpc.enable_retries': 0,
    });
    ended.push(() => made.close());
    return made;
  };
  return { harness, address: listener.address, call: (body, path = METRICS, gzip = false) => unary(client(gzip), path, Buffer.from(body)) };
}

/** A call whose message says that it is compressed, as no library would send it: its trailers. */
async function rawCall(address: string, encoding: string, message: string): Promise<http2.IncomingHttpHeaders> {
  const session = http2.connect(`http://${address}`);
  ended.push(() => session.close());
  const stream = session.request({ ':method': 'POST', ':path': METRICS, 'content-type': 'application/grpc', te: 'trailers', 'grpc-encoding': encoding });
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.write(message, 5);
  stream.end(frame);
  stream.resume();
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('trailers', resolve);
    // An answer without a message has its status in the headers.
    stream.on('response', (headers) => { if (headers['grpc-status'] !== undefined) resolve(headers); });
  });
}

function unary(client: Client, path: string, body: Buffer): Promise<Answer> {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, asItIs, asItIs, body, new Metadata(), (error: ServiceError | null, answer?: Buffer) => {
      resolve(error
        ? { code: error.code, details: error.details, body: undefined, retryAfter: retryAfter(error.metadata) }
        : { code: 0, details: '', body: answer, retryAfter: undefined });
    });
  });
}

function retryAfter(metadata: Metadata): number | undefined {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) return undefined;
  const { details } = Status.toObject(Status.decode(bytes)) as { details: { type_url: string; value: Uint8Array }[] };
  expect(details[0]?.type_url).toBe('type.googleapis.com/google.rpc.RetryInfo');
  const { retryDelay } = RetryInfo.toObject(RetryInfo.decode(details[0]!.value), { longs: Number }) as { retryDelay: { seconds: number } };
  return retryDelay.seconds;
}

describe('accepted', () => {
  test.each([['identity', false], ['gzip', true]])('%s: stored, an empty answer', async (_name, gzip) => {
    const { harness, call } = await listen();
    expect(await call('body', METRICS, gzip)).toMatchObject({ code: 0, body: Buffer.alloc(0) });
    expect(harness.stored).toEqual([{ by: 'protobuf', body: Buffer.from('body') }]);
    await expect.poll(() => harness.observed).toEqual(['otlp_grpc 1', 'otlp_grpc 0 4']);
    expect([harness.gate.inFlightRequests, harness.gate.inFlightBytes]).toEqual([0, 0]);
  });

  it('partial success is in the answer', async () => {
    const rejects = [{ status: AppendStatus.untranslatable, count: 3, example: 'requests: delta temporality' }];
    const { call } = await listen({ outcome: { rejectedPoints: 3, rejects } });
    const { code, body } = await call('x');
    expect(code).toBe(0);
    expect(ExportMetricsServiceResponse.toObject(ExportMetricsServiceResponse.decode(body!), { longs: Number })).toEqual({
      partialSuccess: {
        rejectedDataPoints: 3, errorMessage: 'untranslatable: 3 data points not stored, for example requests: delta temporality',
      },
    });
  });
});

describe('refused', () => {
  const memory = [{ status: AppendStatus.outOfMemory, count: 1, example: 'x' }];
  test.each<[string, HarnessOptions, string, Partial<Answer>]>([
    ['bad bytes: not to be repeated', {}, 'bad', { code: Code.INVALID_ARGUMENT, details: 'unexpected end of message', retryAfter: undefined }],
    ['store not available', { storeError: new IngestError('unavailable', 'the log cannot be written') }, 'x', { code: Code.UNAVAILABLE, retryAfter: 1 }],
    ['no memory: RESOURCE_EXHAUSTED with a delay', { outcome: { rejects: memory } }, 'x', { code: Code.RESOURCE_EXHAUSTED, retryAfter: 30 }],
    ['message over the cap: without a delay', {}, 'x'.repeat(8193), { code: Code.RESOURCE_EXHAUSTED, retryAfter: undefined }],
    ['too much in flight', { gate: { maxRequests: 0, maxBytes: 1 } }, 'x', { code: Code.UNAVAILABLE, retryAfter: 1 }],
    ['half a character in a message', { storeError: new IngestError('unavailable', 'label \udfff') }, 'x', { code: Code.UNAVAILABLE, details: 'label \ufffd' }],
    ['a fault of ours', { storeError: new Error('oops') }, 'x', { code: Code.INTERNAL, retryAfter: undefined }],
  ])('%s', async (_name, options, body, expected) => {
    const { harness, call } = await listen(options);
    expect(await call(body)).toMatchObject(expected);
    await expect.poll(() => harness.gate.inFlightRequests).toBe(0);
  });

  it('a small message that inflates beyond the cap', async () => {
    const { call } = await listen();
    expect(await call('x'.repeat(9000), METRICS, true)).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, retryAfter: undefined });
  });

  // grpc-js answers that itself, before anybody is asked: not INVALID_ARGUMENT, but clients do not repeat this one either.
  test.each([
    ['corrupt gzip', 'gzip', Code.INTERNAL],
    ['an encoding that nobody knows', 'zstd', Code.UNIMPLEMENTED],
  ])('%s', async (_name, encoding, code) => {
    const { harness, address } = await listen();
    const { 'grpc-status': status, 'grpc-message': message } = await rawCall(address, encoding, 'this is not compressed');
    expect([Number(status), harness.stored]).toEqual([code, []]);
    expect(message).toBeTruthy();
    await expect.poll(() => [harness.gate.inFlightRequests, harness.gate.inFlightBytes]).toEqual([0, 0]);
  });

  it('UNAVAILABLE with a delay while the store is not ready', async () => {
    const { harness, call } = await listen();
    harness.readiness.stop();
    expect(await call('x')).toMatchObject({ code: Code.UNAVAILABLE, details: 'the server is stopping', retryAfter: 1 });
    expect(harness.stored).toEqual([]);
  });

  test.each([
    ['traces', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
    ['logs', '/opentelemetry.proto.collector.logs.v1.LogsService/Export'],
  ])('%s: this server stores metrics', async (signal, path) => {
    const { call } = await listen();
    const { code, details } = await call('x', path);
    expect([code, details]).toEqual([Code.UNIMPLEMENTED, expect.stringContaining(`metrics only, not ${signal}`)]);
  });

  it('another method', async () => {
    const { call } = await listen();
    expect(await call('x', '/a.B/C')).toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});

it('what waits is finished before the listener is closed', async () => {
  let store = (): void => undefined;
  const storeWaits = new Promise<void>((resolve) => void (store = resolve));
  const harness = await makeHarness({ storeWaits });
  const listener = await GrpcListener.open(LOCAL, harness.deps);
  const client = new Client(listener.address, credentials.createInsecure());
  ended.push(() => client.close());
  const answer = unary(client, METRICS, Buffer.from('x'));
  await expect.poll(() => harness.stored.length).toBe(1);
  expect(harness.gate.inFlightRequests).toBe(1);
  const closed = listener.close();
  store();
  expect((await answer).code).toBe(0);
  await closed;
});

it('a taken port is an error that names the address', async () => {
  const { deps } = await makeHarness();
  const first = await GrpcListener.open(LOCAL, deps);
  ended.push(() => first.close());
  const port = Number(first.address.split(':')[1]);
  await expect(GrpcListener.open({ host: '127.0.0.1', port }, deps)).rejects.toThrow(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
});
