// UTF-8 validation (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

const HIGH_BITS: u64 = 0x8080808080808080;

function continuation(p: u32): bool {
  return (load<u8>(p) & 0xc0) == 0x80;
}

export function isUtf8(start: u32, end: u32): bool {
  let p = start;
  while (p < end) {
    while (end - p >= 8 && (load<u64>(p) & HIGH_BITS) == 0) p += 8;
    if (p >= end) return true;
    const b = <u32>load<u8>(p);
    if (b < 0x80) {
      p += 1;
      continue;
    }
    const left = end - p;
    if (b >= 0xc2 && b <= 0xdf) {
      if (left < 2 || !continuation(p + 1)) return false;
      p += 2;
    } else if (b >= 0xe0 && b <= 0xef) {
      if (left < 3 || !continuation(p + 1) || !continuation(p + 2)) return false;
      const second = <u32>load<u8>(p, 1);
      if (b == 0xe0 && second < 0xa0) return false;
      if (b == 0xed && second > 0x9f) return false;
      p += 3;
    } else if (b >= 0xf0 && b <= 0xf4) {
      if (left < 4 || !continuation(p + 1) || !continuation(p + 2) || !continuation(p + 3)) return false;
      const second = <u32>load<u8>(p, 1);
      if (b == 0xf0 && second < 0x90) return false;
      if (b == 0xf4 && second > 0x8f) return false;
      p += 4;
    } else return false;
  }
  return true;
}
