/** `?dry_run=1` at the write endpoints: the request explained in JSON, nothing stored. */
import type { TranslationReport } from '../ingest/translation-report.js';
import { HttpError } from './error-table.js';
import type { IngestAnswer } from './ingest-endpoint.js';

/**
 * `query`: parsed parameters of the URL.
 * @throws HttpError for a value that is neither yes nor no: data that was only to be tried must not be stored by a typing error
 */
export function wantsDryRun(query: unknown): boolean {
  const value: unknown = typeof query === 'object' && query !== null && 'dry_run' in query ? query.dry_run : '0';
  switch (value) {
    case '1':
    case 'true':
      return true;
    case '0':
    case 'false':
      return false;
    default:
      throw new HttpError('bad_parameter', `dry_run must be 1, true, 0 or false, got ${JSON.stringify(value)}`);
  }
}

export function refuseLargeDryRun(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new HttpError('decoded_too_large',
    `a dry run takes bodies of at most ${maxBytes} bytes once decompressed (limits.max_dry_run_body_size), this one has ${bytes}`);
}

export function reportAnswer(report: TranslationReport): IngestAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(report, undefined, 2)}\n` };
}
