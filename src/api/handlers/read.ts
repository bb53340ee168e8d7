/**
 * `/read`: remote read. A result of any size is answered in pages: each is a job of its own, starts behind the series that the page
 * before ended with, and holds nothing in between. So a slow client keeps neither memory nor a worker busy, other queries get their
 * turn, and a cancelled read ends with its page. Only SAMPLES, which is one snappy block by definition, comes whole.
 * Source: prometheus/prometheus `storage/remote/read_handler.go`.
 */
import { compareLabels, compareUtf8, Labels } from '../../model/labels.js';
import { Matcher } from '../../model/matcher.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { Pace } from '../../storage/pace.js';
import type { Series } from '../../storage/queryable.js';
import { ReadChunksWriter } from '../../wire/remote-read-chunks.js';
import { ReadResponseType, type ReadQuery } from '../../wire/remote-read-request.js';
import { ReadSamplesWriter } from '../../wire/remote-read-samples.js';
import { compressBlock } from '../../wire/snappy.js';
import type { ApiContext, ApiHandler, ApiReply, ReadCursor } from '../contract.js';
import { badData } from '../error-types.js';
import { stoppable, throwIfStopped } from './series.js';

/** A page is ended at the first series after this many bytes. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Series between two looks at the stop flag. */
const STOP_CHECK_SERIES = 64;

const CHUNKED_TYPE = 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse';

export const handleRead: ApiHandler = (request, context) => {
  const { read } = request;
  if (read === undefined) throw badData('remote read without a request');
  return read.responseType === ReadResponseType.samples ? samples(read.queries, context) : chunksPage(read.queries, read.cursor, context);
};

function samples(queries: readonly ReadQuery[], context: ApiContext): ApiReply {
  const writer = new ReadSamplesWriter();
  const columns = new SampleColumns();
  columns.wantsStarts = false;
  const { readSampleLimit, maxResponseBytes } = context.limits;
  let count = 0;
  for (const query of queries) {
    // The limit is one for each query, as in Prometheus.
    count = 0;
    forEachSeries(query, undefined, context, (labels, series) => {
      columns.clear();
      series.read(columns, query.mint, query.maxt);
      if (columns.length === 0) return true;
      count += columns.length;
      if (readSampleLimit > 0 && count > readSampleLimit) throw badData(`exceeded sample limit (${readSampleLimit})`);
      writer.addSeries(labels, columns);
      if (writer.length > maxResponseBytes) {
        throw badData(`the answer exceeds query.max_response_size (${maxResponseBytes} bytes): ask for STREAMED_XOR_CHUNKS`);
      }
      return true;
    });
    writer.endQuery();
  }
  return { status: 200, contentType: 'application/x-protobuf', body: compressBlock(writer.view()) };
}

function chunksPage(queries: readonly ReadQuery[], cursor: ReadCursor | undefined, context: ApiContext): ApiReply {
  const writer = new ReadChunksWriter(context.limits.readFrameBytes);
  const columns = new SampleColumns();
  columns.wantsStarts = false;
  let after = cursor;
  let next: ReadCursor | undefined;
  for (let q = cursor?.query ?? 0; q < queries.length && next === undefined; q++) {
    const query = queries[q]!;
    forEachSeries(query, after && Labels.fromSorted(after.names, after.values), context, (labels, series) => {
      columns.clear();
      series.read(columns, query.mint, query.maxt);
      writer.addSeries(labels, columns, q);
      if (writer.length < PAGE_BYTES) return true;
      next = { query: q, names: labels.names, values: labels.values };
      return false;
    });
    after = undefined;
  }
  const reply = { status: 200, contentType: CHUNKED_TYPE, body: writer.view() };
  return next === undefined ? reply : { ...reply, next };
}

/** Calls `visit` with the series of a query by rising labels, those behind `after` only, until it returns false. */
function forEachSeries(
  query: ReadQuery, after: Labels | undefined, context: ApiContext, visit: (labels: Labels, series: Series) => boolean,
): void {
  const { mint, maxt } = query;
  if (mint > maxt) return;
  const external = Object.entries(context.externalLabels);
  const matchers = query.matchers
    .filter(({ type, name, value }) => type !== '=' || value === '' || context.externalLabels[name] !== value)
    .map(({ type, name, value }) => new Matcher(type, name, value, () => throwIfStopped(context)));
  throwIfStopped(context);
  const pace = new Pace(() => throwIfStopped(context), STOP_CHECK_SERIES);
  const found = context.storage.select(matchers, mint, maxt, stoppable(context)).map((series) => {
    pace.step();
    return { labels: merged(series.labels, external), series };
  });
  const wanted = after === undefined ? found : found.filter(({ labels }) => compareLabels(labels, after) > 0);
  wanted.sort((a, b) => {
    pace.step();
    return compareLabels(a.labels, b.labels);
  });
  for (let i = 0; i < wanted.length; i++) {
    if (i % STOP_CHECK_SERIES === 0) throwIfStopped(context);
    if (!visit(wanted[i]!.labels, wanted[i]!.series)) return;
  }
}

/** A label of the series is stronger than an external one. */
function merged(labels: Labels, external: readonly (readonly [string, string])[]): Labels {
  const missing = external.filter(([name]) => !labels.names.includes(name));
  if (missing.length === 0) return labels;
  const pairs = [...labels.names.map((name, i) => [name, labels.values[i]!] as const), ...missing];
  pairs.sort(([a], [b]) => compareUtf8(a, b));
  return Labels.fromPairs(pairs);
}
