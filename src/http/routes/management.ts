/** Health, lifecycle, own metrics, and a page for people who open the address in a browser. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { defineRoute, type Handler } from '../route.js';

const ALWAYS = { api: false, gated: false } as const;
const WHEN_READY = { api: false, gated: true } as const;

export async function managementRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  // Wording as in Prometheus: probes and scripts look for it. Load balancers probe with HEAD.
  const healthy = plain(200, 'Prometheus Server is Healthy.\n');
  defineRoute(app, deps, '/-/healthy', ALWAYS, { GET: healthy, HEAD: healthy });
  const ready = plain(200, 'Prometheus Server is Ready.\n');
  defineRoute(app, deps, '/-/ready', WHEN_READY, { GET: ready, HEAD: ready });

  const wrongMethod = plain(405, 'Only POST or PUT requests allowed');
  const reload = whenEnabled(deps, async (reply) => {
    try {
      await deps.lifecycle.reload();
      return await reply.code(200).send();
    } catch (error) {
      return await text(reply, 500, `failed to reload config: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  });
  defineRoute(app, deps, '/-/reload', ALWAYS, { GET: wrongMethod, POST: reload, PUT: reload });
  const quit = whenEnabled(deps, async (reply) => {
    deps.lifecycle.quit();
    return text(reply, 200, 'Requesting termination... Goodbye!');
  });
  defineRoute(app, deps, '/-/quit', ALWAYS, { GET: wrongMethod, POST: quit, PUT: quit });

  defineRoute(app, deps, '/metrics', ALWAYS, {
    GET: (request, reply) => {
      const { contentType, body } = deps.ownMetrics(request.headers.accept ?? '');
      return reply.header('content-type', contentType).send(body);
    },
  });
  defineRoute(app, deps, '/', ALWAYS, {
    GET: (_request, reply) => reply.header('content-type', 'text/html; charset=utf-8').send(landingPage(deps)),
  });
}

function whenEnabled(deps: HttpDeps, act: (reply: FastifyReply) => Promise<FastifyReply>): Handler {
  return (_request, reply) => (deps.options.enableLifecycle ? act(reply) : text(reply, 403, 'Lifecycle API is not enabled.'));
}

function plain(status: number, body: string): Handler {
  return (_request, reply) => text(reply, status, body);
}

function text(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply.code(status).header('content-type', 'text/plain; charset=utf-8').send(body);
}

function landingPage(deps: HttpDeps): string {
  const { routePrefix } = deps.options;
  const { version, revision } = deps.status.buildInfo();
  const rows = [
    ['Prometheus remote write 1.0 and 2.0', 'POST', 'api/v1/write'],
    ['OTLP metrics, protobuf or JSON', 'POST', 'api/v1/otlp/v1/metrics'],
    ['PromQL, for Grafana: data source type Prometheus, URL of this page', 'GET, POST', 'api/v1/query'],
    ['Cardinality', 'GET', 'api/v1/status/tsdb'],
    ['Configuration', 'GET', 'api/v1/status/config'],
    ['Own metrics', 'GET', 'metrics'],
  ].map(([what, method, path]) => {
    const url = `${routePrefix}${path}`;
    return `<tr><td>${what}</td><td>${method}</td><td><a href="${url}">${url}</a></td></tr>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>narthex</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:50rem;padding:0 1rem}
td{padding:.2rem 1.5rem .2rem 0}
</style></head>
<body><h1>narthex</h1>
<p>A Prometheus-compatible server for metrics: state <b>${deps.readiness.state}</b>, ${revision},
speaks the API of Prometheus ${version}.</p>
<table>${rows.join('\n')}</table>
</body></html>
`;
}
