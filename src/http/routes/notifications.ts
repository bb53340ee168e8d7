/** `/notifications`, and `/notifications/live` as server-sent events. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { HttpDeps } from '../deps.js';
import type { NotificationListener } from '../notifications.js';
import { defineRoute, sendJson } from '../route.js';

/** Answered while starting and stopping too: that is when there is something to tell. */
const KIND = { api: true, gated: false } as const;

export async function notificationRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  defineRoute(app, deps, '/api/v1/notifications', KIND, {
    GET: (_request, reply) => sendJson(reply, 200, Buffer.from(JSON.stringify({ status: 'success', data: deps.notifications.list() }))),
  });
  defineRoute(app, deps, '/api/v1/notifications/live', KIND, { GET: (_request, reply) => stream(reply, deps) });
}

/** Holds the connection until the client goes or the server stops. */
function stream(reply: FastifyReply, deps: HttpDeps): FastifyReply {
  const { raw } = reply;
  const waiting: string[] = [];
  let begun = false;
  const listener: NotificationListener = {
    notify: (notification) => {
      const event = `data: ${JSON.stringify(notification)}\n\n`;
      if (begun) raw.write(event);
      else waiting.push(event);
    },
    end: () => raw.end(),
  };
  // 204 tells an EventSource not to try again.
  if (!deps.notifications.subscribe(listener)) return reply.code(204).send();
  raw.once('close', () => deps.notifications.unsubscribe(listener));
  reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  reply.hijack();
  raw.writeHead(200);
  raw.flushHeaders();
  begun = true;
  for (const event of waiting) raw.write(event);
  return reply;
}
