/**
 * Snappy block format, the general path: answers, clients, bodies that the kernels do not take.
 * Format: https://github.com/google/snappy/blob/main/format_description.txt
 */
import snappy from 'snappyjs';
import { WireError } from './wire-error.js';

const LENGTH_BYTES_MAX = 5;

/**
 * @param maxBytes limit of the uncompressed size, checked against the declared size before anything is allocated.
 * @returns a new array, also for a `Buffer`.
 * @throws WireError `too_large` or `corrupt`
 */
export function uncompressBlock(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const { size, headerBytes } = declaredSize(bytes);
  if (size > maxBytes) throw new WireError('too_large', `decoded size ${size} exceeds the limit of ${maxBytes} bytes`);
  // snappyjs does not compare what it wrote with the declared size: a block cut between two elements would end in zeros.
  const produced = producedSize(bytes, headerBytes);
  if (produced !== size) {
    throw new WireError('corrupt', produced < 0 ? 'snappy: corrupt block (the block format is expected, not the framed one)'
      : `snappy: the block declares ${size} bytes and holds ${produced}`);
  }
  try {
    // A plain view: for a Buffer snappyjs would answer with a Buffer.
    return snappy.uncompress(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), size);
  } catch (error) {
    throw new WireError('corrupt', 'snappy: corrupt block', { cause: error });
  }
}

export function compressBlock(bytes: Uint8Array): Uint8Array {
  return snappy.compress(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function declaredSize(bytes: Uint8Array): { size: number; headerBytes: number } {
  let size = 0;
  for (let i = 0; i < bytes.length && i < LENGTH_BYTES_MAX; i++) {
    const byte = bytes[i]!;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { size, headerBytes: i + 1 };
  }
  throw new WireError('corrupt', bytes.length === 0 ? 'snappy: empty body' : 'snappy: the block has no valid length');
}

/** Sum of the lengths of all elements, -1 if an element is cut off. Offsets are left to the decoder. */
function producedSize(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  let position = start;
  let size = 0;
  while (position < end) {
    const tag = bytes[position++]!;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const extra = length - 60;
        if (position + extra > end) return -1;
        length = 1;
        for (let i = 0; i < extra; i++) length += bytes[position + i]! * 2 ** (8 * i);
        position += extra;
      }
      position += length;
    } else {
      if (kind === 1) length = ((tag >>> 2) & 7) + 4;
      position += kind === 3 ? 4 : kind;
    }
    if (position > end) return -1;
    size += length;
  }
  return size;
}
