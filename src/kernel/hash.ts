// A seeded 128-bit hash over bytes, for identities and dictionary lookups. Its shape is xxHash64's (four independent
// multiply-rotate lanes, then an avalanche), widened to two results. It guards against accidents, not attacks; seeds are
// random for each process, and the slow path compares bytes.
import { HDR_SEED } from './layout';

const P1: u64 = 0x9e3779b185ebca87;
const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
const P4: u64 = 0x85ebca77c2b2ae63;
const P5: u64 = 0x27d4eb2f165667c5;

/** Results of the last `hashBytes`. */
export let hash1: u64 = 0;
export let hash2: u64 = 0;

function lane(acc: u64, word: u64): u64 {
  return rotl<u64>(acc + word * P2, 31) * P1;
}

function avalanche(h: u64): u64 {
  h ^= h >> 33;
  h *= P2;
  h ^= h >> 29;
  h *= P3;
  return h ^ (h >> 32);
}

/** Hashes [start, start + length) into `hash1`, `hash2`. Reads inside the range only. `domain` keeps uses apart. */
export function hashBytes(start: u32, length: u32, domain: u64): void {
  const seed = load<u64>(HDR_SEED) ^ (domain * P5);
  let a = seed + P1 + P2;
  let b = seed + P2;
  let c = seed;
  let d = seed - P1;
  let p = start;
  if (length >= 32) {
    // The last 32 bytes overlap the stripe before, which spares a tail loop.
    const last = start + length - 32;
    while (p < last) {
      a = lane(a, load<u64>(p));
      b = lane(b, load<u64>(p, 8));
      c = lane(c, load<u64>(p, 16));
      d = lane(d, load<u64>(p, 24));
      p += 32;
    }
    a = lane(a, load<u64>(last));
    b = lane(b, load<u64>(last, 8));
    c = lane(c, load<u64>(last, 16));
    d = lane(d, load<u64>(last, 24));
  } else {
    let n = length;
    while (n >= 8) {
      a = lane(a, load<u64>(p));
      b = lane(b, load<u64>(p) ^ P4);
      p += 8;
      n -= 8;
    }
    let tail: u64 = 0;
    for (let i: u32 = 0; i < n; i++) tail |= <u64>load<u8>(p + i) << (i << 3);
    c = lane(c, tail);
    d = lane(d, tail ^ P5);
  }
  hash1 = avalanche(rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18) + length);
  hash2 = avalanche((a ^ rotl<u64>(c, 29)) * P4 + (b ^ rotl<u64>(d, 41)) * P5 + hash1);
}

/** Folds one more word into a pair of hashes kept by the caller (lists of ids). */
export function mix(h: u64, word: u64): u64 {
  h = (h ^ (word * P2)) * P1;
  return h ^ (h >> 29);
}
