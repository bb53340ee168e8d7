/** Facts about the server, answered by the main thread. */
import type { FastifyInstance } from 'fastify';
import { errorBody } from '../../api/envelope.js';
import { badData } from '../../api/error-types.js';
import { blockList } from '../block-list.js';
import type { HttpDeps } from '../deps.js';
import { defineDataRoute } from '../data-route.js';
import { toHttpError } from '../error-table.js';
import { openapiYaml } from '../openapi/document.js';
import { defineRoute, sendJson } from '../route.js';

/** Answered during the replay too: that is what it is for. */
const UNGATED = { api: true, gated: false } as const;
/** Of a pattern for names of own metrics. */
const PATTERN_LENGTH_MAX = 1024;

export async function statusRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.setErrorHandler((error, request, reply) => {
    const failure = toHttpError(error);
    if (failure.code === 'internal') request.log.error({ err: error }, 'status route failed');
    return sendJson(reply, failure.row.status, errorBody(failure.row.errorType, failure.message));
  });
  const { status } = deps;
  defineDataRoute(app, deps, '/api/v1/status/buildinfo', () => ({ ...status.buildInfo() }));
  defineDataRoute(app, deps, '/api/v1/status/runtimeinfo', () => status.runtimeInfo());
  defineDataRoute(app, deps, '/api/v1/status/config', () => ({ yaml: status.configYaml() }));
  defineDataRoute(app, deps, '/api/v1/status/flags', () => status.flags());
  defineDataRoute(app, deps, '/api/v1/status/walreplay', () => ({ ...deps.readiness.replay }), UNGATED);
  defineDataRoute(app, deps, '/api/v1/status/tsdb/blocks', () => blockList(deps.blocks()));
  defineDataRoute(app, deps, '/api/v1/features', () => status.features());
  defineDataRoute(app, deps, '/api/v1/status/self_metrics', (form) => {
    const pattern = form.get('metric_name_pattern');
    if (pattern.length > PATTERN_LENGTH_MAX) throw badData(`metric_name_pattern is longer than ${PATTERN_LENGTH_MAX} characters`);
    return deps.selfMetrics(pattern);
  });
  defineRoute(app, deps, '/api/v1/openapi.yaml', UNGATED, {
    GET: (_request, reply) => reply.header('content-type', 'application/yaml; charset=utf-8').send(openapiYaml()),
  });
  defineRoute(app, deps, '/version', { api: false, gated: false }, {
    GET: (_request, reply) => reply.header('content-type', 'text/plain; charset=utf-8').send(JSON.stringify(status.buildInfo())),
  });
}
