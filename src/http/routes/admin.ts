/** /api/v1/admin/tsdb/*: off unless --web.enable-admin-api. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errorBody, failure, success } from '../../api/envelope.js';
import { ApiError, badData, invalidParameter } from '../../api/error-types.js';
import { FormParams } from '../../api/form.js';
import { matcherSets, MAX_TIME_MS, MIN_TIME_MS, optionalTime, parseGoBool } from '../../api/params.js';
import { goQuote } from '../../model/go-quote.js';
import { MAX_PROGRAM_SIZE, RegexBudget } from '../../model/regex-limits.js';
import { IngestError } from '../../storage/ingestion.js';
import type { AdminStore, HttpDeps } from '../deps.js';
import { HttpError, toHttpError } from '../error-table.js';
import { asBuffer, defineRoute, type Handler, sendJson } from '../route.js';

const FORM_BYTES_MAX = 10 * 1024 * 1024;

export async function adminRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: FORM_BYTES_MAX }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof ApiError) {
      const { status, body } = failure(error);
      return sendJson(reply, status, body);
    }
    const failed = error instanceof IngestError ? new HttpError('ingest_unavailable', error.message, { cause: error }) : toHttpError(error);
    const { row, message } = failed;
    if (row.retryAfterSeconds > 0) void reply.header('retry-after', row.retryAfterSeconds);
    return sendJson(reply, row.status, errorBody(row.errorType, message));
  });

  const define = (name: string, act: (store: AdminStore, form: FormParams) => Promise<Uint8Array | undefined>): void => {
    const handler: Handler = async (request, reply) => {
      const data = await act(adminStore(deps), formOf(request));
      return data === undefined ? reply.code(204).send() : sendJson(reply, 200, data);
    };
    defineRoute(app, deps, `/api/v1/admin/tsdb/${name}`, { api: true, gated: true }, { POST: handler, PUT: handler });
  };
  define('delete_series', async (store, form) => {
    if (form.error !== undefined) throw badData(`error parsing form values: ${form.error}`);
    if (form.getAll('match[]').length === 0) throw badData('no match[] parameter provided');
    const startMs = optionalTime(form, 'start', MIN_TIME_MS);
    const endMs = optionalTime(form, 'end', MAX_TIME_MS);
    // Less than a query may have: this is the thread that takes samples.
    const sets = matcherSets(form, (reason) => invalidParameter('match[]', reason), new RegexBudget(undefined, MAX_PROGRAM_SIZE));
    await store.deleteSeries(sets, startMs, endMs);
    return undefined;
  });
  define('clean_tombstones', async (store) => {
    await store.cleanTombstones();
    return undefined;
  });
  define('flush', async (store) => {
    await store.flush();
    return undefined;
  });
  define('snapshot', async (store, form) => {
    const text = form.get('skip_head');
    const skipHead = text === '' ? false : parseGoBool(text);
    if (skipHead === undefined) {
      throw invalidParameter('skip_head', `unable to parse boolean: strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
    }
    const name = await store.snapshot(skipHead);
    return asBuffer(success({ limits: { maxResponseBytes: Infinity } }, (json) => {
      json.raw('{"name":');
      json.htmlSafeString(name);
      json.raw('}');
    }).body);
  });
}

/** @throws HttpError if the API is off, or if the store cannot do any of it */
function adminStore(deps: HttpDeps): AdminStore {
  if (!deps.options.enableAdminApi) throw new HttpError('admin_disabled', 'admin APIs disabled');
  if (!deps.admin) throw new HttpError('not_implemented', 'not implemented: this version of narthex cannot delete or copy data');
  return deps.admin;
}

function formOf(request: FastifyRequest): FormParams {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const body = isForm && typeof request.body === 'string' ? request.body : '';
  return new FormParams([body, mark < 0 ? '' : url.slice(mark + 1)].filter((part) => part !== '').join('&'));
}
