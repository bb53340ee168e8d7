/**
 * POST /api/v1/write: remote write 1.0 and 2.0. Statuses follow Prometheus 3.14, with one deliberate difference: a 1.0
 * request with a late sample does not lose the rest of its samples.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppendStatus } from '../../storage/append-status.js';
import type { TranslationReport } from '../../ingest/translation-report.js';
import type { IngestOutcome } from '../../storage/ingestion.js';
import type { HttpDeps } from '../deps.js';
import { sendReport, wantsDryRun } from '../dry-run.js';
import { HttpError, toHttpError } from '../error-table.js';
import { acceptRawBodies, ingestFailure, rawBody } from '../ingest-body.js';
import { parseMediaType } from '../media-type.js';
import { notRemoteWrite } from '../misdirected.js';
import { isNothing } from '../otlp-export.js';
import { isRetryable, rejectText } from '../reject-text.js';
import { defineRoute, sendText } from '../route.js';

const PROTO_V1 = 'prometheus.WriteRequest';
const PROTO_V2 = 'io.prometheus.write.v2.Request';
type WriteVersion = 1 | 2;

/** Protobuf tags of the first field of either message: their numbers do not overlap, so a wrong message shows at once. */
const TAG_V1_TIMESERIES = 0x0a;
const TAG_V1_METADATA = 0x1a;
const TAG_V2_SYMBOLS = 0x22;
const TAG_V2_TIMESERIES = 0x2a;

export async function remoteWriteRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  acceptRawBodies(app, deps, (request) => (announcesV2(request) ? 'remote_write_v2' : 'remote_write_v1'));
  app.setErrorHandler((error, request, reply) => sendFailure(request, reply, toHttpError(error)));
  app.addHook('preParsing', async (request) => {
    // Judged before the body is read. The result is asked for again by the handler; parsing a header costs nothing.
    writeVersion(request);
    checkEncoding(request, deps);
  });
  defineRoute(app, deps, '/api/v1/write', { api: false, gated: true }, {
    POST: async (request, reply) => {
      const version = writeVersion(request);
      const body = rawBody(request);
      if (wantsDryRun(request)) return sendReport(reply, explain(version, body, deps));
      const outcome = await store(version, body, deps);
      deps.observer.ingested(version === 1 ? 'remote_write_v1' : 'remote_write_v2', outcome);
      return answer(reply, version, outcome);
    },
  });
}

async function store(version: WriteVersion, body: Buffer, deps: HttpDeps): Promise<IngestOutcome> {
  try {
    const outcome = await (version === 1 ? deps.ingestion.remoteWriteV1(body) : deps.ingestion.remoteWriteV2(body));
    if (isNothing(outcome)) refuseOtherMessage(deps.codecs.uncompressBlock(body, deps.options.maxDecodedBytes), version);
    return outcome;
  } catch (error) {
    throw writeFailure(error, body, deps);
  }
}

function explain(version: WriteVersion, body: Buffer, deps: HttpDeps): TranslationReport {
  try {
    const message = deps.codecs.uncompressBlock(body, deps.options.maxDryRunBytes);
    refuseOtherMessage(message, version);
    return deps.dryRun.remoteWrite(message, version);
  } catch (error) {
    throw writeFailure(error, body, deps);
  }
}

function writeFailure(error: unknown, body: Buffer, deps: HttpDeps): unknown {
  const failure = ingestFailure(error, 'write_too_large');
  const isCorrupt = failure instanceof HttpError && failure.code === 'corrupt_body';
  return (isCorrupt ? notRemoteWrite(body, deps.options) : undefined) ?? failure;
}

/** The message of the other version decodes to nothing: a 204 would hide that everything is lost. */
function refuseOtherMessage(message: Uint8Array, declared: WriteVersion): void {
  const tag = message[0];
  if (declared === 2 && (tag === TAG_V1_TIMESERIES || tag === TAG_V1_METADATA)) {
    throw new HttpError('misdirected', `the body is a remote write 1.0 message, but the Content-Type says ${PROTO_V2}`);
  }
  if (declared === 1 && (tag === TAG_V2_SYMBOLS || tag === TAG_V2_TIMESERIES)) {
    throw new HttpError('misdirected',
      `the body is a remote write 2.0 message; its Content-Type must be application/x-protobuf;proto=${PROTO_V2}`);
  }
}

function answer(reply: FastifyReply, version: WriteVersion, outcome: IngestOutcome): FastifyReply {
  if (version === 2) writtenHeaders(reply, outcome);
  if (isRetryable(outcome.rejects)) {
    throw new HttpError('out_of_memory', rejectText(outcome.rejects, 'sample'));
  }
  // Prometheus drops series with invalid labels from 1.0 requests without a word to the sender; they are in the ledger.
  const told = version === 1 ? outcome.rejects.filter((group) => group.status !== AppendStatus.invalidLabels) : outcome.rejects;
  return told.length === 0 ? reply.code(204).send() : sendText(reply, 400, `${rejectText(told, 'sample')}\n`);
}

type WrittenCounts = Pick<IngestOutcome, 'samplesWritten' | 'histogramsWritten' | 'exemplarsWritten'>;

/** A 2.0 sender takes a success without these for the answer of a 1.0 receiver and counts everything as lost. */
function writtenHeaders(reply: FastifyReply, outcome: WrittenCounts): void {
  reply.header('x-prometheus-remote-write-samples-written', String(outcome.samplesWritten));
  reply.header('x-prometheus-remote-write-histograms-written', String(outcome.histogramsWritten));
  reply.header('x-prometheus-remote-write-exemplars-written', String(outcome.exemplarsWritten));
}

/** Which message the Content-Type announces. @throws HttpError 415 */
function writeVersion(request: FastifyRequest): WriteVersion {
  const header = request.headers['content-type'];
  if (header === undefined || header === '') return 1;
  const media = parseMediaType(header);
  if (media?.type !== 'application/x-protobuf') {
    throw new HttpError('unsupported_media_type', `expected application/x-protobuf, got Content-Type ${header}${otlpHint(request)}`);
  }
  const proto = media.parameters.get('proto');
  if (proto === undefined || proto === PROTO_V1) return 1;
  if (proto === PROTO_V2) return 2;
  throw new HttpError('unsupported_media_type', `unknown remote write message ${proto}, supported: ${PROTO_V1}, ${PROTO_V2}`);
}

/** For what is said about a request that may be broken in other ways. */
function announcesV2(request: FastifyRequest): boolean {
  return (request.headers['content-type'] ?? '').includes(PROTO_V2);
}

function checkEncoding(request: FastifyRequest, deps: HttpDeps): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === '' || encoding.trim().toLowerCase() === 'snappy') return;
  throw new HttpError('unsupported_encoding',
    `${encoding} encoding (compression) is not accepted; remote write uses snappy${otlpHint(request, deps.options.routePrefix)}`);
}

/** OTLP exporters that were given the URL of remote write are a common first mistake. */
function otlpHint(request: FastifyRequest, routePrefix = '/'): string {
  const encoding = request.headers['content-encoding'];
  const looksLikeOtlp = /json|protobuf/.test(request.headers['content-type'] ?? '') && encoding !== 'snappy' && encoding !== 'zstd';
  return looksLikeOtlp ? `. For OTLP use ${routePrefix}api/v1/otlp/v1/metrics` : '';
}

function sendFailure(request: FastifyRequest, reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.code === 'internal') request.log.error({ err: error.cause ?? error }, 'remote write failed');
  const { status, retryAfterSeconds } = error.row;
  if (retryAfterSeconds > 0) reply.header('retry-after', String(retryAfterSeconds));
  if (announcesV2(request) && status !== 415 && !reply.hasHeader('x-prometheus-remote-write-samples-written')) {
    writtenHeaders(reply, { samplesWritten: 0, histogramsWritten: 0, exemplarsWritten: 0 });
  }
  return sendText(reply, status, `${error.message}\n`);
}
