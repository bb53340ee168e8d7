// Open chunks: Gorilla (Pelkonen et al., VLDB 2015, sections 4.1.1 and 4.1.2): delta-of-delta timestamps, XOR values. The
// first sample lies in the record, all others as bits, most significant first, in 64-bit words. The last, incomplete word
// stays in the record's accumulator, so that a word in a block never changes once written and readers need no lock for it.
//
//   time  0                    same delta as before
//         10   + 7 bits        delta of delta -63..64
//         110  + 12            -2047..2048
//         1110 + 20            -524287..524288
//         1111 + 32
//   value 0                    same bits as before
//         10   + window        XOR within the leading/trailing zeros used last
//         11   + 5 + 6 + bits  leading zeros (at most 31), number of significant bits (64 as 0), the bits
import { alloc, allocBlock } from './heap';
import {
  BLOCK_BYTES, BLOCK_LINK, CHUNK_SAMPLES, FLAG_HAS_SAMPLE, HDR_CHUNKS, SEALED_ACC, SEALED_BYTES, SEALED_COUNT, SEALED_FIRST_TIME,
  SEALED_FIRST_VALUE, SEALED_FIRST_WORD, SEALED_LAST_TIME, SEALED_NEXT, SEALED_PEND, SEALED_WRITE,
  S_ACC, S_COUNT, S_FIRST_TIME, S_FIRST_VALUE, S_FIRST_WORD, S_FLAGS, S_LAST_DELTA, S_LAST_TIME, S_LAST_VALUE, S_LEAD, S_PEND,
  S_SEALED_HEAD, S_SEALED_TAIL, S_TRAIL, S_WRITE,
} from './layout';

/** No window of significant bits yet. */
const NO_WINDOW: u32 = 255;

// ---- Encoder -------------------------------------------------------------------------------------------------------

/** Appends the low n bits (1..64) of v; bits above n must be zero. */
function putBits(s: u32, v: u64, n: u32): void {
  const pend = <u32>load<u8>(s, S_PEND);
  const total = pend + n;
  if (total < 64) {
    store<u64>(s, (load<u64>(s, S_ACC) << n) | v, S_ACC);
    store<u8>(s, <u8>total, S_PEND);
    return;
  }
  const rest = total - 64;
  const room = n - rest;
  const word = room == 64 ? v : (load<u64>(s, S_ACC) << room) | (v >> rest);
  let write = load<u32>(s, S_WRITE);
  if (write == 0 || (write & (BLOCK_BYTES - 1)) == BLOCK_LINK) {
    const block = allocBlock();
    if (write != 0) store<u32>(write, block);
    write = block;
  }
  if (load<u32>(s, S_FIRST_WORD) == 0) store<u32>(s, write, S_FIRST_WORD);
  store<u64>(write, word);
  store<u32>(s, write + 8, S_WRITE);
  store<u64>(s, rest == 0 ? 0 : v & (~(<u64>0) >> (64 - rest)), S_ACC);
  store<u8>(s, <u8>rest, S_PEND);
}

/**
 * Puts a time; returns the zero bits that it leaves to the value: a regular time is a single one, and a code with zeros before it is
 * the same number, so that both go out in one step.
 */
function putTime(s: u32, time: u32): u32 {
  const delta = <i32>(time - load<u32>(s, S_LAST_TIME));
  const dod = delta - load<i32>(s, S_LAST_DELTA);
  store<u32>(s, time, S_LAST_TIME);
  store<i32>(s, delta, S_LAST_DELTA);
  if (dod == 0) return 1;
  if (dod >= -63 && dod <= 64) putBits(s, ((<u64>2) << 7) | <u64>(dod & 0x7f), 9);
  else if (dod >= -2047 && dod <= 2048) putBits(s, ((<u64>6) << 12) | <u64>(dod & 0xfff), 15);
  else if (dod >= -524287 && dod <= 524288) putBits(s, ((<u64>14) << 20) | <u64>(dod & 0xfffff), 24);
  else putBits(s, ((<u64>15) << 32) | <u64>(<u32>dod), 36);
  return 0;
}

/** Puts a value after `zeros` bits of zero. */
function putValue(s: u32, bits: u64, zeros: u32): void {
  const x = bits ^ load<u64>(s, S_LAST_VALUE);
  if (x == 0) {
    putBits(s, 0, zeros + 1);
    return;
  }
  store<u64>(s, bits, S_LAST_VALUE);
  let lead = <u32>clz<u64>(x);
  if (lead > 31) lead = 31;
  const trail = <u32>ctz<u64>(x);
  const oldLead = <u32>load<u8>(s, S_LEAD);
  const oldTrail = <u32>load<u8>(s, S_TRAIL);
  if (oldLead != NO_WINDOW && lead >= oldLead && trail >= oldTrail) {
    const n = 64 - oldLead - oldTrail;
    if (n <= 61) putBits(s, ((<u64>2) << n) | (x >> oldTrail), zeros + 2 + n);
    else {
      putBits(s, 2, zeros + 2);
      putBits(s, x >> oldTrail, n);
    }
    return;
  }
  const n = 64 - lead - trail;
  store<u8>(s, <u8>lead, S_LEAD);
  store<u8>(s, <u8>trail, S_TRAIL);
  const head = ((<u64>3) << 11) | (<u64>lead << 6) | <u64>(n & 63);
  if (n <= 50) putBits(s, (head << n) | (x >> trail), zeros + 13 + n);
  else {
    putBits(s, head, zeros + 13);
    putBits(s, x >> trail, n);
  }
}

/** Moves a full open chunk to the list of sealed ones. */
function seal(s: u32): void {
  const chunk = alloc(SEALED_BYTES);
  store<u32>(chunk, load<u32>(s, S_FIRST_TIME), SEALED_FIRST_TIME);
  store<u32>(chunk, load<u32>(s, S_LAST_TIME), SEALED_LAST_TIME);
  store<u16>(chunk, load<u16>(s, S_COUNT), SEALED_COUNT);
  store<u8>(chunk, load<u8>(s, S_PEND), SEALED_PEND);
  store<u32>(chunk, load<u32>(s, S_FIRST_WORD), SEALED_FIRST_WORD);
  store<u32>(chunk, load<u32>(s, S_WRITE), SEALED_WRITE);
  store<u64>(chunk, load<u64>(s, S_FIRST_VALUE), SEALED_FIRST_VALUE);
  store<u64>(chunk, load<u64>(s, S_ACC), SEALED_ACC);
  const tail = load<u32>(s, S_SEALED_TAIL);
  if (tail == 0) store<u32>(s, chunk, S_SEALED_HEAD);
  else store<u32>(tail, chunk, SEALED_NEXT);
  store<u32>(s, chunk, S_SEALED_TAIL);
  store<u16>(s, 0, S_COUNT);
  store<f64>(HDR_CHUNKS, load<f64>(HDR_CHUNKS) + 1);
}

/** Appends a sample newer than all before. The caller made sure of HEAP_PER_SAMPLE bytes and a slab of heap. */
export function appendToChunk(s: u32, time: u32, bits: u64): void {
  let count = <u32>load<u16>(s, S_COUNT);
  if (count == CHUNK_SAMPLES) {
    seal(s);
    count = 0;
  }
  if (count == 0) {
    store<u32>(s, time, S_FIRST_TIME);
    store<u32>(s, time, S_LAST_TIME);
    store<i32>(s, 0, S_LAST_DELTA);
    store<u64>(s, bits, S_FIRST_VALUE);
    store<u64>(s, bits, S_LAST_VALUE);
    store<u64>(s, 0, S_ACC);
    store<u8>(s, 0, S_PEND);
    store<u8>(s, <u8>NO_WINDOW, S_LEAD);
    store<u32>(s, 0, S_FIRST_WORD);
    store<u8>(s, load<u8>(s, S_FLAGS) | FLAG_HAS_SAMPLE, S_FLAGS);
  } else {
    putValue(s, bits, putTime(s, time));
  }
  store<u16>(s, <u16>(count + 1), S_COUNT);
}

// ---- Decoder -------------------------------------------------------------------------------------------------------

let readAddress: u32 = 0;
let readEnd: u32 = 0;
let tailWord: u64 = 0;
/** Only written: keeps the compiler from dropping the loads that fetch memory early. */
let fetched: u64 = 0;

/**
 * Goes to the block at `address` and asks for the one after it. Blocks of a series lie far apart, so that each is a cache miss;
 * asked for a block earlier, it arrives while this one is decoded. WebAssembly has no prefetch, but a load whose value nobody waits
 * for is one. A last block's link is 0, which can be loaded, too.
 */
// @ts-ignore: decorator
@inline
function enterBlock(address: u32): void {
  readAddress = address;
  fetched = load<u64>(load<u32>((address & ~(BLOCK_BYTES - 1)) + BLOCK_LINK));
}

function nextWord(): u64 {
  // Past the complete words: the accumulator. The decoder looks one word ahead, but uses no bit beyond the samples' number.
  if (readAddress == readEnd) return tailWord;
  if ((readAddress & (BLOCK_BYTES - 1)) == BLOCK_LINK) enterBlock(load<u32>(readAddress));
  const w = load<u64>(readAddress);
  readAddress += 8;
  return w;
}

// @ts-ignore: decorator
@inline
function signed(v: u64, bits: u32): i32 {
  // -2^(bits-1)+1 .. 2^(bits-1): one more above zero than below.
  const x = <i32>v;
  const half = 1 << (bits - 1);
  return x > half ? x - (half << 1) : x;
}

/**
 * Decodes a chunk and writes those of its samples that lie in [minTime, maxTime] (ms since the head's mint) to `times`
 * (f64, absolute: `base` added) and `values` (raw bits). Returns how many.
 */
export function decodeChunk(
  count: u32, firstTime: u32, firstValue: u64, firstWord: u32, write: u32, acc: u64, pend: u32,
  minTime: u32, maxTime: u32, base: f64, times: u32, values: u32,
): u32 {
  if (firstWord == 0) readAddress = 0;
  else enterBlock(firstWord);
  readEnd = firstWord == 0 ? 0 : write;
  tailWord = pend == 0 ? 0 : acc << (64 - pend);
  // The stream at bit `pos` of `current`, continued in `ahead`. Locals, and one look at 64 bits for all short codes of a sample:
  // reading code by code from globals took three times as long.
  let current = nextWord();
  let ahead = nextWord();
  let pos: u32 = 0;
  let time = firstTime;
  let bits = firstValue;
  let delta: i32 = 0;
  let lead: u32 = 0;
  let trail: u32 = 0;
  let n: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (i != 0) {
      let x = (current << pos) | ((ahead >> 1) >> (63 - pos));
      let used: u32 = 1;
      if (<i64>x < 0) {
        const kind = <u32>(x >> 60);
        if (kind < 12) {
          used = 9;
          delta += signed((x >> 55) & 0x7f, 7);
        } else if (kind < 14) {
          used = 15;
          delta += signed((x >> 49) & 0xfff, 12);
        } else if (kind == 14) {
          used = 24;
          delta += signed((x >> 40) & 0xfffff, 20);
        } else {
          used = 36;
          delta += <i32>(x >> 28);
        }
      }
      time += delta;
      x <<= used;
      used += 1;
      const changed = <i64>x < 0;
      if (changed) {
        if (((x >> 62) & 1) != 0) {
          lead = <u32>(x >> 57) & 31;
          const significant = <u32>(x >> 51) & 63;
          trail = significant == 0 ? 0 : 64 - lead - significant;
          used += 11;
        }
        used += 1;
      }
      pos += used;
      if (pos >= 64) {
        pos -= 64;
        current = ahead;
        ahead = nextWord();
      }
      if (changed) {
        const width = 64 - lead - trail;
        x = (current << pos) | ((ahead >> 1) >> (63 - pos));
        bits ^= (x >> (64 - width)) << trail;
        pos += width;
        if (pos >= 64) {
          pos -= 64;
          current = ahead;
          ahead = nextWord();
        }
      }
    }
    if (time > maxTime) return n;
    if (time < minTime) continue;
    store<f64>(times + (n << 3), base + <f64>time);
    store<u64>(values + (n << 3), bits);
    n++;
  }
  return n;
}
