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
    // The listeners stay: the request is gone with its body, and to take four of them away costs as much as to add them.
    let isDone = false;
    const fail = (error: HttpError): void => {
      isDone = true;
      reject(error);
    };
    const onLost = (error?: Error): void => {
      if (isDone) return;
      fail(new HttpError('client_closed', 'the client closed the connection before the body was complete', { cause: error }));
    };
    payload.on('data', (chunk: Buffer) => {
      // What still comes of a refused body is let go.
      if (isDone) return;
      length += chunk.length;
      if (length > maxBytes) fail(tooLarge(length, maxBytes));
      else chunks.push(chunk);
    }).on('end', () => {
      isDone = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    }).on('error', onLost).on('close', onLost);
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
