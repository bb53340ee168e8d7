// Snappy block format (google/snappy format_description.txt): a varint with the decompressed size, then literals and
// copies. Copies run 16 or 64 bytes at a time when both ends have that much slack, exactly otherwise.

const SLACK: u32 = 64;

/** Declared decompressed size, or -1 if the preamble is not a 32-bit varint. */
export function snappyDeclaredSize(src: u32, length: u32): i64 {
  let size: u64 = 0;
  for (let i: u32 = 0; i < 5 && i < length; i++) {
    const b = <u64>load<u8>(src + i);
    size |= (b & 127) << (7 * i);
    if (b < 128) return size > 0xffffffff ? -1 : <i64>size;
  }
  return -1;
}

/** Decompresses into dst, at most `capacity` bytes. Returns the size, or -1 for input that is not a valid block. */
export function snappyDecode(src: u32, length: u32, dst: u32, capacity: u32): i64 {
  const declared = snappyDeclaredSize(src, length);
  if (declared < 0 || declared > <i64>capacity) return -1;
  const end = src + length;
  const dstEnd = dst + <u32>declared;
  let p = src;
  while (load<u8>(p) >= 128) p++;
  p++;
  let d = dst;
  while (p < end) {
    const tag = <u32>load<u8>(p++);
    let n: u32;
    let offset: u32;
    switch (tag & 3) {
      case 0: {
        n = (tag >> 2) + 1;
        if (n <= 16 && end - p >= 16 && dstEnd - d >= 16) {
          v128.store(d, v128.load(p));
          p += n;
          d += n;
          continue;
        }
        if (n > 60) {
          const sizeBytes = n - 60;
          if (end - p < sizeBytes) return -1;
          n = 0;
          for (let i: u32 = 0; i < sizeBytes; i++) n |= <u32>load<u8>(p + i) << (i << 3);
          if (n == 0xffffffff) return -1;
          n += 1;
          p += sizeBytes;
        }
        if (n > end - p || n > dstEnd - d) return -1;
        memory.copy(d, p, n);
        p += n;
        d += n;
        continue;
      }
      case 1: {
        if (p >= end) return -1;
        n = ((tag >> 2) & 7) + 4;
        offset = ((tag >> 5) << 8) | <u32>load<u8>(p);
        p += 1;
        break;
      }
      case 2: {
        if (end - p < 2) return -1;
        n = (tag >> 2) + 1;
        offset = <u32>load<u16>(p);
        p += 2;
        break;
      }
      default: {
        if (end - p < 4) return -1;
        n = (tag >> 2) + 1;
        offset = load<u32>(p);
        p += 4;
      }
    }
    if (offset == 0 || offset > d - dst || n > dstEnd - d) return -1;
    const s = d - offset;
    if (offset >= 16 && dstEnd - d >= SLACK) {
      v128.store(d, v128.load(s));
      if (n > 16) {
        v128.store(d, v128.load(s, 16), 16);
        if (n > 32) {
          v128.store(d, v128.load(s, 32), 32);
          v128.store(d, v128.load(s, 48), 48);
        }
      }
    } else if (offset >= 8 && dstEnd - d >= SLACK + 8) {
      for (let i: u32 = 0; i < n; i += 8) store<u64>(d + i, load<u64>(s + i));
    } else {
      for (let i: u32 = 0; i < n; i++) store<u8>(d + i, load<u8>(s + i));
    }
    d += n;
  }
  return d == dstEnd ? declared : -1;
}
