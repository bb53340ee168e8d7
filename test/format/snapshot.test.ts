/** A snapshot of a head, read by nothing but `tsdb/snapshot/format.md` and the records that `kernel/layout.md` draws. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, tempDirectory } from '../support/store-fixture.js';
import { ByteCursor, crc } from './byte-cursor.js';
import { nameOf, story, tell } from './sample-story.js';

const folder = tempDirectory();
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const wanted = story();
const FORMAT = 0x12345678;

beforeAll(async () => {
  const store = await openStore(folder, { keepStarts: true, headSnapshots: { arenaFormat: FORMAT, timeoutMs: 60_000 } });
  await tell(store, wanted);
  await store.db.close();
});

interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The memory of a head as its pieces have it; zeros elsewhere. */
class Memory {
  constructor(private readonly pieces: readonly Piece[]) {}

  at(address: number, size: number): ByteCursor {
    const piece = this.pieces.find((one) => one.address <= address && address + size <= one.address + one.bytes.length);
    if (!piece) throw new Error(`${size} bytes at ${address.toString(16)} are in no piece`);
    return new ByteCursor(piece.bytes, address - piece.address);
  }
}

it('says where the log was, and has names, pairs and series as the arena had them', () => {
  const [head] = fs.readdirSync(path.join(folder, 'heads'));
  const directory = path.join(folder, 'heads', head!);
  const file = new Uint8Array(fs.readFileSync(path.join(directory, 'arena.snapshot')));
  const log = new ByteCursor(new Uint8Array(fs.readFileSync(path.join(directory, '000001.log'))));
  const c = new ByteCursor(file);
  expect([c.text(8), c.u16(), c.u16()]).toEqual(['narthsnp', 1, 72]);
  const pieces = c.u32();
  expect(c.u32()).toBe(FORMAT);
  log.at = 40;
  expect(c.u32(), 'salt').toBe(log.u32());
  const [id, mint, maxt, segment, end] = c.list(5, () => c.i64());
  expect(head).toBe(`${String(id).padStart(6, '0')}_${mint}_${maxt}`);
  expect([segment, end, c.i64()]).toEqual([1, log.bytes.length, 0]);
  const table = c.list(pieces, () => ({ address: c.u32(), length: c.u32(), stored: c.u32() }));
  expect(c.u32()).toBe(crc(file.subarray(0, 72 + pieces * 12)));
  const read = table.map(({ address, length, stored }): Piece => {
    const bytes = c.take(length);
    expect(crc(bytes), `piece at ${address.toString(16)}`).toBe(stored);
    return { address, bytes };
  });
  expect(c.left).toBe(0);
  expect(table.every(({ address }, i) => i === 0 || address >= table[i - 1]!.address + table[i - 1]!.length)).toBe(true);

  const memory = new Memory(read);
  const text = (address: number, length: number): string => memory.at(address, length).text(length);
  const name = (i: number): string => {
    const record = memory.at(0x10000000 + i * 32, 32);
    return text(record.u32(), record.u32());
  };
  const pair = (i: number): [string, string] => {
    const record = memory.at(0x11000000 + i * 32, 32);
    return [name(record.u32()), text(record.u32(), record.u32())];
  };
  const names = Object.keys(wanted).map((_, ref) => {
    const list = memory.at(0x41000000 + ref * 32, 32).u32();
    const count = memory.at(list, 4).u32();
    const ids = memory.at(list + 4, count * 4);
    return nameOf(ids.list(count, () => pair(ids.u32())));
  });
  const sorted = (one: string): string => one.replace(/\{(.+),(.+)\}/, (_, a: string, b: string) => `{${[a, b].sort().join()}}`);
  expect(names.map(sorted).sort()).toEqual(Object.keys(wanted).map(sorted).sort());
  names.forEach((one, ref) => {
    const samples = Object.entries(wanted).find(([key]) => sorted(key) === sorted(one))![1];
    const [lastT, , lastValue] = samples.findLast(([, , value]) => typeof value === 'bigint')!;
    const hot = memory.at(0x21000000 + ref * 64, 64);
    expect(hot.u64(), `last value of ${one}`).toBe(lastValue);
    hot.at += 20;
    expect(hot.u32(), `last time of ${one}`).toBe(lastT - mint!);
    hot.at += 53 - 32;
    const flags = hot.u8();
    expect([(flags & 2) !== 0, (flags & 8) !== 0]).toEqual([
      samples.some(([, , value]) => typeof value !== 'bigint'), samples.some(([, start]) => start !== 0),
    ]);
    if (flags & 8) expect(memory.at(0x66000000 + ref * 16, 16).f64(), `newest start of ${one}`).toBe(samples.at(-1)![1]);
  });
});
