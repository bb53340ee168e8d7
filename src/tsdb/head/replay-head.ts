/** Fills a fresh head from its log. */
import { BODY_OUT, BODY_OUT_CAPACITY, SLAB_BYTES, ST_OK } from '../../kernel/layout.js';
import type { Disk } from '../../io/disk.js';
import type { LogPosition } from '../log/log-position.js';
import { replayLog, type OnProgress } from '../log/replay.js';
import type { ReplayReport } from '../log/replay-report.js';
import type { Head } from './head.js';
import { deleteSamples } from './delete-samples.js';
import { readDeletions, readFloats, readHistograms, readStarts, RecordType } from './records.js';

/** A sample's start is in the log apart from it, and before it. */
const START_KNOWN = NaN;

export interface HeadReplay {
  readonly report: ReplayReport;
  /** Samples that could not be applied, because the record of their series is lost. */
  readonly samplesLost: number;
  /** Records whose content does not fit what came before (a lost dictionary record) or their own lengths. */
  readonly recordsUnusable: number;
}

/**
 * @param after the head has what the log says up to here
 * @throws Error if the arena cannot hold what the log has
 */
export async function replayHead(
  disk: Disk, directory: string, head: Head, onProgress?: OnProgress, after?: LogPosition,
): Promise<HeadReplay> {
  const { kernel, bytes } = head.arena;
  let samplesLost = 0;
  let recordsUnusable = 0;

  const full = (): never => {
    throw new Error(`${directory}: the log does not fit into the memory of a head; raise storage.head.memory`);
  };
  const load = (payload: Uint8Array): number => {
    if (payload.length > BODY_OUT_CAPACITY) return full();
    bytes.set(payload, BODY_OUT);
    return BODY_OUT + payload.length;
  };
  const known = (ref: number, t: number): boolean => {
    if (ref < head.arena.seriesCount && head.covers(t)) return true;
    samplesLost++;
    return false;
  };
  const dictionary = (payload: Uint8Array): void => {
    const code = kernel.replayDictionary(BODY_OUT, load(payload));
    if (code === 3) full();
    if (code !== 0) recordsUnusable++;
  };
  const samples = (payload: Uint8Array): void => {
    const lost = kernel.replaySamples(BODY_OUT, load(payload));
    if (lost === -2) full();
    if (lost < 0) recordsUnusable++;
    else samplesLost += lost;
  };
  const floats = (payload: Uint8Array): void => {
    const whole = readFloats(payload, (ref, t, low, high) => {
      if (!known(ref, t) || kernel.probeFloat(ref, t, low, high) !== ST_OK) return;
      if (kernel.appendFloat(ref, t, low, high, START_KNOWN) !== ST_OK) full();
    });
    if (!whole) recordsUnusable++;
  };
  const histograms = (payload: Uint8Array): void => {
    const whole = readHistograms(payload, (ref, t, encoded) => {
      if (!known(ref, t)) return;
      bytes.set(encoded, BODY_OUT);
      if (kernel.probeHistogram(ref, t, BODY_OUT, encoded.length) !== ST_OK) return;
      if (kernel.appendHistogram(ref, t, BODY_OUT, encoded.length, START_KNOWN) !== ST_OK) full();
    });
    if (!whole) recordsUnusable++;
  };
  const starts = (payload: Uint8Array): void => {
    const whole = readStarts(payload, (ref, t, start, isOnce) => {
      if (kernel.heapLeft() >>> 0 < SLAB_BYTES) full();
      // One of a sample that cannot be applied: that is counted there.
      if (ref < head.arena.seriesCount && head.covers(t)) kernel.replayStart(ref, t, start, isOnce ? 1 : 0);
    });
    if (!whole) recordsUnusable++;
  };

  const deletions = (payload: Uint8Array): void => {
    // A series is read in order to be rebuilt, and reading waits for the end of a batch.
    kernel.endBatch();
    const whole = readDeletions(payload, (ref, from, to) => {
      if (ref >= head.arena.seriesCount) samplesLost++;
      else if (deleteSamples(head, ref, from, to) < 0) full();
    });
    kernel.beginBatch();
    if (!whole) recordsUnusable++;
  };

  // Nobody reads yet, so one batch around everything.
  kernel.beginBatch();
  const report = await replayLog(disk, directory, (type, payload) => {
    if (type === RecordType.dictionary) dictionary(payload);
    else if (type === RecordType.samples) samples(payload);
    else if (type === RecordType.floats) floats(payload);
    else if (type === RecordType.histograms) histograms(payload);
    else if (type === RecordType.starts) starts(payload);
    else if (type === RecordType.deletions) deletions(payload);
    else recordsUnusable++;
  }, { ...(onProgress ? { onProgress } : {}), after });
  kernel.publishSeries();
  kernel.endBatch();
  return { report, samplesLost, recordsUnusable };
}
