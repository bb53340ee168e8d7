/** Requests as clients make them, and the corpus of them in `test/http/corpus`. */
import fs from 'node:fs';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly form?: string;
}

const FOLDER = new URL('../http/corpus/', import.meta.url);

/**
 * Requests of a client that no file of the corpus with that beginning has, as lines for such a file. What is compared is what a server
 * reads: not the times, nor which characters are escaped.
 */
export function notInCorpus(prefix: string, sent: readonly Sent[], nowMs: number): string[] {
  const known = new Set(fs.readdirSync(FOLDER).filter((name) => name.startsWith(prefix))
    .flatMap((name) => (JSON.parse(fs.readFileSync(new URL(name, FOLDER), 'utf8')) as { requests: Sent[] }).requests)
    .map((request) => withoutTimes(request)));
  const missing = new Map(sent.map((request) => [withoutTimes(request), request] as const).filter(([key]) => !known.has(key)));
  return [...missing.values()].map((request) => withPlaceholders(request, nowMs));
}

const SECONDS = /\b(\d{10})(\d{3}|\.\d+)?\b/g;

function withoutTimes({ method, path, query = '', form = '' }: Sent): string {
  const text = `${method} ${path}?${query} ${form}`.replaceAll(/\{(?:now|iso)[+-]\d+\}\d*/g, '{time}');
  return decodeURIComponent(text.replaceAll('+', ' ')).replaceAll(SECONDS, '{time}').replaceAll(/\d{4}-\d\d-\d\dT[\d.:]+Z/g, '{time}');
}

function withPlaceholders(request: Sent, nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  return JSON.stringify(request).replaceAll(SECONDS, (_all, seconds: string, rest = '') => {
    const ago = Number(seconds) - now;
    return `{now${ago < 0 ? '' : '+'}${ago}}${rest as string}`;
  });
}
