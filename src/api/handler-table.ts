/** The door of this room: one request in, one reply out, whatever happens in between. */
import type { ApiContext, ApiEndpoint, ApiHandler, ApiReply, ApiRequest } from './contract.js';
import { failure } from './envelope.js';
import { toApiError } from './error-types.js';
import { handleQueryExemplars } from './handlers/exemplars.js';
import { handleFederate } from './handlers/federate.js';
import { handleMetadata } from './handlers/metadata.js';
import { handleQuery, handleQueryRange } from './handlers/query.js';
import { handleSearchLabelNames, handleSearchLabelValues, handleSearchMetricNames } from './handlers/search.js';
import { handleRead } from './handlers/read.js';
import { handleLabels, handleLabelValues, handleSeries } from './handlers/series.js';
import { handleStatusTsdb } from './handlers/status-tsdb.js';
import { handleFormatQuery, handleParseQuery } from './handlers/syntax.js';

const HANDLERS: Readonly<Record<ApiEndpoint, ApiHandler>> = {
  query: handleQuery,
  query_range: handleQueryRange,
  query_exemplars: handleQueryExemplars,
  format_query: handleFormatQuery,
  parse_query: handleParseQuery,
  series: handleSeries,
  labels: handleLabels,
  label_values: handleLabelValues,
  metadata: handleMetadata,
  status_tsdb: handleStatusTsdb,
  federate: handleFederate,
  search_metric_names: handleSearchMetricNames,
  search_label_names: handleSearchLabelNames,
  search_label_values: handleSearchLabelValues,
  read: handleRead,
};

/**
 * Answers one API request. Synchronous; looks at `context.stopRequested` while it works. Never throws: every error
 * becomes an answer (bad input 400, failed evaluation 422, time-out 503, cancelled 499, anything else 500).
 * The body's buffer belongs to the caller, who may transfer it.
 */
export function handleApiRequest(request: ApiRequest, context: ApiContext): ApiReply {
  try {
    return HANDLERS[request.endpoint](request, context);
  } catch (error) {
    return failure(toApiError(error));
  }
}
