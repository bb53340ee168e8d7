/** POST /api/v1/read: remote read, the pages of `api/handlers/read` as one answer. Errors are text, as in Prometheus. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiReply, ApiRequest } from '../../api/contract.js';
import { AdmissionError } from '../../threads/query-service.js';
import { decodeReadRequest, ReadResponseType } from '../../wire/remote-read-request.js';
import { admissionFailure } from '../admission-failure.js';
import { answerPages } from '../answer-pages.js';
import { declaredLength, readBody } from '../body.js';
import type { HttpDeps } from '../deps.js';
import { HttpError, type HttpErrorCode, toHttpError } from '../error-table.js';
import { ingestFailure } from '../ingest-failure.js';
import { ReadGate } from '../read-gate.js';
import { asBuffer, defineRoute, sendText } from '../route.js';
import type { UnsentAnswers } from '../unsent-answers.js';

/** Matchers and times: a request with a hundred thousand names in its expressions is still below. */
const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

export async function remoteReadRoutes(app: FastifyInstance, deps: HttpDeps, unsent: UnsentAnswers): Promise<void> {
  const gate = new ReadGate(deps.options.maxConcurrentReads, deps.options.maxQueuedReads);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: NodeJS.ReadableStream) =>
    readBody(payload, declaredLength(request.raw), REQUEST_BYTES_MAX));
  app.setErrorHandler((error, request, reply) => sendFailure(request, reply, toHttpError(error)));
  defineRoute(app, deps, '/api/v1/read', { api: true, gated: true }, {
    POST: async (request, reply) => {
      unsent.check();
      const first = readRequest(request, deps);
      const abort = new AbortController();
      let leave = (): void => undefined;
      // However it ends: sent, failed, or the client gone in the middle.
      reply.raw.once('close', () => {
        abort.abort();
        leave();
      });
      leave = await gate.enter(abort.signal);
      const page = await runPage(first, abort.signal, deps);
      unsent.hold(reply.raw, page.body.length);
      reply.header('content-type', page.contentType);
      if (first.read?.responseType === ReadResponseType.samples) reply.header('content-encoding', 'snappy');
      if (page.next === undefined) return reply.send(asBuffer(page.body));
      return reply.send(Readable.from(answerPages(page, (cursor) => {
        const nowMs = deps.clock.nowMs();
        const next = { ...first, nowMs, deadlineMs: nowMs + deps.options.queryTimeoutMs, read: { ...first.read!, cursor } };
        return runPage(next, abort.signal, deps);
      }), { objectMode: false }));
    },
  });
}

async function runPage(request: ApiRequest, signal: AbortSignal, deps: HttpDeps): Promise<ApiReply> {
  let page: ApiReply;
  try {
    page = await deps.queries.run(request, signal);
  } catch (error) {
    throw error instanceof AdmissionError ? admissionFailure(error) : error;
  }
  if (page.status !== 200) throw new HttpError(errorCode(page), errorText(page.body));
  return page;
}

function errorCode({ status, retryAfterSeconds }: ApiReply): HttpErrorCode {
  switch (status) {
    case 400:
      return 'bad_parameter';
    case 422:
      return 'query_too_large';
    case 499:
      return 'query_canceled';
    case 503:
      return retryAfterSeconds === undefined ? 'query_timeout' : 'query_memory_full';
    default:
      return 'internal';
  }
}

/** @throws HttpError 400 */
function readRequest(request: FastifyRequest, deps: HttpDeps): ApiRequest {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { queries, responseType } = decoded(body, deps);
  if (responseType === undefined) {
    throw new HttpError('bad_parameter', 'none of the accepted response types is supported: SAMPLES, STREAMED_XOR_CHUNKS');
  }
  const nowMs = deps.clock.nowMs();
  return {
    endpoint: 'read', params: '', pathArgument: '', nowMs, deadlineMs: nowMs + deps.options.queryTimeoutMs,
    read: { queries, responseType },
  };
}

function decoded(body: Buffer, deps: HttpDeps): ReturnType<typeof decodeReadRequest> {
  try {
    return decodeReadRequest(deps.codecs.uncompressBlock(body, deps.options.maxDecodedBytes));
  } catch (error) {
    throw ingestFailure(error, 'write_too_large');
  }
}

/** The sentence of the API's error envelope. */
function errorText(body: Uint8Array): string {
  const envelope: unknown = JSON.parse(asBuffer(body).toString());
  return typeof envelope === 'object' && envelope !== null && 'error' in envelope ? String(envelope.error) : 'remote read failed';
}

function sendFailure(request: FastifyRequest, reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.code === 'internal') request.log.error({ err: error.cause ?? error }, 'remote read failed');
  const { status, retryAfterSeconds } = error.row;
  if (retryAfterSeconds > 0) reply.header('retry-after', String(retryAfterSeconds));
  reply.removeHeader('content-encoding');
  return sendText(reply, status, `${error.message}\n`);
}
