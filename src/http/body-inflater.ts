import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { HttpError } from './error-table.js';
import { zstdFrames } from './zstd-frames.js';

/** Rejects with ERR_BUFFER_TOO_LARGE for more than `maxBytes`. */
type Decompress = (body: Buffer, maxBytes: number) => Promise<Buffer>;

const gunzip = capped(promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip));
const inflate = capped(promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate));
const inflateRaw = capped(promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw));
const zstdDecompress = zstdOf(zlib);

function capped(decompress: (body: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>): Decompress {
  return (body, maxBytes) => decompress(body, { maxOutputLength: maxBytes });
}

/** What OTLP bodies may be encoded with on this version of Node.js. */
const OTLP_ENCODINGS: readonly string[] = ['identity', 'gzip', 'deflate', ...(zstdDecompress ? ['zstd'] : [])];

/** Node has zstd since 22.15 and 23.8; the types that we compile with are older. */
function zstdOf(library: object): Decompress | undefined {
  const native: unknown = 'zstdDecompress' in library ? library.zstdDecompress : undefined;
  if (typeof native !== 'function') return undefined;
  return capped((body, options) => new Promise((resolve, reject) => {
    native(body, options, (error: Error | null, result: Buffer) => (error ? reject(error) : resolve(result)));
  }));
}

export interface InflaterLimits {
  /** Bytes of one body once decompressed. */
  readonly maxDecodedBytes: number;
  /** Bodies at a time. */
  readonly maxInflating: number;
}

/**
 * Undoes Content-Encodings off the main thread (inflating costs several times what decoding and storing do).
 *
 * Few bodies at a time, the others in the order in which they came: the gate learns what a body inflates to only when it is done, so
 * a thousand small bodies that each become the largest allowed would otherwise all grow side by side, outside every cap. As many wait as
 * the gate lets in, with their received bytes, which it has counted.
 */
export class BodyInflater {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: InflaterLimits) {}

  /**
   * The decompressed body; `body` itself if it is not compressed. `hold` is told of the bytes that were added, before the next body is
   * begun, and may refuse them by throwing.
   * @throws HttpError `unsupported_encoding`, `decoded_too_large`, `corrupt_body`
   */
  async inflate(encoding: string, body: Buffer, hold: (bytes: number) => void): Promise<Buffer> {
    const decompress = decompressorOf(encoding, body);
    if (decompress === undefined) return body;
    if (this.running >= this.limits.maxInflating) await new Promise<void>((resume) => this.waiting.push(resume));
    else this.running++;
    try {
      const inflated = await attempt(decompress, encoding, body, this.limits.maxDecodedBytes);
      hold(inflated.length);
      return inflated;
    } finally {
      // The turn is handed on without counting down, so that nobody who comes now goes first.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/** undefined: nothing to undo. @throws HttpError `unsupported_encoding` */
function decompressorOf(encoding: string, body: Buffer): Decompress | undefined {
  switch (encoding) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return gunzip;
    case 'deflate':
      // "deflate" means the zlib format; some clients send the bare deflate stream, told apart by its first byte.
      return (body[0] ?? 0) % 16 === 8 ? inflate : inflateRaw;
    case 'zstd':
      if (zstdDecompress) return zstdBody(zstdDecompress);
  }
  throw new HttpError('unsupported_encoding', `Content-Encoding ${encoding} is not supported; use one of ${OTLP_ENCODINGS.join(', ')}`);
}

/** A body of any number of frames, under one cap for all of them; see zstd-frames. */
function zstdBody(decompress: Decompress): Decompress {
  return async (body, maxBytes) => {
    const parts: Buffer[] = [];
    let left = maxBytes;
    for (const frame of zstdFrames(body)) {
      // Node takes no limit of 0; a byte too many is found by the subtraction.
      const part = await decompress(frame, Math.max(left, 1));
      left -= part.length;
      if (left < 0) throw tooLarge(maxBytes);
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  };
}

async function attempt(decompress: Decompress, encoding: string, body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await decompress(body, maxBytes);
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new HttpError('corrupt_body', `the body is not valid ${encoding}: ${reason}`, { cause: error });
  }
}

function tooLarge(maxBytes: number, cause?: Error): HttpError {
  return new HttpError('decoded_too_large', `the decompressed body is larger than the limit of ${maxBytes} bytes`, { cause });
}
