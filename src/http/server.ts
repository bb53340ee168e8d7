/** The HTTP application: all routes under one prefix, one place for what happens to unknown paths and broken URLs. */
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { errorBody } from '../api/envelope.js';
import type { HttpDeps } from './deps.js';
import { toHttpError } from './error-table.js';
import { defineApiOptions, sendJson, sendText } from './route.js';
import { absentRoutes } from './routes/absent.js';
import { adminRoutes } from './routes/admin.js';
import { debugRoutes } from './routes/debug.js';
import { allEndpoints, ingestRoutes, otlpEndpoints } from './routes/ingest.js';
import { managementRoutes } from './routes/management.js';
import { notificationRoutes } from './routes/notifications.js';
import { queryRoutes } from './routes/query.js';
import { remoteReadRoutes } from './routes/remote-read.js';
import { statusRoutes } from './routes/status.js';
import { UnsentAnswers } from './unsent-answers.js';

/** Label names come in the path; the router's own limit of 100 characters would make long ones "not found". */
const PATH_PARAMETER_LENGTH_MAX = 8192;

/**
 * The whole server. Holds no state of its own but requests in flight. For sockets: `routing`, after `ready()` (listener.ts); `close()`
 * waits for requests in flight.
 */
export function buildServer(deps: HttpDeps): FastifyInstance {
  const app = bareServer(deps);
  const { routePrefix, maxUnsentBytes, connections } = deps.options;
  const prefix = routePrefix === '/' ? '' : routePrefix.slice(0, -1);
  const unsent = new UnsentAnswers(maxUnsentBytes, connections.readTimeoutMs);
  const otherRoutes = [statusRoutes, absentRoutes, notificationRoutes, adminRoutes, managementRoutes, debugRoutes];
  app.register(async (scope) => defineApiOptions(scope, deps), { prefix });
  app.register(async (scope) => ingestRoutes(scope, deps, allEndpoints(deps)), { prefix });
  for (const routes of [remoteReadRoutes, queryRoutes]) {
    app.register(async (scope) => routes(scope, deps, unsent), { prefix });
  }
  for (const routes of otherRoutes) {
    app.register(async (scope) => routes(scope, deps), { prefix });
  }
  if (prefix !== '') app.get('/', (_request, reply) => reply.redirect(routePrefix, 302));
  return app;
}

/** The application of the extra OTLP port: the same routes for OTLP as above, without a prefix, and nothing else. */
export function buildOtlpServer(deps: HttpDeps): FastifyInstance {
  const app = bareServer(deps);
  app.register(async (scope) => ingestRoutes(scope, deps, otlpEndpoints(deps)));
  return app;
}

function bareServer(deps: HttpDeps): FastifyInstance {
  // Widened to the framework's own logger type, so that the instance has the type that everybody else names.
  const loggerInstance: FastifyBaseLogger = deps.logger;
  const app = Fastify({
    loggerInstance,
    // A line for each request would cost more than storing its samples.
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    // No route has a schema. Otherwise each application loads a validator and a serializer, a quarter of the framework.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // `http://host//api/v1/query`: a data source's URL that ends with a slash, and a client that does not mind.
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX, ignoreDuplicateSlashes: true },
    frameworkErrors: (error, _request, reply) => {
      // The only way here is a path that cannot be percent-decoded, which in practice is a label name.
      void sendJson(reply.header('vary', 'Origin'), 400, errorBody('bad_data', `invalid path: ${error.message}`));
    },
  });
  app.setNotFoundHandler((_request, reply) => sendText(reply, 404, '404 page not found\n'));
  app.setErrorHandler((error, request, reply) => {
    const failure = toHttpError(error);
    if (failure.code === 'internal') request.log.error({ err: error }, 'request failed');
    return sendText(reply, failure.row.status, `${failure.message}\n`);
  });
  app.addHook('onResponse', (request, reply, done) => {
    deps.observer.requestDone(request.routeOptions.url ?? '', request.method, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
  return app;
}

function noSchemas(): never {
  throw new Error('a route has a schema, and nothing to check it with');
}
