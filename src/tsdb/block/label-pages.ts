/** Pages of label values, label sets and postings: encoder and decoder of each side by side. Layouts: `format.md`. */
import { ByteReader } from '../../encoding/byte-reader.js';
import { ByteWriter } from '../../encoding/byte-writer.js';

/** Label sets of a page; pairs of set i: pairs[starts[i] .. starts[i + 1]). */
export interface LabelSetPage {
  readonly starts: Uint32Array;
  readonly pairs: Uint32Array;
}

/** Encodes sets [from, to): column by column, each pair as its distance to the one above. */
export function encodeLabelSets(starts: Uint32Array, pairs: Uint32Array, from: number, to: number): Uint8Array {
  const out = new ByteWriter(4096);
  out.varint(to - from);
  let widest = 0;
  for (let i = from; i < to; i++) {
    const width = starts[i + 1]! - starts[i]!;
    out.varint(width);
    widest = Math.max(widest, width);
  }
  for (let column = 0; column < widest; column++) {
    let above = 0;
    for (let i = from; i < to; i++) {
      const at = starts[i]! + column;
      if (at >= starts[i + 1]!) continue;
      out.zigzag(pairs[at]! - above);
      above = pairs[at]!;
    }
  }
  return out.view();
}

/** @throws ReadError, RangeError if the bytes are not what `encodeLabelSets` writes */
export function decodeLabelSets(bytes: Uint8Array): LabelSetPage {
  const reader = new ByteReader(bytes);
  const count = checkedCount(reader.varint(), bytes);
  const starts = new Uint32Array(count + 1);
  let widest = 0;
  for (let i = 0; i < count; i++) {
    const width = checkedCount(reader.varint(), bytes);
    starts[i + 1] = starts[i]! + width;
    widest = Math.max(widest, width);
  }
  const pairs = new Uint32Array(checkedCount(starts[count]!, bytes));
  for (let column = 0; column < widest; column++) {
    let above = 0;
    for (let i = 0; i < count; i++) {
      const at = starts[i]! + column;
      if (at >= starts[i + 1]!) continue;
      above += reader.zigzag();
      pairs[at] = above;
    }
  }
  return { starts, pairs };
}

/** Every entry takes at least a byte: a larger number is damage, and must not become an allocation. */
function checkedCount(count: number, bytes: Uint8Array): number {
  if (count > bytes.length) throw new RangeError(`${count} entries in ${bytes.length} bytes`);
  return count;
}

/** Appends one list of rising refs as runs: gap * 2 + 1 and length - 2 for two and more refs in a row, gap * 2 for one. */
export function encodePostings(refs: Uint32Array, out: ByteWriter): void {
  let next = 0;
  for (let i = 0; i < refs.length; ) {
    const first = refs[i]!;
    let length = 1;
    while (i + length < refs.length && refs[i + length] === first + length) length++;
    const gap = (first - next) * 2;
    if (length === 1) out.varint(gap);
    else {
      out.varint(gap + 1);
      out.varint(length - 2);
    }
    i += length;
    next = first + length;
  }
}

/** Refs of one encoded list. @throws ReadError, RangeError if a ref is not below `limit` */
export function decodePostings(bytes: Uint8Array, from: number, to: number, limit: number): Uint32Array {
  const reader = new ByteReader(bytes, from, to);
  let out = new Uint32Array(Math.max(16, (to - from) * 2));
  let n = 0;
  let next = 0;
  while (reader.remaining > 0) {
    const head = reader.varint();
    const first = next + Math.floor(head / 2);
    const length = head % 2 === 0 ? 1 : reader.varint() + 2;
    next = first + length;
    if (next > limit) throw new RangeError(`series ${next - 1} of ${limit}`);
    if (n + length > out.length) {
      const grown = new Uint32Array(Math.max(n + length, Math.min(limit, out.length * 2)));
      grown.set(out.subarray(0, n));
      out = grown;
    }
    for (let ref = first; ref < next; ref++) out[n++] = ref;
  }
  return out.subarray(0, n);
}

/** A postings page: number of lists, their sizes, the lists. */
export function encodePostingsPage(sizes: readonly number[], lists: Uint8Array): Uint8Array {
  const out = new ByteWriter(lists.length + sizes.length * 2 + 8);
  out.varint(sizes.length);
  for (const size of sizes) out.varint(size);
  out.bytes(lists);
  return out.view();
}

/** Where each list of a page lies: list i is bytes[starts[i] .. starts[i + 1]). @throws ReadError, RangeError */
export function decodePostingsPage(bytes: Uint8Array): { starts: Uint32Array; bytes: Uint8Array } {
  const reader = new ByteReader(bytes);
  const count = checkedCount(reader.varint(), bytes);
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) starts[i + 1] = starts[i]! + reader.varint();
  const base = reader.offset;
  if (base + starts[count]! !== bytes.length) throw new RangeError(`lists of ${starts[count]!} bytes in ${bytes.length - base}`);
  for (let i = 0; i <= count; i++) starts[i] = starts[i]! + base;
  return { starts, bytes };
}

/** Values of up to `VALUES_PER_PAGE` pairs. */
export function encodeLabelValues(values: readonly string[]): Uint8Array {
  const out = new ByteWriter(4096);
  for (const value of values) out.string(value);
  return out.view();
}

/** @throws ReadError, RangeError if the bytes are not `count` values */
export function decodeLabelValues(bytes: Uint8Array, count: number): string[] {
  const reader = new ByteReader(bytes);
  const values: string[] = [];
  for (let i = 0; i < count; i++) values.push(reader.string());
  if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes to spare`);
  return values;
}
