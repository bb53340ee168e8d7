/** One request over the wire, and what of its answer can be compared. */
import http from 'node:http';
import zlib from 'node:zlib';
import type { ApiRequestLine } from './api-requests.js';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers that clients act on; the others (date, connection, transfer-encoding) belong to the HTTP library. */
const HEADERS = [
  'content-type', 'content-encoding', 'allow', 'vary', 'location', 'access-control-allow-origin', 'access-control-allow-headers', 'access-control-allow-methods',
  'access-control-expose-headers', 'x-content-type-options', 'cache-control', 'x-prometheus-stopping',
];

export function ask(base: string, { method, target, headers = {}, body }: ApiRequestLine, agent: http.Agent): Promise<ApiAnswer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const request = http.request({ hostname, port, method, path: target, headers: { ...headers, ...length }, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject).on('end', () => {
        const bytes = Buffer.concat(chunks);
        const found = HEADERS.flatMap((name) => {
          const value = response.headers[name];
          return value === undefined ? [] : [[name, String(value)] as const];
        });
        resolve({
          status: response.statusCode!, headers: Object.fromEntries(found),
          body: normalised(plain(bytes, response.headers['content-encoding']).toString(), response.headers['content-type'] ?? '', target + (body ?? '')),
        });
      });
    });
    request.on('error', reject).end(body);
  });
}

function plain(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.length === 0) return bytes;
  return encoding === 'gzip' ? zlib.gunzipSync(bytes) : encoding === 'deflate' ? zlib.inflateSync(bytes) : bytes;
}

/**
 * JSON with the numbers as they were written (1.5 is not 1.500) and the keys in their order, but lists without an order sorted: vectors,
 * label sets, warnings. Timings become `#`, and what 3.14 adds to the answers of 3.5 goes away.
 */
export function normalised(body: string, type: string, asked: string): string {
  if (type.startsWith('application/json')) return normalisedJson(body, /sort|topk/.test(asked));
  // Families come sorted; the samples of one do not.
  return asked.startsWith('/federate') ? body.split('\n').sort().join('\n') : body;
}

function normalisedJson(body: string, keepOrder: boolean): string {
  let tree: unknown;
  try {
    tree = JSON.parse(body.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"#${token}"`)), withoutAdditions);
  } catch {
    return body;
  }
  if (!isRecord(tree)) return body;
  for (const key of ['warnings', 'infos']) if (Array.isArray(tree[key])) tree[key] = sorted(tree[key]);
  const data = tree['data'];
  if (Array.isArray(data)) tree['data'] = sorted(data);
  else if (isRecord(data)) {
    if (data['resultType'] === 'vector' && Array.isArray(data['result']) && !keepOrder) data['result'] = sorted(data['result']);
    const stats = data['stats'];
    if (isRecord(stats) && isRecord(stats['timings'])) for (const key of Object.keys(stats['timings'])) stats['timings'][key] = '#';
  }
  return JSON.stringify(tree);
}

/** Fields that a Prometheus of 3.5 does not have: of the syntax tree while they are empty, of statistics always. */
function withoutAdditions(key: string, value: unknown): unknown {
  if (['anchored', 'smoothed'].includes(key) && value === false) return undefined;
  if (['offsetExpr', 'rangeExpr', 'stepExpr', 'fillValues'].includes(key) && isEmpty(value)) return undefined;
  return key === 'samplesRead' ? undefined : value;
}

function isEmpty(value: unknown): boolean {
  return value === null || (isRecord(value) && Object.values(value).every((one) => one === null));
}

function sorted(list: readonly unknown[]): unknown[] {
  return list.map((one) => JSON.stringify(one)).sort().map((text): unknown => JSON.parse(text));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
