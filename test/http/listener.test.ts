import http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Listener } from '../../src/http/listener.js';
import { CONNECTIONS, LOCAL, makeHarness } from './harness.js';

const open: Listener[] = [];

afterEach(async () => {
  for (const listener of open.splice(0)) {
    listener.closeAllConnections();
    await listener.close();
  }
});

async function listen(count: number): Promise<Listener> {
  const { app } = await makeHarness();
  const listener = await Listener.open(app.routing, Array.from({ length: count }, () => LOCAL), CONNECTIONS);
  open.push(listener);
  return listener;
}

describe('sockets', () => {
  it('one application on several addresses', async () => {
    const { addresses } = await listen(2);
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) expect(await (await fetch(`http://${address}/-/healthy`)).text()).toBe('Prometheus Server is Healthy.\n');
  });

  it('an address in use: none is kept open', async () => {
    const taken = await listen(1);
    const port = Number(taken.addresses[0]!.split(':')[1]);
    const { app } = await makeHarness();
    await expect(Listener.open(app.routing, [LOCAL, { host: '127.0.0.1', port }], CONNECTIONS)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('close waits for nothing but requests in flight: idle keep-alive connections end at once', async () => {
    const listener = await listen(1);
    const agent = new http.Agent({ keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      http.get(`http://${listener.addresses[0]}/-/healthy`, { agent }, (response) => {
        response.resume().on('end', resolve);
      }).on('error', reject);
    });
    await listener.close();
    agent.destroy();
    await expect(fetch(`http://${listener.addresses[0]}/-/healthy`)).rejects.toThrow();
  });

  it('a sender that breaks off leaves nothing behind', async () => {
    const { app, gate, observed } = await makeHarness();
    const listener = await Listener.open(app.routing, [LOCAL], CONNECTIONS);
    open.push(listener);
    const request = http.request(`http://${listener.addresses[0]}/api/v1/write`, { method: 'POST', headers: { 'content-length': 100 } });
    request.on('error', () => {});
    request.write(Buffer.alloc(10));
    await expect.poll(() => gate.inFlightBytes).toBe(100);
    request.destroy();
    await expect.poll(() => gate.inFlightRequests).toBe(0);
    expect([gate.inFlightBytes, observed.filter((line) => line.includes('204'))]).toEqual([0, []]);
  });

  it('what cannot be read behind a request does not get into its answer', async () => {
    let answer: http.ServerResponse | undefined;
    const listener = await Listener.open((_request, response) => {
      answer = response;
      response.writeHead(200, { 'content-length': 1000 });
      response.write('a'.repeat(10));
    }, [LOCAL], CONNECTIONS);
    open.push(listener);
    const [host, port] = listener.addresses[0]!.split(':');
    const socket = net.connect(Number(port), host);
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => received).toContain('aaaaaaaaaa');
    socket.write('no request\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(received).not.toContain('400');
    expect(answer!.destroyed).toBe(true);
  });

  it('a chunked body is read, and cut off at the cap', async () => {
    const listener = await listen(1);
    const post = (size: number) => new Promise<number>((resolve, reject) => {
      const request = http.request(`http://${listener.addresses[0]}/api/v1/write`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' } });
      request.on('response', (response) => {
        response.resume();
        resolve(response.statusCode!);
      }).on('error', reject);
      // Two writes make it chunked.
      request.write(Buffer.alloc(1));
      request.end(Buffer.alloc(size));
    });
    expect(await post(100)).toBe(204);
    expect(await post(5000)).toBe(413);
  });
});
