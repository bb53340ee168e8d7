import { AdmissionError } from '../threads/query-service.js';
import { HttpError } from './error-table.js';

/** What a client is told when the query workers did not take or did not finish its request. */
export function admissionFailure(error: AdmissionError): HttpError {
  switch (error.code) {
    case 'queue_full':
      return new HttpError('query_queue_full', error.message, { cause: error });
    case 'stopping':
      return new HttpError('query_stopping', error.message, { cause: error });
    case 'timeout':
      return new HttpError('query_timeout', 'query timed out in query queue', { cause: error });
    case 'canceled':
      return new HttpError('query_canceled', 'query was canceled in query queue', { cause: error });
  }
}
