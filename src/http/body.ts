/** Request bodies, read under a cap. */
import type { IncomingMessage } from 'node:http';
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

function tooLarge(length: number, maxBytes: number): HttpError {
  return new HttpError('body_too_large', `the body has ${length} bytes or more, the limit is ${maxBytes} (limits.max_body_size)`);
}
