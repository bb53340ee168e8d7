// The form for values that are not decimal at all: each as the bytes in which it differs from the one before.
//
//   first value u64, then for each: zero bytes at the top (high nibble) and at the bottom (low nibble), bytes between; 0x80: equal

const EQUAL: u32 = 0x80;

/** Encodes n values (n >= 1); returns the address behind. */
export function xorEncode(values: u32, n: u32, at: u32): u32 {
  let before = load<u64>(values);
  store<u64>(at, before);
  at += 8;
  for (let i: u32 = 1; i < n; i++) {
    const bits = load<u64>(values + (i << 3));
    const x = bits ^ before;
    before = bits;
    if (x == 0) {
      store<u8>(at++, <u8>EQUAL);
      continue;
    }
    const top = <u32>clz<u64>(x) >> 3;
    const bottom = <u32>ctz<u64>(x) >> 3;
    store<u8>(at, <u8>((top << 4) | bottom));
    store<u64>(at, x >> (bottom << 3), 1);
    at += 9 - top - bottom;
  }
  return at;
}

/** Decodes n values; returns the address behind, 0 if the bytes are not what `xorEncode` writes. */
export function xorDecode(at: u32, end: u32, values: u32, n: u32): u32 {
  if (at + 8 > end) return 0;
  let bits = load<u64>(at);
  at += 8;
  store<u64>(values, bits);
  for (let i: u32 = 1; i < n; i++) {
    if (at >= end) return 0;
    const head = <u32>load<u8>(at++);
    if (head != EQUAL) {
      const top = head >> 4;
      const bottom = head & 15;
      if (top + bottom > 7) return 0;
      const width = 8 - top - bottom;
      const x = load<u64>(at) & (~(<u64>0) >> ((8 - width) << 3));
      bits ^= x << (bottom << 3);
      at += width;
    }
    store<u64>(values + (i << 3), bits);
  }
  return at <= end ? at : 0;
}
