// Columns of doubles, bit-exact. Entry of a module of its own (`codec.wasm`): it needs no arena, only the 1 MiB of `codec-layout.ts`,
// all of whose content is scratch but the powers of ten.
//
// A double that people or programs wrote as a decimal is m / 10^e, correctly rounded, with a small integer m: 0.1 is 1 / 10^1.
// Dividing gives it back exactly; multiplying by 10^-e would not. The smallest e that serves all values of the chunk is taken.
// Where none does, the e that costs least is, and the distance to the true value, counted in representable doubles ("ulps"), is kept
// beside; or, if that is smaller, the doubles themselves are, as integers in their order. What has no decimal form (NaN with its
// payload, the stale marker among them, infinities, -0, beyond 2^53) is an exception with raw bits, and its place is filled with the
// value before.
//
// Two codecs differ in how the integers are written: P packs them (bit-pack.ts), R codes them by their probability (range-code.ts).
//
//   byte 0   form: 0 constant, 1 raw, 2 xor, 3 decimal, 4 ordered
//            decimal, ordered: 8 x order, the number of times that differences were taken (0 .. 2); 32 residuals, 64 divided by a
//            gcd, 128 exceptions
//   constant bits u64
//   raw      n x u64
//   xor      see xor-bytes.ts
//   decimal, ordered
//            e u8 (ordered: 0), +128: codec R
//            [exceptions]  runs varint, then for each: gap varint, length varint, bits u64
//            first mantissa zigzag varint
//            [gcd]         varint
//            [order 2]     first difference, zigzag varint
//            a column of the distances to the first (order 0) or the differences, from the second (order 2: third) value on
//            [residuals]   a column of the residuals of all values
import { pack, packedCost, unpack } from './bit-pack';
import {
  CODEC_BYTES, CODEC_FIRST, CODEC_OTHER, CODEC_RANGED, CODEC_RESIDUALS, CODEC_RUNS, CODEC_SECOND, CODEC_STEPS, CODEC_VALUES,
} from './codec-layout';
import {
  commonStep, differences, exactExponent, EXPONENT_MAX, initPowers, NONE, ordered, orderedSteps, powerOf, residualExponent, takeExceptions,
} from './decimal';
import { rangeDecode, rangeEncode } from './range-code';
import { putVarint, skipVarint, unzigzag, varintAt, zigzag } from './varint-64';
import { xorDecode, xorEncode } from './xor-bytes';

const CONSTANT: u32 = 0;
const RAW: u32 = 1;
const XOR: u32 = 2;
const DECIMAL: u32 = 3;
const ORDERED: u32 = 4;
const FORM: u32 = 7;
const ORDER_SHIFT: u32 = 3;
const RESIDUAL: u32 = 32;
const DIVIDED: u32 = 64;
const EXCEPTIONS: u32 = 128;
/** Codec R has to be smaller than P by this fraction of 2. */
const LITTLE_SHIFT: u32 = 6;
/** In the byte of the exponent. */
const RANGED: u32 = 128;

/** Once for each memory. */
export function initCodec(): void {
  initPowers();
}

// ---- Encoder ---------------------------------------------------------------------------------------------------------------

/** Encodes the first n (1 .. CODEC_CAPACITY) of CODEC_VALUES to CODEC_BYTES, by codec R if `ranged`, else P. Returns the size. */
export function encode(n: u32, ranged: bool): u32 {
  if (isConstant(n)) {
    store<u8>(CODEC_BYTES, <u8>CONSTANT);
    store<u64>(CODEC_BYTES, load<u64>(CODEC_VALUES), 1);
    return 9;
  }
  const runs = takeExceptions(n);
  let size: u32 = 1 + (n << 3);
  let plain = false;
  if (runs != NONE) {
    const e = exactExponent(n);
    plain = e != NONE && runs == 0;
    if (e != NONE) size = encodeSteps(n, runs, DECIMAL, e, ranged, CODEC_BYTES);
    else size = encodeOther(n, runs, ranged);
  } else storeRaw(n);
  // Plain decimals are as good as it gets; anything else has to be better than the differing bytes.
  if (!plain) {
    store<u8>(CODEC_OTHER, <u8>XOR);
    const other: u32 = xorEncode(CODEC_VALUES, n, CODEC_OTHER + 1) - CODEC_OTHER;
    if (other < size) {
      memory.copy(CODEC_BYTES, CODEC_OTHER, other);
      size = other;
    }
  }
  if (size > 1 + (n << 3)) {
    storeRaw(n);
    size = 1 + (n << 3);
  }
  return size;
}

function storeRaw(n: u32): void {
  store<u8>(CODEC_BYTES, <u8>RAW);
  memory.copy(CODEC_BYTES + 1, CODEC_VALUES, n << 3);
}

function isConstant(n: u32): bool {
  const first = load<u64>(CODEC_VALUES);
  for (let i: u32 = 1; i < n; i++) if (load<u64>(CODEC_VALUES + (i << 3)) != first) return false;
  return true;
}

/** Values that are no decimals: with residuals, or in their order. Returns the size of the smaller, which is at CODEC_BYTES. */
function encodeOther(n: u32, runs: u32, ranged: bool): u32 {
  const e = residualExponent(n);
  const size = e == NONE ? ~(<u32>0) : encodeSteps(n, runs, DECIMAL | RESIDUAL, e, ranged, CODEC_BYTES);
  orderedSteps(n);
  const other = encodeSteps(n, runs, ORDERED, 0, ranged, CODEC_OTHER);
  if (other >= size) return size;
  memory.copy(CODEC_BYTES, CODEC_OTHER, other);
  return other;
}

/**
 * Encodes CODEC_STEPS, the residuals and the exceptions to `out`. Returns the size. Where codec R gains next to nothing (large noise) it
 * is P all the same, since that is faster to decode.
 */
function encodeSteps(n: u32, runs: u32, form: u32, e: u32, ranged: bool, out: u32): u32 {
  const first = load<i64>(CODEC_STEPS);
  const step = commonStep(n);
  for (let i: u32 = 0; i < n; i++) {
    const entry = CODEC_STEPS + (i << 3);
    store<i64>(entry, (load<i64>(entry) - first) / <i64>step);
  }
  const order = cheapestOrder(n);

  const packed = putSteps(n, runs, form, e, first, step, order, false, out);
  if (!ranged) return packed;
  const coded = putSteps(n, runs, form, e, first, step, order, true, CODEC_RANGED);
  if (coded + (coded >> LITTLE_SHIFT) >= packed) return packed;
  memory.copy(out, CODEC_RANGED, coded);
  return coded;
}

function putSteps(n: u32, runs: u32, form: u32, e: u32, first: i64, step: u64, order: u32, ranged: bool, out: u32): u32 {
  let at = out;
  store<u8>(at++, <u8>(form | (order << ORDER_SHIFT) | (step > 1 ? DIVIDED : 0) | (runs > 0 ? EXCEPTIONS : 0)));
  store<u8>(at++, <u8>(e | (ranged ? RANGED : 0)));
  if (runs > 0) at = putRuns(runs, at);
  at = putVarint(at, zigzag(first));
  if (step > 1) at = putVarint(at, step);
  if (order == 2) at = putVarint(at, zigzag(load<i64>(CODEC_FIRST + 8)));
  at = putColumn(columnOf(order), startOf(order), n, ranged, at);
  if (form & RESIDUAL) at = putColumn(CODEC_RESIDUALS, 0, n, ranged, at);
  return at - out;
}

/** How often differences are taken of CODEC_STEPS; they are in place. */
function cheapestOrder(n: u32): u32 {
  // Without outliers the distance between the extremes says enough of the steps themselves.
  const stepsCost = <u64>differences(n) * n + 64;
  const cost = packedCost(CODEC_FIRST, 1, n);
  if (stepsCost < cost) return 0;
  return packedCost(CODEC_SECOND, 2, n) < cost ? 2 : 1;
}

// @ts-ignore: decorator
@inline function columnOf(order: u32): u32 {
  return order == 0 ? CODEC_STEPS : order == 1 ? CODEC_FIRST : CODEC_SECOND;
}

// @ts-ignore: decorator
@inline function startOf(order: u32): u32 {
  return order == 2 ? 2 : 1;
}

function putColumn(column: u32, from: u32, to: u32, ranged: bool, at: u32): u32 {
  return ranged ? rangeEncode(column, from, to, at) : pack(column, from, to, at);
}

function putRuns(runs: u32, at: u32): u32 {
  at = putVarint(at, runs);
  let end: u32 = 0;
  for (let i: u32 = 0; i < runs; i++) {
    const run = CODEC_RUNS + (i << 4);
    const start = load<u32>(run);
    const length = load<u32>(run, 4);
    at = putVarint(at, start - end);
    at = putVarint(at, length);
    store<u64>(at, load<u64>(run, 8));
    at += 8;
    end = start + length;
  }
  return at;
}

// ---- Decoder ---------------------------------------------------------------------------------------------------------------

/** Decodes `size` bytes at CODEC_BYTES to n values at CODEC_VALUES. Returns 0, or 1 if the bytes are not n encoded values. */
export function decode(size: u32, n: u32): u32 {
  const end = CODEC_BYTES + size;
  const flags = <u32>load<u8>(CODEC_BYTES);
  const at: u32 = CODEC_BYTES + 1;
  switch (flags & FORM) {
    case CONSTANT: {
      const bits = load<u64>(at);
      for (let i: u32 = 0; i < n; i++) store<u64>(CODEC_VALUES + (i << 3), bits);
      return size == 9 ? 0 : 1;
    }
    case RAW: {
      if (size != 1 + (n << 3)) return 1;
      memory.copy(CODEC_VALUES, at, n << 3);
      return 0;
    }
    case XOR:
      return xorDecode(at, end, CODEC_VALUES, n) == end ? 0 : 1;
    case DECIMAL:
    case ORDERED:
      return decodeSteps(flags, at, end, n) == end ? 0 : 1;
    default:
      return 1;
  }
}

function decodeSteps(flags: u32, at: u32, end: u32, n: u32): u32 {
  const isOrdered = (flags & FORM) == ORDERED;
  const order = (flags >> ORDER_SHIFT) & 3;
  const ranged = (load<u8>(at) & RANGED) != 0;
  const e = <u32>load<u8>(at++) & 127;
  if (order > 2 || e > EXPONENT_MAX || n < 2) return 0;
  let runs: u32 = 0;
  const runsAt = at;
  if (flags & EXCEPTIONS) {
    runs = <u32>varintAt(at);
    if (runs > n) return 0;
    at = skipVarint(at);
    for (let i: u32 = 0; i < runs; i++) {
      at = skipVarint(skipVarint(at)) + 8;
      if (at > end) return 0;
    }
  }
  const first = unzigzag(varintAt(at));
  at = skipVarint(at);
  let step: i64 = 1;
  if (flags & DIVIDED) {
    step = <i64>varintAt(at);
    at = skipVarint(at);
  }
  let slope: i64 = 0;
  if (order == 2) {
    slope = unzigzag(varintAt(at));
    at = skipVarint(at);
  }
  const column = columnOf(order);
  at = takeColumn(at, end, column, startOf(order), n, ranged);
  if (at == 0) return 0;
  if (isOrdered) sumOrdered(column, order, n, first, slope, step);
  else if (order == 2) sumSecond(n, first, slope, step, powerOf(e));
  else if (order == 1) sumFirst(n, first, step, powerOf(e));
  else scale(n, first, step, powerOf(e));
  if (flags & RESIDUAL) {
    at = takeColumn(at, end, CODEC_RESIDUALS, 0, n, ranged);
    if (at == 0) return 0;
    for (let i: u32 = 0; i < n; i++) {
      const entry = CODEC_VALUES + (i << 3);
      store<i64>(entry, ordered(ordered(load<i64>(entry)) + load<i64>(CODEC_RESIDUALS + (i << 3))));
    }
  }
  return runs > 0 && !putBackExceptions(runsAt, runs, n) ? 0 : at;
}

function takeColumn(at: u32, end: u32, column: u32, from: u32, to: u32, ranged: bool): u32 {
  return ranged ? rangeDecode(at, end, column, from, to) : unpack(at, end, column, from, to);
}

function scale(n: u32, first: i64, step: i64, power: f64): void {
  store<f64>(CODEC_VALUES, <f64>first / power);
  for (let i: u32 = 1; i < n; i++) store<f64>(CODEC_VALUES + (i << 3), <f64>(first + load<i64>(CODEC_STEPS + (i << 3)) * step) / power);
}

function sumOrdered(column: u32, order: u32, n: u32, first: i64, slope: i64, step: i64): void {
  let x: i64 = 0;
  let difference = slope;
  store<i64>(CODEC_VALUES, ordered(first));
  for (let i: u32 = 1; i < n; i++) {
    const entry = load<i64>(column + (i << 3));
    if (order == 0) x = entry;
    else if (order == 1) x += entry;
    else {
      if (i > 1) difference += entry;
      x += difference;
    }
    store<i64>(CODEC_VALUES + (i << 3), ordered(first + x * step));
  }
}
function sumFirst(n: u32, first: i64, step: i64, power: f64): void {
  let m = first;
  store<f64>(CODEC_VALUES, <f64>m / power);
  if (power == 1) {
    for (let i: u32 = 1; i < n; i++) {
      m += load<i64>(CODEC_FIRST + (i << 3)) * step;
      store<f64>(CODEC_VALUES + (i << 3), <f64>m);
    }
    return;
  }
  for (let i: u32 = 1; i < n; i++) {
    m += load<i64>(CODEC_FIRST + (i << 3)) * step;
    store<f64>(CODEC_VALUES + (i << 3), <f64>m / power);
  }
}

function sumSecond(n: u32, first: i64, slope: i64, step: i64, power: f64): void {
  let m = first;
  let difference = slope;
  store<f64>(CODEC_VALUES, <f64>m / power);
  if (n > 1) {
    m += difference * step;
    store<f64>(CODEC_VALUES + 8, <f64>m / power);
  }
  if (power == 1) {
    for (let i: u32 = 2; i < n; i++) {
      difference += load<i64>(CODEC_SECOND + (i << 3));
      m += difference * step;
      store<f64>(CODEC_VALUES + (i << 3), <f64>m);
    }
    return;
  }
  for (let i: u32 = 2; i < n; i++) {
    difference += load<i64>(CODEC_SECOND + (i << 3));
    m += difference * step;
    store<f64>(CODEC_VALUES + (i << 3), <f64>m / power);
  }
}

function putBackExceptions(at: u32, runs: u32, n: u32): bool {
  at = skipVarint(at);
  let place: u64 = 0;
  for (let i: u32 = 0; i < runs; i++) {
    place += varintAt(at);
    at = skipVarint(at);
    const end = place + varintAt(at);
    at = skipVarint(at);
    if (end > <u64>n || end < place) return false;
    const bits = load<u64>(at);
    at += 8;
    for (; place < end; place++) store<u64>(CODEC_VALUES + (<u32>place << 3), bits);
  }
  return true;
}
