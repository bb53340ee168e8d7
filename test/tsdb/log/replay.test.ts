import { describe, expect, it } from 'vitest';
import { readFile } from '../../../src/io/disk.js';
import { DATA_START, FRAME_BYTES } from '../../../src/tsdb/log/format.js';
import { LogWriter } from '../../../src/tsdb/log/log-writer.js';
import { describeDamage } from '../../../src/tsdb/log/replay-report.js';
import { replayLog } from '../../../src/tsdb/log/replay.js';
import { appendNumber, DIRECTORY, IDENTITY, newLog, numbered, replayNumbers } from '../../support/log-fixture.js';
import { SimDisk } from '../../support/sim-disk.js';

const PAYLOAD = 91;
const SIZE = FRAME_BYTES + PAYLOAD;
const file = (segment: number): string => `${DIRECTORY}/00000${segment}.log`;

/** Nine records of 100 bytes: 0 1 2 | 3 4 5 | 6 7 8. Offsets of the records in a segment: 1024, 1124, 1224. */
async function nine(): Promise<SimDisk> {
  const disk = new SimDisk();
  const log = newLog(disk, { segmentBytes: DATA_START + 3 * SIZE });
  for (let i = 0; i < 9; i++) appendNumber(log, i, PAYLOAD);
  await log.sync();
  disk.crash('process');
  return disk;
}
const overwrite = (disk: SimDisk, path: string, position: number, bytes: Uint8Array): void => {
  disk.openWrite(path).writeAt(bytes, 0, bytes.length, position);
};

describe('damage is reported, copied aside and passed over', () => {
  it.each([
    ['a flipped bit in a payload', file(2), 1124 + 50, [0, 1, 2, 3, 5, 6, 7, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
    ['a flipped bit in a CRC', file(2), 1124 + 5, [0, 1, 2, 3, 5, 6, 7, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
    ['a flipped bit in a type', file(2), 1124 + 8, [0, 1, 2, 3, 5, 6, 7, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
    ['a flipped bit in a length', file(2), 1124, [0, 1, 2, 3, 5, 6, 7, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
    ['a length that becomes huge', file(2), 1127, [0, 1, 2, 3, 5, 6, 7, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
    ['the first record of a segment', file(1), 1024, [1, 2, 3, 4, 5, 6, 7, 8], { offset: 1024, bytes: 100, reason: 'bad_record' }],
    ['the last record of a segment', file(2), 1224 + 3, [0, 1, 2, 3, 4, 6, 7, 8], { offset: 1224, bytes: 100, reason: 'bad_record' }],
    ['the last segment, with records behind', file(3), 1130, [0, 1, 2, 3, 4, 5, 6, 8], { offset: 1124, bytes: 100, reason: 'bad_record' }],
  ] as const)('%s', async (_, path, position, expected, damage) => {
    const disk = await nine();
    disk.flipBit(path, position, 4);
    const before = readFile(disk, path);
    const { numbers, gaps, report } = await replayNumbers(disk);
    expect(numbers).toEqual(expected);
    const name = path.split('/').pop();
    expect(report.damage).toEqual([{ file: path, ...damage, readError: false, quarantine: `/data/quarantine/log-${name}`, repairError: '' }]);
    expect(readFile(disk, `/data/quarantine/log-${name}`)).toEqual(before);
    const lost = [0, 1, 2, 3, 4, 5, 6, 7, 8].find((n) => !numbers.includes(n))!;
    expect(gaps).toEqual([lost + 1]); // the record behind the gap knows
    expect(report.tornTail).toBeUndefined();

    const again = await replayNumbers(disk);
    expect(again.numbers).toEqual(expected);
    expect(again.gaps).toEqual(gaps);
    expect(again.report.damage).toEqual([]); // mended: reported once
  });

  it('several places in one segment: one copy', async () => {
    const disk = await nine();
    disk.flipBit(file(2), 1030);
    disk.flipBit(file(2), 1230);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 4, 6, 7, 8]);
    expect(report.damage.map((d) => d.offset)).toEqual([1024, 1224]);
    expect(disk.list('/data/quarantine')).toEqual(['log-000002.log']);
    expect((await replayNumbers(disk)).report.damage).toEqual([]);
  });

  it('a missing segment', async () => {
    const disk = await nine();
    disk.remove(file(2));
    const { numbers, gaps, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 6, 7, 8]);
    expect(gaps).toEqual([6]);
    expect(report.damage).toMatchObject([{ file: file(2), reason: 'missing_segment' }]);
    expect(report.resume?.segment).toBe(4);
  });

  it('a segment that lost its end without a trace', async () => {
    const disk = await nine();
    disk.openWrite(file(2)).truncate(1124);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 6, 7, 8]);
    expect(report.damage).toMatchObject([{ file: file(2), offset: 1124, bytes: 200, reason: 'premature_end' }]);
    const again = await replayNumbers(disk);
    expect(again.numbers).toEqual(numbers);
    expect(again.report.damage).toEqual([]);
  });

  it('one bad copy of a header does not matter', async () => {
    const disk = await nine();
    disk.flipBit(file(1), 20);
    disk.flipBit(file(2), 530);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers.length).toBe(9);
    expect(report.damage).toEqual([]);
  });

  it('a header with two bad copies: the records are read with the other headers\' help', async () => {
    const disk = await nine();
    overwrite(disk, file(2), 0, new Uint8Array(1024).fill(5));
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(report.damage).toMatchObject([{ file: file(2), offset: 0, bytes: 1024, reason: 'bad_header', repairError: '' }]);
    expect((await replayNumbers(disk)).report.damage).toEqual([]);
  });

  it('a header that was half written and can be read: the file is as long as it should be', async () => {
    const disk = await nine();
    const header = readFile(disk, file(3)).slice(0, 667);
    disk.remove(file(3));
    disk.create(file(3)).writeAt(header, 0, header.length, 0);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    expect([report.damage, report.tornTail, report.resume?.previousEnd]).toEqual([[], undefined, DATA_START]);
    expect(disk.stat(file(3))?.sizeBytes).toBe(DATA_START);
  });

  it('no readable header at all: the files are moved aside and a new log can begin', async () => {
    const disk = await nine();
    for (const segment of [1, 2, 3]) overwrite(disk, file(segment), 0, new Uint8Array(1024));
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([]);
    expect(report.resume).toBeUndefined();
    expect(report.damage.map((d) => d.reason)).toEqual(['bad_header', 'bad_header', 'bad_header']);
    expect(disk.list('/data/quarantine').length).toBe(3);
    newLog(disk);
  });

  it('a segment of another log', async () => {
    const disk = await nine();
    const other = LogWriter.create(disk, '/data/other', IDENTITY);
    other.append(1, [numbered(0)]);
    await other.close();
    disk.rename('/data/other/000001.log', file(2));
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 6, 7, 8]);
    expect(report.damage.map((d) => d.reason)).toEqual(['foreign_segment', 'missing_segment']);
    expect(disk.list(DIRECTORY)).toEqual(['000001.log', '000003.log']);
  });

  it('a page that cannot be read', async () => {
    const disk = await nine();
    const reader = disk.openRead.bind(disk);
    // Segment 1 refuses its first page, its header included.
    disk.openRead = (path) => {
      const open = reader(path);
      return {
        ...open,
        readAt: (into, start, length, position) => {
          if (path === file(1) && position < 4096) throw Object.assign(new Error('EIO'), { code: 'EIO' });
          return open.readAt(into, start, length, position);
        },
      };
    };
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([3, 4, 5, 6, 7, 8]);
    expect(report.damage.every((d) => d.readError && d.file === file(1))).toBe(true);
  });

  it('what cannot be mended is reported again', async () => {
    const disk = await nine();
    disk.flipBit(file(2), 1130);
    disk.options.capacityBytes = 0;
    const first = await replayNumbers(disk);
    expect(first.numbers).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
    expect(first.report.damage[0]!.repairError).toContain('ENOSPC');
    expect(describeDamage(first.report.damage[0]!)).toBe(
      `/data/log/000002.log at 1124: 100 bytes are no valid record; not mended: ENOSPC: simulated fault, write '/data/quarantine/log-000002.log'`,
    );
    disk.options.capacityBytes = 1e9;
    expect((await replayNumbers(disk)).report.damage.length).toBe(1);
    expect((await replayNumbers(disk)).report.damage.length).toBe(0);
  });
});

describe('a torn tail is cut off', () => {
  it.each([
    ['cut within the frame', (disk: SimDisk) => disk.openWrite(file(3)).truncate(1224 + 4), 1224],
    ['cut within the payload', (disk: SimDisk) => disk.openWrite(file(3)).truncate(1224 + 60), 1224],
    ['zeros instead of the end', (disk: SimDisk) => overwrite(disk, file(3), 1224 + 60, new Uint8Array(40)), 1224],
    ['zeros instead of the beginning', (disk: SimDisk) => overwrite(disk, file(3), 1224, new Uint8Array(60)), 1224],
  ] as const)('%s', async (_, damage, offset) => {
    const disk = await nine();
    damage(disk);
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(report.damage).toEqual([]);
    expect(report.tornTail).toMatchObject({ file: file(3), offset });
    expect(disk.stat(file(3))?.sizeBytes).toBe(offset);
    expect(report.resume).toMatchObject({ segment: 4, previousEnd: offset });
    const log = LogWriter.resume(disk, DIRECTORY, report.resume!);
    appendNumber(log, 9);
    const again = await replayNumbers(disk);
    expect(again.numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9]);
    expect(again.report).toMatchObject({ damage: [], tornTail: undefined });
  });

  it.each([0, 1, 64, 600])('a segment of %d bytes was just being created', async (size) => {
    const disk = await nine();
    disk.openWrite(file(3)).truncate(size === 600 ? 0 : size);
    if (size === 600) overwrite(disk, file(3), 0, new Uint8Array(600).fill(1));
    if (size === 64) overwrite(disk, file(3), 60, new Uint8Array(4));
    const { numbers, report } = await replayNumbers(disk);
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    expect(report.damage).toEqual([]);
    expect(report.tornTail?.file).toBe(file(3));
    expect(report.resume?.segment).toBe(3);
    const log = LogWriter.resume(disk, DIRECTORY, report.resume!);
    appendNumber(log, 6);
    expect((await replayNumbers(disk)).numbers).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

it('a record quoted in a payload does not pass for a record', async () => {
  const disk = await nine();
  const quoted = readFile(disk, file(2)).subarray(1024, 1324);
  const log = LogWriter.create(disk, '/data/evil', IDENTITY);
  log.append(1, quoted);
  log.append(2, quoted);
  await log.close();
  disk.flipBit('/data/evil/000001.log', 1024 + 3); // the length of the first
  const types: number[] = [];
  await replayLog(disk, '/data/evil', (type) => void types.push(type));
  expect(types).toEqual([2]);
});

it('an empty directory is an empty log', async () => {
  const disk = new SimDisk();
  disk.makeDirectory(DIRECTORY);
  expect((await replayNumbers(disk)).report).toEqual({ resume: undefined, segments: 0, records: 0, bytes: 0, tornTail: undefined, damage: [] });
});

it('tells progress and leaves the event loop its turns', async () => {
  const disk = new SimDisk();
  const log = newLog(disk);
  for (let i = 0; i < 20; i++) log.append(1, new Uint8Array(500_000));
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const seen: number[] = [];
  await replayLog(disk, DIRECTORY, () => undefined, { onProgress: ({ bytesDone, bytesTotal }) => seen.push(bytesDone / bytesTotal) });
  clearInterval(timer);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
  expect(turns).toBeGreaterThan(0);
});

it('what the caller throws ends the replay', async () => {
  const disk = await nine();
  await expect(replayLog(disk, DIRECTORY, () => { throw new Error('no such series'); })).rejects.toThrow('no such series');
});
