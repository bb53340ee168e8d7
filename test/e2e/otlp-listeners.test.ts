/** The extra ports for OTLP: a convenience as long as nobody asked for them, a promise if somebody did. */
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, Server } from './support/server.js';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function start(flags: readonly string[]): Promise<Server> {
  // The default, which the other tests switch off.
  const environment = { NARTHEX_OTLP_GRPC_LISTEN_ADDRESS: 'auto', NARTHEX_OTLP_HTTP_LISTEN_ADDRESS: 'auto' };
  const server = await Server.spawn({ flags, environment });
  ended.push(() => server.remove());
  return server;
}

function occupy(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const holder = net.createServer();
    ended.push(() => new Promise((closed) => void holder.close(closed)));
    // Taken already is just as good.
    holder.once('error', (error) => ('code' in error && error.code === 'EADDRINUSE' ? resolve() : reject(error)));
    holder.listen(port, '127.0.0.1', resolve);
  });
}

describe('by default', () => {
  it('taken ports are a warning, and the server serves', async () => {
    for (const port of [4317, 4318]) await occupy(port);
    const server = await start([]);
    await server.ready();
    for (const port of [4317, 4318]) expect(server.log).toMatch(new RegExp(`no OTLP on port ${port}: listen EADDRINUSE`));
    expect(server.log).toMatch(/otlp_grpc=off otlp_http=off/);
  });
});

describe('given addresses', () => {
  it.each(['grpc', 'http'])('%s: a taken port ends the start', async (kind) => {
    const port = await freePort();
    await occupy(port);
    const server = await start(['--otlp.grpc-listen-address=off', '--otlp.http-listen-address=off']
      .map((flag) => (flag.includes(kind) ? flag.replace('off', `127.0.0.1:${port}`) : flag)));
    await server.exit();
    expect(server.exitCode).toBe(1);
    expect(server.log).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
  });

  it('port 0 is any; the log says which', async () => {
    const server = await start(['--otlp.grpc-listen-address=127.0.0.1:0', '--otlp.http-listen-address=off']);
    await server.ready();
    expect(server.log).toMatch(/otlp_grpc=127\.0\.0\.1:[1-9]\d* otlp_http=off/);
  });

  it('something else is an error in words', async () => {
    const server = await start(['--otlp.grpc-listen-address=yes']);
    await server.exit();
    expect([server.exitCode, server.log]).toEqual([2, expect.stringContaining('"yes" is not host:port, :port, auto or off')]);
  });
});
