import { compareUtf8 } from '../model/labels.js';
import { KeyValueList, type AnyValue, type KeyValue } from '../wire/otlp-types.js';

/** Text of an attribute value as a label value. '' for an unset one: no label. */
export function attributeText(value: AnyValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value === 'number') return doubleText(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return base64(value);
  // The JSON of Go, which has no NaN: the collector's library gives up then and leaves the text empty.
  return jsonText(value) ?? '';
}

/** The first attribute of that key, as text. */
export function findAttribute(attributes: readonly KeyValue[], key: string): string | undefined {
  const found = attributes.find((attribute) => attribute.key === key);
  return found === undefined ? undefined : attributeText(found.value);
}

export function sortedByKey(attributes: readonly KeyValue[]): readonly KeyValue[] {
  for (let i = 1; i < attributes.length; i++) {
    if (compareUtf8(attributes[i - 1]!.key, attributes[i]!.key) > 0) return attributes.toSorted((a, b) => compareUtf8(a.key, b.key));
  }
  return attributes;
}

function doubleText(value: number): string {
  // Words of the collector's library.
  if (Number.isNaN(value)) return 'json: unsupported value: NaN';
  if (!Number.isFinite(value)) return `json: unsupported value: ${value > 0 ? '+' : '-'}Inf`;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Compact JSON with sorted keys, undefined if the value has none. */
function jsonText(value: AnyValue): string | undefined {
  if (value === null) return 'null';
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number') return Number.isFinite(value) ? doubleText(value) : undefined;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (value instanceof KeyValueList) {
    const byKey = new Map(value.entries.map((entry) => [entry.key, entry.value]));
    const entries = [...byKey].sort(([a], [b]) => compareUtf8(a, b));
    return joined(entries.map(([key, entry]) => {
      const text = jsonText(entry);
      return text === undefined ? undefined : `${jsonString(key)}:${text}`;
    }), '{', '}');
  }
  return joined(value.map(jsonText), '[', ']');
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : open + parts.join(',') + close;
}

/** Go escapes what could end a script element, and the line separators. */
function jsonString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
