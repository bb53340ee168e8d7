/** The snappy kernel against snappyjs: what one accepts the other decodes to the same bytes; nothing else happens to bad input. */
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { BODY_OUT } from '../../src/kernel/layout.js';
import { Head } from '../../src/tsdb/head/head.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { Random } from '../support/random.js';

const LIMIT = 1 << 20;
const head = new Head(loadKernelModule(), 1, { mint: 0, maxt: 3_600_000, maxSeries: 0, seed: { low: 1, high: 2 }, keepStarts: false }, undefined);

function decode(block: Uint8Array): Uint8Array | number {
  const size = head.loadSnappy(block, LIMIT);
  return size < 0 ? size : head.loadedBody(size).slice();
}

function compressible(random: Random, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; ) {
    const run = 1 + random.below(40);
    const from = i > 0 && random.below(3) > 0 ? random.below(i) : -1;
    for (let k = 0; k < run && i < length; k++, i++) out[i] = from >= 0 ? out[from + k]! : random.below(256);
  }
  return out;
}

describe('snappy kernel', () => {
  it('decodes what snappyjs encodes, of every small size and some large', () => {
    const random = new Random(1);
    for (let length = 0; length < 300; length++) {
      const plain = compressible(random, length);
      expect(decode(snappy.compress(plain)), `length ${length}`).toEqual(plain);
    }
    for (const length of [4096, 65_536, 65_537, 300_000]) {
      const plain = compressible(random, length);
      expect(decode(snappy.compress(plain))).toEqual(plain);
    }
  });

  it.each([
    ['overlapping copies of every short offset', [40, 3 << 2, 1, 2, 3, 4, ((36 - 1) << 2) | 2, 4, 0], 40],
    ['run of one byte', [65, 0, 7, (63 << 2) | 2, 1, 0], 65],
    ['copy with a 4-byte offset', [8, 3 << 2, 9, 8, 7, 6, (3 << 2) | 3, 4, 0, 0, 0], 8],
    ['literal with a 2-byte length', [0x80 | 44, 2, 61 << 2, 0x2b, 1, ...Array<number>(300).fill(5)], 300],
  ])('decodes %s', (_name, block, size) => {
    const plain = decode(Uint8Array.from(block));
    expect(plain).toBeInstanceOf(Uint8Array);
    expect((plain as Uint8Array).length).toBe(size);
  });

  it.each([
    ['empty', []],
    ['declared size without end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
    ['literal beyond the input', [4, 3 << 2, 1, 2]],
    ['literal beyond the output', [2, 3 << 2, 1, 2, 3, 4]],
    ['copy before the start', [4, 0, 1, (2 << 2) | 2, 2, 0]],
    ['copy with offset zero', [5, 0, 1, (3 << 2) | 2, 0, 0]],
    ['copy beyond the output', [3, 0, 1, (60 << 2) | 2, 1, 0]],
    ['too little output', [9, 3 << 2, 1, 2, 3, 4]],
    ['literal length of 4 GiB', [9, 63 << 2, 0xff, 0xff, 0xff, 0xff, 1]],
    ['copy cut off', [4, 0, 1, (2 << 2) | 2, 1]],
  ])('refuses %s', (_name, block) => {
    expect(decode(Uint8Array.from(block))).toBe(-1);
  });

  it('refuses a declared size over the limit before it writes anything', () => {
    expect(decode(Uint8Array.from([0xff, 0xff, 0xff, 0x7f, 0]))).toBe(-2);
  });

  it('agrees with snappyjs on damaged blocks', () => {
    const random = new Random(7);
    let accepted = 0;
    for (let round = 0; round < 3000; round++) {
      const block = snappy.compress(compressible(random, 1 + random.below(400)));
      for (let k = 1 + random.below(3); k > 0; k--) block[random.below(block.length)] = random.below(256);
      const cut = random.below(4) === 0 ? block.subarray(0, random.below(block.length + 1)) : block;
      const ours = decode(cut);
      if (typeof ours === 'number') continue;
      accepted++;
      expect(snappy.uncompress(cut), `round ${round}`).toEqual(ours);
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('writes nothing beyond the declared size and its slack', () => {
    const block = snappy.compress(new Uint8Array(1000).fill(1));
    head.arena.bytes.fill(0xee, BODY_OUT, BODY_OUT + 4096);
    decode(block);
    expect(head.arena.bytes.subarray(BODY_OUT + 1000 + 64, BODY_OUT + 4096).every((byte) => byte === 0xee)).toBe(true);
  });
});
