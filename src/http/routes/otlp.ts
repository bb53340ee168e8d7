/**
 * POST /api/v1/otlp/v1/metrics (as Prometheus) and /v1/metrics (as every other OTLP receiver). Good points are always
 * stored; what is not is said in `partial_success`, the one form that SDKs show to their users.
 * Source: opentelemetry-proto docs/specification.md, OTLP/HTTP.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BodyInflater } from '../body-inflater.js';
import type { HttpDeps, OtlpEncoding } from '../deps.js';
import { refuseLargeDryRun, sendReport, wantsDryRun } from '../dry-run.js';
import { HttpError, toHttpError } from '../error-table.js';
import { acceptRawBodies, holdMore, rawBody } from '../ingest-body.js';
import { parseMediaType } from '../media-type.js';
import { otherSignal } from '../misdirected.js';
import { explainExport, storeExport } from '../otlp-export.js';
import { asBuffer, defineRoute, sendText } from '../route.js';

const CONTENT_TYPE: Readonly<Record<OtlpEncoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };
const METRIC_PATHS = ['/api/v1/otlp/v1/metrics', '/v1/metrics'];
/** Exporters configured with one endpoint for all signals send these too. */
const OTHER_SIGNAL_PATHS = ([
  ['traces', '/v1/traces'], ['logs', '/v1/logs'], ['profiles', '/v1development/profiles'],
] as const).flatMap(([signal, path]) => [{ signal, path }, { signal, path: `/api/v1/otlp${path}` }]);

export async function otlpRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  acceptRawBodies(app, deps, () => 'otlp');
  app.setErrorHandler((error, request, reply) => sendFailure(request, reply, toHttpError(error), deps));
  app.addHook('preParsing', async (request) => {
    refuseRemoteWrite(request, deps);
    otlpEncoding(request);
  });
  const inflater = new BodyInflater(deps.options);
  for (const path of METRIC_PATHS) {
    defineRoute(app, deps, path, { api: false, gated: true }, { POST: (request, reply) => receive(request, reply, deps, inflater) });
  }
  for (const { signal, path } of OTHER_SIGNAL_PATHS) {
    app.post(path, {
      onRequest: async (_request, reply) =>
        sendText(reply, 404, `404 page not found: ${otherSignal(signal)}\n`),
    }, async () => undefined);
  }
}

async function receive(request: FastifyRequest, reply: FastifyReply, deps: HttpDeps, inflater: BodyInflater): Promise<FastifyReply> {
  const encoding = otlpEncoding(request);
  const dryRun = wantsDryRun(request);
  const contentEncoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const body = await inflater.inflate(contentEncoding, rawBody(request), (bytes) => holdMore(request, bytes));

  if (dryRun) {
    refuseLargeDryRun(body.length, deps.options.maxDryRunBytes);
    return sendReport(reply, explainExport(body, encoding, deps));
  }
  const partial = await storeExport(body, encoding, deps, 'otlp');
  return send(reply, 200, encoding, deps.codecs.encodeExportResponse(partial, encoding));
}

/** @throws HttpError 415 */
function otlpEncoding(request: FastifyRequest): OtlpEncoding {
  const header = request.headers['content-type'] ?? '';
  switch (parseMediaType(header)?.type) {
    case 'application/x-protobuf':
      return 'protobuf';
    case 'application/json':
      return 'json';
    default:
      throw new HttpError('unsupported_media_type',
        `unsupported Content-Type "${header}", supported: application/x-protobuf, application/json`);
  }
}

/** Remote write senders that were given the OTLP URL: say so instead of failing to decode. */
function refuseRemoteWrite(request: FastifyRequest, deps: HttpDeps): void {
  const { headers } = request;
  const looksLikeRemoteWrite = headers['x-prometheus-remote-write-version'] !== undefined
    || headers['content-encoding']?.trim().toLowerCase() === 'snappy';
  if (!looksLikeRemoteWrite) return;
  throw new HttpError('misdirected', `this is the OTLP endpoint; Prometheus remote write goes to ${deps.options.routePrefix}api/v1/write`);
}

function send(reply: FastifyReply, status: number, encoding: OtlpEncoding, body: Uint8Array): FastifyReply {
  return reply.code(status).header('content-type', CONTENT_TYPE[encoding]).send(asBuffer(body));
}

/** A google.rpc.Status in the request's encoding; JSON, which people can read, if the request had none of the two. */
function sendFailure(request: FastifyRequest, reply: FastifyReply, error: HttpError, deps: HttpDeps): FastifyReply {
  if (error.code === 'internal') request.log.error({ err: error.cause ?? error }, 'OTLP request failed');
  const { status, rpcCode, retryAfterSeconds } = error.row;
  if (retryAfterSeconds > 0) reply.header('retry-after', String(retryAfterSeconds));
  const type = parseMediaType(request.headers['content-type'] ?? '')?.type;
  const encoding = type === CONTENT_TYPE.protobuf ? 'protobuf' : 'json';
  return send(reply, status, encoding, deps.codecs.encodeStatus({ code: rpcCode, message: error.message }, encoding));
}
