/** Answers in plain text, as Go's http.Error sends them. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { IngestAnswer } from './ingest-endpoint.js';

interface AnswerRow {
  readonly status: number;
  /** 0 or absent: no Retry-After. */
  readonly retryAfterSeconds?: number;
}

export function textAnswer(row: AnswerRow, body: string, headers: OutgoingHttpHeaders = {}): IngestAnswer {
  return {
    status: row.status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...retryAfter(row), ...headers },
    body,
  };
}

export function retryAfter({ retryAfterSeconds = 0 }: AnswerRow): OutgoingHttpHeaders {
  return retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {};
}
