/**
 * Where the frames of a zstd body begin and end. Node.js decompresses one frame: before 24 it takes a truncated one for a short one, and
 * before 26 it leaves out, without an error, what comes after the first. A sender that compresses in pieces would lose samples and be
 * told that they are stored, so bodies are taken apart here first, by the lengths that the format gives; nothing is decompressed for it.
 * Source: RFC 8878, 3.1 (frames and blocks) and 3.1.2 (skippable frames).
 */

/**
 * Frames of one body. Each costs a task of zlib's threads, and three million empty ones fit in a body of the largest size. Encoders that
 * work in pieces make one for some hundred KB at least.
 */
export const ZSTD_FRAMES_MAX = 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/** A body that is no sequence of whole frames. */
class ZstdFrameError extends Error {
  override name = 'ZstdFrameError';
  readonly code = 'corrupt';
}

/**
 * The frames with content, in order, as views of `body`; skippable ones are left out.
 * @throws ZstdFrameError for an empty body, a frame that is cut off, bytes between or behind frames, more than ZSTD_FRAMES_MAX
 */
export function zstdFrames(body: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  let start = 0;
  let count = 0;
  do {
    if (++count > ZSTD_FRAMES_MAX) throw new ZstdFrameError(`more than ${ZSTD_FRAMES_MAX} frames`);
    const magic = readUint(body, start, MAGIC_BYTES);
    if (magic === FRAME_MAGIC) {
      const end = frameEnd(body, start + MAGIC_BYTES);
      frames.push(body.subarray(start, end));
      start = end;
    } else if (magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16) {
      start = checked(body, start + MAGIC_BYTES + 4 + readUint(body, start + MAGIC_BYTES, 4));
    } else {
      throw new ZstdFrameError(`no frame at byte ${start}`);
    }
  } while (start < body.length);
  return frames;
}

/** First byte behind the frame whose header is at `offset`. */
function frameEnd(body: Buffer, offset: number): number {
  const descriptor = readUint(body, offset, 1);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[contentSizeFlag]!;
  let at = offset + 1 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + contentSizeBytes;
  for (let isLast = false; !isLast;) {
    const header = readUint(body, at, BLOCK_HEADER_BYTES);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw new ZstdFrameError(`no block at byte ${at}`);
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >> 3);
  }
  return checked(body, (descriptor & 4) === 0 ? at : at + CHECKSUM_BYTES);
}

function readUint(body: Buffer, offset: number, bytes: number): number {
  checked(body, offset + bytes);
  return body.readUIntLE(offset, bytes);
}

function checked(body: Buffer, end: number): number {
  if (end > body.length) throw new ZstdFrameError('unexpected end of the body');
  return end;
}
