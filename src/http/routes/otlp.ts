/**
 * POST /api/v1/otlp/v1/metrics (as Prometheus) and /v1/metrics (as every other OTLP receiver). Good points are always
 * stored; what is not is said in `partial_success`, the one form that SDKs show to their users.
 * Source: opentelemetry-proto docs/specification.md, OTLP/HTTP.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { BodyInflater } from '../body-inflater.js';
import type { HttpDeps, OtlpEncoding } from '../deps.js';
import { refuseLargeDryRun, reportAnswer } from '../dry-run.js';
import { HttpError } from '../error-table.js';
import type { IngestAnswer, IngestBody, IngestEndpoint } from '../ingest-endpoint.js';
import { parseMediaType } from '../media-type.js';
import { explainExport, storeExport } from '../otlp-export.js';
import { retryAfter } from '../text-answer.js';

const CONTENT_TYPE: Readonly<Record<OtlpEncoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };

export function otlpEndpoint(deps: HttpDeps): IngestEndpoint {
  const inflater = new BodyInflater(deps.options);
  return {
    protocolOf: () => 'otlp',
    check: (headers) => {
      refuseRemoteWrite(headers, deps);
      otlpEncoding(headers);
    },
    receive: (body) => receive(body, deps, inflater),
    failure: (error, headers) => failureAnswer(error, headers, deps),
  };
}

async function receive({ headers, bytes, isDryRun, hold }: IngestBody, deps: HttpDeps, inflater: BodyInflater): Promise<IngestAnswer> {
  const encoding = otlpEncoding(headers);
  const contentEncoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  const body = await inflater.inflate(contentEncoding, bytes, hold);

  if (isDryRun) {
    refuseLargeDryRun(body.length, deps.options.maxDryRunBytes);
    return reportAnswer(explainExport(body, encoding, deps));
  }
  const partial = await storeExport(body, encoding, deps, 'otlp');
  return { status: 200, headers: { 'content-type': CONTENT_TYPE[encoding] }, body: deps.codecs.encodeExportResponse(partial, encoding) };
}

/** @throws HttpError 415 */
function otlpEncoding(headers: IncomingHttpHeaders): OtlpEncoding {
  const header = headers['content-type'] ?? '';
  // What nearly all senders write, without the parser's regular expressions.
  if (header === CONTENT_TYPE.protobuf) return 'protobuf';
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
function refuseRemoteWrite(headers: IncomingHttpHeaders, deps: HttpDeps): void {
  const looksLikeRemoteWrite = headers['x-prometheus-remote-write-version'] !== undefined
    || headers['content-encoding']?.trim().toLowerCase() === 'snappy';
  if (!looksLikeRemoteWrite) return;
  throw new HttpError('misdirected', `this is the OTLP endpoint; Prometheus remote write goes to ${deps.options.routePrefix}api/v1/write`);
}

/** A google.rpc.Status in the request's encoding; JSON, which people can read, if the request had none of the two. */
function failureAnswer(error: HttpError, headers: IncomingHttpHeaders, deps: HttpDeps): IngestAnswer {
  if (error.code === 'internal') deps.logger.error({ err: error.cause ?? error }, 'OTLP request failed');
  const { status, rpcCode } = error.row;
  const type = parseMediaType(headers['content-type'] ?? '')?.type;
  const encoding = type === CONTENT_TYPE.protobuf ? 'protobuf' : 'json';
  const body = deps.codecs.encodeStatus({ code: rpcCode, message: error.message }, encoding);
  return { status, headers: { 'content-type': CONTENT_TYPE[encoding], ...retryAfter(error.row) }, body };
}
