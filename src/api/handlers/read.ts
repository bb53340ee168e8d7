/**
 * `/read`: remote read. A result of any size is answered in pages: each is a job of its own, starts behind the series that the page
 * before ended with, and holds nothing in between. So a slow client keeps neither memory nor a worker busy, other queries get their
 * turn, and a cancelled read ends with its page. Only SAMPLES, which is one snappy block by definition, comes whole.
 * Source: prometheus/prometheus `storage/remote/read_handler.go`.
 */
import { compareLabels, compareUtf8, Labels, METRIC_NAME } from '../../model/labels.js';
import { Matcher } from '../../model/matcher.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { GrowingMemory } from '../../storage/memory-account.js';
import { Pace } from '../../storage/pace.js';
import type { Series } from '../../storage/queryable.js';
import { ReadChunksWriter } from '../../wire/remote-read-chunks.js';
import { ReadResponseType, type ReadQuery } from '../../wire/remote-read-request.js';
import { ReadSamplesWriter } from '../../wire/remote-read-samples.js';
import type { ApiContext, ApiHandler, ApiReply, PageCursor } from '../contract.js';
import { badData } from '../error-types.js';
import { isOrderedByMetric, metricBatches } from '../metric-batches.js';
import { stoppable, stoppableRegexes, throwIfStopped } from '../stop.js';

/** A page is ended at the first series after this many bytes. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Series between two looks at the stop flag. */
const STOP_CHECK_SERIES = 64;
/** A selected series: its object, labels that no cache shares, and its place in the list. */
const SERIES_BYTES = 350;
/** Time and value, in columns that may be twice as long as what they hold. */
const SAMPLE_BYTES = 32;

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
  const scratch = new GrowingMemory(context.memory);
  const answer = new GrowingMemory(context.memory);
  let count = 0;
  for (const query of queries) {
    // The limit is one for each query, as in Prometheus.
    count = 0;
    forEachSeries(query, undefined, context, (labels, series) => {
      columns.clear();
      series.read(columns, query.mint, query.maxt);
      if (columns.length === 0) return true;
      scratch.growTo(columns.length * SAMPLE_BYTES);
      count += columns.length;
      if (readSampleLimit > 0 && count > readSampleLimit) throw badData(`exceeded sample limit (${readSampleLimit})`);
      writer.addSeries(labels, columns);
      // All of it is there twice when the parts are put together.
      answer.growTo(writer.heldBytes * 2);
      if (writer.length > maxResponseBytes) {
        throw badData(`the answer exceeds query.max_response_size (${maxResponseBytes} bytes): ask for STREAMED_XOR_CHUNKS`);
      }
      return true;
    });
    writer.endQuery();
  }
  return { status: 200, contentType: 'application/x-protobuf', body: writer.finish() };
}

function chunksPage(queries: readonly ReadQuery[], cursor: PageCursor | undefined, context: ApiContext): ApiReply {
  const writer = new ReadChunksWriter(context.limits.readFrameBytes);
  const columns = new SampleColumns();
  columns.wantsStarts = false;
  const scratch = new GrowingMemory(context.memory);
  const page = new GrowingMemory(context.memory);
  let after = cursor;
  let next: PageCursor | undefined;
  for (let q = cursor?.query ?? 0; q < queries.length && next === undefined; q++) {
    const query = queries[q]!;
    forEachSeries(query, after && Labels.fromSorted(after.names, after.values), context, (labels, series) => {
      columns.clear();
      series.read(columns, query.mint, query.maxt);
      scratch.growTo(columns.length * SAMPLE_BYTES);
      writer.addSeries(labels, columns, q);
      page.growTo(writer.length * 2);
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
  const regexes = stoppableRegexes(context);
  const matchers = query.matchers
    .filter(({ type, name, value }) => type !== '=' || value === '' || context.externalLabels[name] !== value)
    .map(({ type, name, value }) => new Matcher(type, name, value, regexes));
  throwIfStopped(context);
  const held = new GrowingMemory(context.memory);
  for (const part of parts(matchers, after, mint, maxt, context)) if (!visitPart(part, query, after, context, held, visit)) return;
}

/** Selections with the series of a query in turn: of some metrics at a time, where that is the order of label sets. */
function* parts(
  matchers: readonly Matcher[], after: Labels | undefined, mint: number, maxt: number, context: ApiContext,
): Generator<readonly Matcher[]> {
  const poll = (): void => throwIfStopped(context);
  const byMetric = isOrderedByMetric(context.storage, mint, maxt, poll)
    && Object.keys(context.externalLabels).every((name) => compareUtf8(METRIC_NAME, name) < 0);
  if (!byMetric) {
    yield matchers;
    return;
  }
  const first = after?.metricName ?? '';
  // Behind a series without a name there is none with one.
  const wanted = (name: string): boolean => after === undefined || (first !== '' && compareUtf8(name, first) >= 0);
  for (const { matcher } of metricBatches(context.storage, [matchers], mint, maxt, poll, wanted)) yield [matcher, ...matchers];
  yield [new Matcher('=', METRIC_NAME, ''), ...matchers];
}

/** @returns false when `visit` wants no more */
function visitPart(
  matchers: readonly Matcher[], { mint, maxt }: ReadQuery, after: Labels | undefined, context: ApiContext, held: GrowingMemory,
  visit: (labels: Labels, series: Series) => boolean,
): boolean {
  const external = Object.entries(context.externalLabels);
  const pace = new Pace(() => throwIfStopped(context), STOP_CHECK_SERIES);
  const found = context.storage.select(matchers, mint, maxt, stoppable(context)).map((series, i) => {
    pace.step();
    held.growTo((i + 1) * SERIES_BYTES);
    return { labels: merged(series.labels, external), series };
  });
  const wanted = after === undefined ? found : found.filter(({ labels }) => compareLabels(labels, after) > 0);
  wanted.sort((a, b) => {
    pace.step();
    return compareLabels(a.labels, b.labels);
  });
  for (let i = 0; i < wanted.length; i++) {
    if (i % STOP_CHECK_SERIES === 0) throwIfStopped(context);
    if (!visit(wanted[i]!.labels, wanted[i]!.series)) return false;
  }
  return true;
}

/** A label of the series is stronger than an external one. */
function merged(labels: Labels, external: readonly (readonly [string, string])[]): Labels {
  const missing = external.filter(([name]) => !labels.names.includes(name));
  if (missing.length === 0) return labels;
  const pairs = [...labels.names.map((name, i) => [name, labels.values[i]!] as const), ...missing];
  pairs.sort(([a], [b]) => compareUtf8(a, b));
  return Labels.fromPairs(pairs);
}
