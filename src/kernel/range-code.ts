// Columns of signed integers through an adaptive binary range coder: about a tenth smaller than packed, and some ten times slower to
// decode. For blocks that are compacted, hence old.
//
// What is coded is the distance to a reference in the middle of the column. Of each: the number of bits of its magnitude (the token,
// a walk down a binary tree), the sign, the two bits below the leading one. Each of those decisions has a probability that adapts:
// fast at first, later by 1/128. Lower bits are noise and stored as they are, in a stream of their own, which costs no division.
//
//   column: reference zigzag varint
//           lowest token u8 (+128: nothing is negative), highest token u8 (+128: nothing is positive)
//           [they differ, or there are signs or bits to code] size of the coded bytes varint, coded bytes, plain bits up to a byte
import { CODEC_MAGNITUDES, CODEC_MODELS_END, CODEC_PLAIN_BITS, CODEC_SIGNS, CODEC_TOKENS } from './codec-layout';
import { bitsOf, putVarint, skipVarint, unzigzag, varintAt, zigzag } from './varint-64';

/** Bytes of an adaptive bit: { probability of a zero u16 ^ 0x8000, times seen u16 }, so that zeroed memory is the start. */
const MODEL_SHIFT: u32 = 2;
/** Token trees: one for each combination of "the one before was zero" of the last two. */
const TREE_BYTES: u32 = 128 << 2;
const MODELED_BITS: u32 = 2;
const SEEN_MAX: u32 = 127;
const FLAG: u32 = 128;
const SAMPLED: u32 = 63;

// The coder's registers. Globals of the instance, which has one thread.
let low: u64 = 0;
let range: u64 = 0;
let code: u64 = 0;
let at: u32 = 0;
let stop: u32 = 0;
let plain: u64 = 0;
let plainUsed: u32 = 0;
let plainAt: u32 = 0;

// ---- Adaptive bits ----------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function adapt(model: u32, state: u32, zero: bool): void {
  const seen = state >> 16;
  const p = (state & 0xffff) ^ 0x8000;
  const rate = 32 - clz<u32>(seen + 1);
  // What is decided here is as random as the data: a branch would be mispredicted.
  const next = select<u32>(p + ((65536 - p) >> rate), p - (p >> rate), zero);
  store<u32>(model, (next ^ 0x8000) | (min(seen + 1, SEEN_MAX) << 16));
}

function encodeBit(model: u32, bit: u32): void {
  const state = load<u32>(model);
  const bound = (range >> 16) * <u64>((state & 0xffff) ^ 0x8000);
  if (bit == 0) {
    range = bound;
  } else {
    low += bound;
    if (low < bound) carry();
    range -= bound;
  }
  adapt(model, state, bit == 0);
  if (range < 0x100000000) {
    store<u32>(at, bswap<u32>(<u32>(low >> 32)));
    at += 4;
    low <<= 32;
    range <<= 32;
  }
}

function carry(): void {
  let byte = at - 1;
  while (load<u8>(byte) == 255) store<u8>(byte--, 0);
  store<u8>(byte, load<u8>(byte) + 1);
}

/** Writes as few bytes as tell the last interval; the decoder reads zeros behind them. */
function finishEncoding(start: u32): void {
  for (let bytes: u32 = 0; bytes <= 8; bytes++) {
    const rest = bytes == 8 ? <u64>0 : ~(<u64>0) >> (bytes << 3);
    const value = (low + rest) & ~rest;
    const carries = value < low;
    // Beyond the top, `value` is one with a carry: its distance to low still counts modulo 2^64.
    if (value - low >= range) continue;
    if (carries) carry();
    store<u64>(at, bswap<u64>(value));
    at += bytes;
    break;
  }
  while (at > start && load<u8>(at - 1) == 0) at--;
}

// @ts-ignore: decorator
@inline function decodeBit(model: u32): u32 {
  const state = load<u32>(model);
  const bound = (range >> 16) * <u64>((state & 0xffff) ^ 0x8000);
  const zero = code < bound;
  code -= select<u64>(0, bound, zero);
  range = select<u64>(bound, range - bound, zero);
  adapt(model, state, zero);
  if (range < 0x100000000) refill();
  return select<u32>(0, 1, zero);
}

function refill(): void {
  code <<= 32;
  range <<= 32;
  if (at + 4 <= stop) code |= <u64>bswap<u32>(load<u32>(at));
  else for (let i: u32 = 0; i < 4; i++) if (at + i < stop) code |= <u64>load<u8>(at + i) << (24 - (i << 3));
  at += 4;
}

// ---- Models -----------------------------------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline function tokenTree(token: u32, before: u32): u32 {
  return CODEC_TOKENS + ((token != 0 ? 1 : 0) + (before != 0 ? 2 : 0)) * TREE_BYTES;
}

/** By the sign before (0 none yet, 1 positive, 2 negative) and whether the magnitude is small. */
// @ts-ignore: decorator
@inline function signModel(before: u32, token: u32): u32 {
  return CODEC_SIGNS + ((before * 5 + min(token, 4)) << MODEL_SHIFT);
}

// @ts-ignore: decorator
@inline function magnitudeModels(token: u32): u32 {
  return CODEC_MAGNITUDES + (token << (MODELED_BITS + MODEL_SHIFT));
}

/** Levels of a tree with so many leaves. */
function depthOf(leaves: u32): u32 {
  return 32 - clz<u32>(leaves - 1);
}

/** About the median: that of up to 63 entries at equal distances. */
function middleOf(column: u32, from: u32, to: u32): i64 {
  const n = to - from;
  const sampled = min(n, SAMPLED);
  for (let i: u32 = 0; i < sampled; i++) {
    const x = load<i64>(column + ((from + i * n / sampled) << 3));
    let place = CODEC_PLAIN_BITS + (i << 3);
    for (; place > CODEC_PLAIN_BITS && load<i64>(place - 8) > x; place -= 8) store<i64>(place, load<i64>(place - 8));
    store<i64>(place, x);
  }
  return load<i64>(CODEC_PLAIN_BITS + ((sampled >> 1) << 3));
}

// ---- Columns ----------------------------------------------------------------------------------------------------------------

function putPlain(bits: u64, count: u32): void {
  if (count == 0) return;
  plain |= bits << plainUsed;
  plainUsed += count;
  if (plainUsed < 64) return;
  store<u64>(plainAt, plain);
  plainAt += 8;
  plainUsed -= 64;
  plain = plainUsed == 0 ? 0 : bits >> (count - plainUsed);
}

/** Encodes entries [from, to) of a column of i64 to `out`. Returns the address behind. */
export function rangeEncode(column: u32, from: u32, to: u32, out: u32): u32 {
  if (from >= to) return out;
  const reference = middleOf(column, from, to);
  let lowest: u32 = 64;
  let highest: u32 = 0;
  let positive = false;
  let negative = false;
  for (let i = from; i < to; i++) {
    const x = load<i64>(column + (i << 3)) - reference;
    const token = bitsOf(<u64>(x < 0 ? -x : x));
    lowest = min(lowest, token);
    highest = max(highest, token);
    if (x > 0) positive = true;
    if (x < 0) negative = true;
  }
  out = putVarint(out, zigzag(reference));
  store<u8>(out++, <u8>(lowest + (negative ? 0 : FLAG)));
  store<u8>(out++, <u8>(highest + (positive ? 0 : FLAG)));
  if (highest == 0) return out;

  memory.fill(CODEC_TOKENS, 0, CODEC_MODELS_END - CODEC_TOKENS);
  // Room for the size before the coded bytes: they are moved up to it at the end.
  const start = out + 5;
  at = start;
  low = 0;
  range = ~(<u64>0);
  plain = 0;
  plainUsed = 0;
  plainAt = CODEC_PLAIN_BITS;
  const depth = depthOf(highest - lowest + 1);
  let before: u32 = 0;
  let last: u32 = 0;
  let sign: u32 = 0;
  for (let i = from; i < to; i++) {
    const x = load<i64>(column + (i << 3)) - reference;
    const magnitude = <u64>(x < 0 ? -x : x);
    const token = bitsOf(magnitude);
    const tree = tokenTree(last, before);
    let node: u32 = 1;
    for (let level = depth; level > 0; level--) {
      const bit = ((token - lowest) >> (level - 1)) & 1;
      encodeBit(tree + (node << MODEL_SHIFT), bit);
      node = (node << 1) | bit;
    }
    before = last;
    last = token;
    if (token == 0) continue;
    if (positive && negative) {
      encodeBit(signModel(sign, token), x < 0 ? 1 : 0);
      sign = x < 0 ? 2 : 1;
    }
    const models = magnitudeModels(token);
    const modeled = min(token - 1, MODELED_BITS);
    let rest = token - 1;
    node = 1;
    for (let k: u32 = 0; k < modeled; k++) {
      rest--;
      const bit = <u32>(magnitude >> rest) & 1;
      encodeBit(models + (node << MODEL_SHIFT), bit);
      node = (node << 1) | bit;
    }
    putPlain(magnitude & ((<u64>1 << rest) - 1), rest);
  }
  finishEncoding(start);
  store<u64>(plainAt, plain);
  const coded = at - start;
  out = putVarint(out, coded);
  memory.copy(out, start, coded);
  out += coded;
  const plainSize = plainAt - CODEC_PLAIN_BITS + ((plainUsed + 7) >> 3);
  memory.copy(out, CODEC_PLAIN_BITS, plainSize);
  return out + plainSize;
}

/** Decodes to entries [from, to) of a column. Returns the address behind, 0 if the bytes are not what `rangeEncode` writes. */
export function rangeDecode(source: u32, end: u32, column: u32, from: u32, to: u32): u32 {
  if (from >= to) return source <= end ? source : 0;
  const reference = unzigzag(varintAt(source));
  source = skipVarint(source);
  if (source + 2 > end) return 0;
  let lowest = <u32>load<u8>(source);
  let highest = <u32>load<u8>(source, 1);
  source += 2;
  const signs = lowest < FLAG && highest < FLAG;
  const always: u32 = highest >= FLAG ? 2 : 1;
  lowest &= 127;
  highest &= 127;
  if (lowest > highest || highest > 64) return 0;
  if (highest == 0) {
    for (let i = from; i < to; i++) store<i64>(column + (i << 3), reference);
    return source;
  }
  const coded = varintAt(source);
  source = skipVarint(source);
  if (source > end || coded > <u64>(end - source)) return 0;
  stop = source + <u32>coded;
  at = source;
  code = 0;
  refill();
  refill();
  range = ~(<u64>0);
  memory.fill(CODEC_TOKENS, 0, CODEC_MODELS_END - CODEC_TOKENS);
  const depth = depthOf(highest - lowest + 1);
  const plainEnd = <u64>(end - stop) << 3;
  let bitAt: u64 = 0;
  let before: u32 = 0;
  let last: u32 = 0;
  let sign: u32 = signs ? 0 : always;
  for (let i = from; i < to; i++) {
    const tree = tokenTree(last, before);
    let node: u32 = 1;
    for (let level = depth; level > 0; level--) node = (node << 1) | decodeBit(tree + (node << MODEL_SHIFT));
    const token = node - (<u32>1 << depth) + lowest;
    if (token > highest) return 0;
    before = last;
    last = token;
    if (token == 0) {
      store<i64>(column + (i << 3), reference);
      continue;
    }
    if (signs) sign = 1 + decodeBit(signModel(sign, token));
    const models = magnitudeModels(token);
    const modeled = min(token - 1, MODELED_BITS);
    node = 1;
    for (let k: u32 = 0; k < modeled; k++) node = (node << 1) | decodeBit(models + (node << MODEL_SHIFT));
    const rest = token - 1 - modeled;
    let magnitude = <u64>node << rest;
    if (rest > 0) {
      if (bitAt + <u64>rest > plainEnd) return 0;
      const byte = stop + <u32>(bitAt >> 3);
      const shift = <u32>bitAt & 7;
      let bits = load<u64>(byte) >> shift;
      if (shift + rest > 64) bits |= <u64>load<u8>(byte, 8) << (64 - shift);
      magnitude |= bits & ((<u64>1 << rest) - 1);
      bitAt += <u64>rest;
    }
    store<i64>(column + (i << 3), sign == 2 ? reference - <i64>magnitude : reference + <i64>magnitude);
  }
  return stop + <u32>((bitAt + 7) >> 3);
}
