import type { ByteWriter } from '../encoding/byte-writer.js';

/**
 * Fields of hand-written protobuf messages. As in proto3, a field with the default value is left out. Embedded messages are
 * written to a writer of their own and put as bytes.
 */
export function putBytes(out: ByteWriter, field: number, bytes: Uint8Array): void {
  out.varint(field * 8 + 2);
  out.varint(bytes.length);
  out.bytes(bytes);
}

export function putString(out: ByteWriter, field: number, value: string): void {
  if (value === '') return;
  out.varint(field * 8 + 2);
  out.string(value);
}

/** int64 or int32: a negative number takes ten bytes. */
export function putInt(out: ByteWriter, field: number, value: number): void {
  if (value === 0) return;
  out.varint(field * 8);
  putInt64(out, value);
}

/** sint64 or sint32. */
export function putSint(out: ByteWriter, field: number, value: number): void {
  if (value === 0) return;
  out.varint(field * 8);
  out.zigzag(value);
}

/** `values[index]` bit by bit; written also when it is 0, because the presence of a double may carry meaning. */
export function putDoubleFrom(out: ByteWriter, field: number, values: Float64Array, index: number): void {
  out.varint(field * 8 + 1);
  out.f64From(values, index, index + 1);
}

/** A double that is no stale marker. */
export function putDouble(out: ByteWriter, field: number, value: number): void {
  out.varint(field * 8 + 1);
  out.f64(value);
}

function putInt64(out: ByteWriter, value: number): void {
  if (value >= 0) {
    out.varint(value);
    return;
  }
  // Two's complement in ten groups of seven bits: the safe integer fills the first eight, the sign the rest.
  let rest = value;
  for (let i = 0; i < 9; i++) {
    const seven = ((rest % 128) + 128) % 128;
    out.u8(seven | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.u8(1);
}
