// Signed integers, 32 a block, each block with the width that costs least; the few that are wider than that keep their high
// bits apart. All numbers zigzag.
//
//   block:  width u8 (bit 7: there are wide ones) [number of wide ones u8] packed bits, least significant first, up to a byte
//           [wide: place in the block u8, high bits varint] ...
const BLOCK: u32 = 32;
const WIDE: u32 = 128;
/** A block with more wide ones than this is better packed wider. */
const WIDE_MAX: u32 = 8;

// @ts-ignore: decorator
@inline export function zigzag(x: i64): u64 {
  return <u64>((x << 1) ^ (x >> 63));
}

// @ts-ignore: decorator
@inline export function unzigzag(x: u64): i64 {
  return <i64>(x >> 1) ^ -<i64>(x & 1);
}

// @ts-ignore: decorator
@inline function bitsOf(x: u64): u32 {
  return 64 - <u32>clz<u64>(x);
}

export function putVarint(at: u32, value: u64): u32 {
  while (value >= 128) {
    store<u8>(at++, <u8>(value | 128));
    value >>= 7;
  }
  store<u8>(at++, <u8>value);
  return at;
}

/** Address behind the varint at `at`. */
export function skipVarint(at: u32): u32 {
  for (let i: u32 = 0; i < 10; i++) if (load<u8>(at++) < 128) break;
  return at;
}

export function varintAt(at: u32): u64 {
  let value: u64 = 0;
  for (let shift: u32 = 0; shift < 64; shift += 7) {
    const byte = <u64>load<u8>(at++);
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

/** Width for entries [from, to) of a column that costs the fewest bits; bit 7 set if some do not fit it. */
function cheapestWidth(column: u32, from: u32, to: u32): u32 {
  let all: u64 = 0;
  for (let i = from; i < to; i++) all |= zigzag(load<i64>(column + (i << 3)));
  const full = bitsOf(all);
  const n = to - from;
  let best = full;
  let bestCost = n * full;
  for (let width = full; width > 0; ) {
    width--;
    let wide: u32 = 0;
    let cost = n * width + 8;
    for (let i = from; i < to; i++) {
      const high = zigzag(load<i64>(column + (i << 3))) >> width;
      if (high == 0) continue;
      wide++;
      cost += 8 + 8 * ((bitsOf(high) + 6) / 7);
    }
    if (wide > WIDE_MAX) break;
    if (cost < bestCost) {
      bestCost = cost;
      best = width;
    }
  }
  return best < full ? best | WIDE : best;
}

/** Packs entries [from, to) of a column of i64. Returns the address behind. */
export function pack(column: u32, from: u32, to: u32, at: u32): u32 {
  while (from < to) {
    const end = min(from + BLOCK, to);
    const head = cheapestWidth(column, from, end);
    const width = head & 127;
    store<u8>(at++, <u8>head);
    const wideCount = at;
    if (head & WIDE) at++;
    at = packBits(column, from, end, width, at);
    if (head & WIDE) {
      let wide: u32 = 0;
      for (let i = from; i < end; i++) {
        const high = zigzag(load<i64>(column + (i << 3))) >> width;
        if (high == 0) continue;
        wide++;
        store<u8>(at++, <u8>(i - from));
        at = putVarint(at, high);
      }
      store<u8>(wideCount, <u8>wide);
    }
    from = end;
  }
  return at;
}

function packBits(column: u32, from: u32, to: u32, width: u32, at: u32): u32 {
  if (width == 0) return at;
  const mask = ~(<u64>0) >> (64 - width);
  let word: u64 = 0;
  let used: u32 = 0;
  for (let i = from; i < to; i++) {
    const value = zigzag(load<i64>(column + (i << 3))) & mask;
    word |= value << used;
    used += width;
    if (used < 64) continue;
    store<u64>(at, word);
    at += 8;
    used -= 64;
    word = used == 0 ? 0 : value >> (width - used);
  }
  for (; used > 0; used = used > 8 ? used - 8 : 0) {
    store<u8>(at++, <u8>word);
    word >>= 8;
  }
  return at;
}

/** Unpacks to entries [from, to) of a column. Returns the address behind, 0 if the bytes are not what `pack` writes. */
export function unpack(at: u32, end: u32, column: u32, from: u32, to: u32): u32 {
  while (from < to) {
    if (at >= end) return 0;
    const stop = min(from + BLOCK, to);
    const head = <u32>load<u8>(at++);
    const width = head & 127;
    if (width > 64) return 0;
    let wide: u32 = 0;
    if (head & WIDE) wide = <u32>load<u8>(at++);
    at = unpackBits(at, column, from, stop, width);
    for (; wide > 0; wide--) {
      if (at >= end || width > 63) return 0;
      const place = from + <u32>load<u8>(at++);
      if (place >= stop) return 0;
      const entry = column + (place << 3);
      store<i64>(entry, unzigzag(zigzag(load<i64>(entry)) | (varintAt(at) << width)));
      at = skipVarint(at);
    }
    from = stop;
  }
  return at <= end ? at : 0;
}

function unpackBits(at: u32, column: u32, from: u32, to: u32, width: u32): u32 {
  const last = column + (to << 3);
  let entry = column + (from << 3);
  if (width == 0) {
    for (; entry < last; entry += 8) store<u64>(entry, 0);
    return at;
  }
  const mask = ~(<u64>0) >> (64 - width);
  let bit: u32 = 0;
  if (width <= 56) {
    // One unaligned load has at least 57 bits behind any bit of its first byte.
    for (; entry < last; entry += 8) {
      store<i64>(entry, unzigzag((load<u64>(at + (bit >> 3)) >> (bit & 7)) & mask));
      bit += width;
    }
  } else {
    for (; entry < last; entry += 8) {
      const byte = at + (bit >> 3);
      const shift = bit & 7;
      let value = load<u64>(byte) >> shift;
      if (shift) value |= <u64>load<u8>(byte, 8) << (64 - shift);
      store<i64>(entry, unzigzag(value & mask));
      bit += width;
    }
  }
  return at + ((bit + 7) >> 3);
}
