/** Remote read through the whole server: what was written comes back, in either form, in one page or many. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeHistogramChunk, decodeXorChunk } from '../support/chunk-decoder.js';
import { decodeChunkedAnswer, decodeSamplesAnswer, postRead, type ReadQueryFields } from '../support/remote-read-client.js';
import { compress, encodeWrite, write, type WriteSeries } from '../support/remote-write-client.js';
import { Server } from './support/server.js';

const T0 = Date.now() - 3_600_000;
const STALE = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer);
let server: Server;

beforeAll(async () => {
  server = await Server.start({ flags: ['--storage.remote.read-sample-limit=600', '--storage.remote.read-max-bytes-in-frame=1KB'] });
  const counter: WriteSeries = {
    labels: { __name__: 'c', job: 'a' }, samples: Array.from({ length: 300 }, (_, i) => ({ timestampMs: T0 + i * 1000, value: i * 1.5 })),
  };
  const gauge: WriteSeries = { labels: { __name__: 'c', job: 'b' }, samples: [{ timestampMs: T0, value: 7 }] };
  const histogram = (t: number, count: number, positiveDeltas: number[]) => ({
    countInt: count, sum: 1.5, schema: 0, zeroThreshold: 0.001, zeroCountInt: 1, positiveSpans: [{ offset: 0, length: 2 }], positiveDeltas,
    timestamp: t,
  });
  const native: WriteSeries = {
    labels: { __name__: 'h' }, samples: [],
    histograms: [histogram(T0, 4, [1, 1]), histogram(T0 + 1000, 6, [2, 1]), histogram(T0 + 2000, 4, [1, 1])],
  };
  const others = Array.from({ length: 150 }, (_, i) => ({
    labels: { __name__: 'many', i: String(i).padStart(3, '0') }, samples: [{ timestampMs: T0, value: i }],
  }));
  expect((await write(server.url, 1, [counter, gauge, native, ...others])).status).toBe(204);
});
afterAll(() => server.remove());

const select = (name: string, type = 0): ReadQueryFields => ({
  startTimestampMs: T0 - 1, endTimestampMs: T0 + 600_000, matchers: [{ type, name: '__name__', value: name }],
});

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

describe('remote read', () => {
  it('SAMPLES: one snappy block with everything', async () => {
    const response = await postRead(server.url, [select('c'), select('h')], []);
    expect([response.status, response.headers.get('content-type'), response.headers.get('content-encoding')])
      .toEqual([200, 'application/x-protobuf', 'snappy']);
    const [counters, histograms] = decodeSamplesAnswer(await bytesOf(response));
    expect(counters!.map(({ labels }) => labels.map(({ name, value }) => `${name}=${value}`).join())).toEqual(['__name__=c,job=a', '__name__=c,job=b']);
    expect(counters![0]!.samples!.length).toBe(300);
    expect(counters![0]!.samples![299]).toEqual({ timestamp: T0 + 299_000, value: 448.5 });
    expect(histograms![0]!.histograms!.map((h) => [h['timestamp'], h['countInt'], h['positiveDeltas']]))
      .toEqual([[T0, 4, [1, 1]], [T0 + 1000, 6, [2, 1]], [T0 + 2000, 4, [1, 1]]]);
  });

  it('STREAMED_XOR_CHUNKS: frames with chunks of at most 120 samples', async () => {
    const response = await postRead(server.url, [select('c'), select('h')], [1, 0]);
    expect([response.status, response.headers.get('content-type'), response.headers.get('content-encoding')])
      .toEqual([200, 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse', null]);
    const frames = decodeChunkedAnswer(await bytesOf(response));
    const floats = frames.filter(({ queryIndex, labels }) => queryIndex === 0 && labels[1]!.value === 'a').flatMap(({ chunks }) => chunks!);
    expect(floats.map(({ type, minTimeMs }) => [type, minTimeMs])).toEqual([0, 120, 240].map((i) => [1, T0 + i * 1000]));
    expect(floats.flatMap(({ data }) => decodeXorChunk(data)).map(({ t }) => t)).toEqual(Array.from({ length: 300 }, (_, i) => T0 + i * 1000));
    const native = frames.filter(({ queryIndex }) => queryIndex === 1).flatMap(({ chunks }) => chunks!);
    // The counter reset begins a chunk of its own.
    expect(native.map(({ type, data }) => [type, decodeHistogramChunk(data, false).samples.map(({ count }) => count)]))
      .toEqual([[2, [4, 6]], [2, [4]]]);
  });

  it('series come sorted, in frames below the limit, each series whole', async () => {
    const frames = decodeChunkedAnswer(await bytesOf(await postRead(server.url, [select('many')], [1])));
    expect(frames.map(({ labels }) => labels[1]!.value)).toEqual(Array.from({ length: 150 }, (_, i) => String(i).padStart(3, '0')));
  });

  it('a stale marker keeps its bits', async () => {
    const at = T0 + 500_000;
    expect((await write(server.url, 1, [{ labels: { __name__: 's' }, samples: [{ timestampMs: at, value: 1 }] }])).status).toBe(204);
    // protobufjs would quieten the marker: the body is patched instead.
    const body = staleBody(at + 1000);
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
    expect((await fetch(`${server.url}/api/v1/write`, { method: 'POST', headers, body })).status).toBe(204);
    const [frame] = decodeChunkedAnswer(await bytesOf(await postRead(server.url, [select('s')], [1])));
    expect(decodeXorChunk(frame!.chunks![0]!.data).map(({ bits }) => bits)).toEqual(['3ff0000000000000', '7ff0000000000002']);
  });

  it.each<[string, ReadQueryFields[], number[], string]>([
    ['an unknown response type', [select('c')], [7], 'none of the accepted response types is supported: SAMPLES, STREAMED_XOR_CHUNKS\n'],
    ['a bad expression', [select('(', 2)], [1], 'error parsing regexp: missing closing ): `(`\n'],
  ])('refuses %s with a sentence', async (_name, queries, types, text) => {
    const response = await postRead(server.url, queries, types);
    expect([response.status, await response.text()]).toEqual([400, text]);
  });

  it('SAMPLES has a limit, streaming has none', async () => {
    const wide: ReadQueryFields[] = [{ ...select('c'), matchers: [{ type: 2, name: '__name__', value: 'c|many|more' }] }];
    const more = Array.from({ length: 200 }, (_, i) => ({ labels: { __name__: 'more', i: String(i) }, samples: [{ timestampMs: T0, value: i }] }));
    expect((await write(server.url, 2, more)).status).toBe(204);
    const refused = await postRead(server.url, wide, [0]);
    expect([refused.status, await refused.text()]).toEqual([400, 'exceeded sample limit (600)\n']);
    expect(decodeChunkedAnswer(await bytesOf(await postRead(server.url, wide, [1]))).length).toBeGreaterThan(350);
  });

  it('more than a page: every series once, in order', async () => {
    // Long labels fill pages with few series.
    const pad = 'x'.repeat(20_000);
    for (let k = 0; k < 6; k++) {
      const series = Array.from({ length: 100 }, (_, i) => ({
        labels: { __name__: 'long', i: String(k * 100 + i).padStart(4, '0'), pad }, samples: [{ timestampMs: T0, value: i }],
      }));
      expect((await write(server.url, 2, series)).status).toBe(204);
    }
    const frames = decodeChunkedAnswer(await bytesOf(await postRead(server.url, [select('c'), select('long')], [1])));
    const names = frames.filter(({ queryIndex }) => queryIndex === 1).map(({ labels }) => labels[1]!.value);
    expect(names).toEqual(Array.from({ length: 600 }, (_, i) => String(i).padStart(4, '0')));
  });
});

/** `s` with one stale marker, as a snappy block of literals. */
function staleBody(t: number): Buffer {
  const message = encodeWrite(1, [{ labels: { __name__: 's' }, samples: [{ timestampMs: t, value: 123456.789 }] }]);
  const marker = Buffer.from(Float64Array.of(123456.789).buffer);
  const bytes = Buffer.from(message);
  Buffer.from(STALE.buffer).copy(bytes, bytes.indexOf(marker));
  return Buffer.from(compress(bytes));
}
