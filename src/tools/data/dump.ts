/** `narthex dump`: what a data directory has, as text, in an order that depends on nothing but the content. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CATALOGUE_FILE } from '../../catalogue/connection.js';
import { CatalogueReader } from '../../catalogue/catalogue-reader.js';
import type { SeriesExemplars } from '../../catalogue/exemplar-table.js';
import { errnoOf } from '../../io/disk.js';
import { compareLabels, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import { familyOf, type MetricMetadata } from '../../model/metadata.js';
import { SampleColumns } from '../../model/sample-columns.js';
import { parseMetricSelector } from '../../promql/parser/parse.js';
import type { Series } from '../../storage/queryable.js';
import { OfflineStore, type OfflineModules } from '../../tsdb/offline-store.js';
import { DUMP_FORMATS, formatOf, onePath, timeOf, write } from './arguments.js';
import { encodeExemplars, encodeMetadata } from './catalogue-lines.js';
import { OpenMetricsWriter } from './open-metrics.js';
import { encodeLine } from './sample-lines.js';

const LINE_SAMPLES = 1000;
/** Read at a time, so that the memory does not depend on how much a series has. */
const SLICE_MS = 10 * 86_400_000;
const [FIRST_MS, LAST_MS] = [-8e15, 8e15];

/** @returns the exit code, 1 if something could not be read */
export async function dump(argv: readonly string[], modules: () => OfflineModules): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true,
    options: {
      match: { type: 'string', multiple: true, default: [] }, start: { type: 'string' }, end: { type: 'string' },
      format: { type: 'string', default: 'jsonl' },
    },
  });
  const location = onePath(positionals);
  const format = formatOf(values.format, DUMP_FORMATS);
  const [start, end] = [timeOf(values.start, FIRST_MS), timeOf(values.end, LAST_MS)];
  const matcherSets = values.match.map((text) => parseMetricSelector(text));
  const store = await OfflineStore.open(location, modules());
  const catalogue = readCatalogue(location, matcherSets, start, end);
  const wanted = selectSeries(store, matcherSets, start, end);
  const everything = matcherSets.length === 0;
  if (format === 'jsonl') await dumpLines(store, wanted, catalogue, everything, start, end);
  else await dumpOpenMetrics(store, wanted, catalogue.metadata, start, end);
  for (const note of [...store.notes, ...catalogue.notes]) console.error(note);
  store.close();
  return store.notes.length + catalogue.notes.length === 0 ? 0 : 1;
}

interface DumpedCatalogue {
  readonly metadata: readonly MetricMetadata[];
  readonly exemplars: readonly SeriesExemplars[];
  readonly notes: readonly string[];
}

/** In one go and before anything is written: as long as a reader stands, the catalogue's log of a running server cannot be emptied. */
function readCatalogue(location: string, matcherSets: readonly (readonly Matcher[])[], start: number, end: number): DumpedCatalogue {
  try {
    const catalogue = CatalogueReader.look(path.join(location, CATALOGUE_FILE));
    try {
      const exemplars = catalogue.exemplarColumns(matcherSets.length === 0 ? [[]] : matcherSets, start, end);
      return { metadata: catalogue.metadataHistory(), exemplars, notes: [] };
    } finally {
      catalogue.close();
    }
  } catch (error) {
    // A block, a log, or the directory of a store that has no catalogue.
    const cause = error instanceof Error ? errnoOf(error.cause) : '';
    const notes = cause === 'ENOENT' || cause === 'ENOTDIR' ? [] : [error instanceof Error ? error.message : String(error)];
    return { metadata: [], exemplars: [], notes };
  }
}

async function dumpLines(
  store: OfflineStore, wanted: readonly Series[], catalogue: DumpedCatalogue, everything: boolean, start: number, end: number,
): Promise<void> {
  const families = everything ? undefined : familiesOf(wanted.map((series) => series.labels));
  for (const metadata of catalogue.metadata) {
    if (families?.has(metadata.family) ?? true) await write(`${encodeMetadata(metadata)}\n`);
  }
  await eachSlice(store, sorted(wanted, compareLabels), start, end, (series, columns) =>
    writeLines(columns.length, (a, b) => `${encodeLine(series.labels, columns, a, b)}\n`));
  for (const series of catalogue.exemplars) {
    await writeLines(series.timestamps.length, (a, b) => `${encodeExemplars(series, a, b)}\n`);
  }
}

async function dumpOpenMetrics(
  store: OfflineStore, wanted: readonly Series[], metadata: readonly MetricMetadata[], start: number, end: number,
): Promise<void> {
  // The newest of a family comes last.
  const writer = new OpenMetricsWriter(new Map(metadata.map((one) => [one.family, one])));
  await eachSlice(store, sorted(wanted, (a, b) => writer.compare(a, b)), start, end, (series, columns) =>
    writeLines(columns.length, (a, b) => {
      const lines = writer.samples(series.labels, columns, a, b);
      return lines === '' ? '' : writer.header(series.labels) + lines;
    }));
  await write('# EOF\n');
  if (writer.skipped > 0) console.error(`narthex dump: ${writer.skipped} native histograms and stale markers have no form in openmetrics`);
}

/** Names that the metadata of these series can have. */
function familiesOf(sets: readonly Labels[]): ReadonlySet<string> {
  const names = sets.flatMap(({ metricName }) => [metricName, familyOf(metricName, 'histogram'), metricName.replace(/_total$/, '')]);
  return new Set(names);
}

// ---- Series and their samples --------------------------------------------------------------------------------------------------

export function selectSeries(store: OfflineStore, matcherSets: readonly (readonly Matcher[])[], start = FIRST_MS, end = LAST_MS): Series[] {
  const found = new Map<string, Series>();
  for (const matchers of matcherSets.length === 0 ? [[]] : matcherSets) {
    for (const series of store.samples.select(matchers, start, end)) found.set(series.labels.key(), series);
  }
  return [...found.values()];
}

export function sorted(all: readonly Series[], compare: (a: Labels, b: Labels) => number): Series[] {
  return [...all].sort((a, b) => compare(a.labels, b.labels));
}

/** Calls with a part of a series after another; the columns are valid until the call is over. */
export async function eachSlice(
  store: OfflineStore, all: readonly Series[], start: number, end: number, use: (series: Series, columns: SampleColumns) => Promise<void>,
): Promise<void> {
  const columns = new SampleColumns();
  const pieces = slices(store, start, end);
  for (const series of all) {
    for (const [from, to] of pieces) {
      columns.clear();
      series.read(columns, from, to);
      await use(series, columns);
    }
  }
}

/** The time that there is something for, in pieces. Their borders are the same in any store: lines end where they end. */
function slices(store: OfflineStore, start: number, end: number): [number, number][] {
  const first = Math.max(start, store.parts.reduce((least, part) => Math.min(least, part.mint), Infinity));
  const last = Math.min(end, store.parts.reduce((most, part) => Math.max(most, part.maxt), -Infinity) - 1);
  const pieces: [number, number][] = [];
  for (let from = first; from <= last;) {
    const to = Math.min(last, (Math.floor(from / SLICE_MS) + 1) * SLICE_MS - 1);
    pieces.push([from, to]);
    from = to + 1;
  }
  return pieces;
}

export async function writeLines(length: number, text: (from: number, to: number) => string): Promise<void> {
  for (let at = 0; at < length; at += LINE_SAMPLES) await write(text(at, Math.min(length, at + LINE_SAMPLES)));
}
