/**
 * POST /api/v1/write: remote write 1.0 and 2.0. Statuses follow Prometheus 3.14, with one deliberate difference: a 1.0
 * request with a late sample does not lose the rest of its samples.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { AppendStatus } from '../../storage/append-status.js';
import type { TranslationReport } from '../../ingest/translation-report.js';
import type { IngestOutcome } from '../../storage/ingestion.js';
import type { HttpDeps } from '../deps.js';
import { reportAnswer } from '../dry-run.js';
import { HTTP_ERRORS, HttpError } from '../error-table.js';
import type { IngestAnswer, IngestEndpoint } from '../ingest-endpoint.js';
import { ingestFailure } from '../ingest-failure.js';
import { parseMediaType } from '../media-type.js';
import { notRemoteWrite } from '../misdirected.js';
import { isNothing } from '../otlp-export.js';
import { isRetryable, rejectText } from '../reject-text.js';
import { textAnswer } from '../text-answer.js';

const PROTO_V1 = 'prometheus.WriteRequest';
const PROTO_V2 = 'io.prometheus.write.v2.Request';
const MEDIA_TYPE = 'application/x-protobuf';
const MEDIA_TYPE_V2 = `${MEDIA_TYPE};proto=${PROTO_V2}`;
type WriteVersion = 1 | 2;

/** Protobuf tags of the first field of either message: their numbers do not overlap, so a wrong message shows at once. */
const TAG_V1_TIMESERIES = 0x0a;
const TAG_V1_METADATA = 0x1a;
const TAG_V2_SYMBOLS = 0x22;
const TAG_V2_TIMESERIES = 0x2a;

export function remoteWriteEndpoint(deps: HttpDeps): IngestEndpoint {
  return {
    protocolOf: (headers) => (announcesV2(headers) ? 'remote_write_v2' : 'remote_write_v1'),
    check: (headers) => {
      writeVersion(headers, deps.options.acceptedWrites);
      checkEncoding(headers, deps);
    },
    receive: async ({ headers, bytes, isDryRun }) => {
      const version = writeVersion(headers, deps.options.acceptedWrites);
      if (isDryRun) return reportAnswer(explain(version, bytes, deps));
      const outcome = await store(version, bytes, deps);
      deps.observer.ingested(version === 1 ? 'remote_write_v1' : 'remote_write_v2', outcome);
      return answer(version, outcome);
    },
    failure: (error, headers) => failureAnswer(error, headers, deps),
  };
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

function answer(version: WriteVersion, outcome: IngestOutcome): IngestAnswer {
  const headers = version === 2 ? writtenHeaders(outcome) : {};
  if (isRetryable(outcome.rejects)) {
    return textAnswer(HTTP_ERRORS.out_of_memory, `${rejectText(outcome.rejects, 'sample')}\n`, headers);
  }
  // Prometheus drops series with invalid labels from 1.0 requests without a word to the sender; they are in the ledger.
  const told = version === 1 ? outcome.rejects.filter((group) => group.status !== AppendStatus.invalidLabels) : outcome.rejects;
  return told.length === 0 ? { status: 204, headers } : textAnswer({ status: 400 }, `${rejectText(told, 'sample')}\n`, headers);
}

type WrittenCounts = Pick<IngestOutcome, 'samplesWritten' | 'histogramsWritten' | 'exemplarsWritten'>;
const NOTHING_WRITTEN: WrittenCounts = { samplesWritten: 0, histogramsWritten: 0, exemplarsWritten: 0 };

/** A 2.0 sender takes a success without these for the answer of a 1.0 receiver and counts everything as lost. */
function writtenHeaders(outcome: WrittenCounts): OutgoingHttpHeaders {
  return {
    'x-prometheus-remote-write-samples-written': outcome.samplesWritten,
    'x-prometheus-remote-write-histograms-written': outcome.histogramsWritten,
    'x-prometheus-remote-write-exemplars-written': outcome.exemplarsWritten,
  };
}

/** Which message the Content-Type announces. @throws HttpError 415 */
function writeVersion(headers: IncomingHttpHeaders, accepted: readonly string[]): WriteVersion {
  const proto = writtenMessage(headers);
  if (proto !== PROTO_V1 && proto !== PROTO_V2) {
    throw new HttpError('unsupported_media_type', `unknown remote write message ${proto}, supported: ${accepted.join(', ')}`);
  }
  if (!accepted.includes(proto)) {
    throw new HttpError('unsupported_media_type',
      `${proto} protobuf message is not accepted by this server; only accepts ${accepted.join(', ')}`);
  }
  return proto === PROTO_V1 ? 1 : 2;
}

function writtenMessage(headers: IncomingHttpHeaders): string {
  const header = headers['content-type'];
  // What nearly all senders write, without the parser's regular expressions.
  if (header === undefined || header === '' || header === MEDIA_TYPE) return PROTO_V1;
  if (header === MEDIA_TYPE_V2) return PROTO_V2;
  const media = parseMediaType(header);
  if (media?.type === MEDIA_TYPE) return media.parameters.get('proto') ?? PROTO_V1;
  throw new HttpError('unsupported_media_type', `expected ${MEDIA_TYPE}, got Content-Type ${header}${otlpHint(headers)}`);
}

/** For what is said about a request that may be broken in other ways. */
function announcesV2(headers: IncomingHttpHeaders): boolean {
  return (headers['content-type'] ?? '').includes(PROTO_V2);
}

function checkEncoding(headers: IncomingHttpHeaders, deps: HttpDeps): void {
  const encoding = headers['content-encoding'];
  if (encoding === 'snappy' || encoding === undefined || encoding === '' || encoding.trim().toLowerCase() === 'snappy') return;
  throw new HttpError('unsupported_encoding',
    `${encoding} encoding (compression) is not accepted; remote write uses snappy${otlpHint(headers, deps.options.routePrefix)}`);
}

/** OTLP exporters that were given the URL of remote write are a common first mistake. */
function otlpHint(headers: IncomingHttpHeaders, routePrefix = '/'): string {
  const encoding = headers['content-encoding'];
  const looksLikeOtlp = /json|protobuf/.test(headers['content-type'] ?? '') && encoding !== 'snappy' && encoding !== 'zstd';
  return looksLikeOtlp ? `. For OTLP use ${routePrefix}api/v1/otlp/v1/metrics` : '';
}

function failureAnswer(error: HttpError, headers: IncomingHttpHeaders, deps: HttpDeps): IngestAnswer {
  if (error.code === 'internal') deps.logger.error({ err: error.cause ?? error }, 'remote write failed');
  const counts = announcesV2(headers) && error.row.status !== 415 ? writtenHeaders(NOTHING_WRITTEN) : {};
  return textAnswer(error.row, `${error.message}\n`, counts);
}
