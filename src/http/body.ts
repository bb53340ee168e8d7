/** Request bodies: read under a cap, inflated under a cap. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { HttpError } from './error-table.js';

/**
 * The whole body as received. A declared length above `maxBytes` fails before anything is read.
 * A body that arrives in one piece is not copied, so it may be a view of a larger buffer.
 * @throws HttpError `body_too_large`, `client_closed`
 */
export function readBody(payload: NodeJS.ReadableStream, declaredLength: number | undefined, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (declaredLength !== undefined && declaredLength > maxBytes) {
      reject(tooLarge(declaredLength, maxBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > maxBytes) {
        stop();
        reject(tooLarge(length, maxBytes));
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    };
    const onError = (error?: Error): void => {
      stop();
      reject(new HttpError('client_closed', 'the client closed the connection before the body was complete', { cause: error }));
    };
    function stop(): void {
      payload.off('data', onData).off('end', onEnd).off('error', onError).off('close', onError);
    }
    payload.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError);
  });
}

/** The Content-Length of a request, undefined if it has none (chunked). */
export function declaredLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const inflate = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);

const zstdDecompress = zstdOf(zlib);

export const OTLP_ENCODINGS: readonly string[] = ['identity', 'gzip', 'deflate', ...(zstdDecompress ? ['zstd'] : [])];

type Decompress = (body: Buffer, options: zlib.ZlibOptions) => Promise<Buffer>;

/** Node has zstd since 22.15 and 23.8; the types that we compile with are older. */
function zstdOf(library: object): Decompress | undefined {
  const native: unknown = 'zstdDecompress' in library ? library.zstdDecompress : undefined;
  if (typeof native !== 'function') return undefined;
  return (body, options) => new Promise((resolve, reject) => {
    native(body, options, (error: Error | null, result: Buffer) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Undoes a Content-Encoding off the main thread (inflating costs several times what decoding and storing do).
 * @throws HttpError `unsupported_encoding`, `decoded_too_large`, `corrupt_body`
 */
export async function decodeContent(encoding: string, body: Buffer, maxBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: maxBytes };
  try {
    switch (encoding) {
      case '':
      case 'identity':
        return body;
      case 'gzip':
      case 'x-gzip':
        return await gunzip(body, options);
      case 'deflate':
        // "deflate" means the zlib format; some clients send the bare deflate stream, told apart by its first byte.
        return await ((body[0] ?? 0) % 16 === 8 ? inflate(body, options) : inflateRaw(body, options));
      case 'zstd':
        if (!zstdDecompress) throw unsupported(encoding);
        return await zstdDecompress(body, options);
      default:
        throw unsupported(encoding);
    }
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new HttpError('decoded_too_large', `the decompressed body is larger than the limit of ${maxBytes} bytes`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new HttpError('corrupt_body', `the body is not valid ${encoding}: ${reason}`, { cause: error });
  }
}

function unsupported(encoding: string): HttpError {
  return new HttpError('unsupported_encoding', `Content-Encoding ${encoding} is not supported; use one of ${OTLP_ENCODINGS.join(', ')}`);
}

function tooLarge(length: number, maxBytes: number): HttpError {
  return new HttpError('body_too_large', `the body has ${length} bytes or more, the limit is ${maxBytes} (limits.max_body_size)`);
}
