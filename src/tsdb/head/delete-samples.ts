/**
 * Deletes samples of one series of a head for good: the series is rebuilt from those that stay. Nothing has to be skipped when it is read,
 * sealed or dumped, a deleted time is free for a new sample, and queries under way see the series as it was or as it is, never half.
 */
import { HDR_EMPTIED, HEAP_PER_SAMPLE, READER_BASE, READER_TIMES, SLAB_BYTES, START_BYTES, ST_OK } from '../../kernel/layout.js';
import { invariant } from '../../invariant.js';
import { encodeHistogram, histogramEncodedSizeMax } from '../../model/histogram-codec.js';
import type { Histogram } from '../../model/histogram.js';
import { cutInterval, SampleColumns } from '../../model/sample-columns.js';
import type { Head } from './head.js';

/** Histograms on their way into the arena: the writer's own scratch, behind what reading a series uses. */
const SCRATCH = READER_BASE + READER_TIMES;

/**
 * Outside of a batch, on the thread that writes. The caller logs it.
 * @param from ms @param to ms, inclusive
 * @returns the number of samples deleted; -1 if the arena has no room for a second copy of those that stay: nothing is deleted then
 */
export function deleteSamples(head: Head, ref: number, from: number, to: number): number {
  if (to < head.mint || from >= head.maxt || from > to) return 0;
  const columns = new SampleColumns(512);
  head.reader.readSeries(ref, columns, head.mint, head.maxt - 1);
  const before = columns.length;
  cutInterval(columns, 0, from, to);
  const deleted = before - columns.length;
  if (deleted === 0) return 0;
  if (head.arena.kernel.heapLeft() >>> 0 < spaceFor(columns)) return -1;
  head.inBatch(() => {
    head.arena.kernel.clearSamples(ref, before, Math.max(from, head.mint), Math.min(to, head.maxt - 1));
    putBack(head, ref, columns);
    if (columns.length === 0) head.arena.u32[HDR_EMPTIED >>> 2]!++;
  });
  return deleted;
}

function spaceFor({ length, histograms }: SampleColumns): number {
  let bytes = SLAB_BYTES * 4 + length * (HEAP_PER_SAMPLE + START_BYTES);
  if (histograms) for (const histogram of histograms) if (histogram) bytes += histogramEncodedSizeMax(histogram);
  return bytes;
}

function putBack(head: Head, ref: number, columns: SampleColumns): void {
  const { kernel } = head.arena;
  // As words: a stale marker does not survive as a number.
  const words = new Uint32Array(columns.values.buffer, columns.values.byteOffset, columns.length * 2);
  for (let i = 0; i < columns.length; i++) {
    const t = columns.timestamps[i]!;
    const histogram = columns.histograms?.[i];
    const start = columns.startTimestamps?.[i] ?? 0;
    const status = histogram
      ? putHistogram(head, ref, t, histogram, start)
      : kernel.appendFloat(ref, t, words[i * 2]!, words[i * 2 + 1]!, start);
    invariant(status === ST_OK, `the heap was large enough, yet a sample was refused with ${status}`);
  }
}

function putHistogram(head: Head, ref: number, t: number, histogram: Histogram, start: number): number {
  const { kernel, bytes } = head.arena;
  return kernel.appendHistogram(ref, t, SCRATCH, encodeHistogram(histogram, bytes, SCRATCH) - SCRATCH, start);
}
