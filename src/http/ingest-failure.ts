/** What can go wrong with a body in decoding or storing, as rows of the error table. */
import { HttpError } from './error-table.js';
import { IngestError } from '../storage/ingestion.js';
import { WireError } from '../wire/wire-error.js';

/** An error from decoding or storing, as an HttpError; `tooLarge` says what a body over a decoded limit is here. */
export function ingestFailure(error: unknown, tooLarge: 'decoded_too_large' | 'write_too_large'): unknown {
  if (!(error instanceof WireError || error instanceof IngestError)) return error;
  switch (error.code) {
    case 'corrupt':
    case 'corrupt_body':
      return new HttpError('corrupt_body', error.message, { cause: error });
    case 'too_large':
    case 'body_too_large':
      return new HttpError(tooLarge, error.message, { cause: error });
    case 'unavailable':
      return new HttpError('ingest_unavailable', error.message, { cause: error });
  }
}
