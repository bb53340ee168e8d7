import { expect, it } from 'vitest';
import { dropLog, removeDroppedLogs } from '../../../src/tsdb/log/drop-log.js';
import { appendNumber, DIRECTORY, newLog } from '../../support/log-fixture.js';
import { SimCrash, SimDisk } from '../../support/sim-disk.js';

async function threeSegments(): Promise<SimDisk> {
  const disk = new SimDisk();
  const log = newLog(disk, { segmentBytes: 2000 });
  for (let i = 0; i < 3; i++) appendNumber(log, i, 900);
  await log.close();
  return disk;
}

it('removes a log', async () => {
  const disk = await threeSegments();
  dropLog(disk, DIRECTORY);
  expect(disk.list('/data')).toEqual([]);
});

it('is all or nothing, wherever it is killed', async () => {
  for (let at = 1; at < 20; at++) {
    const disk = await threeSegments();
    disk.crashAfter(at);
    let finished = false;
    try {
      dropLog(disk, DIRECTORY);
      finished = true;
    } catch (error) {
      expect(error).toBeInstanceOf(SimCrash);
    }
    disk.crash('process');
    removeDroppedLogs(disk, '/data');
    const left = disk.list('/data');
    expect(left.length === 0 || disk.list(DIRECTORY).length === 3).toBe(true);
    if (finished) return;
  }
  throw new Error('never finished');
});

it('removes what the disk would not remove of an earlier log of that name', async () => {
  const disk = await threeSegments();
  disk.fail('remove', 'EIO', 1);
  expect(() => dropLog(disk, DIRECTORY)).toThrow('EIO');
  const log = newLog(disk);
  appendNumber(log, 1, 900);
  await log.close();
  dropLog(disk, DIRECTORY);
  expect(disk.list('/data')).toEqual([]);
});
