/** `narthex inspect|verify|dump|import`: what is on disk, without a server. Only `import` writes. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CATALOGUE_FILE } from '../../catalogue/connection.js';
import { verifyCatalogue } from '../../catalogue/verify-catalogue.js';
import { compareLabels } from '../../model/labels.js';
import { loadCodecModule, loadKernelModule } from '../../tsdb/kernel-loader.js';
import { OfflineStore, type OfflineModules } from '../../tsdb/offline-store.js';
import { verifyStore, type VerifyReport } from '../../tsdb/verify-store.js';
import { endWithReader, onePath, UsageError, write } from './arguments.js';
import { dump, eachSlice, selectSeries, sorted, writeLines } from './dump.js';
import { importSamples } from './import.js';
import { encodeLine } from './sample-lines.js';

export type DataCommand = 'inspect' | 'verify' | 'dump' | 'import';

const USAGE: Readonly<Record<DataCommand, string>> = {
  inspect: `usage: narthex inspect [--series] [--samples] [--limit N] PATH

Prints what a data directory, the log of a head or a block is made of. --series adds its series, --samples their samples; --limit is
the number of series (100). Works on the directory of a running server.

Exit codes: 0; 1 if something is damaged or cannot be read; 2 for a wrong command line.`,
  verify: `usage: narthex verify PATH

Reads everything of a data directory, the log of a head or a block: every page, every record, lists of deletions, snapshots of heads,
the catalogue. A line with the place for each damage; lines that begin with "note:" tell of what the next start tidies up or does without.
Changes nothing. Works on the directory of a running server.

Exit codes: 0 if everything is whole; 1 if something is damaged or cannot be read; 2 for a wrong command line.`,
  dump: `usage: narthex dump [--match SELECTOR]... [--start TIME] [--end TIME] [--format jsonl|openmetrics] PATH

Writes metadata, samples and exemplars to standard output: jsonl is exact to the bit; openmetrics leaves out native histograms, stale
markers, start timestamps and exemplars. Times as in the HTTP API, both inclusive. Works on the directory of a running server.

Exit codes: 0; 1 if something is damaged or cannot be read, all else is written; 2 for a wrong command line.`,
  import: `usage: narthex import --path DIRECTORY [--format jsonl|openmetrics|promtool] [--config.file FILE] FILE

Puts samples (- is standard input) of any age into a data directory, as blocks; metadata and exemplars into its catalogue. No server may
use the directory. Files that end in .jsonl or .json are jsonl, others openmetrics, unless --format says otherwise; standard input is
jsonl. promtool is what "promtool tsdb dump" prints; what "promtool tsdb dump-openmetrics" prints is openmetrics.
--config.file is that of the server: it decides how long blocks are.

A line that cannot be read is named by file and number and left out; everything else is stored. Of samples of one series at one time the
first counts, and what the directory has already.

Exit codes: 0; 1 if there was such a line, or nothing could be stored; 2 for a wrong command line.`,
};

/** @returns the exit code: 0, 1 for damage or failure, 2 for a wrong command line */
export async function dataCommand(command: DataCommand, argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE[command]);
    return argv.length === 0 ? 2 : 0;
  }
  if (command === 'dump' || command === 'inspect') endWithReader();
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
  inspect, verify, dump: (argv) => dump(argv, modules), import: importSamples,
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
  if (values.series || values.samples) await printSeries(store, limit, values.samples ?? false);
  return finish(store);
}

async function printSeries(store: OfflineStore, limit: number, withSamples: boolean): Promise<void> {
  const all = sorted(selectSeries(store, []), compareLabels);
  for (const one of all.slice(0, limit)) {
    let count = 0;
    let [first, last] = [0, 0];
    await eachSlice(store, [one], -Infinity, Infinity, async (series, columns) => {
      if (columns.length === 0) return;
      if (count === 0) first = columns.timestamps[0]!;
      last = columns.timestamps[columns.length - 1]!;
      count += columns.length;
      if (withSamples) await writeLines(columns.length, (a, b) => `${encodeLine(series.labels, columns, a, b)}\n`);
    });
    const range = count > 0 ? `, ${iso(first)} to ${iso(last)}` : '';
    if (!withSamples) await write(`${one.labels.toString()}: ${count} samples${range}\n`);
  }
  if (all.length > limit) await write(`${all.length - limit} more series\n`);
}

async function verify(argv: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} });
  const location = onePath(positionals);
  let damaged = 0;
  const report: VerifyReport = {
    damage: (line) => {
      damaged++;
      console.log(line);
    },
    note: (line) => console.log(`note: ${line}`),
  };
  const count = await verifyStore(location, modules(), report);
  const hasCatalogue = verifyCatalogue(path.join(location, CATALOGUE_FILE), report);
  const what = `${count} blocks and logs${hasCatalogue ? ' and the catalogue' : ''}`;
  console.log(damaged === 0 ? `${what} are whole` : `${damaged} damages in ${what}`);
  return damaged === 0 ? 0 : 1;
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
