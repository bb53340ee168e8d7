/** What the data commands have in common on their command lines. */
import { once } from 'node:events';
import { parseTime } from '../../api/params.js';
import { errnoOf } from '../../io/disk.js';

/** A command line that makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export const DUMP_FORMATS = ['jsonl', 'openmetrics'] as const;
export type DumpFormat = (typeof DUMP_FORMATS)[number];

/** `promtool` is what `promtool tsdb dump` prints: times in ms, the name among the labels. */
export const IMPORT_FORMATS = ['jsonl', 'openmetrics', 'promtool'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** @throws UsageError */
export function onePath(positionals: readonly string[]): string {
  if (positionals.length !== 1) throw new UsageError(`one path is expected, ${positionals.length} came`);
  return positionals[0]!;
}

/** @throws UsageError */
export function formatOf<T extends string>(text: string, formats: readonly T[]): T {
  const format = formats.find((one) => one === text);
  if (format === undefined) throw new UsageError(`--format is ${formats.slice(0, -1).join(', ')} or ${formats.at(-1)}, not ${text}`);
  return format;
}

/** @throws UsageError */
export function timeOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const time = parseTime(text);
  if (time === undefined) throw new UsageError(`${text} is no time`);
  return time;
}

/** For commands that only write: a reader that has seen enough, as `head` has, ends them, and that is no failure. */
export function endWithReader(): void {
  process.stdout.on('error', (error) => {
    if (errnoOf(error) !== 'EPIPE') throw error;
    process.exit(0);
  });
}

/** To standard output, as fast as its reader takes it. */
export async function write(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}
