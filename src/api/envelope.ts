/** The frame around every JSON answer: `{"status":"success","data":…,"warnings":[…],"infos":[…]}`, or an error. */
import type { ApiReply } from './contract.js';
import { API_ERROR_STATUS, type ApiError } from './error-types.js';
import { JsonWriter } from './json-writer.js';

const JSON_TYPE = 'application/json';
/** Warnings, and likewise infos, that an answer lists (Prometheus: web/api/v1). */
const ANNOTATIONS_MAX = 10;

export const TRUNCATED = 'results truncated due to limit';

/** A success whose `data` is written by `writeData`. */
export function success(
  maxBytes: number,
  writeData: (json: JsonWriter) => void,
  warnings: readonly string[] = [],
  infos: readonly string[] = [],
): ApiReply {
  const json = new JsonWriter(maxBytes);
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
  return { status: API_ERROR_STATUS[error.type], contentType: JSON_TYPE, body: errorBody(error.type, error.message) };
}

export function errorBody(type: string, message: string): Uint8Array<ArrayBuffer> {
  const json = new JsonWriter(Infinity);
  json.raw(`{"status":"error","errorType":"${type}","error":`);
  json.htmlSafeString(message);
  json.raw('}');
  return json.finish();
}

/** `["a","b"]`, escaped as Go's encoder does for string lists. */
export function writeStrings(json: JsonWriter, list: readonly string[]): void {
  json.raw('[');
  for (let i = 0; i < list.length; i++) {
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
