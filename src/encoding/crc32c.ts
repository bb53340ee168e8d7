/** Reflected polynomial of Castagnoli. */
const POLYNOMIAL = 0x82f63b78;

/** Slicing by 8: `TABLES[k * 256 + b]` is the checksum of byte `b` followed by `k` zero bytes. */
const TABLES = makeTables();

/**
 * CRC-32C (Castagnoli) of `bytes`, unsigned. Only where a foreign format asks for it (frames of remote read): Node has no native
 * one, and this costs four times what `crc32` does.
 */
export function crc32c(bytes: Uint8Array): number {
  const tables = TABLES;
  let crc = 0xffffffff;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = tables[1792 + (crc & 0xff)]! ^ tables[1536 + ((crc >>> 8) & 0xff)]!
      ^ tables[1280 + ((crc >>> 16) & 0xff)]! ^ tables[1024 + (crc >>> 24)]!
      ^ tables[768 + bytes[i + 4]!]! ^ tables[512 + bytes[i + 5]!]! ^ tables[256 + bytes[i + 6]!]! ^ tables[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = tables[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256]! >>> 8) ^ tables[tables[i - 256]! & 0xff]!;
  return tables;
}
