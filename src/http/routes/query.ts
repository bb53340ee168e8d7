/** The endpoints that a query worker answers: parameters are collected, the rest happens there. */
import compress from '@fastify/compress';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiEndpoint, ApiReply, PageCursor } from '../../api/contract.js';
import { errorBody } from '../../api/envelope.js';
import { FormParams } from '../../api/form.js';
import { parseDurationNs } from '../../api/params.js';
import { AdmissionError } from '../../threads/query-service.js';
import { admissionFailure } from '../admission-failure.js';
import { answerPages } from '../answer-pages.js';
import { CODINGS, preferredCoding } from '../content-coding.js';
import { ClientGone } from '../client-gone.js';
import type { HttpDeps } from '../deps.js';
import { HttpError, toHttpError } from '../error-table.js';
import { asBuffer, defineRoute, type Handler, sendJson } from '../route.js';
import type { UnsentAnswers } from '../unsent-answers.js';

/** Go reads this much of a form. */
const FORM_BYTES_MAX = 10 * 1024 * 1024;
/** Up to this size an answer is compressed on the main thread: 0.1 ms, less than handing it to another. */
const COMPRESS_SYNC_BYTES = 8 * 1024;
/** Smaller answers fit into a packet or two; compressing them only costs time. */
const COMPRESS_FROM_BYTES = 1024;

const KIND = { api: true, gated: true } as const;
const GET_AND_POST: readonly ApiEndpoint[] = ['query', 'query_range', 'query_exemplars', 'format_query', 'parse_query', 'series', 'labels'];

/** To be registered under the route prefix, in a scope of its own: it takes form bodies and compresses answers. */
export async function queryRoutes(app: FastifyInstance, deps: HttpDeps, unsent: UnsentAnswers): Promise<void> {
  await app.register(compress, {
    // Its hooks take as long as all else that is done for a small answer: `sendBody` calls it for the others.
    global: false,
    globalDecompression: false,
    threshold: COMPRESS_FROM_BYTES,
    syncThreshold: COMPRESS_SYNC_BYTES,
    encodings: [...CODINGS],
    // JSON of samples hardly gets smaller above level 1, which is fast.
    zlibOptions: { level: 1 },
    brotliOptions: { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } },
    customTypes: /^(?:application\/(?:json|x-ndjson|openmetrics-text)|text\/plain)/,
  });
  acceptForms(app);
  app.setErrorHandler((error, _request, reply) => sendEnvelope(reply, toHttpError(error)));

  for (const endpoint of GET_AND_POST) {
    const handler = workerHandler(deps, unsent, endpoint, () => '');
    const extra = endpoint === 'series' ? { DELETE: refuseDropSeries } : {};
    defineRoute(app, deps, `/api/v1/${endpoint}`, KIND, { GET: handler, POST: handler, ...extra });
  }
  for (const what of ['metric_names', 'label_names', 'label_values'] as const) {
    const handler = workerHandler(deps, unsent, `search_${what}`, () => '');
    defineRoute(app, deps, `/api/v1/search/${what}`, KIND, { GET: handler, POST: handler });
  }
  defineRoute(app, deps, '/api/v1/label/:name/values', KIND, {
    GET: workerHandler(deps, unsent, 'label_values', (request) => labelName(request.params)),
  });
  defineRoute(app, deps, '/api/v1/metadata', KIND, { GET: workerHandler(deps, unsent, 'metadata', () => '') });
  defineRoute(app, deps, '/api/v1/status/tsdb', KIND, { GET: workerHandler(deps, unsent, 'status_tsdb', () => '') });
  defineRoute(app, deps, '/federate', { api: false, gated: true }, { GET: workerHandler(deps, unsent, 'federate', () => '') });
}

/** Bodies count only if they are forms; others are read and ignored, as Go does. */
function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'string', bodyLimit: FORM_BYTES_MAX } as const;
  app.addContentTypeParser('application/x-www-form-urlencoded', options, (_request, body, done) => done(null, body));
  app.addContentTypeParser('*', options, (_request, _body, done) => done(null, ''));
}

function workerHandler(
  deps: HttpDeps, unsent: UnsentAnswers, endpoint: ApiEndpoint, pathArgument: (request: FastifyRequest) => string,
): Handler {
  return async (request, reply) => {
    unsent.check();
    const nowMs = deps.clock.nowMs();
    const params = mergedParams(request);
    const gone = new ClientGone(reply.raw);
    const run = (cursor?: PageCursor): Promise<ApiReply> => deps.queries.run({
      endpoint,
      params,
      pathArgument: pathArgument(request),
      nowMs,
      // Of each page by itself: the client says how fast they come.
      deadlineMs: (cursor === undefined ? nowMs : deps.clock.nowMs()) + timeoutOf(params, deps.options.queryTimeoutMs),
      accept: request.headers.accept ?? '',
      ...(cursor === undefined ? {} : { cursor }),
    }, gone);
    try {
      const answer = await run();
      unsent.hold(reply.raw, answer.body.length);
      reply.code(answer.status);
      if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', String(answer.retryAfterSeconds));
      if (answer.status === 204) return await reply.send();
      // Go's http.Error; the JSON of other failures needs none.
      if (answer.status >= 400 && answer.contentType.startsWith('text/plain')) reply.header('x-content-type-options', 'nosniff');
      reply.header('content-type', answer.contentType);
      if (answer.next === undefined) return await sendBody(request, reply, asBuffer(answer.body));
      return await sendBody(request, reply, Readable.from(answerPages(answer, async (cursor) => {
        const page = await run(cursor);
        if (page.status !== 200) throw new HttpError('internal', `page of an answer: ${asBuffer(page.body).toString()}`);
        return page;
      }), { objectMode: false }));
    } catch (error) {
      throw error instanceof AdmissionError ? admissionFailure(error) : error;
    } finally {
      // When all is sent: a reply that is awaited is one that has ended.
      gone.dispose();
    }
  };
}

/** Compressed, if the client wants that and there is enough of it. */
function sendBody(request: FastifyRequest, reply: FastifyReply, body: Buffer | Readable): FastifyReply {
  const { headers } = request;
  const coding = Buffer.isBuffer(body) && body.length < COMPRESS_FROM_BYTES ? undefined : preferredCoding(headers['accept-encoding'] ?? '');
  if (coding === undefined) return reply.send(body);
  // The plugin would take its own order of preference.
  headers['accept-encoding'] = coding;
  reply.compress(body);
  return reply;
}

/** The form before the URL query: of a parameter that is in both, the form's value is the first (as in Go). */
function mergedParams(request: FastifyRequest): string {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const body = typeof request.body === 'string' ? request.body : '';
  return body === '' ? query : query === '' ? body : `${body}&${query}`;
}

/** The server's time-out or the request's, if that is shorter. An unreadable one is reported by the worker. */
function timeoutOf(params: string, serverMs: number): number {
  if (!params.includes('timeout')) return serverMs;
  const text = new FormParams(params).get('timeout');
  if (text === '') return serverMs;
  try {
    const ms = parseDurationNs(text) / 1e6;
    return ms < serverMs ? Math.max(ms, 0) : serverMs;
  } catch {
    return serverMs;
  }
}

function sendEnvelope(reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.code === 'internal') reply.log.error({ err: error.cause ?? error }, 'query route failed');
  const { status, errorType, retryAfterSeconds } = error.row;
  if (retryAfterSeconds > 0) reply.header('retry-after', String(retryAfterSeconds));
  return sendJson(reply, status, errorBody(errorType, error.message));
}

function labelName(params: unknown): string {
  return typeof params === 'object' && params !== null && 'name' in params ? String(params.name) : '';
}

/** Prometheus keeps this method registered, without a function. */
function refuseDropSeries(): never {
  throw new HttpError('not_implemented', 'not implemented');
}
