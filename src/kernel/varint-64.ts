// Signed numbers and varints of 64 bits, for the codec's module.

// @ts-ignore: decorator
@inline export function zigzag(x: i64): u64 {
  return <u64>((x << 1) ^ (x >> 63));
}

// @ts-ignore: decorator
@inline export function unzigzag(x: u64): i64 {
  return <i64>(x >> 1) ^ -<i64>(x & 1);
}

/** Bits that x needs: 0 for 0. */
// @ts-ignore: decorator
@inline export function bitsOf(x: u64): u32 {
  return 64 - <u32>clz<u64>(x);
}

// @ts-ignore: decorator
@inline export function varintSize(x: u64): u32 {
  return x == 0 ? 1 : (bitsOf(x) + 6) / 7;
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
