/** The routes of the write endpoints, and refusals of what is sent there by mistake. */
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { serveIngest, type IngestEndpoint } from '../ingest-endpoint.js';
import { otherSignal } from '../misdirected.js';
import { defineRoute, sendText } from '../route.js';
import { otlpEndpoint } from './otlp.js';
import { remoteWriteEndpoint } from './remote-write.js';

/** By path below the route prefix. */
export type IngestEndpoints = ReadonlyMap<string, IngestEndpoint>;

/** Exporters configured with one endpoint for all signals send these too. */
const OTHER_SIGNAL_PATHS = ([
  ['traces', '/v1/traces'], ['logs', '/v1/logs'], ['profiles', '/v1development/profiles'],
] as const).flatMap(([signal, path]) => [{ signal, path }, { signal, path: `/api/v1/otlp${path}` }]);

/** As Prometheus has it, and as every other OTLP receiver has it. */
export function otlpEndpoints(deps: HttpDeps): IngestEndpoints {
  const otlp = otlpEndpoint(deps);
  return new Map([['/api/v1/otlp/v1/metrics', otlp], ['/v1/metrics', otlp]]);
}

export function allEndpoints(deps: HttpDeps): IngestEndpoints {
  return new Map([['/api/v1/write', remoteWriteEndpoint(deps)], ...otlpEndpoints(deps)]);
}

export async function ingestRoutes(app: FastifyInstance, deps: HttpDeps, endpoints: IngestEndpoints): Promise<void> {
  for (const [path, endpoint] of endpoints) app.register(async (scope) => defineIngestRoute(scope, deps, path, endpoint));
  for (const { signal, path } of OTHER_SIGNAL_PATHS) {
    app.post(path, {
      onRequest: async (_request, reply) =>
        sendText(reply, 404, `404 page not found: ${otherSignal(signal)}\n`),
    }, async () => undefined);
  }
}

function defineIngestRoute(scope: FastifyInstance, deps: HttpDeps, path: string, endpoint: IngestEndpoint): void {
  // Behind the readiness gate of the route, before the framework looks at the type or reads the body: both are the endpoint's.
  scope.addHook('preParsing', async (request, reply) => {
    reply.hijack();
    await serveIngest(endpoint, deps, request.raw, reply.raw, request.query);
  });
  defineRoute(scope, deps, path, { api: false, gated: true }, { POST: () => undefined });
}
