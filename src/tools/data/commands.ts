/** `narthex inspect|verify|dump|import`: what is on disk, without a server. Only `import` writes. */
import fs from 'node:fs';
import readline from 'node:readline';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { parseTime } from '../../api/params.js';
import { systemClock } from '../../io/clock.js';
import { DirLock } from '../../io/dir-lock.js';
import { NodeDisk } from '../../io/node-disk.js';
import { compareLabels, type Labels } from '../../model/labels.js';
import type { Matcher } from '../../model/matcher.js';
import { SampleColumns } from '../../model/sample-columns.js';
import type { Series } from '../../storage/queryable.js';
import { parseMetricSelector } from '../../promql/parser/parse.js';
import { BlockImport } from '../../tsdb/block-import.js';
import { loadCodecModule, loadKernelModule } from '../../tsdb/kernel-loader.js';
import { OfflineStore, verifyStore, type OfflineModules } from '../../tsdb/offline-store.js';
import { openMetricsLines, readOpenMetricsLine } from './open-metrics.js';
import { decodeLine, encodeLine } from './sample-lines.js';

export type DataCommand = 'inspect' | 'verify' | 'dump' | 'import';

const USAGE: Readonly<Record<DataCommand, string>> = {
  inspect: `usage: narthex inspect [--series] [--samples] [--limit N] PATH

Prints what a data directory, the log of a head or a block is made of. --series adds its series, --samples their samples; --limit is
the number of series (100). Works on the directory of a running server.`,
  verify: `usage: narthex verify PATH

Reads everything of a data directory, the log of a head or a block. A line with the place for each damage, and exit code 1 then. Changes
nothing.`,
  dump: `usage: narthex dump [--match SELECTOR]... [--start TIME] [--end TIME] [--format jsonl|openmetrics] PATH

Writes samples to standard output: jsonl is exact to the bit; openmetrics leaves out native histograms and stale markers. Times as in the
HTTP API, both inclusive. Works on the directory of a running server.`,
  import: `usage: narthex import --path DIRECTORY [--format jsonl|openmetrics] FILE

Puts samples (- is standard input) of any age into a data directory, as blocks. No server may use the directory. Files that end in .jsonl
or .json are jsonl, others openmetrics, unless --format says otherwise; standard input is jsonl.`,
};

/** A command line that makes no sense. */
class UsageError extends Error {
  override name = 'UsageError';
}

const LINE_SAMPLES = 1000;
/** Read at a time, so that the memory does not depend on how much a series has. */
const SLICE_MS = 10 * 86_400_000;

/** @returns the exit code: 0, 1 for damage or failure, 2 for a wrong command line */
export async function dataCommand(command: DataCommand, argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE[command]);
    return argv.length === 0 ? 2 : 0;
  }
  try {
    return await COMMANDS[command](argv);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`narthex ${command}: ${error.message}`);
    const isUsage = error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    return isUsage ? 2 : 1;
  }
}

const COMMANDS: Readonly<Record<DataCommand, (argv: readonly string[]) => Promise<number>>> = {
  inspect, verify, dump, import: importSamples,
};

function modules(): OfflineModules {
  return { kernels: loadKernelModule(), codec: loadCodecModule() };
}

async function inspect(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true,
    options: { series: { type: 'boolean' }, samples: { type: 'boolean' }, limit: { type: 'string', default: '100' } },
  });
  const limit = Number(values.limit);
  if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit is a number of series');
  const store = await OfflineStore.open(onePath(positionals), modules());
  for (const { kind, path, mint, maxt, facts } of store.parts) {
    const lines = facts.map(([name, value]) => `  ${name}: ${value}\n`);
    await write(`${kind} ${path}\n  range: ${iso(mint)} to ${iso(maxt)}\n${lines.join('')}`);
  }
  if (values.series || values.samples) {
    const columns = new SampleColumns();
    const all = sortedSeries(store, []);
    for (const series of all.slice(0, limit)) {
      let count = 0;
      let text = '';
      let range = '';
      for (const [from, to] of slices(store)) {
        columns.clear();
        series.read(columns, from, to);
        if (columns.length === 0) continue;
        range ||= iso(columns.timestamps[0]!);
        count += columns.length;
        text = `${range} to ${iso(columns.timestamps[columns.length - 1]!)}`;
        if (values.samples) await writeLines(columns, (a, b) => `${encodeLine(series.labels, columns, a, b)}\n`);
      }
      if (!values.samples) await write(`${series.labels.toString()}: ${count} samples${count > 0 ? `, ${text}` : ''}\n`);
    }
    if (all.length > limit) await write(`${all.length - limit} more series\n`);
  }
  return finish(store);
}

async function verify(argv: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  let damaged = 0;
  const count = await verifyStore(onePath(positionals), modules(), (line) => {
    damaged++;
    console.log(line);
  });
  console.log(damaged === 0 ? `${count} blocks and logs are whole` : `${damaged} damages in ${count} blocks and logs`);
  return damaged === 0 ? 0 : 1;
}

async function dump(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true,
    options: {
      match: { type: 'string', multiple: true, default: [] }, start: { type: 'string' }, end: { type: 'string' },
      format: { type: 'string', default: 'jsonl' },
    },
  });
  const format = formatOf(values.format);
  const [start, end] = [timeOf(values.start, -8e15), timeOf(values.end, 8e15)];
  const matcherSets = values.match.map((text) => parseMetricSelector(text));
  const store = await OfflineStore.open(onePath(positionals), modules());
  const columns = new SampleColumns();
  const skipped = { count: 0 };
  for (const series of sortedSeries(store, matcherSets, start, end)) {
    for (const [from, to] of slices(store, start, end)) {
      columns.clear();
      series.read(columns, from, to);
      await writeLines(columns, (a, b) => (format === 'jsonl'
        ? `${encodeLine(series.labels, columns, a, b)}\n` : openMetricsLines(series.labels, columns, a, b, skipped)));
    }
  }
  if (format === 'openmetrics') await write('# EOF\n');
  if (skipped.count > 0) console.error(`narthex dump: ${skipped.count} native histograms and stale markers have no form in openmetrics`);
  return finish(store);
}

async function importSamples(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true, options: { path: { type: 'string' }, format: { type: 'string' } },
  });
  const file = onePath(positionals);
  if (values.path === undefined) throw new UsageError('--path names the data directory');
  const format = formatOf(values.format ?? (file === '-' || /\.jsonl?$/.test(file) ? 'jsonl' : 'openmetrics'));
  fs.mkdirSync(values.path, { recursive: true });
  const lock = await DirLock.acquire(new NodeDisk(), values.path, systemClock);
  try {
    const target = new BlockImport(values.path, loadCodecModule());
    const columns = new SampleColumns();
    const read = format === 'jsonl' ? decodeLine : readOpenMetricsLine;
    let number = 0;
    const input = file === '-' ? process.stdin : fs.createReadStream(file);
    for await (const line of readline.createInterface({ input, crlfDelay: Infinity })) {
      number++;
      if (line === '') continue;
      columns.clear();
      let labels: Labels | undefined;
      try {
        read(line, (of) => {
          labels = of;
          return columns;
        });
      } catch (cause) {
        target.flush();
        const detail = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${file}, line ${number}: ${detail}; what came before is stored`, { cause });
      }
      if (labels) target.add(labels, columns);
    }
    target.flush();
    console.log(`${target.samples} samples in ${target.written} blocks`);
    return 0;
  } finally {
    lock.release();
  }
}

function onePath(positionals: readonly string[]): string {
  if (positionals.length !== 1) throw new UsageError(`one path is expected, ${positionals.length} came`);
  return positionals[0]!;
}

function formatOf(text: string): 'jsonl' | 'openmetrics' {
  if (text !== 'jsonl' && text !== 'openmetrics') throw new UsageError(`--format is jsonl or openmetrics, not ${text}`);
  return text;
}

function timeOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const time = parseTime(text);
  if (time === undefined) throw new UsageError(`${text} is no time`);
  return time;
}

function sortedSeries(store: OfflineStore, matcherSets: readonly (readonly Matcher[])[], start = -8e15, end = 8e15): Series[] {
  const found = new Map<string, Series>();
  for (const matchers of matcherSets.length === 0 ? [[]] : matcherSets) {
    for (const series of store.samples.select(matchers, start, end)) found.set(series.labels.key(), series);
  }
  return [...found.values()].sort((a, b) => compareLabels(a.labels, b.labels));
}

/** The time that there is samples for, in pieces. */
function slices(store: OfflineStore, start = -8e15, end = 8e15): [number, number][] {
  const first = store.parts.reduce((least, part) => Math.min(least, part.mint), Infinity);
  const last = store.parts.reduce((most, part) => Math.max(most, part.maxt), -Infinity) - 1;
  const pieces: [number, number][] = [];
  for (let from = Math.max(start, first); from <= Math.min(end, last); from += SLICE_MS) {
    pieces.push([from, Math.min(end, last, from + SLICE_MS - 1)]);
  }
  return pieces;
}

async function writeLines(columns: SampleColumns, text: (from: number, to: number) => string): Promise<void> {
  for (let at = 0; at < columns.length; at += LINE_SAMPLES) await write(text(at, Math.min(columns.length, at + LINE_SAMPLES)));
}

async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** What is damaged goes to standard error, and the exit code says so. */
function finish(store: OfflineStore): number {
  for (const note of store.notes) console.error(note);
  store.close();
  return store.notes.length === 0 ? 0 : 1;
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
