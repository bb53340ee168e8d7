/** What the main thread answers by itself: facts about the server, and the empty forms of features it does not have. */
import type { FastifyInstance } from 'fastify';
import { errorBody } from '../../api/envelope.js';
import type { JsonValue } from '../../api/json-value.js';
import { FormParams } from '../../api/form.js';
import type { HttpDeps } from '../deps.js';
import { HttpError, toHttpError } from '../error-table.js';
import { defineRoute, type Handler, sendJson } from '../route.js';

const KIND = { api: true, gated: true } as const;
/** Answered during the replay too: that is what it is for. */
const UNGATED = { api: true, gated: false } as const;

/**
 * Features that narthex does not have answer as a Prometheus without any of it: clients then stay quiet, where a 404
 * gives error banners. Grafana reads `/rules` at each start.
 */
const EMPTY: Readonly<Record<string, JsonValue>> = {
  '/api/v1/targets/metadata': [],
  '/api/v1/scrape_pools': { scrapePools: [] },
  '/api/v1/alerts': { alerts: [] },
  '/api/v1/alertmanagers': { activeAlertmanagers: [], droppedAlertmanagers: [] },
  '/api/v1/notifications': [],
  '/api/v1/features': {},
  '/api/v1/status/tsdb/blocks': { blocks: [] },
};

export async function statusRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.setErrorHandler((error, request, reply) => {
    const failure = toHttpError(error);
    if (failure.code === 'internal') request.log.error({ err: error }, 'status route failed');
    return sendJson(reply, failure.row.status, errorBody(failure.row.errorType, failure.message));
  });
  const { status } = deps;
  const get = (path: string, data: () => JsonValue, kind = KIND as { api: boolean; gated: boolean }): void =>
    defineRoute(app, deps, path, kind, { GET: dataHandler(data) });

  get('/api/v1/status/buildinfo', () => ({ ...status.buildInfo() }));
  get('/api/v1/status/runtimeinfo', () => status.runtimeInfo());
  get('/api/v1/status/config', () => ({ yaml: status.configYaml() }));
  get('/api/v1/status/flags', () => status.flags());
  get('/api/v1/status/walreplay', () => ({ ...deps.readiness.replay }), UNGATED);
  for (const [path, data] of Object.entries(EMPTY)) get(path, () => data);

  const getByForm = (path: string, data: (form: FormParams) => JsonValue): void =>
    defineRoute(app, deps, path, KIND, { GET: (request, reply) => sendJson(reply, 200, body(data(formOf(request.raw.url)))) });
  getByForm('/api/v1/targets', targets);
  getByForm('/api/v1/rules', rules);
  defineRoute(app, deps, '/version', { api: false, gated: false }, {
    GET: (_request, reply) => reply.header('content-type', 'text/plain; charset=utf-8').send(`${JSON.stringify(status.buildInfo())}\n`),
  });
}

function dataHandler(data: () => JsonValue): Handler {
  return (_request, reply) => sendJson(reply, 200, body(data()));
}

function targets(form: FormParams): JsonValue {
  const state = form.get('state').toLowerCase();
  // Prometheus leaves the counts null when dropped targets are not asked for.
  const counts = state === '' || state === 'any' || state === 'dropped' ? {} : null;
  return { activeTargets: [], droppedTargets: [], droppedTargetCounts: counts };
}

/** @throws HttpError for a `type` that does not exist */
function rules(form: FormParams): JsonValue {
  const type = form.get('type').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') {
    throw new HttpError('bad_parameter', `invalid parameter "type": not supported value "${type}"`);
  }
  return { groups: [] };
}

/** Keys stay in the order in which they were put, which is Prometheus' order. */
function body(data: JsonValue): Buffer {
  return Buffer.from(`{"status":"success","data":${JSON.stringify(data)}}`);
}

function formOf(url: string | undefined): FormParams {
  const mark = url?.indexOf('?') ?? -1;
  return new FormParams(mark < 0 ? '' : url!.slice(mark + 1));
}
