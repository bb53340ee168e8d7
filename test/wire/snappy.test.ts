import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressBlock, uncompressBlock } from '../../src/wire/snappy.js';
import { WireError } from '../../src/wire/wire-error.js';

const LIMIT = 1 << 20;

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return (error as WireError).code;
  }
  return 'none';
}

describe('snappy blocks', () => {
  test('round trip', () => {
    const compressible = fc.array(fc.constantFrom('abc', 'job="x"', '0000000000', 'é'), { maxLength: 400 }).map((parts) => Buffer.from(parts.join('')));
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 500 }), compressible), (bytes) => {
      expect(Buffer.compare(uncompressBlock(compressBlock(bytes), LIMIT), bytes)).toBe(0);
    }));
  });

  test('a Buffer gives a plain array of its own', () => {
    const out = uncompressBlock(Buffer.from(compressBlock(Buffer.from('hello'))), LIMIT);
    expect(Buffer.isBuffer(out)).toBe(false);
    expect(out.buffer.byteLength).toBe(5);
  });

  test('the declared size is checked before anything is allocated', () => {
    expect(codeOf(() => uncompressBlock(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0), LIMIT))).toBe('too_large');
    expect(codeOf(() => uncompressBlock(compressBlock(new Uint8Array(100)), 99))).toBe('too_large');
    expect(codeOf(() => uncompressBlock(compressBlock(new Uint8Array(100)), 100))).toBe('none');
  });

  test.each([
    ['empty body', []],
    ['length without end', [0x80, 0x80]],
    ['length of six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['less data than declared', [5, 0, 0x61]],
    ['more data than declared', [1, 4, 0x61, 0x62]],
    ['literal cut off', [3, 8, 0x61]],
    ['copy before the start', [5, 0, 0x61, 1, 9]],
    ['copy with offset 0', [5, 0, 0x61, 1, 0]],
    ['framed format', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]],
  ])('%s', (_name, bytes) => expect(codeOf(() => uncompressBlock(Uint8Array.from(bytes), LIMIT))).toBe('corrupt'));

  test('damaged bytes never do anything but fail or decode', () => {
    const block = compressBlock(Buffer.from('abcdefgh'.repeat(200) + 'some other text'));
    fc.assert(fc.property(fc.nat(block.length - 1), fc.nat(255), fc.nat(block.length), (at, byte, cut) => {
      const damaged = block.slice(0, cut);
      if (at < cut) damaged[at] = byte;
      codeOf(() => uncompressBlock(damaged, LIMIT));
    }));
  });
});
