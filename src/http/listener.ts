/** Sockets. Apart from the application, because one application listens on several addresses. */
import http, { type RequestListener } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from './deps.js';
import { Http2Refusal } from './http2-refusal.js';

/** A head is sent in one go; a client that takes longer holds a connection for nothing. */
const HEAD_TIMEOUT_MS_MAX = 60_000;
/** How often Node.js looks for requests that take too long, at most. */
const CHECK_INTERVAL_MS_MAX = 30_000;
const TOO_MANY = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n';

export interface ListenAddress {
  /** '' = all interfaces. */
  readonly host: string;
  readonly port: number;
}

export class Listener {
  private readonly servers: http.Server[] = [];
  private readonly http2 = new Http2Refusal();

  private connections = 0;

  private constructor(private readonly limits: ConnectionLimits) {}

  /**
   * `routing` answers on all addresses, or on none: if one cannot be had the others are closed again.
   * The framework behind `routing` must be ready. @throws the error of the socket, with its `code`
   */
  static async open(routing: RequestListener, addresses: readonly ListenAddress[], limits: ConnectionLimits): Promise<Listener> {
    const listener = new Listener(limits);
    try {
      for (const address of addresses) await listener.add(routing, address);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** What is really listened on, `127.0.0.1:9090`: port 0 has become a number. */
  get addresses(): string[] {
    return this.servers.map((server) => {
      const address = server.address();
      if (address === null || typeof address === 'string') return String(address);
      return `${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`;
    });
  }

  /** Takes no new connections, closes the idle ones, and waits for the requests in flight. */
  async close(): Promise<void> {
    this.http2.closeAllConnections();
    await Promise.all(this.servers.map((server) => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    })));
  }

  /** Breaks what is still open. */
  closeAllConnections(): void {
    this.http2.closeAllConnections();
    for (const server of this.servers) server.closeAllConnections();
  }

  private add(routing: RequestListener, { host, port }: ListenAddress): Promise<void> {
    const { readTimeoutMs } = this.limits;
    const server = http.createServer({
      keepAliveTimeout: readTimeoutMs,
      requestTimeout: readTimeoutMs,
      headersTimeout: Math.min(readTimeoutMs, HEAD_TIMEOUT_MS_MAX),
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS_MAX, Math.ceil(readTimeoutMs / 2)),
    }, routing);
    server.on('connection', (socket: Socket) => this.admit(socket));
    server.on('clientError', (error: Error, socket: Duplex) => {
      if (!this.http2.takesOver(error, socket)) refuse(error, socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        server.off('error', reject);
        this.servers.push(server);
        resolve();
      });
    });
  }

  /** One connection too many is told so; a socket that is only closed would look like a broken network. */
  private admit(socket: Socket): void {
    this.connections++;
    socket.once('close', () => this.connections--);
    if (this.connections > this.limits.maxConnections) socket.end(TOO_MANY, () => socket.destroy());
  }
}

/** What Node does by itself where nobody listens to `clientError`. */
function refuse(error: Error, socket: Duplex): void {
  const code = 'code' in error ? error.code : undefined;
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large'
    : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout'
    : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}
