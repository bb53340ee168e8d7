/** Clients that are slow, greedy or broken, seen from their sockets. */
import net from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, test } from 'vitest';
import type { ApiReply } from '../../src/api/contract.js';
import { Listener } from '../../src/http/listener.js';
import type { ConnectionLimits } from '../../src/http/deps.js';
import { CONNECTIONS, type HarnessOptions, json, LOCAL, makeHarness } from './harness.js';

const open: Listener[] = [];
const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const listener of open.splice(0)) {
    listener.closeAllConnections();
    await listener.close();
  }
});

async function listen(limits: Partial<ConnectionLimits> = {}, options: HarnessOptions = {}) {
  const connections = { ...CONNECTIONS, ...limits };
  const harness = await makeHarness({ ...options, http: { connections, ...options.http } });
  const listener = await Listener.open(harness.app.routing, [LOCAL], connections);
  open.push(listener);
  return { ...harness, url: `http://${listener.addresses[0]}`, port: Number(listener.addresses[0]!.split(':')[1]) };
}

/** A connection on which `text` is sent; `answer` is all that came, once the server has closed it. */
function connect(port: number, text: string): { socket: net.Socket; answer: Promise<string> } {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  sockets.push(socket);
  const answer = new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1'))).on('error', () => {}).on('close', () => resolve(all));
  });
  return { socket, answer };
}

const SHORT = { readTimeoutMs: 200 };
/** Senders repeat a 503. A 408 Prometheus, the Collector and SDKs take for the last word, and drop the samples. */
const AGAIN = /^HTTP\/1\.1 503 [^\r]+\r\nRetry-After: 1\r\nConnection: close\r\n.*the request did not arrive within web\.read_timeout\n$/s;
/** What follows a method and a path. */
const REST = 'HTTP/1.1\r\nHost: x\r\n';
const HEALTHY = `GET /-/healthy ${REST}\r\n`;

describe('slow clients', () => {
  test.each([
    ['a head that does not end', `POST /api/v1/write ${REST}`, AGAIN],
    ['a body that does not come', `POST /api/v1/write ${REST}Content-Length: 100\r\n\r\nabc`, AGAIN],
    ['a body of OTLP that does not come', `POST /v1/metrics ${REST}Content-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nabc`, AGAIN],
    ['a form that does not come', `POST /api/v1/query ${REST}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nquery`, AGAIN],
    ['a chunked body that does not end', `POST /api/v1/write ${REST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, AGAIN],
    ['a second head that does not end', `${HEALTHY}POST /api/v1/write ${REST}`, /^HTTP\/1\.1 200 .*Healthy\.\nHTTP\/1\.1 503 /s],
    ['a connection that stays idle', HEALTHY, /^HTTP\/1\.1 200 [^]*Healthy\.\n$/],
    ['a connection without a byte: nobody asked anything', '', /^$/],
    ['a body that does not come, of a request that is answered', `POST /v1/metrics ${REST}Content-Type: text/html\r\nContent-Length: 100\r\n\r\nabc`, /^HTTP\/1\.1 415 (?!.*HTTP)/s],
  ])('%s: the connection is closed after web.read_timeout', async (_name, text, expected) => {
    const { port, gate } = await listen(SHORT);
    expect(await connect(port, text).answer).toMatch(expected);
    await expect.poll(() => gate.inFlightRequests).toBe(0);
  });

  it('a second head that does not end spoils no answer that is still to come', async () => {
    let answer = (): void => {};
    const { port } = await listen(SHORT, { query: () => new Promise((resolve) => (answer = () => resolve(json('"first"')))) });
    expect(await connect(port, `GET /api/v1/query?q ${REST}\r\nGET /api/v1/query?q ${REST}`).answer).toBe('');
    answer();
  });

  it('a client that sends on gets the answer, and one that leaves its side open holds nothing', async () => {
    const { port, gate } = await listen(SHORT);
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    let all = '';
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1'))).on('error', () => {});
    socket.write(`POST /api/v1/write ${REST}Content-Length: 1000\r\n\r\n`);
    await expect.poll(() => gate.inFlightRequests).toBe(1);
    const sending = setInterval(() => void socket.write('x'), 10);
    onTestFinished(() => clearInterval(sending));
    await expect.poll(() => all).toMatch(AGAIN);
    await expect.poll(() => gate.inFlightRequests).toBe(0);
  });

  it('a client that takes nothing of its answer: other queries wait, and the connection is closed', async () => {
    const big = json(`"${'x'.repeat(64 << 20)}"`);
    // Long enough for another query to find the room taken, also on a busy machine.
    const { port, url } = await listen({ readTimeoutMs: 3000 }, { query: (request) => Promise.resolve(request.params === 'big' ? big : json('1')) });
    const { socket, answer } = connect(port, 'GET /api/v1/query?big HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    const small = async (): Promise<string> => {
      const response = await fetch(`${url}/api/v1/query?small`);
      await response.text();
      return `${response.status} ${response.headers.get('retry-after')}`;
    };
    await expect.poll(small, { interval: 5 }).toBe('503 1');
    await expect.poll(small).toBe('200 null');
    socket.resume();
    expect((await answer).length).toBeLessThan(big.body.length);
  });
});

describe('answers in pages', () => {
  const next = { query: 0, names: ['__name__'], values: ['m'] };

  it('a client that takes nothing of a remote read makes room for others', async () => {
    const big: ApiReply = { status: 200, contentType: 'application/x-protobuf', body: new Uint8Array(64 << 20), next };
    const small: ApiReply = { status: 200, contentType: 'application/x-protobuf', body: new Uint8Array(1) };
    let isStalled = true;
    const { port, url, asked } = await listen({ readTimeoutMs: 500 }, {
      http: { maxConcurrentReads: 1, maxUnsentBytes: 1 << 30 },
      query: () => Promise.resolve(isStalled ? big : small),
    });
    connect(port, `POST /api/v1/read ${REST}Content-Length: 0\r\n\r\n`).socket.pause();
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    isStalled = false;
    const response = await fetch(`${url}/api/v1/read`, { method: 'POST', body: '' });
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 1]);
  });

  it('a page may take longer than a client that takes nothing', async () => {
    const page: ApiReply = { status: 200, contentType: 'text/plain', body: Buffer.from('page\n') };
    const { url } = await listen(SHORT, {
      query: async ({ cursor }) => {
        if (cursor === undefined) return { ...page, next };
        await new Promise((resolve) => setTimeout(resolve, 4 * SHORT.readTimeoutMs));
        return page;
      },
    });
    expect(await (await fetch(`${url}/federate?match[]=x`)).text()).toBe('page\npage\n');
  });
});

describe('broken and greedy clients', () => {
  test.each([
    ['a head beyond the limit', `GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(CONNECTIONS.maxHeadBytes)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['a URL beyond the limit', `GET /api/v1/query?query=${'a'.repeat(CONNECTIONS.maxHeadBytes)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['two lengths', 'POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc', /^HTTP\/1\.1 400 /],
    ['a length and chunks (request smuggling)', 'POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a length that is no number', 'POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a chunk that is no chunk', 'POST /api/v1/write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /HTTP\/1\.1 400 /],
    ['a head without a host', 'GET /-/healthy HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a method that does not exist', 'GRAB /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a length beyond the limit', 'POST /api/v1/write HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n', /^HTTP\/1\.1 413 /],
  ])('%s', async (_name, text, expected) => {
    const { port } = await listen();
    expect(await connect(port, text).answer).toMatch(expected);
  });

  it('a URL may be as long as the limit of the head, not only as long as Node.js has it', async () => {
    const { port, asked } = await listen();
    const matcher = 'a'.repeat(CONNECTIONS.maxHeadBytes - 1000);
    const url = `/api/v1/label/job/values?match[]=${matcher}`;
    expect(await connect(port, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`).answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked.at(-1)!.params.length).toBe('match[]='.length + matcher.length);
  });

  it('HTTP/1.0 and Connection: close end the connection', async () => {
    const { port } = await listen();
    expect(await connect(port, 'GET /-/healthy HTTP/1.0\r\n\r\n').answer).toContain('Healthy');
    expect(await connect(port, 'GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').answer).toContain('Healthy');
  });

  it('pipelined requests are answered in their order', async () => {
    let answered = 0;
    const { port } = await listen(SHORT, {
      // The first is the slowest.
      query: ({ params }) => new Promise((resolve) => setTimeout(() => resolve(json(`"${params}"`)), 30 - 10 * answered++)),
    });
    const text = [1, 2, 3].map((i) => `GET /api/v1/query?q${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
    expect((await connect(port, text).answer).match(/"q\d"/g)).toEqual(['"q1"', '"q2"', '"q3"']);
  });

  it('connections above web.max_connections are answered 503, until others go', async () => {
    const { port } = await listen({ maxConnections: 2 });
    const first = connect(port, HEALTHY);
    const second = connect(port, HEALTHY);
    await Promise.all([first, second].map(({ socket }) => new Promise((resolve) => socket.once('data', resolve))));
    expect(await connect(port, HEALTHY).answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: 1\r\n/);
    first.socket.destroy();
    await expect.poll(() => connect(port, 'GET /-/healthy HTTP/1.0\r\n\r\n').answer).toContain('Healthy');
  });
});
