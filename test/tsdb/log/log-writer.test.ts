import { describe, expect, it } from 'vitest';
import { readFile } from '../../../src/io/disk.js';
import { DATA_START, FRAME_BYTES, LogVersionError } from '../../../src/tsdb/log/format.js';
import { LogWriteError } from '../../../src/tsdb/log/log-error.js';
import { LogWriter } from '../../../src/tsdb/log/log-writer.js';
import { replayLog } from '../../../src/tsdb/log/replay.js';
import { appendNumber, DIRECTORY, IDENTITY, newLog, numbered, replayNumbers } from '../../support/log-fixture.js';
import { SimDisk } from '../../support/sim-disk.js';

const failure = (run: () => unknown): LogWriteError => {
  try {
    run();
  } catch (error) {
    if (error instanceof LogWriteError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('append', () => {
  it('is on the disk when it returns: a killed process loses nothing', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    for (let i = 0; i < 100; i++) appendNumber(log, i, i * 10);
    disk.crash('process');
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([...Array(100).keys()]);
    expect(report).toMatchObject({ damage: [], tornTail: undefined, segments: 1, records: 100 });
  });

  it('takes a payload in parts, shared memory included, and keeps none of it', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set([1, 2, 3]);
    log.append(5, [shared, Uint8Array.of(4), new Uint8Array(0)]);
    shared.fill(9);
    const seen: number[][] = [];
    await replayLog(disk, DIRECTORY, (type, payload) => void seen.push([type, ...payload]));
    expect(seen).toEqual([[5, 1, 2, 3, 4]]);
  });

  it('takes empty payloads and refuses types that mean something else', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    log.append(31, []);
    expect(() => log.append(0, [])).toThrow('log record type 0');
    expect(() => log.append(32, [])).toThrow('log record type 32');
    let records = 0;
    await replayLog(disk, DIRECTORY, () => void records++);
    expect(records).toBe(1);
  });

  it('makes no file before the first record', () => {
    const disk = new SimDisk();
    newLog(disk);
    expect(disk.list(DIRECTORY)).toEqual([]);
  });

  it('refuses a directory that holds a log', () => {
    const disk = new SimDisk();
    appendNumber(newLog(disk), 1);
    expect(() => newLog(disk)).toThrow('already holds a log (000001.log)');
  });
});

describe('segments', () => {
  const SIZE = DATA_START + 3 * (FRAME_BYTES + 91);

  it('rolls before a record that does not fit; a larger record has its own', async () => {
    const disk = new SimDisk();
    const log = newLog(disk, { segmentBytes: SIZE });
    for (let i = 0; i < 7; i++) appendNumber(log, i, 91);
    appendNumber(log, 7, 5000);
    appendNumber(log, 8, 91);
    expect(disk.list(DIRECTORY)).toEqual(['000001.log', '000002.log', '000003.log', '000004.log', '000005.log']);
    expect(log.sizeBytes).toBe(5 * DATA_START + 9 * FRAME_BYTES + 8 * 91 + 5000);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(report.damage).toEqual([]);
  });

  it('goes on in a new segment after a replay', async () => {
    const disk = new SimDisk();
    const first = newLog(disk);
    appendNumber(first, 1);
    await first.close();
    const { report } = await replayNumbers(disk);
    expect(report.resume).toMatchObject({ segment: 2, identity: IDENTITY });
    const second = LogWriter.resume(disk, DIRECTORY, report.resume!);
    appendNumber(second, 2);
    await second.close();
    const again = await replayNumbers(disk);
    expect(again.numbers).toEqual([1, 2]);
    expect(again.report.damage).toEqual([]);
  });

  it('preallocates zeros in steps and gives them back', async () => {
    const disk = new SimDisk();
    const log = newLog(disk, { preallocateBytes: 4096 });
    appendNumber(log, 1, 100);
    expect(disk.stat(`${DIRECTORY}/000001.log`)?.sizeBytes).toBe(DATA_START + 109 + 4096);
    for (let i = 2; i < 30; i++) appendNumber(log, i, 100);
    expect(disk.calls.get('preallocate')).toBe(1);
    disk.crash('process');
    expect((await replayNumbers(disk)).numbers.length).toBe(29);
    expect(disk.stat(`${DIRECTORY}/000001.log`)?.sizeBytes).toBe(DATA_START + 29 * 109);
  });

  it('a disk too full to preallocate still takes records', () => {
    const disk = new SimDisk({ capacityBytes: DATA_START + 2000 });
    const log = newLog(disk, { preallocateBytes: 4096 });
    appendNumber(log, 1, 100);
    expect(log.hasPending).toBe(false);
  });
});

describe('failed writes', () => {
  it('a short write is completed at once', async () => {
    const disk = new SimDisk({ shortWrites: 0.7, seed: 3 });
    const log = newLog(disk);
    for (let i = 0; i < 50; i++) appendNumber(log, i, 300);
    expect((await replayNumbers(disk)).numbers).toEqual([...Array(50).keys()]);
  });

  it('a full disk: the record stays pending and goes down first', async () => {
    const disk = new SimDisk({ capacityBytes: DATA_START + 150 });
    const log = newLog(disk);
    appendNumber(log, 1, 100);
    const error = failure(() => appendNumber(log, 2, 100));
    expect(error).toMatchObject({ code: 'disk_full', operation: 'write', file: `${DIRECTORY}/000001.log`, offset: DATA_START + 109, kept: true });
    expect(log.hasPending).toBe(true);
    expect(failure(() => log.flushPending()).kept).toBe(true);
    expect(failure(() => appendNumber(log, 3, 5)).code).toBe('disk_full'); // kept too: it builds on record 2
    disk.options.capacityBytes = 1e6;
    appendNumber(log, 4, 100);
    expect(log.hasPending).toBe(false);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([1, 2, 3, 4]);
    expect(report).toMatchObject({ damage: [], tornTail: undefined });
  });

  it('a process that dies with a half-written record leaves a torn tail', async () => {
    const disk = new SimDisk({ capacityBytes: DATA_START + 150 });
    const log = newLog(disk);
    appendNumber(log, 1, 100);
    failure(() => appendNumber(log, 2, 100));
    disk.crash('process');
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([1]);
    expect(report).toMatchObject({ damage: [], tornTail: { file: `${DIRECTORY}/000001.log`, offset: DATA_START + 109 } });
  });

  it('an I/O error has its own code', () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    appendNumber(log, 1);
    disk.fail('write', 'EIO');
    expect(failure(() => appendNumber(log, 2)).code).toBe('io_error');
    log.flushPending();
  });

  it('a segment that cannot be created is tried again', async () => {
    const disk = new SimDisk();
    const log = newLog(disk, { segmentBytes: DATA_START + 250 });
    appendNumber(log, 1, 200);
    disk.fail('create', 'ENOSPC');
    expect(failure(() => appendNumber(log, 2, 200))).toMatchObject({ code: 'disk_full', operation: 'create', file: `${DIRECTORY}/000002.log` });
    disk.fail('write', 'ENOSPC'); // the header, this time
    expect(failure(() => appendNumber(log, 3, 200)).operation).toBe('create');
    log.flushPending();
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([1, 2, 3]);
    expect(report.damage).toEqual([]);
  });

  it('close writes what is pending, or says that it could not', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    appendNumber(log, 1);
    disk.fail('write', 'EIO');
    failure(() => appendNumber(log, 2));
    await log.close();
    expect((await replayNumbers(disk)).numbers).toEqual([1, 2]);

    const other = LogWriter.create(disk, '/data/other', IDENTITY);
    appendNumber(other, 1);
    disk.fail('write', 'EIO', 2);
    failure(() => appendNumber(other, 2));
    await expect(other.close()).rejects.toBeInstanceOf(LogWriteError);
  });

  it('the memory for pending records is bounded', () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    appendNumber(log, 1);
    disk.fail('write', 'EIO', 10);
    const large = numbered(2, 30 * 1024 * 1024);
    expect(failure(() => log.append(1, large)).kept).toBe(true);
    expect(failure(() => log.append(1, large)).kept).toBe(true);
    expect(failure(() => log.append(1, large)).kept).toBe(false);
  });
});

describe('sync', () => {
  it('survives a power loss, names included', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const disk = new SimDisk({ seed });
      disk.makeDirectory('/data');
      disk.syncDirectorySync('/');
      const log = newLog(disk, { segmentBytes: 4000 });
      for (let i = 0; i < 40; i++) appendNumber(log, i, 300);
      await log.sync();
      disk.crash('power');
      expect((await replayNumbers(disk)).numbers).toEqual([...Array(40).keys()]);
    }
  });

  it('callers share an fdatasync that started after their write', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    const done: number[] = [];
    disk.holdSyncs();
    appendNumber(log, 0);
    void log.sync().then(() => done.push(0));
    for (let i = 1; i <= 8; i++) {
      appendNumber(log, i);
      void log.sync().then(() => done.push(i)); // the running one may have missed this record
    }
    expect(disk.calls.get('datasync')).toBe(1);
    disk.releaseSyncs();
    disk.holdSyncs();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([0]);
    expect(disk.calls.get('datasync')).toBe(2);
    disk.releaseSyncs();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(disk.calls.get('datasync')).toBe(2);
  });

  it('costs nothing when all is durable', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    await log.sync();
    appendNumber(log, 1);
    await log.sync();
    await log.sync();
    expect(disk.calls.get('datasync')).toBe(1);
  });

  it('a failed fdatasync is final', async () => {
    const disk = new SimDisk();
    const log = newLog(disk);
    appendNumber(log, 1);
    disk.fail('datasync', 'EIO');
    const first = log.sync();
    appendNumber(log, 2);
    const second = log.sync();
    await expect(first).rejects.toMatchObject({ operation: 'sync', code: 'io_error', offset: DATA_START + 13 });
    await expect(second).rejects.toBe(log.failure);
    await expect(log.sync()).rejects.toBe(log.failure);
    expect(failure(() => appendNumber(log, 3))).toBe(log.failure);
    expect(disk.calls.get('datasync')).toBe(1);
    await expect(log.close()).rejects.toBe(log.failure);
  });

  it.each(['EMFILE', 'ENFILE'])('%s: a directory that could not be opened has lost nothing, and is synced by the next', async (errno) => {
    const disk = new SimDisk();
    const log = newLog(disk);
    disk.syncDirectorySync('/');
    appendNumber(log, 1);
    disk.fail('syncDirectory', errno, 2);
    await expect(log.sync()).rejects.toMatchObject({ operation: 'sync', message: expect.stringContaining(errno) as string });
    expect(log.failure).toBeUndefined();
    appendNumber(log, 2);
    await log.sync();
    disk.crash('power');
    expect((await replayNumbers(disk)).numbers).toEqual([1, 2]);
  });

  it('a failed sync beside one that could not begin is final, and it is what is told', async () => {
    const disk = new SimDisk();
    const log = newLog(disk, { segmentBytes: DATA_START + 250 });
    appendNumber(log, 1);
    disk.fail('syncDirectory', 'EMFILE');
    disk.fail('syncDirectory', 'EIO');
    await expect(log.sync()).rejects.toMatchObject({ code: 'io_error', message: expect.stringContaining('EIO') as string });
    expect(log.failure?.code).toBe('io_error');
  });

  it('a full segment is synced whoever asks', async () => {
    const disk = new SimDisk();
    const log = newLog(disk, { segmentBytes: DATA_START + 250 });
    appendNumber(log, 1, 200);
    expect(disk.calls.get('datasync')).toBeUndefined();
    appendNumber(log, 2, 200);
    await new Promise((resolve) => setImmediate(resolve));
    expect(disk.calls.get('datasync')).toBe(2);
    disk.fail('datasync', 'EIO');
    appendNumber(log, 3, 200);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.failure?.operation).toBe('sync');
  });
});

it('a log of a later version is refused and left alone', async () => {
  const disk = new SimDisk();
  const log = newLog(disk);
  appendNumber(log, 1);
  const file = `${DIRECTORY}/000001.log`;
  const header = readFile(disk, file).subarray(0, 64);
  header[8] = 2;
  const { crc32 } = await import('../../../src/encoding/crc32.js');
  new DataView(header.buffer, header.byteOffset).setUint32(60, crc32(header.subarray(0, 60)), true);
  disk.openWrite(file).writeAt(header, 0, 64, 0);
  await expect(replayNumbers(disk)).rejects.toBeInstanceOf(LogVersionError);
  expect(disk.list(DIRECTORY)).toEqual(['000001.log']);
});
