/** The frame around every JSON answer: `{"status":"success","data":…,"warnings":[…],"infos":[…]}`, or an error. */
import type { ApiContext, ApiLimits, ApiReply } from './contract.js';
import { API_ERROR_STATUS, type ApiError } from './error-types.js';
import { JsonWriter } from './json-writer.js';

const JSON_TYPE = 'application/json';
/** Warnings, and likewise infos, that an answer lists (Prometheus: web/api/v1). */
const ANNOTATIONS_MAX = 10;

export const TRUNCATED = 'results truncated due to limit';

/** What an answer may take up: part of the context that handlers are given. */
export interface AnswerRoom extends Pick<ApiContext, 'memory'> {
  readonly limits: Pick<ApiLimits, 'maxResponseBytes'>;
}

/** A success whose `data` is written by `writeData`. */
export function success(
  { limits, memory }: AnswerRoom,
  writeData: (json: JsonWriter) => void,
  warnings: readonly string[] = [],
  infos: readonly string[] = [],
): ApiReply {
  const json = new JsonWriter(limits.maxResponseBytes, memory);
  json.raw('{"status":"success","data":');
  writeData(json);
  writeAnnotations(json, 'warnings', 'warning', warnings);
  writeAnnotations(json, 'infos', 'info', infos);
  json.raw('}');
  return { status: 200, contentType: JSON_TYPE, body: json.finish() };
}

/** What a handler without any data answers. */
export function noContent(): ApiReply {
  return { status: 204, contentType: '', body: new Uint8Array(0) };
}

export function failure(error: ApiError): ApiReply {
  const { type, message, retryAfterSeconds } = error;
  const body = errorBody(type, message);
  if (retryAfterSeconds === 0) return { status: API_ERROR_STATUS[type], contentType: JSON_TYPE, body };
  return { status: 503, contentType: JSON_TYPE, body, retryAfterSeconds };
}

export function errorBody(type: string, message: string): Uint8Array<ArrayBuffer> {
  const json = new JsonWriter(Infinity);
  json.raw(`{"status":"error","errorType":"${type}","error":`);
  json.htmlSafeString(message);
  json.raw('}');
  return json.finish();
}

/** `["a","b"]`, escaped as Go's encoder does for string lists. */
export function writeStrings(json: JsonWriter, list: readonly string[], poll: () => void = () => {}): void {
  json.raw('[');
  for (let i = 0; i < list.length; i++) {
    poll();
    if (i > 0) json.raw(',');
    json.htmlSafeString(list[i]!);
  }
  json.raw(']');
}

function writeAnnotations(json: JsonWriter, key: string, noun: string, list: readonly string[]): void {
  if (list.length === 0) return;
  const shown = list.slice(0, ANNOTATIONS_MAX);
  const more = list.length - shown.length;
  if (more > 0) shown.push(`${more} more ${noun} annotations omitted`);
  json.raw(`,"${key}":`);
  writeStrings(json, shown);
}
