/** Small structured values as JSON the way Go writes maps: keys in byte order, HTML characters escaped. */
import { compareUtf8 } from '../model/labels.js';
import type { JsonWriter } from './json-writer.js';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export function writeJsonValue(json: JsonWriter, value: JsonValue): void {
  if (value === null) json.raw('null');
  else if (typeof value === 'string') json.htmlSafeString(value);
  else if (typeof value === 'number') json.number(value);
  else if (typeof value === 'boolean') json.raw(value ? 'true' : 'false');
  else if (isList(value)) writeArray(json, value);
  else writeObject(json, value);
}

function writeArray(json: JsonWriter, list: readonly JsonValue[]): void {
  json.raw('[');
  for (let i = 0; i < list.length; i++) {
    if (i > 0) json.raw(',');
    writeJsonValue(json, list[i]!);
  }
  json.raw(']');
}

function writeObject(json: JsonWriter, object: { readonly [key: string]: JsonValue }): void {
  json.raw('{');
  const keys = Object.keys(object).sort(compareUtf8);
  for (let i = 0; i < keys.length; i++) {
    if (i > 0) json.raw(',');
    json.htmlSafeString(keys[i]!);
    json.raw(':');
    writeJsonValue(json, object[keys[i]!]!);
  }
  json.raw('}');
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
