/** The file of a head snapshot: `format.md` draws it. Everything is little-endian. */
import { ByteReader, ReadError } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';
import { crc32 } from '../../encoding/crc32.js';
import type { LogPosition } from '../log/log-position.js';
import type { LogIdentity } from '../log/format.js';

export const SNAPSHOT_NAME = 'arena.snapshot';
/** While it is written. */
export const SNAPSHOT_TEMPORARY_NAME = 'arena.snapshot.tmp';
export const SNAPSHOT_VERSION = 1;
const MAGIC = 'narthsnp';
const FIXED_BYTES = 72;
const PIECE_BYTES = 12;
/** An arena has 4 GiB, a piece at least a good part of a mebibyte but for the last of a part. */
const PIECES_MAX = 65_536;

/** One run of bytes of the arena. */
export interface SnapshotPiece {
  readonly address: number;
  readonly length: number;
  readonly crc: number;
}

export interface SnapshotHeader {
  /** The log that it stands for up to `position`. */
  readonly log: LogIdentity;
  readonly position: LogPosition;
  /** `arenaFormat` of the program that wrote it. */
  readonly arenaFormat: number;
  /** Their bytes follow the header, in this order, without gaps. */
  readonly pieces: readonly SnapshotPiece[];
}

/** Bytes before the first piece. */
export function headerBytes(pieces: number): number {
  return FIXED_BYTES + pieces * PIECE_BYTES + 4;
}

export function encodeSnapshotHeader({ log, position, arenaFormat, pieces }: SnapshotHeader): Uint8Array {
  const w = new ByteWriter(headerBytes(pieces.length));
  w.bytes(new TextEncoder().encode(MAGIC));
  w.u16(SNAPSHOT_VERSION);
  w.u16(FIXED_BYTES);
  w.u32(pieces.length);
  w.u32(arenaFormat);
  w.u32(log.salt);
  w.i64(log.headId);
  w.i64(log.mint);
  w.i64(log.maxt);
  w.i64(position.segment);
  w.i64(position.end);
  w.i64(0);
  for (const piece of pieces) {
    w.u32(piece.address);
    w.u32(piece.length);
    w.u32(piece.crc);
  }
  w.u32(crc32(w.view()));
  return w.view();
}

/** Pieces of a header that may be longer than what is at hand; undefined if this is the beginning of no snapshot. */
export function pieceCount(bytes: Uint8Array): number | undefined {
  try {
    const r = new ByteReader(bytes);
    if (Buffer.from(r.bytes(MAGIC.length)).toString('latin1') !== MAGIC) return undefined;
    if (r.u16() !== SNAPSHOT_VERSION || r.u16() !== FIXED_BYTES) return undefined;
    const count = r.u32();
    return count <= PIECES_MAX ? count : undefined;
  } catch (error) {
    if (error instanceof ReadError) return undefined;
    throw error;
  }
}

/** The header that fills `bytes`, of `headerBytes(pieceCount)`; undefined if it is damaged. */
export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotHeader | undefined {
  const count = pieceCount(bytes);
  if (count === undefined || bytes.length !== headerBytes(count)) return undefined;
  const crcAt = bytes.length - 4;
  if (crc32(bytes.subarray(0, crcAt)) !== new ByteReader(bytes, crcAt).u32()) return undefined;
  const r = new ByteReader(bytes, 16);
  const arenaFormat = r.u32();
  const salt = r.u32();
  const log = { salt, headId: r.i64(), mint: r.i64(), maxt: r.i64() };
  const position = { segment: r.i64(), end: r.i64() };
  r.i64();
  const pieces = Array.from({ length: count }, () => ({ address: r.u32(), length: r.u32(), crc: r.u32() }));
  return { log, position, arenaFormat, pieces };
}
