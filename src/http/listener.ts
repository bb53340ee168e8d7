/** Sockets. Apart from the application, because one application listens on several addresses. */
import http, { type RequestListener, type ServerResponse } from 'node:http';
import { isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionLimits } from './deps.js';
import { Http2Refusal } from './http2-refusal.js';

/** A head is sent in one go; a client that takes longer holds a connection for nothing. */
const HEAD_TIMEOUT_MS_MAX = 60_000;
/** How often Node.js looks for requests that take too long, at most. */
const CHECK_INTERVAL_MS_MAX = 30_000;
const TOO_MANY = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n';
/**
 * Of a request that did not arrive. Not 408, which means it: Prometheus, the Collector and the OpenTelemetry SDKs take any 4xx but 429
 * for the last word and drop the samples; a 503 all of them repeat.
 */
const TOO_SLOW_TEXT = 'the request did not arrive within web.read_timeout\n';
const TOO_SLOW = 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n'
  + `Content-Length: ${TOO_SLOW_TEXT.length}\r\n\r\n${TOO_SLOW_TEXT}`;
/** A socket that is destroyed while bytes are coming in resets the connection, and the reset overtakes the answer. */
const LINGER_MS = 500;

export interface ListenAddress {
  /** '' = all interfaces. */
  readonly host: string;
  readonly port: number;
}

export class Listener {
  private readonly servers: http.Server[] = [];
  private readonly http2 = new Http2Refusal();
  /** The newest request of each connection. */
  private readonly newest = new WeakMap<Duplex, ServerResponse>();

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
    const { readTimeoutMs, maxHeadBytes } = this.limits;
    const server = http.createServer({
      maxHeaderSize: maxHeadBytes,
      keepAliveTimeout: readTimeoutMs,
      requestTimeout: readTimeoutMs,
      headersTimeout: Math.min(readTimeoutMs, HEAD_TIMEOUT_MS_MAX),
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS_MAX, Math.ceil(readTimeoutMs / 2)),
    }, (request, response) => {
      this.newest.set(request.socket, response);
      routing(request, response);
    });
    server.on('connection', (socket: Socket) => this.admit(socket));
    server.on('clientError', (error: Error, socket: Duplex) => {
      if (!this.http2.takesOver(error, socket)) refuse(error, socket, this.newest.get(socket));
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

/** As Node.js does it where nobody listens to `clientError`, but for requests that did not arrive in time. */
function refuse(error: Error, socket: Duplex, newest: ServerResponse | undefined): void {
  const code = 'code' in error ? error.code : undefined;
  const isLate = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  // Nobody asked anything on a connection without a byte; what is said there would be the answer to a request that crosses it.
  const isInWay = isLate ? isUnused(socket) || isAnswering(newest) : hasBegun(newest);
  if (!socket.writable || code === 'ECONNRESET' || isInWay) {
    socket.destroy();
    return;
  }
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(isLate ? TOO_SLOW : `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  // A client that leaves its side open would keep the connection, and what its request holds, for ever.
  const end = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(end));
}

function isUnused(socket: Duplex): boolean {
  return socket instanceof Socket && socket.bytesRead === 0;
}

/** True if a part of an answer has been sent. */
function hasBegun(newest: ServerResponse | undefined): boolean {
  return newest !== undefined && newest.headersSent && !newest.writableFinished;
}

/** True if an answer has begun, or is still to come, that a few bytes more would spoil. */
function isAnswering(newest: ServerResponse | undefined): boolean {
  if (newest === undefined) return false;
  // The late request is the newest itself, or one behind it of which not even the head is complete.
  return newest.req.complete ? !newest.writableFinished : newest.headersSent;
}
