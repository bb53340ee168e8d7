import type { FastifyReply, FastifyRequest } from 'fastify';
import { RegexTest } from '../model/regex-engine.js';

/** The headers that Prometheus sets on every API answer (util/httputil/cors.go). */
export function setCors(request: FastifyRequest, reply: FastifyReply, isAllowed: (origin: string) => boolean): void {
  reply.header('vary', 'Origin');
  const origin = request.headers.origin;
  if (origin === undefined || origin === '') return;
  reply.header('access-control-allow-headers', 'Accept, Authorization, Content-Type, Origin');
  reply.header('access-control-allow-methods', 'GET, POST, OPTIONS');
  reply.header('access-control-expose-headers', 'Date');
  if (isAllowed(origin)) reply.header('access-control-allow-origin', origin);
}

/** `--web.cors.origin`: an RE2 pattern for the whole header (a browser can be made to send any text). @throws RegexError */
export function originMatcher(pattern: string): (origin: string) => boolean {
  const compiled = new RegexTest(pattern);
  return (origin) => compiled.matches(origin);
}
