/**
 * Reads everything that lies in a data directory, for `narthex verify`: read only, also while a server uses it. What a server makes,
 * replaces or removes meanwhile is no damage.
 */
import path from 'node:path';
import { readFile, type Disk } from '../io/disk.js';
import { NodeDisk } from '../io/node-disk.js';
import { ReadOnlyDisk } from '../io/read-only-disk.js';
import { BlockDeletions } from './block/block-deletions.js';
import { ColumnCodec } from './block/column-codec.js';
import { idsOf } from './block-store.js';
import { verifyFile } from './compact/verify-file.js';
import { Head } from './head/head.js';
import { replayHead } from './head/replay-head.js';
import { SYNC_FAILED } from './log/log-writer.js';
import { describeDamage } from './log/replay-report.js';
import { comesOrGoes, findFiles, identityOf } from './offline-files.js';
import type { OfflineModules } from './offline-store.js';
import { verifySnapshot } from './snapshot/verify-snapshot.js';

export interface VerifyReport {
  /** A line for each damage, which names file and place. */
  damage(line: string): void;
  /** What the next start tidies up, or does without. */
  note(line: string): void;
}

const BLOCK = /^(\d+)_(-?\d+)_(-?\d+)\.block$/;
const DELETED = '.deleted';

/**
 * Reads everything at `location`: every page of every block, every record of every log, lists of deletions, snapshots of heads.
 * @returns the number of blocks and logs that were read
 * @throws Error if there is nothing at `location`
 */
export async function verifyStore(location: string, modules: OfflineModules, report: VerifyReport): Promise<number> {
  const disk = new ReadOnlyDisk(new NodeDisk());
  const { blocks, logs } = findFiles(disk, location);
  let count = 0;
  const headsInBlocks = new Set<number>();
  for (const directory of logs) if (await verifyLog(disk, directory, modules.kernels, report)) count++;
  for (const directory of blocks) {
    const names = location.endsWith('.block') ? [path.basename(location), `${path.basename(location)}${DELETED}`] : disk.list(directory);
    count += verifyBlocks(disk, directory, names, new ColumnCodec(modules.codec), headsInBlocks, report);
  }
  for (const directory of logs) {
    const id = Number(/^\d+/.exec(path.basename(directory))?.[0]);
    if (headsInBlocks.has(id)) report.note(`${directory}: the head is in a block; the next start removes its log`);
  }
  return count;
}

/** Returns the number of blocks. */
function verifyBlocks(
  disk: Disk, directory: string, names: readonly string[], codec: ColumnCodec, heads: Set<number>, report: VerifyReport,
): number {
  const seen = new Map<number, string>();
  const replaced = new Map<number, string>();
  for (const name of names) {
    const file = path.join(directory, name);
    const match = BLOCK.exec(name);
    if (match === null) {
      if (disk.stat(file) !== undefined) verifyOther(disk, file, report);
      continue;
    }
    const [id, mint, maxt] = [Number(match[1]), Number(match[2]), Number(match[3])];
    if (seen.has(id)) report.damage(`${file}: has the number of ${seen.get(id)}`);
    attempt(disk, file, report, () => {
      const meta = verifyFile(codec, file);
      if (meta.mint !== mint || meta.maxt !== maxt) {
        report.damage(`${file}: is a block from ${meta.mint} to ${meta.maxt}, by its name from ${mint} to ${maxt}`);
      }
      for (const head of idsOf(meta.heads)) heads.add(head);
      for (const parent of idsOf(meta.parents)) replaced.set(parent, name);
    });
    seen.set(id, name);
  }
  for (const [id, name] of seen) {
    if (replaced.has(id)) report.note(`${path.join(directory, name)}: its samples are in ${replaced.get(id)}; the next start removes it`);
  }
  return seen.size;
}

function verifyOther(disk: Disk, file: string, report: VerifyReport): void {
  if (file.endsWith(`.block${DELETED}`)) {
    if (disk.stat(file.slice(0, -DELETED.length)) === undefined) report.note(`${file}: a list of deletions without its block`);
    attempt(disk, file, report, () => BlockDeletions.decode(readFile(disk, file), file));
  } else if (file.endsWith('.tmp')) report.note(`${file}: was being written; the next start removes it`);
  else report.note(`${file}: is none of ours`);
}

/** False if there is no log (any more). */
async function verifyLog(disk: Disk, directory: string, kernels: WebAssembly.Module, report: VerifyReport): Promise<boolean> {
  try {
    const identity = identityOf(disk, directory);
    if (!identity) {
      if (comesOrGoes(disk, directory)) return false;
      report.damage(`${directory}: no segment has a readable header`);
      return true;
    }
    const { headId, mint, maxt } = identity;
    const byName = `${String(headId).padStart(6, '0')}_${mint}_${maxt}`;
    if (path.basename(directory) !== byName) report.note(`${directory}: is the log of ${byName}`);
    const head = new Head(kernels, 1, { mint, maxt, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: true }, undefined);
    const { report: { damage, tornTail }, samplesLost, recordsUnusable } = await replayHead(disk, directory, head);
    for (const one of damage) report.damage(describeDamage({ ...one, quarantine: undefined, repairError: '' }));
    if (samplesLost + recordsUnusable > 0) {
      report.damage(`${directory}: ${samplesLost} samples and ${recordsUnusable} records refer to what is lost`);
    }
    if (tornTail) report.note(`${tornTail.file}: ${tornTail.bytes} bytes at ${tornTail.offset} were being written; nothing of it is kept`);
    if (disk.stat(path.join(directory, SYNC_FAILED))) report.note(`${directory}: could not be made durable; the next start writes it anew`);
    const snapshot = verifySnapshot(disk, directory);
    if (snapshot !== '') report.damage(`${snapshot}; the log has everything, and is replayed instead`);
    return true;
  } catch (error) {
    if (comesOrGoes(disk, directory)) return false;
    throw error;
  }
}

function attempt(disk: Disk, file: string, report: VerifyReport, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    // A running server has replaced it.
    if (disk.stat(file) === undefined) return;
    report.damage(error instanceof Error ? error.message : String(error));
  }
}
