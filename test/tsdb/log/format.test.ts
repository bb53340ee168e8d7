import fs from 'node:fs';
import { expect, it } from 'vitest';
import { crc32 } from '../../../src/encoding/crc32.js';
import { readFile } from '../../../src/io/disk.js';
import { crcSeed, DATA_START, decodeHeader, encodeHeader, segmentName, segmentNumber } from '../../../src/tsdb/log/format.js';
import { LogWriter } from '../../../src/tsdb/log/log-writer.js';
import { replayLog } from '../../../src/tsdb/log/replay.js';
import { SimDisk } from '../../support/sim-disk.js';

const HEADER = { headId: 7, mint: 1_700_000_000_000, maxt: 1_700_007_200_000, salt: 0xdeadbeef, segment: 2, previousEnd: 1099 };

/** Format version 1. These bytes must never change: a later version gets its own. */
const GOLDEN_HEADER =
  '6e617274686c6f67' + // magic
  '0100' + '4000' + '02000000' + // version, header bytes, segment
  '0700000000000000' + // head id
  '0068e5cf8b010000' + '004553d08b010000' + // mint, maxt
  'efbeadde' + '00040000' + // salt, data start
  '4b04000000000000' + // end of the segment before
  '00000000'; // reserved

it('header, version 1', () => {
  const block = encodeHeader(HEADER);
  expect(block.length).toBe(DATA_START);
  expect(Buffer.from(block.subarray(0, 60)).toString('hex')).toBe(GOLDEN_HEADER);
  expect(new DataView(block.buffer).getUint32(60, true)).toBe(crc32(block.subarray(0, 60)));
  expect(block.subarray(512, 576)).toEqual(block.subarray(0, 64));
  expect(decodeHeader('f', block)).toEqual(HEADER);
});

it('a negative range of times survives', () => {
  const header = { ...HEADER, mint: -9_007_199_254_740_991, maxt: -1 };
  expect(decodeHeader('f', encodeHeader(header))).toEqual(header);
});

it('records, version 1', () => {
  const disk = new SimDisk();
  const log = LogWriter.resume(disk, '/', { identity: HEADER, segment: 2, previousEnd: 1099, recordTypes: 0 });
  log.append(1, Uint8Array.of(0xaa, 0xbb));
  log.append(31, []);
  const bytes = readFile(disk, '/000002.log');
  expect(Buffer.from(bytes.subarray(DATA_START)).toString('hex')).toBe(
    '03000000' + '4e434307' + '01' + 'aabb' + // length, CRC, type, payload
    '01000000' + '9bc83313' + '1f',
  );
  expect(new DataView(bytes.buffer).getUint32(DATA_START + 4, true)).toBe(crc32(Uint8Array.of(1, 0xaa, 0xbb), crcSeed(0xdeadbeef, 2, DATA_START, 3)));
});

it('segment names', () => {
  expect(segmentName(1)).toBe('000001.log');
  expect(segmentName(1_234_567)).toBe('1234567.log');
  expect(['000001.log', '1234567.log', '1.log', '000001.log.tmp', 'x.log'].map(segmentNumber)).toEqual([1, 1_234_567, undefined, undefined, undefined]);
});

it('the example in format.md is what the code reads', async () => {
  const text = fs.readFileSync(new URL('../../../src/tsdb/log/format.md', import.meta.url), 'utf8');
  const dump = [...text.matchAll(/^([0-9a-f]{4}) {2}((?:[0-9a-f]{2} )+)/gm)].map((m) => [parseInt(m[1]!, 16), Buffer.from(m[2]!.replaceAll(' ', ''), 'hex')] as const);
  const disk = new SimDisk();
  disk.makeDirectory('/log');
  const file = disk.create('/log/000001.log');
  for (const [offset, bytes] of dump) file.writeAt(bytes, 0, bytes.length, offset);
  const seen: string[] = [];
  const report = await replayLog(disk, '/log', (type, payload) => void seen.push(`${type} ${Buffer.from(payload).toString('latin1')}`));
  expect(seen).toEqual(['1 series', '2 samples']);
  expect(report).toMatchObject({ damage: [], tornTail: undefined, records: 2 });
});
