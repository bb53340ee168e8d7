/** What is the same for an OTLP export over HTTP and over gRPC: decode, translate, store, say what was not stored. */
import type { TranslationReport } from '../ingest/translation-report.js';
import type { IngestOutcome } from '../storage/ingestion.js';
import type { HttpDeps, IngestProtocol, OtlpEncoding, PartialSuccess } from './deps.js';
import { HttpError } from './error-table.js';
import { ingestFailure } from './ingest-failure.js';
import { notMetrics } from './misdirected.js';
import { isRetryable, rejectText } from './reject-text.js';

export type ExportDeps = Pick<HttpDeps, 'options' | 'ingestion' | 'codecs' | 'observer'>;

/**
 * Stores the good points of an uncompressed request.
 * @returns what was not stored, undefined if that is nothing. Rejects without lost points (a dropped exemplar, a guarded
 * target_info) are a warning: count 0 with a message.
 * @throws HttpError for the whole request: `corrupt_body`, `decoded_too_large`, `misdirected`, `ingest_unavailable`, `out_of_memory`
 */
export async function storeExport(
  body: Uint8Array, encoding: OtlpEncoding, deps: ExportDeps, protocol: IngestProtocol,
): Promise<PartialSuccess | undefined> {
  let outcome: IngestOutcome;
  try {
    outcome = encoding === 'protobuf'
      ? await deps.ingestion.otlp(body)
      : await deps.ingestion.append(deps.codecs.decodeOtlp(body, encoding), 'otlp');
  } catch (error) {
    throw exportFailure(error, body, encoding, deps);
  }
  if (isNothing(outcome) && body.length > 0) {
    const misdirected = notMetrics(body, encoding, deps.options);
    if (misdirected) throw misdirected;
  }
  deps.observer.ingested(protocol, outcome);
  if (isRetryable(outcome.rejects)) throw new HttpError('out_of_memory', rejectText(outcome.rejects, 'data point'));
  if (outcome.rejectedPoints === 0 && outcome.rejects.length === 0) return undefined;
  return { rejectedDataPoints: outcome.rejectedPoints, errorMessage: rejectText(outcome.rejects, 'data point') };
}

/** What would become of the request. @throws HttpError as `storeExport` does for what cannot be decoded */
export function explainExport(
  body: Uint8Array, encoding: OtlpEncoding, deps: Pick<HttpDeps, 'options' | 'dryRun'>,
): TranslationReport {
  let report: TranslationReport;
  try {
    report = deps.dryRun.otlp(body, encoding);
  } catch (error) {
    throw exportFailure(error, body, encoding, deps);
  }
  const misdirected = report.totals.metrics === 0 && body.length > 0 ? notMetrics(body, encoding, deps.options) : undefined;
  if (misdirected) throw misdirected;
  return report;
}

function exportFailure(error: unknown, body: Uint8Array, encoding: OtlpEncoding, { options }: Pick<HttpDeps, 'options'>): unknown {
  const failure = ingestFailure(error, 'decoded_too_large');
  const isCorrupt = failure instanceof HttpError && failure.code === 'corrupt_body';
  return (isCorrupt ? notMetrics(body, encoding, options) : undefined) ?? failure;
}

/** Whether a request changed and lost nothing: an empty one, or one of another kind that decodes to nothing. */
export function isNothing(outcome: IngestOutcome): boolean {
  return outcome.samplesWritten + outcome.histogramsWritten + outcome.exemplarsWritten + outcome.rejects.length === 0;
}
