/**
 * A log written anew from the memory of its head, in three cases: its dictionary records were damaged, so that going on with it would
 * give ids a second meaning; its sync failed, so that nobody knows what of it the disk has; it was lost.
 *
 * The new log is written aside and made durable. Only then the old one goes, by two renames; what a stop between the two leaves,
 * `finishRewrites` completes at the next start.
 */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HDR_LOGGED_NAMES, HDR_LOGGED_PAIRS, HDR_LOGGED_SERIES } from '../../kernel/layout.js';
import { encodeHistogram, histogramEncodedSizeMax } from '../../model/histogram-codec.js';
import { SampleColumns } from '../../model/sample-columns.js';
import type { Disk } from '../../io/disk.js';
import { LogWriter, type LogWriterOptions } from '../log/log-writer.js';
import { DROPPED, removeLeft, removeLog } from '../log/drop-log.js';
import type { ResumePoint } from '../log/replay-report.js';
import type { Head } from './head.js';
import { RecordBuffer, RecordType } from './records.js';
import { startChanges } from './start-changes.js';

const RECORD_BYTES = 1024 * 1024;
const ASIDE = '.rewrite';

/**
 * Writes all that is in memory to a log beside `directory`, closed and durable. The memory must not change until the promise settles.
 * Returns where to go on with it once `swapLog` has put it into place.
 * @throws LogWriteError nothing is left of the attempt, as far as the disk allows; the old log is as it was
 */
export async function writeLogAside(disk: Disk, directory: string, head: Head, options: LogWriterOptions): Promise<ResumePoint> {
  const aside = directory + ASIDE;
  removeLeft(disk, aside);
  const log = LogWriter.create(disk, aside, { headId: head.id, mint: head.mint, maxt: head.maxt }, options);
  try {
    writeDictionary(head, log);
    await writeSamples(head, log);
  } catch (error) {
    await log.close().catch(() => undefined); // what is wrong is known
    throw error;
  }
  await log.close();
  return log.resumePoint;
}

/** Removes a log that was written aside and is not wanted any more. */
export function discardAside(disk: Disk, directory: string): void {
  removeLog(disk, directory + ASIDE);
}

/**
 * Puts the log that was written aside in the place of the old one.
 * @param old a damaged log goes to the `quarantine`: nothing that was once acknowledged is deleted; one that has nothing but what is in
 * memory is removed (`drop`)
 */
export function swapLog(disk: Disk, directory: string, old: 'quarantine' | 'drop'): void {
  const parent = path.dirname(directory);
  const retired = old === 'quarantine' ? freeQuarantineName(disk, directory) : directory + DROPPED;
  removeLeft(disk, retired);
  if (disk.stat(directory) !== undefined) disk.rename(directory, retired);
  disk.rename(directory + ASIDE, directory);
  disk.syncDirectorySync(parent);
  if (old === 'quarantine') return;
  try {
    removeLog(disk, retired);
  } catch {
    // The new log is in its place; the next start removes the rest of the old one.
  }
}

/** Completes or removes what a stop left of rewritten logs. For the start, before replay and before dropped logs are removed. */
export function finishRewrites(disk: Disk, parent: string): void {
  for (const name of disk.list(parent)) {
    if (!name.endsWith(ASIDE)) continue;
    const aside = path.join(parent, name);
    const directory = aside.slice(0, -ASIDE.length);
    if (disk.stat(directory) !== undefined) {
      removeLog(disk, aside);
      continue;
    }
    disk.rename(aside, directory);
    disk.syncDirectorySync(parent);
  }
}

function freeQuarantineName(disk: Disk, directory: string): string {
  const quarantine = path.join(path.dirname(directory), 'quarantine');
  disk.makeDirectory(quarantine);
  for (let copy = 1; ; copy++) {
    const name = path.join(quarantine, `${path.basename(directory)}.${copy}`);
    if (disk.stat(name) === undefined) return name;
  }
}

/** All names, pairs and series of the head, as if none had been logged. */
function writeDictionary(head: Head, log: LogWriter): void {
  for (const field of [HDR_LOGGED_NAMES, HDR_LOGGED_PAIRS, HDR_LOGGED_SERIES]) head.arena.u32[field >>> 2] = 0;
  const before = head.log;
  head.log = log;
  try {
    head.logDictionary();
  } finally {
    head.log = before;
  }
}

async function writeSamples(head: Head, log: LogWriter): Promise<void> {
  const floats = new RecordBuffer();
  const histograms = new RecordBuffer();
  const starts = new RecordBuffer();
  const columns = new SampleColumns();
  const flush = (type: number, buffer: RecordBuffer): void => {
    if (buffer.length > 0) log.append(type, buffer.payload());
    buffer.clear();
  };
  const flushAll = (): void => {
    flush(RecordType.starts, starts);
    flush(RecordType.floats, floats);
    flush(RecordType.histograms, histograms);
  };
  let written = 0;
  // Within a series, too: one that is sampled every millisecond has more than a record can hold.
  const flushLarge = (): void => {
    if (starts.length + floats.length + histograms.length < RECORD_BYTES) return;
    flushAll();
    written++;
  };
  for (let ref = 0; ref < head.arena.seriesCount; ref++) {
    columns.clear();
    head.reader.readSeries(ref, columns, head.mint, head.maxt);
    const bits = new Uint32Array(columns.values.buffer, columns.values.byteOffset, columns.length * 2);
    // As the memory has them, and not as they would be noted of these samples in this order: what is noted later builds on them.
    for (const { timeMs, startMs, isOnce } of startChanges(head.arena, ref)) {
      starts.addStart(ref, timeMs, startMs, isOnce);
      flushLarge();
    }
    for (let i = 0; i < columns.length; i++) {
      const histogram = columns.histograms?.[i];
      if (histogram) {
        const encoded = new Uint8Array(histogramEncodedSizeMax(histogram));
        histograms.addHistogram(ref, columns.timestamps[i]!, encoded.subarray(0, encodeHistogram(histogram, encoded, 0)));
      } else floats.addFloat(ref, columns.timestamps[i]!, bits[i * 2]!, bits[i * 2 + 1]!);
      flushLarge();
    }
    if (written === 0) continue;
    written = 0;
    // A large head takes seconds: queries and health checks are answered in between.
    await nextTurn();
  }
  flushAll();
}
