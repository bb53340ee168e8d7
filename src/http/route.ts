/**
 * Routes with the manners of Prometheus' router: a known path with a wrong method is 405 with the allowed ones (Grafana
 * repeats a refused POST as GET on 405, not on 404), and OPTIONS is answered everywhere.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps } from './deps.js';
import { setCors } from './cors.js';

const API = '/api/v1/';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | unknown;

export interface RouteKind {
  /** Part of /api/v1: CORS headers, OPTIONS answers 204. */
  readonly api: boolean;
  /** Answers 503 until the store is ready, and again while it stops. */
  readonly gated: boolean;
}

/** Registers `path` with one handler per method, and a refusal for every other method. */
export function defineRoute(
  app: FastifyInstance, deps: HttpDeps, path: string, kind: RouteKind, handlers: Partial<Record<Method, Handler>>,
): void {
  const methods = Object.keys(handlers);
  const allow = [...methods, 'OPTIONS'].sort().join(', ');
  for (const [method, handler] of Object.entries(handlers)) {
    app.route({
      method,
      url: path,
      // Before the body is read: a refused request costs nothing.
      onRequest: (request, reply, done) => {
        if (kind.api) setCors(request, reply, deps.options.isAllowedOrigin);
        if (kind.gated && deps.readiness.state !== 'ready') refuseUnready(reply, deps);
        else done();
      },
      handler: async (request, reply) => handler(request, reply),
    });
  }
  // One route for all of them: each has a context of its own, and there are fifty paths with six such methods.
  const refused = app.supportedMethods.filter((method) => !(method in handlers));
  if (refused.length > 0) {
    app.route({
      method: refused,
      url: path,
      onRequest: async (request, reply) => {
        if (request.method !== 'OPTIONS') return sendText(reply.header('allow', allow), 405, 'Method Not Allowed\n');
        if (!kind.api && !path.startsWith(API)) return reply.code(200).header('allow', allow).send();
        setCors(request, reply, deps.options.isAllowedOrigin);
        return reply.code(204).send();
      },
      handler: async () => undefined,
    });
  }
}

/** OPTIONS of every other path of the API: browsers ask before they are told that there is nothing. */
export function defineApiOptions(app: FastifyInstance, deps: HttpDeps): void {
  app.options(`${API}*`, async (request, reply) => {
    setCors(request, reply, deps.options.isAllowedOrigin);
    return reply.code(204).send();
  });
}

function refuseUnready(reply: FastifyReply, deps: HttpDeps): FastifyReply {
  reply.header('x-prometheus-stopping', String(deps.readiness.state === 'stopping')).header('retry-after', '1');
  return reply.code(503).type('text/plain; charset=utf-8').send('Service Unavailable');
}

/** An error text as Go's http.Error sends it. */
export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', 'text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(text);
}

export function sendJson(reply: FastifyReply, status: number, body: Uint8Array): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(asBuffer(body));
}

/** The same bytes as a Buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
