/**
 * A write endpoint without a framework around it: what it makes of a request is an answer. `serveIngest` is the way of a body into the
 * server: the type judged first, admission before the first byte, caps on every step.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { declaredLength, readBody } from './body.js';
import type { HttpDeps, IngestProtocol } from './deps.js';
import { wantsDryRun } from './dry-run.js';
import { HTTP_ERRORS, toHttpError, type HttpError } from './error-table.js';
import type { IngestTicket } from './ingest-gate.js';

export interface IngestAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** Absent: an answer that has none, 204. */
  readonly body?: Uint8Array | string;
}

export interface IngestBody {
  readonly headers: IncomingHttpHeaders;
  /** As received; empty without one. */
  readonly bytes: Buffer;
  readonly isDryRun: boolean;
  /** Accounts for memory beyond the received bytes. @throws HttpError `ingest_overloaded` */
  hold(bytes: number): void;
}

export interface IngestEndpoint {
  /** What it looks like by its headers; never throws. */
  protocolOf(headers: IncomingHttpHeaders): IngestProtocol;
  /** Judges the headers, before the body is read. @throws HttpError */
  check(headers: IncomingHttpHeaders): void;
  /** @throws HttpError */
  receive(body: IngestBody): Promise<IngestAnswer>;
  failure(error: HttpError, headers: IncomingHttpHeaders): IngestAnswer;
}

type ServeDeps = Pick<HttpDeps, 'gate' | 'observer' | 'options'>;

/**
 * Answers one request. What it holds at the gate is released when its answer is sent or its connection breaks. Never rejects.
 * @param query parsed parameters of the URL, undefined if it has none
 */
export async function serveIngest(
  endpoint: IngestEndpoint, deps: ServeDeps, request: IncomingMessage, response: ServerResponse, query: unknown,
): Promise<void> {
  const { headers } = request;
  let ticket: IngestTicket | undefined;
  let received = 0;
  response.once('close', () => {
    ticket?.leave();
    const status = response.headersSent ? response.statusCode : HTTP_ERRORS.client_closed.status;
    deps.observer.ingestDone(endpoint.protocolOf(headers), status, received);
  });
  let answer: IngestAnswer;
  try {
    endpoint.check(headers);
    const isDryRun = query !== undefined && wantsDryRun(query);
    const admitted = deps.gate.enter();
    ticket = admitted;
    const bytes = await receiveBody(request, admitted, deps.options.maxBodyBytes);
    received = bytes.length;
    answer = await endpoint.receive({ headers, bytes, isDryRun, hold: (more) => admitted.hold(more) });
  } catch (error) {
    answer = endpoint.failure(toHttpError(error), headers);
  }
  send(response, answer);
}

/** Of a body without a declared length the bytes are known, and counted, only when they are there. */
async function receiveBody(request: IncomingMessage, ticket: IngestTicket, maxBytes: number): Promise<Buffer> {
  try {
    const declared = declaredLength(request);
    if (declared !== undefined) ticket.hold(Math.min(declared, maxBytes));
    const bytes = await readBody(request, declared, maxBytes);
    if (declared === undefined) ticket.hold(bytes.length);
    return bytes;
  } catch (error) {
    ticket.leave();
    throw error;
  }
}

function send(response: ServerResponse, { status, headers, body }: IngestAnswer): void {
  if (response.destroyed) return;
  if (body === undefined) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
