import { crc32 } from '../../encoding/crc32.js';
import { crcSeed, DATA_START, FILLER_TYPE, FRAME_BYTES, RECORD_BYTES_MAX, RECORD_TYPE_MAX } from './format.js';

/** Up to here a candidate's CRC is simply computed (6 us a 16 KiB); longer ones must look right at their end first. */
const CHEAP_RECORD_BYTES = 16 * 1024;

/** Finds records in the bytes of one segment. Pure: knows no files. */
export class SegmentScan {
  private readonly data: DataView;
  /** Behind the last byte that is not zero. */
  readonly contentEnd: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly salt: number,
    private readonly segment: number,
  ) {
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.contentEnd = lastNonZero(bytes) + 1;
  }

  /** Size of the valid record at `at`, frame included; 0 if there is none. */
  recordSize(at: number): number {
    if (!this.looksLikeFrame(at)) return 0;
    const length = this.data.getUint32(at, true);
    const seed = crcSeed(this.salt, this.segment, at, length);
    return crc32(this.bytes.subarray(at + 8, at + 8 + length), seed) === this.data.getUint32(at + 4, true) ? 8 + length : 0;
  }

  typeAt(at: number): number {
    return this.bytes[at + 8]!;
  }

  payload(at: number, size: number): Uint8Array {
    return this.bytes.subarray(at + FRAME_BYTES, at + size);
  }

  /** Offset of the first valid record behind the invalid one at `bad`, -1 if there is none. */
  nextRecord(bad: number): number {
    // Mostly the length is whole and only the payload is damaged.
    if (this.looksLikeFrame(bad)) {
      const behind = bad + 8 + this.data.getUint32(bad, true);
      if (this.recordSize(behind) > 0) return behind;
    }
    for (let at = Math.max(bad + 1, DATA_START); at + FRAME_BYTES <= this.contentEnd; at++) {
      if (!this.looksLikeFrame(at)) continue;
      // A long candidate is only worth its CRC if a record or the end of the data follows it. The price: a long
      // record between two damaged places counts as damaged, too.
      const size = 8 + this.data.getUint32(at, true);
      if (size > CHEAP_RECORD_BYTES && at + size < this.contentEnd && !this.looksLikeFrame(at + size)) continue;
      if (this.recordSize(at) > 0) return at;
    }
    return -1;
  }

  private looksLikeFrame(at: number): boolean {
    if (at + FRAME_BYTES > this.bytes.length) return false;
    const type = this.bytes[at + 8]!;
    if (type === 0 || (type > RECORD_TYPE_MAX && type !== FILLER_TYPE)) return false;
    const length = this.data.getUint32(at, true);
    return length >= 1 && length <= this.bytes.length - at - 8 && (length <= RECORD_BYTES_MAX || type === FILLER_TYPE);
  }
}

/** Index of the last byte that is not zero, -1 if all are. Word by word: preallocated tails are long. */
function lastNonZero(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes.byteOffset + end) % 4 !== 0) {
    if (bytes[end - 1] !== 0) return end - 1;
    end--;
  }
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + (end % 4), (end - (end % 4)) / 4);
  let word = words.length;
  while (word > 0 && words[word - 1] === 0) word--;
  end = (end % 4) + word * 4;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end - 1;
}
