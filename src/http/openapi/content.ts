/** Media types of requests and answers, by endpoint and status. */
import type { Endpoint } from './endpoints.js';
import { type Schema, shapeSchema, successSchema } from './shapes.js';

export type Content = Readonly<Record<string, Schema>>;

const TEXT: Schema = { type: 'string' };
const BYTES: Schema = { type: 'string', format: 'binary' };
/** NDJSON, for which OpenAPI 3.1 has no schema: what each line is. */
const LINES: Schema = {
  'type': 'string', 'x-lines': { anyOf: [shapeSchema('SearchResults'), shapeSchema('SearchEnd'), shapeSchema('Error')] },
};
const TEXT_ERROR: Content = { 'text/plain': TEXT };
const JSON_ERROR: Content = { 'application/json': shapeSchema('Error') };

/** Successes that are not JSON in the envelope. */
const SUCCESSES: Readonly<Record<string, Content>> = {
  '/notifications/live': { 'text/event-stream': TEXT },
  '/openapi.yaml': { 'application/yaml': TEXT },
  '/search/metric_names': { 'application/x-ndjson': LINES },
  '/search/label_names': { 'application/x-ndjson': LINES },
  '/search/label_values': { 'application/x-ndjson': LINES },
  // Of a dry run; what is stored is answered with 204 or nothing.
  '/write': { 'application/json': shapeSchema('DryRun') },
  // ExportMetricsServiceResponse in the form of the request; of a dry run always JSON.
  '/otlp/v1/metrics': { 'application/x-protobuf': BYTES, 'application/json': { anyOf: [{ type: 'object' }, shapeSchema('DryRun')] } },
  '/read': { 'application/x-protobuf': BYTES, 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse': BYTES },
};

/** Errors that are not JSON in the envelope: google.rpc.Status in the form of the request, text. */
const ERRORS: Readonly<Record<string, Content>> = {
  '/write': TEXT_ERROR,
  '/otlp/v1/metrics': { 'application/x-protobuf': BYTES, 'application/json': { type: 'object' } },
  '/read': TEXT_ERROR,
};

const BODIES: Readonly<Record<string, Content>> = {
  '/write': { 'application/x-protobuf': BYTES, 'application/x-protobuf;proto=io.prometheus.write.v2.Request': BYTES },
  '/otlp/v1/metrics': { 'application/x-protobuf': BYTES, 'application/json': { type: 'object' } },
  '/read': { 'application/x-protobuf': BYTES },
};

/** Bodies of requests that are no forms. */
export function bodyOf({ path }: Endpoint): Content | undefined {
  return BODIES[path];
}

/** Empty for answers without a body. */
export function answerOf({ path, data }: Endpoint, status: string): Content {
  if (status === '204') return {};
  if (status.startsWith('2')) return SUCCESSES[path] ?? { 'application/json': successSchema(data) };
  const errors = ERRORS[path] ?? JSON_ERROR;
  // While the server starts and stops it says so in text, as Prometheus does.
  return status === '503' ? { ...errors, ...TEXT_ERROR } : errors;
}
