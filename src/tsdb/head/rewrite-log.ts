/**
 * Replaces the log of a head whose dictionary records were damaged by one written from memory. The ids in the old log have lost
 * their meaning in part; going on with it would give them a second one.
 */
import path from 'node:path';
import { HDR_LOGGED_NAMES, HDR_LOGGED_PAIRS, HDR_LOGGED_SERIES } from '../../kernel/layout.js';
import { encodeHistogram, histogramEncodedSizeMax } from '../../model/histogram-codec.js';
import { SampleColumns } from '../../model/sample-columns.js';
import type { Disk } from '../../io/disk.js';
import { LogWriter, type LogWriterOptions } from '../log/log-writer.js';
import type { Head } from './head.js';
import { RecordBuffer, RecordType } from './records.js';

const RECORD_BYTES = 1024 * 1024;

/**
 * The new log stands in `directory` afterwards, closed: replay it to go on. The old one is in the quarantine.
 * @throws LogWriteError the old log is then still there, beside an incomplete new one that the next start removes
 */
export async function rewriteLog(disk: Disk, directory: string, head: Head, options: LogWriterOptions): Promise<void> {
  const aside = `${directory}.rewrite`;
  removeAll(disk, aside);
  const log = LogWriter.create(disk, aside, { headId: head.id, mint: head.mint, maxt: head.maxt }, options);
  head.log = log;
  for (const field of [HDR_LOGGED_NAMES, HDR_LOGGED_PAIRS, HDR_LOGGED_SERIES]) head.arena.u32[field >>> 2] = 0;
  head.logDictionary();
  writeSamples(head, log);
  await log.close();
  head.log = undefined;
  // The old one goes to the quarantine as a whole: nothing that was once acknowledged is deleted here.
  const quarantine = path.join(path.dirname(directory), 'quarantine');
  disk.makeDirectory(quarantine);
  let copy = 1;
  while (disk.stat(path.join(quarantine, `${path.basename(directory)}.${copy}`)) !== undefined) copy++;
  disk.rename(directory, path.join(quarantine, `${path.basename(directory)}.${copy}`));
  disk.rename(aside, directory);
  await disk.syncDirectory(path.dirname(directory));
}

function writeSamples(head: Head, log: LogWriter): void {
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
  for (let ref = 0; ref < head.arena.seriesCount; ref++) {
    columns.clear();
    head.reader.readSeries(ref, columns, head.mint, head.maxt);
    const bits = new Uint32Array(columns.values.buffer, columns.values.byteOffset, columns.length * 2);
    let startMs = 0;
    for (let i = 0; i < columns.length; i++) {
      const start = columns.startTimestamps?.[i] ?? 0;
      if (start !== startMs) starts.addStart(ref, columns.timestamps[i]!, start, false);
      startMs = start;
      const histogram = columns.histograms?.[i];
      if (histogram) {
        const encoded = new Uint8Array(histogramEncodedSizeMax(histogram));
        histograms.addHistogram(ref, columns.timestamps[i]!, encoded.subarray(0, encodeHistogram(histogram, encoded, 0)));
      } else floats.addFloat(ref, columns.timestamps[i]!, bits[i * 2]!, bits[i * 2 + 1]!);
    }
    if (starts.length + floats.length + histograms.length > RECORD_BYTES) flushAll();
  }
  flushAll();
}

function removeAll(disk: Disk, directory: string): void {
  if (disk.stat(directory) === undefined) return;
  for (const name of disk.list(directory)) disk.remove(path.join(directory, name));
  disk.removeDirectory(directory);
}
