import { crc32 as zlibCrc32 } from 'node:zlib';

/**
 * CRC-32 (IEEE 802.3, as in gzip and zip) of `bytes`, continuing from `previous`. Unsigned.
 *
 * Why not CRC-32C: Node has no native one. Measured on Node 20.20: zlib's 16 KiB in 3.9 us (4.2 GB/s, SIMD; 0.2 us
 * for 64 bytes), CRC-32C by slicing-by-8 in JavaScript 18.8 us. Both find every burst of up to 32 bits.
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return zlibCrc32(bytes, previous);
}
