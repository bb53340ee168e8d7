import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ReadError } from '../../src/encoding/byte-reader.js';
import { ByteWriter } from '../../src/encoding/byte-writer.js';
import { isStaleAt, putStale } from '../../src/model/stale-nan.js';

const written = (write: (w: ByteWriter) => void): Uint8Array => {
  const w = new ByteWriter(1);
  write(w);
  return w.copy();
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('layout', () => {
  it.each([
    ['u8', (w: ByteWriter) => w.u8(0xfe), 'fe'],
    ['u16 is little-endian', (w: ByteWriter) => w.u16(0x0102), '0201'],
    ['u32 is little-endian', (w: ByteWriter) => w.u32(0xff020304), '040302ff'],
    ['i64 of a timestamp', (w: ByteWriter) => w.i64(1_700_000_000_000), '0068e5cf8b010000'],
    ['i64 is two\'s complement', (w: ByteWriter) => w.i64(-2), 'feffffffffffffff'],
    ['f64', (w: ByteWriter) => w.f64(1.5), '000000000000f83f'],
    ['varint of one byte', (w: ByteWriter) => w.varint(127), '7f'],
    ['varint of two bytes', (w: ByteWriter) => w.varint(300), 'ac02'],
    ['varint of 2^53 - 1', (w: ByteWriter) => w.varint(Number.MAX_SAFE_INTEGER), 'ffffffffffffff0f'],
    ['zigzag', (w: ByteWriter) => w.zigzag(-3), '05'],
    ['string', (w: ByteWriter) => w.string('aé'), '0361c3a9'],
  ] as const)('%s', (_, write, expected) => {
    expect(hex(written(write))).toBe(expected);
  });
});

describe('round trips', () => {
  it('varint, zigzag, i64, f64', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }), fc.maxSafeInteger(), fc.double(), (a, b, c, d) => {
        const r = new ByteReader(written((w) => {
          w.varint(a);
          w.zigzag(b);
          w.i64(c);
          w.f64(d);
        }));
        expect([r.varint(), r.zigzag(), r.i64(), r.f64(), r.remaining]).toEqual([a, b === 0 ? 0 : b, c === 0 ? 0 : c, d, 0]);
      }),
    );
  });

  it('strings of any length, byte order mark included', () => {
    const strings = ['', '\ufeffx', 'x'.repeat(42), 'x'.repeat(43), '€'.repeat(42), '😀'.repeat(200)];
    const r = new ByteReader(written((w) => strings.forEach((s) => w.string(s))));
    for (const s of strings) expect(r.string()).toBe(s);
    expect(r.remaining).toBe(0);
  });

  it('stale markers survive f64From and f64Into, also from and to shared memory', () => {
    const from = new Float64Array(new SharedArrayBuffer(32));
    from.set([1, 2, -0, NaN]);
    putStale(from, 1);
    const bytes = written((w) => {
      w.u8(7); // so that the doubles are not aligned
      w.f64From(from, 1, 4);
    });
    const out = new Float64Array(new SharedArrayBuffer(40));
    const r = new ByteReader(bytes, 1);
    r.f64Into(out, 2, 3);
    expect(isStaleAt(out, 2)).toBe(true);
    expect(Object.is(out[3], -0)).toBe(true);
    expect(isStaleAt(out, 4)).toBe(false);
  });

  it('reads strings from shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set([3, 0x61, 0xc3, 0xa9]);
    expect(new ByteReader(shared).string()).toBe('aé');
  });
});

describe('bad input', () => {
  const failure = (bytes: number[], read: (r: ByteReader) => unknown): ReadError => {
    const r = new ByteReader(Uint8Array.from(bytes));
    try {
      read(r);
    } catch (error) {
      expect(r.offset).toBe(0);
      if (error instanceof ReadError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  it.each([
    ['u32 of three bytes', [1, 2, 3], (r: ByteReader) => r.u32(), 'truncated'],
    ['varint without an end', [0x80, 0x80], (r: ByteReader) => r.varint(), 'truncated'],
    ['varint of 2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], (r: ByteReader) => r.varint(), 'overflow'],
    ['varint of zeros without an end', Array<number>(12).fill(0x80), (r: ByteReader) => r.varint(), 'overflow'],
    ['i64 beyond 2^53', [0, 0, 0, 0, 0, 0, 0, 0x7f], (r: ByteReader) => r.i64(), 'overflow'],
    ['string longer than the bytes', [5, 0x61], (r: ByteReader) => r.string(), 'truncated'],
    ['string that is not UTF-8', [2, 0xc3, 0x28], (r: ByteReader) => r.string(), 'bad_utf8'],
    ['negative length', [1], (r: ByteReader) => r.bytes(-1), 'truncated'],
  ] as const)('%s', (_, bytes, read, code) => {
    expect(failure([...bytes], read).code).toBe(code);
  });

  it('never reads outside its range and throws nothing but ReadError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat(5), { maxLength: 20 }), (bytes, steps) => {
        const r = new ByteReader(bytes);
        try {
          for (const step of steps) [() => r.u8(), () => r.u32(), () => r.i64(), () => r.varint(), () => r.zigzag(), () => r.string()][step]!();
        } catch (error) {
          expect(error).toBeInstanceOf(ReadError);
        }
        expect(r.offset).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('says what and where', () => {
    expect(failure([1, 2, 3], (r) => r.u32()).message).toBe('4 bytes expected, 3 left at byte 0');
  });
});
