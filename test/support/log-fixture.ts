import { readFile } from '../../src/io/disk.js';
import type { LogWriterOptions } from '../../src/tsdb/log/log-writer.js';
import { LogWriter } from '../../src/tsdb/log/log-writer.js';
import { replayLog } from '../../src/tsdb/log/replay.js';
import type { ReplayReport } from '../../src/tsdb/log/replay-report.js';
import type { SimDisk } from './sim-disk.js';

export const DIRECTORY = '/data/log';
export const IDENTITY = { headId: 7, mint: 1_700_000_000_000, maxt: 1_700_007_200_000 };

export function newLog(disk: SimDisk, options: LogWriterOptions = {}): LogWriter {
  return LogWriter.create(disk, DIRECTORY, IDENTITY, options);
}

/** A record that names itself: `number` in the first four bytes, then bytes made from it. */
export function numbered(number: number, size = 4): Uint8Array {
  const payload = new Uint8Array(Math.max(4, size));
  for (let i = 4; i < payload.length; i++) payload[i] = number * 31 + i;
  new DataView(payload.buffer).setUint32(0, number, true);
  return payload;
}

export interface Replayed {
  readonly report: ReplayReport;
  readonly numbers: number[];
  readonly gaps: number[];
}

/** Replays `numbered` records and checks that each came back whole. */
export async function replayNumbers(disk: SimDisk): Promise<Replayed> {
  const numbers: number[] = [];
  const gaps: number[] = [];
  const report = await replayLog(disk, DIRECTORY, (type, payload, position) => {
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
    const whole = numbered(number, payload.length);
    if (type !== 1 + (number % 31) || Buffer.compare(whole, payload) !== 0) throw new Error(`record ${number} came back changed`);
    if (position.afterGap) gaps.push(number);
    numbers.push(number);
  });
  return { report, numbers, gaps };
}

export function appendNumber(log: LogWriter, number: number, size = 4): void {
  log.append(1 + (number % 31), numbered(number, size));
}

export function hex(disk: SimDisk, file: string): string {
  return Buffer.from(readFile(disk, file)).toString('hex');
}
