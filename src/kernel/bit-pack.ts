// Columns of signed integers, 64 a block, each block with the width that costs least; the few that are wider than that keep their
// high bits apart. What is packed is the distance to a reference, since most columns (increments of counters above all) have no
// numbers of both signs: the column's reference serves its blocks, and a block that lies elsewhere has one of its own. A column
// without a reference is zigzag instead.
//
//   column: reference varint: 0 none, else zigzag + 1
//           block ...                   a column without entries has neither
//   block:  head u8: code of the width (0 .. 56, 57: 64 bits) + 58 if there are wide ones + 116 if there is an own reference
//           [own: distance to the column's, or to 0 if it has none, zigzag varint] [wide: how many u8]
//           packed bits, least significant first, up to a byte
//           [wide: place in the block u8, high bits varint] ...
import { CODEC_COUNTS, CODEC_MINIMA, CODEC_OWN_COSTS } from './codec-layout';
import { bitsOf, putVarint, skipVarint, unzigzag, varintAt, varintSize, zigzag } from './varint-64';

const BLOCK: u32 = 64;
/** A width above the widest that one unaligned load serves is 64. */
const WIDEST: u32 = 57;
const HEAD_WIDE: u32 = 58;
const HEAD_OWN: u32 = 116;
const HEAD_END: u32 = 232;
/** A block with more wide ones than this is better packed wider. */
const WIDE_MAX: u32 = 15;

const ZIGZAG: u64 = 0;
/** About what an own reference adds to a block. */
const OWN_BITS: u32 = 16;

/** What is packed for a value. `reference` is in the form of the format: ZIGZAG, or zigzag + 1. */
// @ts-ignore: decorator
@inline function distance(x: i64, reference: u64): u64 {
  return reference == ZIGZAG ? zigzag(x) : <u64>(x - unzigzag(reference - 1));
}

/** Width for entries [from, to) that costs the fewest bits: low 7 bits; above them the bits of the block. */
function cheapestWidth(column: u32, from: u32, to: u32, reference: u64): u32 {
  memory.fill(CODEC_COUNTS, 0, 65 << 2);
  let all: u64 = 0;
  if (reference == ZIGZAG) {
    for (let i = from; i < to; i++) {
      const x = zigzag(load<i64>(column + (i << 3)));
      all |= x;
      const count = CODEC_COUNTS + (bitsOf(x) << 2);
      store<u32>(count, load<u32>(count) + 1);
    }
  } else {
    const base = unzigzag(reference - 1);
    for (let i = from; i < to; i++) {
      const x = <u64>(load<i64>(column + (i << 3)) - base);
      all |= x;
      const count = CODEC_COUNTS + (bitsOf(x) << 2);
      store<u32>(count, load<u32>(count) + 1);
    }
  }
  const full = bitsOf(all);
  const n = to - from;
  let best = full;
  let bestCost = 8 + n * (full >= WIDEST ? 64 : full);
  let wide: u32 = 0;
  for (let width = full; width > 0; ) {
    wide += load<u32>(CODEC_COUNTS + (width << 2));
    width--;
    if (wide > WIDE_MAX) break;
    if (width >= WIDEST) continue;
    let cost = 16 + n * width;
    for (let bits = width + 1; bits <= full; bits++) {
      cost += load<u32>(CODEC_COUNTS + (bits << 2)) * (8 + 8 * ((bits - width + 6) / 7));
    }
    if (cost < bestCost) {
      bestCost = cost;
      best = width;
    }
  }
  return best | (bestCost << 7);
}

function lowest(column: u32, from: u32, to: u32): i64 {
  let low = load<i64>(column + (from << 3));
  for (let i = from + 1; i < to; i++) low = min(low, load<i64>(column + (i << 3)));
  return low;
}

// @ts-ignore: decorator
@inline function distanceOfReferences(own: u64, reference: u64): u64 {
  return reference == ZIGZAG ? own - 1 : zigzag(unzigzag(own - 1) - unzigzag(reference - 1));
}

/** Bits of block [from, to) with its own reference, without that; all ones if it can have none. */
function ownCost(column: u32, from: u32, to: u32): u32 {
  const own = zigzag(lowest(column, from, to)) + 1;
  return own == ZIGZAG ? ~(<u32>0) >> 1 : cheapestWidth(column, from, to, own) >> 7;
}

/** Bits of the whole column with this reference; a block is as cheap as with its own, whose cost is in CODEC_OWN_COSTS. */
function costWith(column: u32, from: u32, to: u32, reference: u64): u64 {
  let cost: u64 = 8 * varintSize(reference);
  let ownCosts: u32 = CODEC_OWN_COSTS;
  for (; from < to; from += BLOCK, ownCosts += 4) {
    const end = min(from + BLOCK, to);
    cost += min(cheapestWidth(column, from, end, reference) >> 7, load<u32>(ownCosts) + OWN_BITS);
  }
  return cost;
}

/**
 * The column's reference: none, the lowest entry, or, since one reset of a counter may lie far below all others, the lowest of what is
 * left when the tenth of the blocks that reach lowest is put aside.
 */
function columnReference(column: u32, from: u32, to: u32): u64 {
  let blocks: u32 = 0;
  for (let at = from; at < to; at += BLOCK) {
    const end = min(at + BLOCK, to);
    store<u32>(CODEC_OWN_COSTS + (blocks << 2), ownCost(column, at, end));
    // Insertion into a sorted list: there are 64 blocks at most.
    const low = lowest(column, at, end);
    let place = CODEC_MINIMA + (blocks << 3);
    for (; place > CODEC_MINIMA && load<i64>(place - 8) > low; place -= 8) store<i64>(place, load<i64>(place - 8));
    store<i64>(place, low);
    blocks++;
  }
  let best = ZIGZAG;
  let bestCost = costWith(column, from, to, ZIGZAG);
  let before: u64 = ZIGZAG;
  for (let i: u32 = 0; i < 2; i++) {
    const reference = zigzag(load<i64>(CODEC_MINIMA + (i == 0 ? 0 : ((blocks + 9) / 10) << 3))) + 1;
    if (reference == ZIGZAG || reference == before || (i == 1 && blocks == 1)) continue;
    before = reference;
    const cost = costWith(column, from, to, reference);
    if (cost < bestCost) {
      bestCost = cost;
      best = reference;
    }
  }
  return best;
}

/** About the bits that `pack` writes for entries [from, to): to choose between columns. */
export function packedCost(column: u32, from: u32, to: u32): u64 {
  let cost: u64 = 0;
  for (; from < to; from += BLOCK) {
    const end = min(from + BLOCK, to);
    cost += min(cheapestWidth(column, from, end, ZIGZAG) >> 7, ownCost(column, from, end));
  }
  return cost;
}

/** The reference that block [from, to) is cheapest with, in the form of the format: the column's or its own. */
function blockReference(column: u32, from: u32, to: u32, reference: u64, cost: u32): u64 {
  const own = zigzag(lowest(column, from, to)) + 1;
  if (own == ZIGZAG || own == reference) return reference;
  const ownBits = load<u32>(cost) + 8 * varintSize(distanceOfReferences(own, reference));
  return ownBits < cheapestWidth(column, from, to, reference) >> 7 ? own : reference;
}

/** Packs entries [from, to) of a column of i64. Returns the address behind. */
export function pack(column: u32, from: u32, to: u32, at: u32): u32 {
  if (from >= to) return at;
  const reference = columnReference(column, from, to);
  at = putVarint(at, reference);
  for (let cost: u32 = CODEC_OWN_COSTS; from < to; from += BLOCK, cost += 4) {
    const end = min(from + BLOCK, to);
    const own = blockReference(column, from, end, reference, cost);
    at = packBlock(column, from, end, reference, own, cheapestWidth(column, from, end, own) & 127, at);
  }
  return at;
}

function packBlock(column: u32, from: u32, to: u32, reference: u64, own: u64, width: u32, at: u32): u32 {
  const headAt = at++;
  let head = min(width, WIDEST);
  if (own != reference) {
    head += HEAD_OWN;
    at = putVarint(at, distanceOfReferences(own, reference));
  }
  if (width >= WIDEST) {
    store<u8>(headAt, <u8>head);
    for (let i = from; i < to; i++, at += 8) store<u64>(at, distance(load<i64>(column + (i << 3)), own));
    return at;
  }
  let wide: u32 = 0;
  for (let i = from; i < to; i++) if (distance(load<i64>(column + (i << 3)), own) >> width != 0) wide++;
  if (wide > 0) {
    head += HEAD_WIDE;
    store<u8>(at++, <u8>wide);
  }
  store<u8>(headAt, <u8>head);
  at = packBits(column, from, to, own, width, at);
  for (let i = from; wide > 0; i++) {
    const high = distance(load<i64>(column + (i << 3)), own) >> width;
    if (high == 0) continue;
    wide--;
    store<u8>(at++, <u8>(i - from));
    at = putVarint(at, high);
  }
  return at;
}

function packBits(column: u32, from: u32, to: u32, reference: u64, width: u32, at: u32): u32 {
  if (width == 0) return at;
  const mask = ~(<u64>0) >> (64 - width);
  let word: u64 = 0;
  let used: u32 = 0;
  for (let i = from; i < to; i++) {
    const value = distance(load<i64>(column + (i << 3)), reference) & mask;
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
  if (from >= to) return at <= end ? at : 0;
  const reference = varintAt(at);
  at = skipVarint(at);
  while (from < to) {
    if (at >= end) return 0;
    const stop = min(from + BLOCK, to);
    let code = <u32>load<u8>(at++);
    if (code >= HEAD_END) return 0;
    let own = reference;
    if (code >= HEAD_OWN) {
      code -= HEAD_OWN;
      const apart = varintAt(at);
      at = skipVarint(at);
      own = reference == ZIGZAG ? apart + 1 : zigzag(unzigzag(apart) + unzigzag(reference - 1)) + 1;
      if (own == ZIGZAG) return 0;
    }
    let wide: u32 = 0;
    if (code >= HEAD_WIDE) {
      code -= HEAD_WIDE;
      if (code == WIDEST) return 0;
      wide = <u32>load<u8>(at++);
    }
    at = own == ZIGZAG ? unpackZigzag(at, column, from, stop, code) : unpackDistances(at, column, from, stop, code, unzigzag(own - 1));
    for (; wide > 0; wide--) {
      if (at >= end) return 0;
      const place = from + <u32>load<u8>(at++);
      if (place >= stop) return 0;
      const entry = column + (place << 3);
      const high = varintAt(at) << code;
      at = skipVarint(at);
      if (own == ZIGZAG) store<i64>(entry, unzigzag(zigzag(load<i64>(entry)) | high));
      else store<i64>(entry, load<i64>(entry) + <i64>high);
    }
    from = stop;
  }
  return at <= end ? at : 0;
}

function unpackZigzag(at: u32, column: u32, from: u32, to: u32, width: u32): u32 {
  const last = column + (to << 3);
  let entry = column + (from << 3);
  if (width == 0) {
    for (; entry < last; entry += 8) store<u64>(entry, 0);
    return at;
  }
  if (width == WIDEST) {
    for (; entry < last; entry += 8, at += 8) store<i64>(entry, unzigzag(load<u64>(at)));
    return at;
  }
  const mask = ~(<u64>0) >> (64 - width);
  let bit: u32 = 0;
  // One unaligned load has at least 57 bits behind any bit of its first byte.
  for (; entry < last; entry += 8) {
    store<i64>(entry, unzigzag((load<u64>(at + (bit >> 3)) >> (bit & 7)) & mask));
    bit += width;
  }
  return at + ((bit + 7) >> 3);
}

function unpackDistances(at: u32, column: u32, from: u32, to: u32, width: u32, reference: i64): u32 {
  const last = column + (to << 3);
  let entry = column + (from << 3);
  if (width == 0) {
    for (; entry < last; entry += 8) store<i64>(entry, reference);
    return at;
  }
  if (width == WIDEST) {
    for (; entry < last; entry += 8, at += 8) store<i64>(entry, <i64>load<u64>(at) + reference);
    return at;
  }
  const mask = ~(<u64>0) >> (64 - width);
  let bit: u32 = 0;
  for (; entry < last; entry += 8) {
    store<i64>(entry, <i64>((load<u64>(at + (bit >> 3)) >> (bit & 7)) & mask) + reference);
    bit += width;
  }
  return at + ((bit + 7) >> 3);
}
