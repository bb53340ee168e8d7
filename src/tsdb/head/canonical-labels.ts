/**
 * A label set in canonical form, as the kernels compare and store it (`src/kernel/series.ts`, `resolveCanonical`): for each label in
 * order the lengths of name and value, 4 bytes each, then both texts as UTF-8.
 */
import { writeU32 } from '../../encoding/u32.js';
import type { Labels } from '../../model/labels.js';

const UTF8 = new TextEncoder();

/** Writes `labels` to bytes[at .. end). Returns their size, 0 if there are none or they do not fit. */
export function writeCanonicalLabels(bytes: Uint8Array, at: number, end: number, labels: Labels): number {
  let next = at;
  for (let i = 0; i < labels.length; i++) {
    const lengths = next;
    const nameAt = lengths + 8;
    const valueAt = writeText(bytes, nameAt, end, labels.names[i]!);
    const valueEnd = valueAt < 0 ? -1 : writeText(bytes, valueAt, end, labels.values[i]!);
    if (valueEnd < 0) return 0;
    // Texts before may have any length: the two length words are unaligned.
    writeU32(bytes, lengths, valueAt - nameAt);
    writeU32(bytes, lengths + 4, valueEnd - valueAt);
    next = valueEnd;
  }
  return next - at;
}

/**
 * Writes a text as UTF-8 and returns where it ends, -1 if that is behind `end`. Nearly all label texts are short and ASCII, where this
 * takes a fifth of `TextEncoder.encode` and leaves no garbage.
 */
function writeText(bytes: Uint8Array, at: number, end: number, text: string): number {
  const { length } = text;
  if (at + length > end) return -1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) {
      const encoded = UTF8.encode(text);
      if (at + encoded.length > end) return -1;
      bytes.set(encoded, at);
      return at + encoded.length;
    }
    bytes[at + i] = code;
  }
  return at + length;
}
