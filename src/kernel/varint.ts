// Protobuf varints, read without state that loops would have to keep in memory: a position goes in, and comes out beside the value.

/** What `lengthAt` and `numberAt` return for a varint that is malformed or does not fit. */
export const BAD_VARINT: u64 = 0xffffffffffffffff;

/**
 * A varint of at most 32 bits at p: { position after it, value } as the upper and lower half, or BAD_VARINT. One byte is the usual
 * case, and read in place.
 */
@inline
export function numberAt(p: u32, limit: u32): u64 {
  const b = <u64>load<u8>(p);
  return b < 128 && p < limit ? (<u64>(p + 1) << 32) | b : longNumberAt(p, limit);
}

function longNumberAt(p: u32, limit: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 35; shift += 7) {
    if (p >= limit) return BAD_VARINT;
    const b = <u64>load<u8>(p++);
    value |= (b & 127) << shift;
    if (b < 128) return value > 0xffffffff ? BAD_VARINT : (<u64>p << 32) | value;
  }
  return BAD_VARINT;
}

/** As `numberAt` for the length of a field that must end at or before `limit`. */
@inline
export function lengthAt(p: u32, limit: u32): u64 {
  const b = <u32>load<u8>(p);
  return b < 128 && p < limit && b < limit - p ? (<u64>(p + 1) << 32) | <u64>b : longLengthAt(p, limit);
}

function longLengthAt(p: u32, limit: u32): u64 {
  const read = longNumberAt(p, limit);
  return read != BAD_VARINT && <u32>read > limit - <u32>(read >> 32) ? BAD_VARINT : read;
}

/** Position after the last `varint64At`, 0 if it was malformed or went beyond its limit. */
export let varintEnd: u32 = 0;

const SIX_BYTES_MASK: u64 = 0x0000808080808080;
const SIX_BYTES: u64 = 0x0000008080808080;

/** A varint of up to 64 bits. Millisecond timestamps of our time have six bytes: those are read at once. */
export function varint64At(p: u32, limit: u32): u64 {
  const w = load<u64>(p);
  if ((w & SIX_BYTES_MASK) == SIX_BYTES) {
    varintEnd = p + 6 <= limit ? p + 6 : 0;
    return (w & 0x7f) | ((w >> 1) & (<u64>0x7f << 7)) | ((w >> 2) & (<u64>0x7f << 14)) | ((w >> 3) & (<u64>0x7f << 21))
      | ((w >> 4) & (<u64>0x7f << 28)) | ((w >> 5) & (<u64>0x7f << 35));
  }
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (p >= limit) break;
    const b = <u64>load<u8>(p++);
    value |= (b & 127) << shift;
    if (b < 128) {
      varintEnd = p;
      return value;
    }
  }
  varintEnd = 0;
  return 0;
}
