import { expect, it } from 'vitest';
import { crc32 } from '../../src/encoding/crc32.js';

const ascii = (s: string): Uint8Array => new TextEncoder().encode(s);

it('is CRC-32/ISO-HDLC: the check value of the catalogue of CRCs', () => {
  expect(crc32(ascii('123456789'))).toBe(0xcbf43926);
});

it('continues from an earlier value', () => {
  expect(crc32(ascii('6789'), crc32(ascii('12345')))).toBe(0xcbf43926);
});

it('reads shared memory and views with an offset', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(20), 3, 9);
  shared.set(ascii('123456789'));
  expect(crc32(shared)).toBe(0xcbf43926);
});
