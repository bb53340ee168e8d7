/** `narthex import`: samples of any age, metadata and exemplars into a data directory that no server uses. */
import fs from 'node:fs';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/load.js';
import { formatDuration } from '../../config/duration.js';
import { systemClock } from '../../io/clock.js';
import { DirLock } from '../../io/dir-lock.js';
import { NodeDisk } from '../../io/node-disk.js';
import { loadCodecModule } from '../../tsdb/kernel-loader.js';
import { formatOf, IMPORT_FORMATS, onePath, UsageError, type ImportFormat } from './arguments.js';
import { ImportTarget } from './import-target.js';
import { JsonLinesReader } from './json-lines.js';
import type { LineReader, LineTarget } from './line-target.js';
import { OpenMetricsReader } from './open-metrics-reader.js';
import { PromtoolDumpReader } from './promtool-dump.js';
import { SampleLineError } from './sample-lines.js';

const READERS: Readonly<Record<ImportFormat, new (target: LineTarget) => LineReader>> = {
  jsonl: JsonLinesReader, openmetrics: OpenMetricsReader, promtool: PromtoolDumpReader,
};

/** Bad lines that are named; more are counted. */
const NAMED_MAX = 20;

/** @returns the exit code, 1 if there were lines that could not be stored */
export async function importSamples(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv], allowPositionals: true,
    options: { path: { type: 'string' }, format: { type: 'string' }, 'config.file': { type: 'string' } },
  });
  const file = onePath(positionals);
  if (values.path === undefined) throw new UsageError('--path names the data directory');
  const format = formatOf(values.format ?? (file === '-' || /\.jsonl?$/.test(file) ? 'jsonl' : 'openmetrics'), IMPORT_FORMATS);
  const configFile = values['config.file'];
  // What the server that opens the directory would have: it decides how long blocks are, and what is too old.
  const { config: { storage } } = loadConfig(configFile === undefined ? [] : [`--config.file=${configFile}`], process.env);
  const { retention, max_block_duration_ms: maxBlockMs } = storage.tsdb;
  const input = file === '-' ? process.stdin : (await fs.promises.open(file)).createReadStream();
  fs.mkdirSync(values.path, { recursive: true });
  const lock = await DirLock.acquire(new NodeDisk(), values.path, systemClock);
  try {
    const nowMs = systemClock.nowMs();
    const target = new ImportTarget(values.path, loadCodecModule(), { headRangeMs: storage.head.range_ms, maxBlockMs, nowMs });
    try {
      const bad = await readLines(input, file === '-' ? 'standard input' : file, target, new READERS[format](target));
      target.flush();
      console.log(summary(target));
      tellOfRetention(target, retention.time_ms);
      return bad === 0 ? 0 : 1;
    } finally {
      target.close();
    }
  } finally {
    lock.release();
  }
}

/** Returns the number of lines that could not be stored. They are named; all others are stored. */
async function readLines(input: NodeJS.ReadableStream, name: string, target: ImportTarget, reader: LineReader): Promise<number> {
  let number = 0;
  let bad = 0;
  for await (const line of readline.createInterface({ input, crlfDelay: Infinity })) {
    number++;
    if (line === '') continue;
    target.columns.clear();
    try {
      reader.line(line);
    } catch (error) {
      if (!(error instanceof SampleLineError)) throw new Error(`${name}:${number}: ${String(error)}`, { cause: error });
      if (++bad <= NAMED_MAX) console.error(`${name}:${number}: ${error.message}`);
    }
  }
  reader.end();
  if (bad > NAMED_MAX) console.error(`${name}: ${bad - NAMED_MAX} more lines could not be read`);
  if (bad > 0) console.error(`narthex import: ${bad} of ${number} lines are left out, all others are stored`);
  return bad;
}

function summary({ blocks, metadataCount, exemplarCount }: ImportTarget): string {
  const others = [[metadataCount, 'metadata'], [exemplarCount, 'exemplars']].filter(([count]) => count !== 0);
  return [`${blocks.samples} samples in ${blocks.written} blocks`, ...others.map(([count, what]) => `${count} ${what}`)].join(', ');
}

/** The server drops what is older than its retention, measured from the newest sample, when it starts. */
function tellOfRetention({ blocks }: ImportTarget, retentionMs: number): void {
  const newest = Math.max(blocks.newest, blocks.newestStored());
  if (retentionMs === 0 || blocks.oldest > newest - retentionMs) return;
  const [oldest, cutoff] = [blocks.oldest, newest - retentionMs].map((ms) => new Date(ms).toISOString());
  console.error(`narthex import: there are samples from ${oldest} on; a server with storage.tsdb.retention.time = `
    + `${formatDuration(retentionMs)} removes what is older than ${cutoff}`);
}
