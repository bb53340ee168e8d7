/** The way of an ingest body into the server: admission before the first byte, caps on every step. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { declaredLength, readBody } from './body.js';
import type { HttpDeps, IngestProtocol } from './deps.js';
import { HttpError } from './error-table.js';
import { IngestError } from '../storage/ingestion.js';
import { WireError } from '../wire/wire-error.js';
import type { IngestTicket } from './ingest-gate.js';

const tickets = new WeakMap<FastifyRequest, IngestTicket>();

/**
 * Makes a scope take every content type as raw bytes: the routes judge the type themselves, before the body is read.
 * What a request holds at the gate is released when its answer is sent or its connection breaks.
 */
export function acceptRawBodies(app: FastifyInstance, deps: HttpDeps, protocolOf: (request: FastifyRequest) => IngestProtocol): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    const ticket = deps.gate.enter();
    tickets.set(request, ticket);
    const declared = declaredLength(request.raw);
    try {
      const max = deps.options.maxBodyBytes;
      // Of a body without a declared length the bytes are known, and counted, only when they are there.
      if (declared !== undefined) ticket.hold(Math.min(declared, max));
      const body = await readBody(payload, declared, max);
      if (declared === undefined) ticket.hold(body.length);
      return body;
    } catch (error) {
      ticket.leave();
      throw error;
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    tickets.get(request)?.leave();
    deps.observer.ingestDone(protocolOf(request), reply.statusCode, rawBody(request).length);
  });
  app.addHook('onRequestAbort', async (request) => tickets.get(request)?.leave());
}

/** The body of a request in such a scope; without one (Content-Length 0 and no type) an empty buffer. */
export function rawBody(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** Accounts for memory beyond the received bytes. @throws HttpError `ingest_overloaded` */
export function holdMore(request: FastifyRequest, bytes: number): void {
  tickets.get(request)?.hold(bytes);
}

/** An error from decoding or storing, as an HttpError; `tooLarge` says what a body over a decoded limit is here. */
export function ingestFailure(error: unknown, tooLarge: 'decoded_too_large' | 'write_too_large'): unknown {
  if (!(error instanceof WireError || error instanceof IngestError)) return error;
  switch (error.code) {
    case 'corrupt':
    case 'corrupt_body':
      return new HttpError('corrupt_body', error.message, { cause: error });
    case 'too_large':
    case 'body_too_large':
      return new HttpError(tooLarge, error.message, { cause: error });
    case 'unavailable':
      return new HttpError('ingest_unavailable', error.message, { cause: error });
  }
}
