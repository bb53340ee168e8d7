/**
 * gRPC at a port that speaks HTTP/1.1, a common first mistake: the client would say "connection reset" or "not HTTP/2" and no
 * more. Here it gets an answer in its own language that names the right address.
 */
import type http2 from 'node:http2';
import { Duplex } from 'node:stream';

/** What Node's HTTP/1.1 parser says when it meets the first bytes of an HTTP/2 connection. */
const MET_HTTP2 = 'HPE_PAUSED_H2_UPGRADE';
const GRPC_UNIMPLEMENTED = '12';
/** Time for the client to say its call; there is nothing else to wait for. */
const SESSION_MS = 5000;
const TEXT = 'this port takes HTTP/1.1: OTLP over gRPC goes to port 4317 (otlp.grpc_listen_address), '
  + 'or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf';

export class Http2Refusal {
  private readonly sessions = new Set<http2.ServerHttp2Session>();
  private server: http2.Http2Server | undefined;

  /** The module is loaded by the first mistake: most servers never see one. */
  private open(): http2.Http2Server {
    const server = process.getBuiltinModule('node:http2').createServer({ settings: { maxConcurrentStreams: 1 } });
    server.on('session', (session) => {
      this.sessions.add(session);
      session.setTimeout(SESSION_MS, () => session.destroy());
      // A client that sees its mistake and leaves is no matter for a log.
      session.on('error', () => session.destroy());
      session.on('close', () => this.sessions.delete(session));
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => stream.destroy());
      stream.resume();
      const isGrpc = String(headers['content-type'] ?? '').startsWith('application/grpc');
      stream.respond(isGrpc
        ? { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': GRPC_UNIMPLEMENTED, 'grpc-message': encodeURI(TEXT) }
        : { ':status': 505, 'content-type': 'text/plain; charset=utf-8' }, { endStream: isGrpc });
      if (!isGrpc) stream.end(`${TEXT}\n`);
      stream.session?.close();
    });
    return server;
  }

  /**
   * For the `clientError` event of an HTTP server. True if the connection is HTTP/2 and was taken over; false leaves it to the
   * caller.
   */
  takesOver(error: Error, socket: Duplex): boolean {
    if (!('code' in error) || error.code !== MET_HTTP2 || !('rawPacket' in error) || !Buffer.isBuffer(error.rawPacket)) return false;
    this.server ??= this.open();
    this.server.emit('connection', rewound(socket, error.rawPacket));
    return true;
  }

  closeAllConnections(): void {
    for (const session of this.sessions) session.destroy();
  }
}

/** The connection from its first byte on. The HTTP/1.1 parser gives the socket up when somebody listens to its data. */
function rewound(socket: Duplex, read: Buffer): Duplex {
  for (const event of ['data', 'end', 'error', 'timeout']) socket.removeAllListeners(event);
  const whole = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  whole.push(read);
  socket.on('data', (chunk: Buffer) => {
    if (!whole.push(chunk)) socket.pause();
  });
  socket.on('end', () => whole.push(null));
  socket.on('error', () => whole.destroy());
  socket.on('close', () => whole.destroy());
  return whole;
}
