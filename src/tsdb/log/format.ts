/** Byte layout of a log segment: `format.md` draws it. Everything is little-endian. */
import { ByteReader, ReadError } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { crc32 } from '../../encoding/crc32.js';
import { invariant } from '../../invariant.js';

export const FORMAT_VERSION = 1;
const MAGIC = 'narthlog';
const HEADER_BYTES = 64;
/** The header stands twice, in two sectors: one bad sector must not take a whole segment with it. */
const HEADER_OFFSETS = [0, 512] as const;
/** Offset of the first record. */
export const DATA_START = 1024;

/** [length u32][crc u32][type u8] */
export const FRAME_BYTES = 9;
/** Types 1..31 belong to the owner of the log. 0 is refused: zeros are preallocated space. */
export const RECORD_TYPE_MAX = 31;
/** Covers a range that replay found damaged and reported: later replays pass over it. */
export const FILLER_TYPE = 255;
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** What a log belongs to: stands in the header of each of its segments. */
export interface LogIdentity {
  readonly headId: number;
  /** Half-open range of sample times of the head, ms. */
  readonly mint: number;
  readonly maxt: number;
  /** Random per log, u32. Seeds the CRCs, so that nobody can put bytes into a label that pass for a record. */
  readonly salt: number;
}

export interface SegmentHeader extends LogIdentity {
  readonly segment: number;
  /** Where the records of the segment before end, 0 if there is none: shows a tail that is missing without a trace. */
  readonly previousEnd: number;
}

/** A file that is not ours to judge: made by a later version. */
export class LogVersionError extends Error {
  override name = 'LogVersionError';
  readonly code = 'unsupported_version';
  constructor(readonly file: string, readonly version: number) {
    super(`${file} has log format ${version}, this program reads ${FORMAT_VERSION}: start the version that wrote it`);
  }
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(6, '0')}.log`;
}

/** The number in a segment's name, undefined for any other name. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{6,})\.log$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** The first DATA_START bytes of a segment. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const w = new ByteWriter(HEADER_BYTES);
  w.bytes(new TextEncoder().encode(MAGIC));
  w.u16(FORMAT_VERSION);
  w.u16(HEADER_BYTES);
  w.u32(header.segment);
  w.i64(header.headId);
  w.i64(header.mint);
  w.i64(header.maxt);
  w.u32(header.salt);
  w.u32(DATA_START);
  w.i64(header.previousEnd);
  w.u32(0);
  w.u32(crc32(w.view()));
  invariant(w.length === HEADER_BYTES, `log header of ${w.length} bytes`);
  const block = new Uint8Array(DATA_START);
  for (const offset of HEADER_OFFSETS) block.set(w.view(), offset);
  return block;
}

/** The header of a segment from whichever copy is whole, undefined if none is. @throws LogVersionError */
export function decodeHeader(file: string, bytes: Uint8Array): SegmentHeader | undefined {
  for (const offset of HEADER_OFFSETS) {
    if (bytes.length < offset + HEADER_BYTES) return undefined;
    const header = decodeCopy(file, bytes.subarray(offset, offset + HEADER_BYTES));
    if (header) return header;
  }
  return undefined;
}

function decodeCopy(file: string, copy: Uint8Array): SegmentHeader | undefined {
  const r = new ByteReader(copy);
  try {
    if (Buffer.from(r.bytes(MAGIC.length)).toString('latin1') !== MAGIC) return undefined;
    const version = r.u16();
    // The CRC stands at the same place in every version, so that damage is not taken for a later version.
    const whole = crc32(copy.subarray(0, HEADER_BYTES - 4)) === new ByteReader(copy, HEADER_BYTES - 4).u32();
    if (!whole) return undefined;
    if (version !== FORMAT_VERSION) throw new LogVersionError(file, version);
    r.u16();
    const segment = r.u32();
    const headId = r.i64();
    const mint = r.i64();
    const maxt = r.i64();
    const salt = r.u32();
    r.u32();
    return { segment, headId, mint, maxt, salt, previousEnd: r.i64() };
  } catch (error) {
    if (error instanceof ReadError) return undefined;
    throw error;
  }
}

/**
 * Start value of a record's CRC. With the position in it a record is valid at its own place only: what an older file
 * left in a reused sector, or a record quoted inside another one's payload, is not.
 */
export function crcSeed(salt: number, segment: number, position: number, length: number): number {
  return (salt ^ Math.imul(segment, 0x9e3779b1) ^ Math.imul(position, 0x85ebca6b) ^ Math.imul(length, 0xc2b2ae35)) >>> 0;
}
